"""The analysis of a comparison: statistics, the word of each row, and the conclusion."""
