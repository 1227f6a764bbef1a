"""From outputs to numbers: metrics, diagnostics of a training, and the common temperature."""
