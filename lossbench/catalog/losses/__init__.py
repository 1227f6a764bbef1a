"""The losses, one module a family; each is one decorated function and nothing else.

Shapes: B rows, K outputs, C classes, any leading axes before them: outputs `z_BK` (one output: `z_B1`), class
index `y_B`, encoded targets `t_BK`, the training part's class counts `class_counts [..., 1, C]`. A loss gives
`[..., B]`; one of whole batches takes the rows' weights `weight_B` too and gives `[...]`. Where torch has the
loss, names, defaults and the mean over the columns of a row are torch's.
"""

from typing import Annotated

from annotated_types import Gt

# families that listings begin with; the others follow by name
EVERYDAY = ("likelihood", "residual", "asymmetric", "m_estimator", "relative", "margin")

Threshold = Annotated[float, Gt(0)]  # of a residual
TARGET_UNIT = (
    "in units of the target's scale: its standard deviation, or 1.4826 MAD where tails are heavy (target_scale)"
)

SMOOTHED_WEIGHTS = (
    "a sample's class weight multiplies its whole smoothed loss; torch's weight= multiplies each class's term in it by "
    "that class's weight, which is another loss unless all weights are equal"
)
