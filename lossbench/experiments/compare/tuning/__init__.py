"""Which learning rate, own parameters and number of epochs a loss gets on each split, without a look at its test part.

Every loss has equally many trials on every split (`trials`). Their nets are trained on inner folds (`problems`), scored
there epoch by epoch (`inner_scores`) and chosen by one rule (`selection`, `choice`).
"""
