"""The one dynamic provider: it carries out the pipeline's steps, which are plain functions of `hallmark`.

Pulumi's state holds a dynamic provider by its module and its class, and needs both again for every refresh, update and
destroy. So there is one class, at this address for good: StepProvider. Which step it is for is a word in it, which a
registry explains (hallmark/local/steps.py, hallmark/aws/steps.py). A step's code may move; class, module and the steps'
names may not.

All steps of a run share one process beside the engine. What a step needs is imported when the first one runs, and all
of it then, lest a checkout that is updated meanwhile mixes old and new. A run that changes nothing only compares.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, ResourceProvider, UpdateResult

from components.report import reporter
from hallmark.common.errors import HallmarkError
from hallmark.common.failures import tell, under_way
from hallmark.engine.lifeline import die_with_engine

if TYPE_CHECKING:
    from hallmark.pipeline.step import Step

Props = dict[str, Any]
GONE = ReadResult("", {})
INNER_PROGRAM = "components.aws.inner.program:program"
"""The program of the inner stacks on AWS. hallmark/engine/ephemeral.py loads it by this name, in another process."""
_T = TypeVar("_T")


class StepProvider(ResourceProvider):
    """The provider of one step, named PLATFORM.STEP.

    A change of an input in `replace_on` does the step anew, one in `update_on` in place; what was made before stays.
    `places.store` and `places.cache` are inputs too: in another place a step finds what it made, or makes it again.
    All other inputs say where things are, or tell a preview what would change.
    """

    step: str = ""
    replace_on: tuple[str, ...] = ("fingerprint",)
    update_on: tuple[str, ...] = ()

    def __init__(
        self, step: str, *, replace_on: tuple[str, ...] = ("fingerprint",), update_on: tuple[str, ...] = ()
    ) -> None:
        self.step, self.replace_on, self.update_on = step, replace_on, update_on

    def configure(self, req: Any) -> None:
        """Called once, when the provider's process starts."""
        die_with_engine()

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Whether the step has to be done anew."""
        replaced, updated = (
            [key for key in keys if _value(_olds, key) != _value(_news, key)]
            for keys in (self.replace_on, self.update_on)
        )
        return DiffResult(changes=bool(replaced or updated), replaces=replaced)

    def create(self, props: Props) -> CreateResult:
        """Do the step."""
        with under_way(props.get("recipe", ""), self.step):
            made = self._clearly(props, lambda: self._make(props))
        return CreateResult(id_=made.pop("id"), outs={**props, **made})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Do the step, in place of what it did before."""
        return UpdateResult(outs=self.create(_news).outs)

    def read(self, id_: str, props: Props) -> ReadResult:
        """What the step made, as it is now."""
        step = find_step(self.step)
        found = self._clearly(props, lambda: step.find(step.props.model_validate(props)))
        return GONE if found is None else ReadResult(id_, {**props, **found})

    def delete(self, id_: str, props: Props) -> None:
        """Forget the step. What it made stays, and is named."""
        step = find_step(self.step)
        kept = self._clearly(props, lambda: step.kept(id_, step.props.model_validate(props)))
        if kept:
            reporter(props["urn"], lasting=True)(kept)

    def _make(self, props: Props) -> Props:
        from hallmark.pipeline.step import StepContext

        step = find_step(self.step)
        context = StepContext(say=reporter(props.get("urn", "")), inner_program=INNER_PROGRAM)
        return step.make(step.props.model_validate(props), context)

    def _clearly(self, props: Props, act: Callable[[], _T]) -> _T:
        """A user's mistake as its message alone; a bug of ours with its traceback, which gRPC would swallow."""
        try:
            return act()
        except HallmarkError as error:
            self._give_up(props, error)
            raise
        except Exception as error:
            bug = RuntimeError(f"a bug in Hallmark: {error}\n{traceback.format_exc()}")
            self._give_up(props, bug)
            raise bug from error

    def _give_up(self, props: Props, error: Exception) -> None:
        """Tell `hallmark up` and the engine what went wrong. Returns only when no engine has called."""
        words = tell(error, recipe=props.get("recipe", ""), step=self.step)
        call = _call_of_the_engine()
        if call is not None:
            call.abort(grpc.StatusCode.UNKNOWN, words)


def find_step(name: str) -> Step[Any]:
    """The step of a name, PLATFORM.STEP."""
    platform, _, step = name.partition(".")
    if platform == "aws":
        from hallmark.aws import steps as aws_steps

        return aws_steps.STEPS[step]
    from hallmark.local import steps as local_steps

    return local_steps.STEPS[step]


def _value(props: Props, key: str) -> Any:
    """An input; `places.NAME` is one of the places, which are JSON in the state."""
    name, _, place = key.partition(".")
    value = props.get(name)
    return json.loads(value).get(place) if place and value else value


def _call_of_the_engine() -> grpc.ServicerContext | None:
    """The gRPC call that is being answered; None without an engine, as in tests.

    Pulumi hands it to its own servicer and not to us. What we merely raise gRPC would call an "Exception calling
    application", and print with a traceback besides.
    """
    frame = sys._getframe()
    while (frame := frame.f_back) is not None:  # type: ignore[assignment]
        context = frame.f_locals.get("context")
        if isinstance(context, grpc.ServicerContext):
            return context
    return None
