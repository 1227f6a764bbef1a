"""Everything a config can name: losses, activations, penalties, metrics. Declarations only, and cheap to import."""
