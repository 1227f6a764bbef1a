"""Which rows train, validate and test: stratified, grouped or in time, in one split or cross-validated."""
