"""IAM: temporary access keys, which count only together with their security token."""

from datetime import datetime

from bot.demo.sdrs.clock import token_time
from bot.demo.sdrs.iam import bad_request, by_agency, by_token, members
from bot.demo.sdrs.identity import Caller
from bot.demo.sdrs.wire import Answer, incorrect_authentication
from bot.demo.sdrs.world import World

SHORTEST_SECONDS, LONGEST_SECONDS = 900, 86_400


def create_temporary_key(world: World, caller: Caller | None, body: object, now: datetime) -> Answer:
    """`POST /v3.0/OS-CREDENTIAL/securitytokens`: 15 minutes to 24 hours, by token or by agency."""
    identity = members(members(members(body).get("auth")).get("identity"))
    match identity.get("methods"):
        case ["token"]:
            said = members(identity.get("token"))
            named = by_token(world, said, now) if "id" in said else caller
        case ["assume_role"]:
            said = members(identity.get("assume_role"))
            named = by_agency(world, caller, said)
        case _:
            return bad_request("Expecting to find auth.identity with the method token or assume_role.")
    if named is None:
        return incorrect_authentication("x-auth-token not found")
    return named if isinstance(named, Answer) else _issue(world, named, said.get("duration_seconds"), now)


def _issue(world: World, caller: Caller, said: object, now: datetime) -> Answer:
    seconds = SHORTEST_SECONDS if said is None else said
    if not isinstance(seconds, int) or not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        return bad_request("The value of duration_seconds must be from 900 to 86400.")
    key = world.registry.issue_key(caller, now, seconds)
    credential = {
        "access": key.access,
        "secret": key.secret,
        "securitytoken": key.security_token,
        "expires_at": token_time(key.expires_at) if key.expires_at else None,
    }
    return Answer(status=201, body={"credential": credential})
