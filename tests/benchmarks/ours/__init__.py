"""What is measured of ours that is not simply the bot's own process."""
