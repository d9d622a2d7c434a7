"""Several processes of the bot on one database, as the Procfile starts them, and one alone on its file."""
