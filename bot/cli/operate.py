"""Placeholder."""

import typer

app = typer.Typer()
