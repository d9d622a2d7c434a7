"""Who may ask, approve and stop what: the policy as values and one decision function for every surface."""

from __future__ import annotations

from bot.domain.policy.counting import best_quorum, count, live_quorum, may_run, quorum, who_can_still_act
from bot.domain.policy.explaining import explain
from bot.domain.policy.membership import (
    account_key,
    accounts_of,
    is_in,
    is_same_person,
    person_id_of,
    roles_of,
    rule_for,
    users_of,
)
from bot.domain.policy.rights import decide, refusal_of_account
from bot.domain.policy.rules import (
    Action,
    Audience,
    Decision,
    Policy,
    Quorum,
    Refusal,
    Role,
    Rule,
    Window,
)
from bot.domain.policy.windows import is_inside, next_opening

__all__ = [
    "Action",
    "Audience",
    "Decision",
    "Policy",
    "Quorum",
    "Refusal",
    "Role",
    "Rule",
    "Window",
    "account_key",
    "accounts_of",
    "best_quorum",
    "count",
    "decide",
    "explain",
    "is_in",
    "is_inside",
    "is_same_person",
    "live_quorum",
    "may_run",
    "next_opening",
    "person_id_of",
    "quorum",
    "refusal_of_account",
    "roles_of",
    "rule_for",
    "users_of",
    "who_can_still_act",
]
