"""`regularize-gif`: penalised nets trained to convergence, and the regions that they decide for."""
