"""`python -m bot` is `failover-bot`."""

from bot.cli import main

main()
