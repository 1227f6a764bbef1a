"""`regularize-gif`: penalised nets trained to convergence, and their decision regions."""
