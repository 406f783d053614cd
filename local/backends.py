"""S3, SQS, SES, Secrets Manager and Cognito in a process of their own: moto's server, which here remembers."""

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from local import processes, resources, snapshots
from local.credentials import CREDENTIALS
from local.templates import ACCOUNT, REGION, Template
from local.uploads import PolicyKeeper

READS = ("Get", "List", "Describe", "Head", "Receive")


class Watch:
    """WSGI middleware that tells the keeper which service a call may have changed."""

    def __init__(self, application: Any, keeper: snapshots.Keeper) -> None:
        self._application = application
        self._keeper = keeper

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        application = self._application.get_application(environ)
        answer: Iterable[bytes] = application(environ, start_response)
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS") and not operation.startswith(READS):
            service = {"sesv2": "ses"}.get(application.service, application.service)  # which share one backend
            if service in snapshots.SERVICES:
                self._keeper.changed(service)
        return answer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--template", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    os.umask(0o077)
    # Before any thread starts, which would take the signal instead of sigwait below.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    processes.die_with_parent(signal.SIGTERM)
    # moto is its own client at times, and reads these.
    os.environ.update(AWS_DEFAULT_REGION=REGION, **{name.upper(): value for name, value in CREDENTIALS.items()})

    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )

    class RequestHandler(MotoRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # werkzeug's name
            if type == "error":
                super().log(type, message, *args)

    keeper = snapshots.Keeper(arguments.state)
    keeper.load()
    application = PolicyKeeper(Watch(DomainDispatcherApplication(create_backend_app), keeper))
    server = make_server("127.0.0.1", arguments.port, application, threaded=True, request_handler=RequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=keeper.keep_writing, daemon=True).start()

    template = Template.load(arguments.template)
    resources.make(template, f"http://127.0.0.1:{arguments.port}")
    secrets = snapshots.backend("secretsmanager")[ACCOUNT][REGION].secrets
    values = {
        name: json.loads(secrets[template.made[name].ref].secret_string)
        for name, _ in template.resources("AWS::SecretsManager::Secret")
    }
    # The one line on our standard output says that all is there, and what.
    made = {name: asdict(made) for name, made in template.made.items()}
    print(json.dumps({"made": made, "secrets": values}), flush=True)
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.close()

    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    keeper.write()
    os._exit(0)  # threads of requests may still wait for a queue; nothing they hold is ours to finish


if __name__ == "__main__":
    main()
