"""What template.yaml declares: functions, routes, schedules, queue sources, resources; its intrinsics resolved."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

REGION = "us-east-1"
ACCOUNT = "123456789012"  # the account moto answers for
STACK = "livechat-local"
NO_VALUE = object()
PSEUDO_PARAMETERS: dict[str, Any] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": NO_VALUE,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/local",
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}


class TemplateUnsupported(Exception):
    """The template uses something that the local runtime does not know."""


@dataclass(frozen=True)
class Function:
    id: str
    handler: str
    timeout: float
    memory: int
    code: Path

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.id}"


@dataclass(frozen=True)
class Route:
    """One route of the HTTP API; method "ANY" and path None mean what API Gateway calls $default."""

    function: str
    method: str
    path: str | None

    @property
    def key(self) -> str:
        return "$default" if self.path is None else f"{self.method} {self.path}"


@dataclass(frozen=True)
class Schedule:
    name: str
    function: str
    expression: str
    input: str | None


@dataclass(frozen=True)
class QueueSource:
    function: str
    queue_arn: str
    batch_size: int
    reports_failures: bool


@dataclass(frozen=True)
class SocketRoutes:
    api: str
    stage: str
    functions: Mapping[str, str]


@dataclass(frozen=True)
class Behaviour:
    """A path pattern of the distribution that is served from the assets bucket, and the headers it adds."""

    pattern: str
    headers: Mapping[str, str]


@dataclass
class Made:
    """A resource that exists locally: what `!Ref` and `!GetAtt` give for it."""

    ref: str
    attributes: dict[str, str] = field(default_factory=dict)


def _tagged(loader: yaml.Loader, suffix: str, node: yaml.Node) -> Any:
    """CloudFormation's short forms (`!Ref x`, `!GetAtt a.b`) as their long ones."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # C's is ten times faster, where built
    pass


_Loader.add_multi_constructor("!", _tagged)


