"""Domains: the spaces of outputs that a kind of loss is sound, degraded or broken on.

A domain is the `sound`, `risky`, `unsound` and `same_as` of a declaration, to be unpacked into it:
`@loss(**LOGITS, ...)`. A reason ends up in a verdict, as one sentence without a full stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossbench.catalog.vocabulary import Encoding, Space, Task

S = Space
Domain = Mapping[str, Any]

CLASSES = {Task.BINARY: Encoding.CLASS_INDEX, Task.MULTICLASS: Encoding.CLASS_INDEX}
COLUMNS = {Task.BINARY: Encoding.PROBABILITY, Task.MULTICLASS: Encoding.ONE_HOT}
COLUMN_EACH = dict.fromkeys(CLASSES, Encoding.ONE_HOT)
SIGNS = {Task.BINARY: Encoding.SIGN, Task.MULTICLASS: Encoding.SIGNED_ONE_HOT}
ORDERED = {Task.ORDINAL: Encoding.CLASS_INDEX}
ABOVE_EACH = {Task.ORDINAL: Encoding.CUMULATIVE}
VALUE = {Task.REGRESSION: Encoding.FLOAT}
CLASS_OR_VALUE = {**COLUMNS, **VALUE}


def because(why: str, *spaces: Space) -> dict[Space, str]:
    """One reason for several spaces."""
    return dict.fromkeys(spaces, why)


def by_task(**domains: Domain) -> Domain:
    """One domain out of one per task: `by_task(binary=ONE_LOGIT, multiclass=LOGITS)`."""
    parts: dict[str, Any] = {"sound": (), "risky": {}, "unsound": {}, "same_as": {}}
    return {
        part: {Task(task): domain.get(part, nothing) for task, domain in domains.items()}
        for part, nothing in parts.items()
    }


def without(domain: Domain, *spaces: Space, **changed: Any) -> Domain:
    """A domain that leaves some sound spaces out, and says more of others."""
    sound = tuple(space for space in domain["sound"] if space not in spaces)
    return {**domain, "sound": sound, **changed}


# K scores of which only the differences count: the softmax losses.
LOGITS: Domain = {
    "sound": (S.REAL, S.LOG_SIMPLEX),
    "same_as": {"logsoftmax": "{loss} + identity"},
    "risky": {
        S.SIMPLEX: "a second softmax over probabilities: scores within [0, 1] keep every prediction near even and "
        "shrink the gradient twice",
        **because("scores within one unit of each other keep every prediction near even", S.UNIT),
        **because("scores within [-1, 1] keep every prediction near even", S.SIGNED_UNIT, S.SPHERE),
        S.NONNEGATIVE: "no score falls below 0, and an output that dies gives its class a constant score",
        **because(
            "scores fade out at a lower bound: a class is only ruled out by raising all others",
            S.POSITIVE,
            S.BOUNDED_BELOW,
        ),
        S.NONPOSITIVE: "scores fade out at 0: a class only wins by lowering all others",
    },
}

# K scores compared by a margin of about 1.
MARGINS: Domain = {
    **LOGITS,
    "sound": (S.REAL, S.LOG_SIMPLEX, S.SIGNED_UNIT),
    "risky": {
        **{space: why for space, why in LOGITS["risky"].items() if space is not S.SIGNED_UNIT},
        **because("two outputs differ by less than the margin of 1, which is never met", S.SIMPLEX, S.UNIT),
        S.SPHERE: "the outputs of a row of length 1 meet the margin of 1 only in its axes' directions",
    },
}

# One score a sample, on the right side of 0.
ONE_SCORE: Domain = {
    "sound": (S.REAL,),
    "risky": {
        S.SIGNED_UNIT: "scores within [-1, 1] keep every prediction near even",
        S.BOUNDED_BELOW: "scores below a bound are out of reach, so the first class is never predicted surely",
    },
    "unsound": {
        **because(
            "the score is never negative, so the first class is never predicted",
            S.NONNEGATIVE,
            S.POSITIVE,
            S.UNIT,
            S.SIMPLEX,
        ),
        **because("the score is never positive, so the second class is never predicted", S.NONPOSITIVE, S.LOG_SIMPLEX),
    },
}

# The same with a margin of 1, which [-1, 1] can meet.
ONE_MARGIN: Domain = {
    **ONE_SCORE,
    "sound": (S.REAL, S.SIGNED_UNIT),
    "risky": {S.BOUNDED_BELOW: "scores fade out at a lower bound, so the first class may miss its margin"},
}

# K logits, each of its own class against all others.
ONE_LOGIT_EACH: Domain = {
    "sound": (S.REAL,),
    "risky": {
        S.SIGNED_UNIT: "scores within [-1, 1] keep every prediction near even",
        S.BOUNDED_BELOW: "scores fade out at a lower bound, so no class is ruled out surely",
        **because(
            "no score falls below 0, so every class is given a probability of at least one half",
            *(S.NONNEGATIVE, S.POSITIVE, S.UNIT, S.SIMPLEX),
        ),
        **because(
            "no score rises above 0, so no class is given a probability above one half", S.NONPOSITIVE, S.LOG_SIMPLEX
        ),
    },
}

# K scores, each against its own -1/+1: one class against all others.
ONE_AGAINST_ALL: Domain = {
    "sound": (S.REAL, S.SIGNED_UNIT),
    "risky": {
        **because(
            "no output reaches -1, so the other classes of a row keep their loss for ever",
            S.NONNEGATIVE,
            S.POSITIVE,
            S.UNIT,
            S.SIMPLEX,
        ),
        S.BOUNDED_BELOW: "outputs fade out at a lower bound, so the other classes of a row may miss their margin",
        **because(
            "no output reaches +1, so the own class of a row keeps its loss for ever", S.NONPOSITIVE, S.LOG_SIMPLEX
        ),
    },
}

# Logits of being above each class, or a score and the distances of such logits from it.
CUMULATIVE_LOGITS: Domain = {
    "sound": (S.REAL,),
    "risky": {
        **because("logits within [-1, 1] keep every prediction near even", S.SIGNED_UNIT, S.SPHERE),
        S.BOUNDED_BELOW: "logits below a bound are out of reach, so the first class is never predicted surely",
    },
    "unsound": {
        **because(
            "the first logit is never negative, so the first class never has more than half of the probability",
            *(S.NONNEGATIVE, S.POSITIVE, S.UNIT, S.SIMPLEX),
        ),
        **because(
            "no logit is positive, so the last class never has more than half of the probability",
            *(S.NONPOSITIVE, S.LOG_SIMPLEX),
        ),
    },
}

# Logits of going on from each class.
CONDITIONAL_LOGITS: Domain = {
    **CUMULATIVE_LOGITS,
    "unsound": {
        **because(
            "no logit is negative, so no class has more than half of what is left for it",
            *(S.NONNEGATIVE, S.POSITIVE, S.UNIT, S.SIMPLEX),
        ),
        **because("no logit is positive, so the last class is never predicted", S.NONPOSITIVE, S.LOG_SIMPLEX),
    },
}

# K probabilities that sum to one.
SIMPLEX: Domain = {
    "sound": (S.SIMPLEX,),
    "risky": {
        **because("outputs that do not sum to 1 are no probabilities", S.UNIT, S.POSITIVE, S.NONNEGATIVE),
        S.REAL: "outputs of any sign that do not sum to 1 are no probabilities",
        **because("outputs that may be negative are no probabilities", S.BOUNDED_BELOW, S.SIGNED_UNIT, S.SPHERE),
    },
    "unsound": because(
        "outputs that are never positive cannot come near the 1 of a row's own class", S.NONPOSITIVE, S.LOG_SIMPLEX
    ),
}

# One probability; the same inside a square or an absolute value.
ONE_PROBABILITY: Domain = {
    "sound": (S.UNIT,),
    "unsound": {
        **because(
            "an output outside [0, 1] is no probability and has no logarithm: the loss is NaN",
            *(S.REAL, S.BOUNDED_BELOW, S.POSITIVE, S.NONPOSITIVE, S.SIGNED_UNIT),
        ),
        S.NONNEGATIVE: "an output above 1 is no probability and has no logarithm (the loss is NaN), and one that dies "
        "at 0 rules the second class out for every sample, at a huge loss without a gradient",
    },
}
ONE_COLUMN: Domain = {
    "sound": (S.UNIT, S.REAL),
    "risky": {
        **because("outputs above 1 count as errors of a sure prediction", S.POSITIVE),
        S.NONNEGATIVE: "an output that dies predicts the first class for every sample",
        **because("outputs below 0 count as errors of a sure prediction", S.BOUNDED_BELOW, S.SIGNED_UNIT),
    },
    "unsound": because("the output never comes near the second class's 1", S.NONPOSITIVE),
}
COLUMN_PER_CLASS: Domain = {
    **SIMPLEX,
    "sound": (S.SIMPLEX, S.UNIT, S.REAL),
    "risky": {
        **because("outputs above 1 count as errors of a sure prediction", S.POSITIVE),
        S.NONNEGATIVE: "an output that dies never predicts its class",
        **because("outputs below 0 count as errors of a sure prediction", S.BOUNDED_BELOW, S.SIGNED_UNIT, S.SPHERE),
    },
}

# Logarithms of K probabilities.
LOG_PROBABILITIES: Domain = {
    "sound": (S.LOG_SIMPLEX,),
    "same_as": {"logsoftmax": "cross_entropy + identity"},
    "risky": {
        S.SIMPLEX: "without the logarithm the loss is -p_y: it trains as l1 on softmax, its value is negative and it "
        "drives the probabilities to 0 and 1",
        S.SPHERE: "on directions of length 1 the loss is -cos(z, e_y): it trains as cosine_embedding",
    },
    "unsound": {
        **because(
            "the loss is -x_y, which falls without bound as the output grows; nothing pushes the other classes down",
            *(S.REAL, S.BOUNDED_BELOW, S.NONNEGATIVE, S.POSITIVE),
        ),
        **because(
            "the loss is -x_y and nothing pushes the other classes down: every output is best at its upper bound",
            *(S.UNIT, S.SIGNED_UNIT, S.NONPOSITIVE),
        ),
    },
}

# The same where targets are probabilities: of t (log t - x) a one-hot target leaves the own class's -x.
LOG_PROBABILITIES_OF_COLUMNS: Domain = {
    **LOG_PROBABILITIES,
    "unsound": {
        space: why.replace("the loss is -x_y", "for a one-hot target sum t (log t - x) is -x_y")
        for space, why in LOG_PROBABILITIES["unsound"].items()
    },
}

# A number without a bound, compared with a standardised target.
NUMBER: Domain = {
    "sound": (S.REAL,),
    "risky": {
        **because(
            "targets are standardised, and those below the mean are out of reach", S.NONNEGATIVE, S.POSITIVE, S.UNIT
        ),
        S.BOUNDED_BELOW: "targets are standardised, and those far below the mean are out of reach",
        S.NONPOSITIVE: "targets are standardised, and those above the mean are out of reach",
        S.SIGNED_UNIT: "targets more than one standard deviation from the mean are out of reach",
    },
    "unsound": because("the outputs of a row are tied to each other, and there is one number to predict", S.SPHERE),
}

# The logarithm of a positive number.
LOG_RATE: Domain = {
    "sound": (S.REAL,),
    "risky": {
        **because("the predicted value e^f never falls below 1", S.NONNEGATIVE, S.POSITIVE),
        S.UNIT: "the predicted value e^f stays between 1 and 2.72",
        S.SIGNED_UNIT: "the predicted value e^f stays between 0.37 and 2.72",
        S.BOUNDED_BELOW: "the predicted value e^f does not come near 0",
        S.NONPOSITIVE: "the predicted value e^f never rises above 1",
    },
}

# A positive number.
_NO_NEGATIVES = because(
    "outputs may be negative, where the loss is not defined", S.REAL, S.BOUNDED_BELOW, S.NONPOSITIVE, S.SIGNED_UNIT
)
POSITIVE_NUMBER: Domain = {
    "sound": (S.POSITIVE,),
    "risky": {
        S.NONNEGATIVE: "an output that dies predicts 0 for every sample and never learns again",
        S.UNIT: "values above 1 are out of reach",
    },
    "unsound": _NO_NEGATIVES,
}

# Directions: rows of length 1, whose scale is the loss's own.
DIRECTIONS: Domain = {
    "sound": (S.SPHERE,),
    "risky": {
        **because(
            "unless outputs are directions of length 1, the scale only multiplies the learning rate",
            S.REAL,
            S.LOG_SIMPLEX,
        ),
        **because("outputs within one unit of each other cannot keep large margins apart", S.UNIT, S.SIMPLEX),
        S.SIGNED_UNIT: "outputs are bounded, but their length is not that of a direction",
        **because("outputs of one sign are no directions", S.NONNEGATIVE, S.POSITIVE, S.NONPOSITIVE),
        S.BOUNDED_BELOW: "outputs with a lower bound are no directions",
    },
}
