"""Corruptions of training rows, made on purpose to test how robust a loss is: labels, values, features, balance.

Each one changes given rows and no other. From one seed it changes the more, the higher its level: the rows (cells) of a
lower level are among those of a higher one, and each is changed to the same value.
"""
