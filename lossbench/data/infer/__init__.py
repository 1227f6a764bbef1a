"""What a column is: its kind, its role as target, whether it leaks, whether its values are ambiguous."""
