"""A table: features with their kinds, a target, and notes on how it was read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from lossbench.deferred import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW = 10  # rows of a class, for a part of its own in splits and folds
Task = Literal["binary", "multiclass", "ordinal", "regression"]
ColumnKind = Literal["number", "boolean", "text", "date"]

# What a refusal says of classes that are whole numbers.
READ_BY_AUTO = "task auto reads at most 20 distinct whole numbers as classes; --task regression reads them as amounts"


class Information(str):
    """A note on how a table was read. Every other note tells of a repair or a drop, and is a warning."""


def level(note: str) -> Literal["note", "warning"]:
    """How a note is announced: a repair or a drop is a warning."""
    return "note" if isinstance(note, Information) else "warning"


@dataclass(frozen=True)
class Table:
    """N rows of features and their target.

    `features` holds one column per feature, gaps as NaN (NaT): a number or a boolean (0/1) as float64 or a smaller
    numeric type, a text as `str`, a date as `datetime64`; `kinds` says which. `target` [N] is the class index (int64)
    into `classes` (lowest first where the task is ordinal), or a float64 in its own units. `groups` [N]: rows of equal
    value stay in one part of a split; `time` [N]: the test rows are the latest. `clean_target` [N] and `clean_features`
    are the truth behind a target and behind features that were corrupted on purpose; test rows have these.
    `notes` are the repairs and drops, and as `Information` how it was read, one sentence each; `target_note` is the
    clause about the target's values that a refusal ends with. `reading` holds what another file of this kind must be
    read with: the options that were not at their defaults, and `date_formats` {column: format}. `place` tells where a
    row stands in the file ("line 7"), for messages. `weights` [N], of mean 1, are what each row counts (None: all
    alike), and `weights_name` the column that they stand in. `soft` [N, C]: probabilities of the classes,
    where the target is such (soft targets); `target` is then the most probable class. `targets`: the names of several
    numbers, where the `target` of a regression is `[N, K]`.
    """

    name: str
    task: Task
    features: pd.DataFrame
    kinds: Mapping[str, ColumnKind]
    target: NDArray[Any]
    target_name: str
    classes: tuple[str, ...] = ()
    groups: NDArray[Any] | None = None
    time: NDArray[Any] | None = None
    clean_target: NDArray[Any] | None = None
    clean_features: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    source: str = ""
    place: Callable[[int], str] = field(default=lambda row: f"row {row + 1}", repr=False, compare=False)
    target_note: str = ""
    reading: Mapping[str, Any] = field(default_factory=dict)
    weights: NDArray[Any] | None = None
    weights_name: str = ""
    soft: NDArray[Any] | None = None
    targets: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.target)

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Rows per class, in the order of `classes`; empty for a regression."""
        if self.task == "regression":
            return ()
        return tuple(int(n) for n in np.bincount(self.target, minlength=len(self.classes)))

    @property
    def class_totals(self) -> tuple[float, ...]:
        """What the rows of each class count together: their number, or the sum of their weights; of probabilities their
        sums."""
        if self.soft is not None:
            each = self.soft if self.weights is None else self.soft * self.weights[:, None]
            return tuple(each.sum(axis=0).tolist())
        if self.task == "regression" or self.weights is None:
            return self.class_counts
        return tuple(np.bincount(self.target, self.weights, minlength=len(self.classes)).tolist())

    @property
    def truth(self) -> NDArray[Any]:
        """What is to be learnt: the target, or the probabilities where it is such."""
        return self.target if self.soft is None else self.soft

    @property
    def strata(self) -> NDArray[Any]:
        """What splits are stratified by, `[N]`: the class; of probabilities the most probable one. One that is so in a
        few rows only goes with the most frequent one."""
        if self.soft is None:
            return self.target
        counts = np.bincount(self.target, minlength=len(self.classes))
        few = counts[self.target] < FEW
        return np.where(few, counts.argmax(), self.target)

    def take(self, rows: NDArray[np.integer[Any]]) -> Table:
        """Those of its rows, in that order."""

        def of(values: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if values is None else values[rows]

        where = self.place
        return replace(
            self,
            features=self.features.iloc[rows].reset_index(drop=True),
            target=self.target[rows],
            groups=of(self.groups),
            time=of(self.time),
            clean_target=of(self.clean_target),
            clean_features=None
            if self.clean_features is None
            else self.clean_features.iloc[rows].reset_index(drop=True),
            weights=of(self.weights),
            soft=of(self.soft),
            place=lambda row: where(int(rows[row])),
        )

    def fingerprint(self) -> str:
        """SHA-256 of what is trained on, the same on every machine.

        Hashed, in order: task; per feature its name, kind and values; the target's values and classes; weights, where
        rows have such. Numbers as
        little-endian float64 (one NaN, no -0), dates as microseconds since 1970, texts as their sorted distinct values
        in UTF-8 and each row's place among them (-1 for a gap). So pandas' way of storing texts does not show.
        """
        return self._sha256

    @cached_property
    def _sha256(self) -> str:
        """Kept by this table alone: no field, so that `dataclasses.replace` does not hand it on."""
        digest = hashlib.sha256()
        for part in self._hashed():
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.hexdigest()

    def _hashed(self) -> Iterable[bytes]:
        yield self.task.encode()
        for name in self.features.columns:
            column = self.features[name]
            yield str(name).encode()
            yield self.kinds[name].encode()
            if self.kinds[name] == "text":
                levels, places = sorted_levels(column)
                yield from (level.encode() for level in levels)
                yield places.astype("<i4").tobytes()
            elif self.kinds[name] == "date":
                yield column.to_numpy().astype("datetime64[us]").astype("<i8").tobytes()
            else:
                yield _number_bytes(column.to_numpy())
        yield _number_bytes(self.target)
        yield from (label.encode() for label in self.classes)
        for name, values in {"weights": self.weights, "soft": self.soft}.items():
            if values is not None:
                yield name.encode()
                yield _number_bytes(values)


def sorted_levels(column: pd.Series) -> tuple[list[str], NDArray[Any]]:
    """The distinct texts of a column, sorted by code point, and each row's place among them (-1 for a gap) [N]."""
    codes, levels = pd.factorize(column)
    order = sorted(range(len(levels)), key=lambda i: levels[i])
    place = np.empty(len(levels) + 1, dtype=np.int64)
    place[order] = np.arange(len(levels))
    place[-1] = -1
    return [levels[i] for i in order], place[codes]


def _number_bytes(values: NDArray[Any]) -> bytes:
    numbers = values.astype("<f8")
    numbers += 0.0  # -0.0 + 0.0 = 0.0
    numbers[np.isnan(numbers)] = np.nan  # one bit pattern
    return numbers.tobytes()
