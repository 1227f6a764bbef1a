"""The tables of other packages, a module a package: what is a feature, what is not and why."""
