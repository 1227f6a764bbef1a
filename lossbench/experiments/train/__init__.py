"""`train`: one pair of loss and last activation on one table; its nets can be saved and predict again."""
