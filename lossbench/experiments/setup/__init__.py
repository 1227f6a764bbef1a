"""What the experiments have in common before training: names resolved, pairs, prepared splits, data sources."""
