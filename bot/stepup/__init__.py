"""The second factor of the highest tier: codes of an authenticator app, and the page of our own that asks for one."""

from bot.stepup.codes import Enrolment, TotpDoor, door_of, new_key
from bot.stepup.page import step_up_routes

__all__ = ["Enrolment", "TotpDoor", "door_of", "new_key", "step_up_routes"]
