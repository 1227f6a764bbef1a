"""The words that declarations are made of: tasks, target encodings, and the spaces that outputs live in."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """What is to be predicted."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    ORDINAL = "ordinal"  # three classes or more, in an order
    REGRESSION = "regression"

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return self is not Task.REGRESSION


class Encoding(StrEnum):
    """How a loss wants its target, for B rows of C classes; it also fixes how many outputs K the net has."""

    CLASS_INDEX = "class_index"  # [B] int64, 0..C-1; K = C
    ONE_HOT = "one_hot"  # [B, C] 0/1; K = C
    SIGNED_ONE_HOT = "signed_one_hot"  # [B, C] -1/+1; K = C
    CUMULATIVE = "cumulative"  # [B, C - 1] 0/1, whether the class is above the k-th, lowest first; K = C - 1
    PROBABILITY = "probability"  # [B, 1] 0/1, the second class is 1; K = 1
    SIGN = "sign"  # [B, 1] -1/+1, the second class is +1; K = 1
    FLOAT = "float"  # [B, 1] a number, standardised on the training part; K = 1
    NONNEGATIVE = "nonnegative"  # [B, 1] a number >= 0 in its own units (counts); K = 1
    POSITIVE = "positive"  # [B, 1] a number > 0 in its own units; K = 1

    def width(self, classes: int) -> int:
        """Number of columns of the encoded target for so many classes."""
        if self is Encoding.CUMULATIVE:
            return classes - 1
        return classes if self in {Encoding.CLASS_INDEX, Encoding.ONE_HOT, Encoding.SIGNED_ONE_HOT} else 1

    @property
    def takes_probabilities(self) -> bool:
        """Whether probabilities of the classes can stand in the place of a class."""
        return self in {Encoding.ONE_HOT, Encoding.CUMULATIVE, Encoding.PROBABILITY}


class Space(StrEnum):
    """Where a last activation's outputs live; vector spaces are taken over the K outputs of a row."""

    REAL = "real"  # (-inf, inf)
    BOUNDED_BELOW = "bounded_below"  # [c, inf) with c < 0: elu, silu, gelu
    NONNEGATIVE = "nonnegative"  # [0, inf), exact zeros happen: relu
    POSITIVE = "positive"  # (0, inf): softplus, exp
    NONPOSITIVE = "nonpositive"  # (-inf, 0]: log_sigmoid
    SIGNED_UNIT = "signed_unit"  # [-1, 1]: tanh
    UNIT = "unit"  # [0, 1]: sigmoid
    SIMPLEX = "simplex"  # rows >= 0 that sum to 1: softmax
    LOG_SIMPLEX = "log_simplex"  # logarithms of such rows: log_softmax
    SPHERE = "sphere"  # rows of length 1: normalize
    MEAN_VARIANCE = "mean_variance"  # (real, positive): two outputs for one target
    NORMAL_INVERSE_GAMMA = "normal_inverse_gamma"  # (real, positive, above 1, positive): four outputs for one target

    def __le__(self, other: object) -> bool:
        """Set inclusion: every point of this space is a point of the other."""
        return self is other or other in _INSIDE[self]


_INSIDE: dict[Space, frozenset[Space]] = {
    Space.REAL: frozenset(),
    Space.BOUNDED_BELOW: frozenset({Space.REAL}),
    Space.NONNEGATIVE: frozenset({Space.BOUNDED_BELOW, Space.REAL}),
    Space.POSITIVE: frozenset({Space.NONNEGATIVE, Space.BOUNDED_BELOW, Space.REAL}),
    Space.NONPOSITIVE: frozenset({Space.REAL}),
    Space.SIGNED_UNIT: frozenset({Space.BOUNDED_BELOW, Space.REAL}),
    Space.UNIT: frozenset({Space.NONNEGATIVE, Space.SIGNED_UNIT, Space.BOUNDED_BELOW, Space.REAL}),
    Space.SIMPLEX: frozenset({Space.UNIT, Space.NONNEGATIVE, Space.SIGNED_UNIT, Space.BOUNDED_BELOW, Space.REAL}),
    Space.LOG_SIMPLEX: frozenset({Space.NONPOSITIVE, Space.REAL}),
    Space.SPHERE: frozenset({Space.SIGNED_UNIT, Space.BOUNDED_BELOW, Space.REAL}),
    Space.MEAN_VARIANCE: frozenset(),  # outputs of different kinds are no numbers of one kind
    Space.NORMAL_INVERSE_GAMMA: frozenset(),
}
