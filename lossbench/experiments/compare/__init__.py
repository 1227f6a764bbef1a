"""`compare-losses`: every loss on the same splits, first weights and batches, under the same protocol."""
