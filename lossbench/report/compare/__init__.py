"""The evidence of a comparison, and its page, tables and pictures."""
