"""Pictures of a comparison. A new one is a module with a `Plot`, and its entry here."""

from lossbench.report.plots.calibration import CALIBRATION
from lossbench.report.plots.curves import CURVES
from lossbench.report.plots.differences import DIFFERENCES
from lossbench.report.plots.distribution import DISTRIBUTION
from lossbench.report.plots.lr_sensitivity import LR_SENSITIVITY
from lossbench.report.plots.matrix import MATRIX

# In the order in which a reader needs them; a page that grows too large leaves the last ones out first.
PLOTS = (DIFFERENCES, DISTRIBUTION, CALIBRATION, LR_SENSITIVITY, CURVES, MATRIX)
