"""What the catalogue says of its entries, as plain data."""
