"""How fast the project does its work, against other ways of doing the same: `make bench`, never in the suite."""
