"""What the two doubled Pulumi plugins have in common: the gRPC service between the engine and a set of resource types.

A double of the bridge (pulumi-terraform-bridge) as far as Hallmark needs it: Check against the SDK's classes,
automatic names, Diff by comparing new inputs with the old state, replace-on-change, Create, Read, Update, Delete,
Invoke. Where it falls short: no schema, no import checks beyond Read, no `ignoreChanges` of its own (the engine
does that), no timeouts, secrets are handed over in clear.
"""

from __future__ import annotations

import importlib.metadata
import os
import secrets
import sys
import time
import traceback
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

import grpc
from google.protobuf import any_pb2, empty_pb2  # type: ignore[import-untyped]
from google.rpc import status_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tests.doubles import property_types, wire
from tests.doubles.wire import Values

_LARGEST = 400 * 1024 * 1024  # the engine's own limit for a message


class RefusedError(Exception):
    """The provider's own refusal, or the service's: its text is what the user sees."""


class CreatedButFailedError(Exception):
    """Something was created and then a later step failed: the engine must remember it."""

    def __init__(self, resource_id: str, reason: str) -> None:
        super().__init__(reason)
        self.resource_id = resource_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """How a resource type behaves at a change.

    `replaces`: properties whose change replaces the resource ("a.b" means b inside a). `keeps`: optional and computed
    ones, where taking the input away changes nothing. `exact`: maps compared as a whole. `named`: gets an automatic
    name when it has none.
    """

    replaces: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset({"tags"})
    named: bool = False
    outputs: frozenset[str] = field(default_factory=frozenset)
    defaults: tuple[tuple[str, Any], ...] = ()


