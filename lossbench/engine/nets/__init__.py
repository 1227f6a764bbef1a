"""The nets that are trained: their shape, their parameters, forward and backward."""
