"""What each command does: from a config to a record. Lower layers take plain arguments."""
