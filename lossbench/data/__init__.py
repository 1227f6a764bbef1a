"""Data: named sets and users' own tables, prepared on the training part only, and split reproducibly."""