class ResourceType(Protocol):
    """One type of resource. The context `aws` is the plugin's own configuration."""

    traits: Traits

    def problems(self, inputs: Values) -> list[str]: ...
    def create(self, context: Any, inputs: Values) -> tuple[str, Values]: ...
    def read(self, context: Any, resource_id: str, state: Values) -> Values | None: ...
    def update(self, context: Any, resource_id: str, old: Values, new: Values) -> Values: ...
    def delete(self, context: Any, resource_id: str, state: Values) -> None: ...


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """The service. Subclasses say which types there are and read the configuration."""

    package: str
    types: dict[str, ResourceType]

    def __init__(self) -> None:
        self.context: Any = None

    # Configuration

    def configure(self, settings: Values) -> Any:
        """The context that the resource types get."""
        return settings

    def check_settings(self, settings: Values) -> list[property_types.Failure]:
        """What is wrong with the provider's own configuration."""
        return []

    def invoke(self, token: str, arguments: Values) -> Values:
        """Answer a function of the provider."""
        raise RefusedError(f"{token}: the double has no such function")

    # gRPC

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=importlib.metadata.version(f"pulumi_{self.package}"))

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        failures = self.check_settings(wire.read(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_UNKNOWN)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _told(context):
            self.context = self.configure(wire.read(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        token, old, new = _token(request.urn), wire.read(request.olds), wire.read(request.news)
        with _told(context):
            kind = self._kind(token)
        failures = property_types.check(property_types.inputs_of(token), new)
        failures += [property_types.Failure(path="", reason=text) for text in kind.problems(new)]
        if kind.traits.named and not new.get("name"):
            new["name"] = old.get("name") or f"{request.urn.rsplit('::', 1)[1]}-{secrets.token_hex(4)[:7]}"
            new["__autonamed"] = True
        for key, value in kind.traits.defaults:
            new.setdefault(key, value)
        return provider_pb2.CheckResponse(inputs=wire.write(new), failures=_failures(failures))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        old, before, new = wire.read(request.olds), wire.read(request.old_inputs), wire.read(request.news)
        with _told(context):
            traits = self._kind(_token(request.urn)).traits
        changed = [key for key in changes(traits, old, before, new) if key not in request.ignoreChanges]
        replaced = [key for key in changed if replaces(traits, key, old, new)]
        kept_name = traits.named and not new.get("__autonamed") and old.get("name") == new.get("name")
        differs = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=differs, diffs=changed, replaces=replaced, deleteBeforeReplace=bool(replaced and kept_name)
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        token, inputs = _token(request.urn), wire.read(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(id="", properties=wire.write(self._planned(token, inputs)))
        with _told(context, inputs):
            resource_id, outputs = self._kind(token).create(self.context, _clean(inputs))
        return provider_pb2.CreateResponse(id=resource_id, properties=wire.write({**inputs, **outputs}))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        token, state, inputs = _token(request.urn), wire.read(request.properties), wire.read(request.inputs)
        with _told(context):
            found = self._kind(token).read(self.context, request.id, state)
        if found is None:
            return provider_pb2.ReadResponse(id="")
        fresh = {**state, **found}
        seen = {key: value if wire.covers(fresh.get(key), value) else fresh.get(key) for key, value in inputs.items()}
        return provider_pb2.ReadResponse(id=request.id, properties=wire.write(fresh), inputs=wire.write(seen))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        token, old, new = _token(request.urn), wire.read(request.olds), wire.read(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=wire.write({**old, **new}))
        with _told(context, new):
            outputs = self._kind(token).update(self.context, request.id, old, _clean(new))
        kept = {key: value for key, value in old.items() if key not in property_types.inputs_of(token).types}
        return provider_pb2.UpdateResponse(properties=wire.write({**kept, **new, **outputs}))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _told(context):
            self._kind(_token(request.urn)).delete(self.context, request.id, wire.read(request.properties))
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _told(context):
            answer = self.invoke(request.tok, wire.read(request.args))
        return provider_pb2.InvokeResponse(**{"return": wire.write(answer)})

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def _kind(self, token: str) -> ResourceType:
        if token not in self.types:
            raise RefusedError(f"{token}: the double has no such resource type, only {', '.join(sorted(self.types))}")
        return self.types[token]

    def _planned(self, token: str, inputs: Values) -> Values:
        computed = property_types.outputs_of(token) | self._kind(token).traits.outputs
        return {**dict.fromkeys(computed - set(inputs), property_types.UNKNOWN), **inputs}


def changes(traits: Traits, old: Values, before: Values, new: Values) -> list[str]:
    """The properties that differ between the old state and the new inputs."""
    asked = {
        key for key, value in new.items() if not key.startswith("__") and not _same(traits, key, old.get(key), value)
    }
    gone = {key for key in before if key not in new and not key.startswith("__") and key not in traits.keeps}
    return sorted(asked | {key for key in gone if before[key] not in ("", [], {}, False)})


def _same(traits: Traits, key: str, old: Any, new: Any) -> bool:
    if wire.has_unknown(new):
        return False
    return wire.equals(old, new) if key in traits.exact else wire.covers(old, new)


def replaces(traits: Traits, key: str, old: Values, new: Values) -> bool:
    """Whether the change of a property replaces the resource."""
    nested = [name.split(".", 1)[1] for name in traits.replaces if name.startswith(f"{key}.")]
    if not nested:
        return key in traits.replaces
    one, other = old.get(key) or {}, new.get(key) or {}
    return any(name in other and not wire.covers(one.get(name), other[name]) for name in nested)


def serve(plugin: Plugin) -> None:
    """Serve until the engine that started this process goes away; its first line of output is the port."""
    options = [("grpc.max_receive_message_length", _LARGEST), ("grpc.max_send_message_length", _LARGEST)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(plugin, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # Most engines end their plugins; one that was killed cannot.
    engine = os.getppid()
    while os.getppid() == engine:
        time.sleep(1)


class _told:  # noqa: N801
    """Turns what went wrong into the gRPC error that the engine understands."""

    def __init__(self, context: Any, inputs: Values | None = None) -> None:
        self._context = context
        self._inputs = inputs or {}

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Exception):
            return
        if isinstance(error, CreatedButFailedError):
            _tell_partial(self._context, error, self._inputs)
        text = (
            str(error)
            if isinstance(error, RefusedError) or _is_service_error(error)
            else "".join(traceback.format_exception(error))
        )
        self._context.abort(grpc.StatusCode.UNKNOWN, text)


def _is_service_error(error: Exception) -> bool:
    return type(error).__module__.startswith("botocore")


def _tell_partial(context: Any, error: CreatedButFailedError, inputs: Values) -> NoReturn:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id, properties=wire.write(inputs), reasons=[str(error)], inputs=wire.write(inputs)
    )
    packed = any_pb2.Any()
    packed.Pack(detail)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise AssertionError("abort raises")


def _clean(inputs: Values) -> Values:
    return {key: value for key, value in inputs.items() if not key.startswith("__")}


def _token(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _failures(failures: list[property_types.Failure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in failures]
