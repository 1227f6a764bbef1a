"""Users' own losses, activations and metrics: found, adapted and checked."""
