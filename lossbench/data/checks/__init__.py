"""What a table and its split do that scores will not show."""
