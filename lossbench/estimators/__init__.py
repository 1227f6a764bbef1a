"""scikit-learn estimators: an MLP for tables with any loss of the catalogue, or your own.

Parameters have the names that they have in a config; they are checked when `fit` is called. Inputs are
numeric arrays, or DataFrames, which are prepared as on the command line.
"""

from lossbench.estimators.classifier import MLPClassifier
from lossbench.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
