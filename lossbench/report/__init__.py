"""Record -> evidence, pictures and pages. Never trains: everything is drawn from the record alone."""
