"""Penalised nets minimised to convergence: full batch, float64, a path of penalties at once."""
