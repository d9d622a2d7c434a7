"""Trying it without any account: the demo, its tour, and each simulator alone."""

import typer

app = typer.Typer()