class Template:
    def __init__(self, document: dict[str, Any], root: Path) -> None:
        self._document = document
        self._root = root
        self._parameters = {name: spec.get("Default", "") for name, spec in document.get("Parameters", {}).items()}
        self._globals: dict[str, Any] = document.get("Globals", {}).get("Function", {})
        self.made: dict[str, Made] = {}

    @classmethod
    def load(cls, path: Path) -> "Template":
        with path.open() as stream:
            return cls(yaml.load(stream, _Loader), path.parent)  # noqa: S506  # derives from the safe loader

    # What is declared

    def resources(self, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical id and unresolved properties of each resource of these types whose condition holds."""
        for name, resource in self._document["Resources"].items():
            if resource["Type"] in types and self._holds(resource.get("Condition")):
                yield name, resource.get("Properties", {})

    def functions(self) -> dict[str, Function]:
        found = {}
        for name, properties in self.resources("AWS::Serverless::Function"):
            settings = {**self._globals, **properties}
            found[name] = Function(
                id=name,
                handler=settings["Handler"],
                timeout=float(self.resolve(settings.get("Timeout", 3))),  # Lambda's default
                memory=int(self.resolve(settings.get("MemorySize", 128))),
                code=self._root / settings["CodeUri"],
            )
        return found

    def layers(self) -> dict[str, Path]:
        return {
            name: self._root / properties["ContentUri"] for name, properties in self.resources("AWS::Serverless::LayerVersion")
        }

    def environment(self, function: str) -> dict[str, str]:
        """The function's variables, resolved against what has been made."""
        declared = self._document["Resources"][function]["Properties"]
        variables = {
            **self._globals.get("Environment", {}).get("Variables", {}),
            **declared.get("Environment", {}).get("Variables", {}),
        }
        return {name: str(value) for name, value in self.resolve(variables).items()}

    def routes(self) -> list[Route]:
        return [
            Route(function, str(event.get("Method", "ANY")).upper(), event.get("Path"))
            for function, _, event in self._events("HttpApi")
        ]

    def schedules(self) -> list[Schedule]:
        return [
            Schedule(f"{function}{name}", function, event["Schedule"], event.get("Input"))
            for function, name, event in self._events("Schedule")
            if event.get("Enabled", True)
        ]

    def queue_sources(self) -> list[QueueSource]:
        return [
            QueueSource(
                function=function,
                queue_arn=self.resolve(event["Queue"]),
                batch_size=int(event.get("BatchSize", 10)),
                reports_failures="ReportBatchItemFailures" in event.get("FunctionResponseTypes", []),
            )
            for function, _, event in self._events("SQS")
        ]

    def socket_routes(self) -> SocketRoutes | None:
        for name, properties in self.resources("AWS::Serverless::WebSocketApi"):
            if properties["RouteSelectionExpression"] != "$request.body.action":
                raise TemplateUnsupported(f"{name}: routes are selected by $request.body.action only")
            functions = {key: _function_named(route["FunctionArn"]) for key, route in properties["Routes"].items()}
            return SocketRoutes(name, properties.get("StageName", "default"), functions)
        return None

    def behaviours(self) -> list[Behaviour]:
        """The distribution's behaviours whose origin is a bucket, in order."""
        policies = dict(self.resources("AWS::CloudFront::ResponseHeadersPolicy"))
        found = []
        for _, properties in self.resources("AWS::CloudFront::Distribution"):
            config = properties["DistributionConfig"]
            buckets = {origin["Id"] for origin in config["Origins"] if "S3OriginConfig" in origin}
            for behaviour in config.get("CacheBehaviors", []):
                if behaviour["TargetOriginId"] in buckets:
                    policy = policies.get(behaviour.get("ResponseHeadersPolicyId", {}).get("Ref", ""), {})
                    headers = _headers(self.resolve(policy).get("ResponseHeadersPolicyConfig", {}))
                    found.append(Behaviour(behaviour["PathPattern"], headers))
        return found

    def _events(self, kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for function, properties in self.resources("AWS::Serverless::Function"):
            for name, event in properties.get("Events", {}).items():
                if event["Type"] == kind:
                    yield function, name, event.get("Properties", {})

    # Intrinsic functions

    def resolve(self, value: Any) -> Any:
        """The value with every intrinsic function replaced by what it stands for."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._ref(argument)
            if name == "Condition":
                return self._holds(argument)
            if name.startswith("Fn::"):
                intrinsic = self._INTRINSICS.get(name.removeprefix("Fn::"))
                if intrinsic is None:
                    raise TemplateUnsupported(f"the local runtime does not know {name}")
                return intrinsic(self, argument)
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name in PSEUDO_PARAMETERS:
            return PSEUDO_PARAMETERS[name]
        if name in self._parameters:
            return self._parameters[name]
        # What is not made locally (VPC, distribution …) stands for itself: nothing here reaches it.
        return self.made[name].ref if name in self.made else f"{STACK}-{name}"

    def _attribute(self, argument: list[str]) -> str:
        name, attribute = argument[0], ".".join(argument[1:])
        if name in self.made and attribute in self.made[name].attributes:
            return self.made[name].attributes[attribute]
        return f"{STACK}-{name}.{attribute}"

    def _substitute(self, argument: Any) -> str:
        text, local = (argument, {}) if isinstance(argument, str) else argument
        names = {name: self.resolve(value) for name, value in local.items()}

        def one(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):  # ${!Literal} is how a template writes ${Literal}
                return "${" + name[1:] + "}"
            if name in names:
                return str(names[name])
            return str(self._attribute(name.split(".", 1)) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", one, text)

    def _join(self, argument: list[Any]) -> str:
        return str(argument[0]).join(map(str, self.resolve(argument[1])))

    def _holds(self, condition: Any) -> bool:
        if condition is None:
            return True
        return bool(self.resolve(self._document["Conditions"][condition]))

    def _if(self, argument: list[Any]) -> Any:
        return self.resolve(argument[1] if self._holds(argument[0]) else argument[2])

    def _equals(self, argument: list[Any]) -> bool:
        left, right = self.resolve(argument)
        return str(left) == str(right)

    _INTRINSICS: Mapping[str, Callable[["Template", Any], Any]] = {
        "Sub": _substitute,
        "GetAtt": _attribute,
        "Join": _join,
        "If": _if,
        "Equals": _equals,
        "Not": lambda self, argument: not self.resolve(argument[0]),
        "And": lambda self, argument: all(self.resolve(argument)),
        "Or": lambda self, argument: any(self.resolve(argument)),
        "Select": lambda self, argument: self.resolve(argument[1])[int(argument[0])],
        "Split": lambda self, argument: str(self.resolve(argument[1])).split(argument[0]),
    }


def _function_named(reference: dict[str, Any]) -> str:
    """The logical id in `!Ref ChatFunction.Alias` or `!GetAtt ChatFunction.Arn`."""
    target = reference.get("Ref") or reference["Fn::GetAtt"][0]
    return str(target).split(".", 1)[0]


def _headers(config: Mapping[str, Any]) -> dict[str, str]:
    """The response headers that a CloudFront response headers policy adds, of those that mean something over HTTP."""
    headers = {item["Header"].lower(): item["Value"] for item in config.get("CustomHeadersConfig", {}).get("Items", [])}
    if cors := config.get("CorsConfig"):
        headers["access-control-allow-origin"] = ", ".join(cors["AccessControlAllowOrigins"]["Items"])
        headers["access-control-allow-methods"] = ", ".join(cors["AccessControlAllowMethods"]["Items"])
        headers["access-control-allow-headers"] = ", ".join(cors["AccessControlAllowHeaders"]["Items"])
    security = config.get("SecurityHeadersConfig", {})
    if "ContentTypeOptions" in security:
        headers["x-content-type-options"] = "nosniff"
    if frame := security.get("FrameOptions"):
        headers["x-frame-options"] = frame["FrameOption"]
    if referrer := security.get("ReferrerPolicy"):
        headers["referrer-policy"] = referrer["ReferrerPolicy"]
    if policy := security.get("ContentSecurityPolicy"):
        headers["content-security-policy"] = " ".join(policy["ContentSecurityPolicy"].split())
    return headers
