"""When Python looks for garbage: not while the process starts, never again through what the start has made, and rarely
through the runs that wait. With Python's own thresholds, a worker that follows five thousand jobs would stand still for
a third of a second each eight seconds, to find nothing."""

from __future__ import annotations

import gc

YOUNG = 10_000  # new objects, some megabytes; what is in flight while a thousand answers a second arrive is fewer
MIDDLE, OLD = 20, 50  # of the looks before; what nobody holds is freed at once anyway, only cycles wait for them


def starts() -> None:
    """Modules, models and routes are made by the hundred thousand and stay; looking through them is a sixth of it."""
    gc.disable()


def is_ready() -> None:
    """From here on only what requests and runs leave behind is looked through."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    gc.enable()
