"""How fast the bot is, beside the least that any program must do and beside the usual ways to do it."""
