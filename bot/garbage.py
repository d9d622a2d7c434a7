"""When Python looks for garbage: not while the process starts, and never again through what the start has made."""

from __future__ import annotations

import gc


def starts() -> None:
    """Modules, models and routes are made by the hundred thousand and stay; looking through them is a sixth of it."""
    gc.disable()


def is_ready() -> None:
    """From here on only what requests and runs leave behind is looked through."""
    gc.freeze()
    gc.enable()
