"""What moto holds, written to files and read back at the next start.

moto forgets all at its end. We run its WSGI application ourselves, and whenever a call may have changed a service,
write that service's backend (plain Python objects) to a file, which the next start reads. So everything is kept as it
was: users with their ids and changed passwords, refresh tokens, uploads, queued messages. Replaying recorded calls
instead would give users new ids each time and tokens nobody holds. A file that another release of moto wrote and this
one cannot read is set aside; the sign-ins are then made anew and linked to their agents by e-mail.
"""

import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from local.templates import ACCOUNT

SERVICES = ("s3", "sqs", "ses", "secretsmanager", "cognitoidp")  # as moto names them
PAUSE = 0.05  # so that a burst of calls is written once


def backend(service: Any) -> Any:
    from moto.backends import get_backend

    return get_backend(service)


def private_key(pem: bytes) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, RSAPrivateKey)
    return key


class _Pickler(pickle.Pickler):
    """Knows the two kinds of object in moto's backends that pickle does not."""

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, threading.Condition):
            return threading.Condition, ()
        if isinstance(thing, RSAPrivateKey):
            pem = thing.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            return private_key, (pem,)
        return NotImplemented


class Keeper:
    """Reads the backends' files at the start and writes those of changed services."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._changed: set[str] = set()
        self._news = threading.Event()
        self._writing = threading.Lock()

    def load(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for service in SERVICES:
            path = self._directory / service
            if not path.exists():
                continue
            try:
                with path.open("rb") as stream:
                    regions, shared = pickle.load(stream)  # noqa: S301  # our own file, in a directory of mode 0700
            except Exception as error:  # noqa: BLE001  # whatever another release of moto makes of it
                aside = path.replace(path.with_suffix(".unreadable"))
                print(f"{service}: {error!r}; set aside as {aside}", file=sys.stderr, flush=True)
                continue
            found = backend(service)
            found[ACCOUNT].update(regions)
            for name, value in shared.items():
                getattr(found, name).update(value)

    def changed(self, service: str) -> None:
        self._changed.add(service)
        self._news.set()

    def keep_writing(self) -> None:
        while True:
            self._news.wait()
            time.sleep(PAUSE)
            self.write()

    def write(self) -> None:
        with self._writing:
            self._news.clear()
            while self._changed:
                service = self._changed.pop()
                draft = self._directory / f"{service}.new"
                found = backend(service)
                # S3 also keeps, beside the regions' backends, which account owns a bucket's name.
                shared = {name: getattr(found, name) for name in ("bucket_accounts",) if hasattr(found, name)}
                try:
                    with draft.open("wb") as stream:
                        _Pickler(stream, protocol=5).dump((dict(found[ACCOUNT]), shared))
                except RuntimeError:  # a dictionary changed under us: it will be written after that change
                    self._changed.add(service)
                    continue
                draft.replace(self._directory / service)
