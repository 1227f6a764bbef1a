"""Pictures of a comparison. A new one is a module with a `Plot`, and its entry here."""

from lossbench.report.compare.plots.calibration import CALIBRATION
from lossbench.report.compare.plots.curves import CURVES
from lossbench.report.compare.plots.differences import DIFFERENCES
from lossbench.report.compare.plots.distribution import DISTRIBUTION
from lossbench.report.compare.plots.loss_profiles import LOSS_PROFILES
from lossbench.report.compare.plots.lr_sensitivity import LR_SENSITIVITY
from lossbench.report.compare.plots.matrix import MATRIX

# In the order in which a reader needs them.
PLOTS = (DIFFERENCES, DISTRIBUTION, CALIBRATION, LR_SENSITIVITY, CURVES, MATRIX, *LOSS_PROFILES)
