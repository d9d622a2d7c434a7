"""Python looks for garbage again once the process is ready, and leaves alone what the start has made."""

from __future__ import annotations

import gc

from bot import garbage


def test_garbage_is_looked_for_from_readiness_on_and_not_before() -> None:
    before = gc.get_threshold()
    try:
        garbage.starts()
        assert not gc.isenabled()
        garbage.is_ready()
        assert gc.isenabled()
        assert gc.get_freeze_count()
        assert gc.get_threshold() > before
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
        gc.enable()
