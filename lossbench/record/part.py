"""The base of every part of a record: no unknown keys, no number that JSON cannot hold or a picture cannot draw."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

LARGEST = 1e150  # its square is a number, too: beyond, a number is as good as an infinity


def _finite(value: Any) -> Any:
    beyond = isinstance(value, float | int) and not -LARGEST <= value <= LARGEST
    return None if beyond else value  # NaN lies between no bounds


Finite = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Positive = Annotated[float, Field(gt=0, le=LARGEST)]
Number = Annotated[float | None, BeforeValidator(_finite)]
Scores = dict[str, Number]  # metric name -> value


class RecordPart(BaseModel):
    """A mapping of a record; a key that it does not know is a mistake.

    Its validator is built when it is first needed: no command needs those of all parts.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid")


class Frozen(RecordPart):
    """A part that never changes once it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def replace(self, **changes: Any) -> Self:
        """The same part with some fields changed."""
        return self.model_copy(update=changes)


class Sparse(RecordPart):
    """A part of which there are thousands: what does not apply to one (None, empty) is excluded from its JSON."""

    @model_serializer(mode="wrap")
    def _without_gaps(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        empty: tuple[Any, ...] = (None, "", [], {})
        return {key: value for key, value in handler(self).items() if fields[key].is_required() or value not in empty}
