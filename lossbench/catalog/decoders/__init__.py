"""How a net's outputs become a prediction: the declaration, and the built-in decoders of classes and of values."""

from lossbench.catalog.decoders import classes, values  # isort: skip - the order of lists
from lossbench.catalog.decoders.decoder import DECODERS, Decoder, as_decoder, decoder
from lossbench.catalog.decoders.prediction import TINY, Prediction, median_class

__all__ = ["DECODERS", "TINY", "Decoder", "Prediction", "as_decoder", "classes", "decoder", "median_class", "values"]
