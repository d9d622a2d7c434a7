"""The stages of a run. Each stage ends by naming the next one, and that word is all that the journal keeps of it."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    CHECK = "check"
    STOP = "stop"
    SUBMIT = "submit"
    FOLLOW = "follow"
    VERIFY = "verify"
    START = "start"
    FINISH = "finish"
    OVER = "over"
