"""Terminal output. Every text from data, config or an error is a `Text`, never markup."""
