"""The conditions of a comparison, by what they change; `lossbench.experiments.compare.conditions` has them all."""
