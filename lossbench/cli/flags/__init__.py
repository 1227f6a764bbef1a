"""The flags of the commands, made from the config, and what a shell completes behind them."""
