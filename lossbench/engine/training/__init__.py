"""Minibatch training of a population: batches, optimisers, validation, early stopping."""
