"""Which message may go out when, and who sends it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.request import RequestId
from bot.domain.surface import Place, PlaceKind, Surface
from bot.ports import Transaction
from storage.unit_of_work import SqlStore
from tests.storage.samples import request

LEASE = timedelta(minutes=1)
CARD = Place(PlaceKind.CARD, "1")
R1 = RequestId("r-1")


@pytest.fixture(autouse=True)
async def asked(store: SqlStore) -> None:
    await store.run(lambda tx: [tx.requests.add(request()), tx.requests.add(request("r-2", "group-2"))])


async def claim(store: SqlStore, owner: str = "me", *, limit: int = 50, lease: timedelta = LEASE) -> list[Surface]:
    return await store.run(lambda tx: tx.surfaces.claim(owner, limit=limit, lease=lease))


async def want(store: SqlStore, *places: Place, of: RequestId = R1) -> None:
    def work(tx: Transaction) -> None:
        for place in places:
            tx.surfaces.want(of, place)

    await store.run(work)


async def deliver(store: SqlStore, surface: Surface, ts: str = "1.0") -> None:
    await store.run(lambda tx: tx.surfaces.shown(surface.id, rendered=surface.wanted, channel="C1", ts=ts))


async def deliver_card(store: SqlStore, of: RequestId = R1) -> None:
    await want(store, CARD, of=of)
    await deliver(store, next(each for each in await claim(store) if each.place == CARD), ts=f"card-{of}")


def places(surfaces: list[Surface]) -> list[str]:
    return [str(each.place) for each in surfaces]


async def test_a_wanted_place_is_claimed_once(store: SqlStore) -> None:
    await want(store, CARD)
    assert places(await claim(store, "me")) == ["card:1"]
    assert await claim(store, "you") == []


async def test_a_lease_that_ran_out_is_taken_over(store: SqlStore) -> None:
    await want(store, CARD)
    assert await claim(store, "dead", lease=timedelta(seconds=-1))
    assert places(await claim(store, "alive")) == ["card:1"]


async def test_f18_a_clock_that_went_back_holds_up_no_message(store: SqlStore) -> None:
    """What was put off or claimed by the clock of before lies further away than anything ever does."""
    await want(store, CARD)
    hour = timedelta(hours=1)
    [claimed] = await claim(store, "dead", lease=hour)
    assert places(await claim(store, "alive")) == ["card:1"]
    await store.run(lambda tx: tx.surfaces.failed(claimed.id, error="wait", not_before=tx.now + hour))
    assert places(await claim(store)) == ["card:1"]
    await store.run(lambda tx: tx.surfaces.failed(claimed.id, error="wait", not_before=tx.now + hour / 10))
    assert await claim(store) == []


async def test_what_is_shown_is_due_no_more_until_it_changes(store: SqlStore) -> None:
    await deliver_card(store)
    assert await claim(store) == []
    await want(store, CARD)
    [again] = await claim(store)
    assert (again.wanted, again.rendered, again.ts) == (2, 1, "card-r-1")


async def test_a_change_during_a_delivery_is_delivered_after_it(store: SqlStore) -> None:
    await want(store, CARD)
    [first] = await claim(store)
    await want(store, CARD)
    await deliver(store, first)
    [second] = await claim(store)
    assert (second.wanted, second.rendered) == (2, 1)


async def test_a_late_answer_never_takes_a_newer_message_back(store: SqlStore) -> None:
    await want(store, CARD)
    await want(store, CARD)
    [surface] = await claim(store)
    await deliver(store, surface)
    await store.run(lambda tx: tx.surfaces.shown(surface.id, rendered=1, channel="C1", ts="1.0"))
    found = await store.read(lambda tx: tx.surfaces.find(R1, CARD))
    assert found is not None
    assert found.rendered == 2


async def test_what_is_wanted_twice_in_one_transaction_is_one_change_with_the_newest_facts(store: SqlStore) -> None:
    def work(tx: Transaction) -> None:
        tx.surfaces.want(R1, CARD)
        tx.surfaces.want(R1, CARD, data={"words": "new"})

    await store.run(work)
    await store.run(work)
    [surface] = await claim(store)
    assert (surface.wanted, surface.data) == (2, {"words": "new"})


async def test_a_place_that_is_wanted_once_stays_as_it_was(store: SqlStore) -> None:
    for words in ("first", "second"):
        await store.run(lambda tx, words=words: tx.surfaces.want(R1, CARD, data={"words": words}, once=True))  # type: ignore[misc]
    [surface] = await claim(store)
    assert (surface.wanted, surface.data) == (1, {"words": "first"})


async def test_decisions_and_results_go_before_progress(store: SqlStore) -> None:
    await deliver_card(store)
    wanted = [PlaceKind.PROGRESS, PlaceKind.NOTE, PlaceKind.LOGIN, PlaceKind.END, PlaceKind.QUESTION]
    await want(store, *(Place(kind) for kind in wanted))
    assert places(await claim(store)) == ["question:", "login:", "end:", "note:", "progress:"]


async def test_the_longest_wait_goes_first_among_equals(store: SqlStore) -> None:
    await want(store, Place(PlaceKind.NOTE, "a"))
    await want(store, Place(PlaceKind.NOTE, "b"))
    [first] = await claim(store, limit=1)
    await deliver(store, first)
    await want(store, first.place)
    assert places(await claim(store)) == ["note:b", "note:a"]


@pytest.mark.parametrize("kind", ["progress", "line", "question", "end", "pointer", "reminder"])
async def test_nothing_goes_into_a_thread_before_its_card(store: SqlStore, kind: str) -> None:
    await want(store, CARD, Place(PlaceKind(kind), "x"))
    [card] = await claim(store)
    assert card.place == CARD
    await deliver(store, card)
    assert places(await claim(store)) == [f"{kind}:x"]


async def test_a_thread_waits_for_the_card_of_the_newest_revision(store: SqlStore) -> None:
    await deliver_card(store)
    await want(store, Place(PlaceKind.CARD, "2"), Place(PlaceKind.LINE, "x"))
    [card] = await claim(store)
    assert card.place.key == "2"


async def test_a_card_that_cannot_be_posted_does_not_silence_its_thread(store: SqlStore) -> None:
    await want(store, CARD, Place(PlaceKind.END))
    [card] = await claim(store)
    await store.run(lambda tx: tx.surfaces.failed(card.id, error="is_archived", not_before=None, is_dead=True))
    assert places(await claim(store)) == ["end:"]


async def test_a_direct_message_and_the_incident_channel_wait_for_no_card(store: SqlStore) -> None:
    await want(store, Place(PlaceKind.LOGIN, "a"), Place(PlaceKind.INCIDENT, "started"), Place(PlaceKind.NOTE, "n"))
    assert places(await claim(store)) == ["login:a", "incident:started", "note:n"]


async def test_lines_of_one_request_go_out_one_after_the_other(store: SqlStore) -> None:
    await deliver_card(store)
    await deliver_card(store, RequestId("r-2"))
    await want(store, Place(PlaceKind.LINE, "b"), Place(PlaceKind.LINE, "a"))
    await want(store, Place(PlaceKind.LINE, "other"), of=RequestId("r-2"))
    first, other = await claim(store)
    assert (first.place.key, other.place.key) == ("b", "other")
    await store.run(lambda tx: tx.surfaces.failed(first.id, error="rate limited", not_before=tx.now + LEASE))
    assert await claim(store) == []
    await deliver(store, first)
    assert places(await claim(store)) == ["line:a"]


async def test_the_end_comes_after_the_lines_that_led_to_it(store: SqlStore) -> None:
    await deliver_card(store)
    end, early, late = Place(PlaceKind.END), Place(PlaceKind.LINE, "early"), Place(PlaceKind.LINE, "late")
    await want(store, early, end, late)
    [line] = await claim(store)
    assert line.place == early
    await deliver(store, line)
    shown = await claim(store)
    assert places(shown) == ["end:", "line:late"], "a line that came later holds up nothing"
    await deliver(store, shown[0])
    await want(store, end)
    assert places(await claim(store)) == ["end:"], "its edits wait for nothing"


async def test_a_dead_line_does_not_hold_up_the_next(store: SqlStore) -> None:
    await deliver_card(store)
    await want(store, Place(PlaceKind.LINE, "a"), Place(PlaceKind.LINE, "b"))
    [first] = await claim(store)
    await store.run(lambda tx: tx.surfaces.failed(first.id, error="msg_too_long", not_before=None, is_dead=True))
    assert places(await claim(store)) == ["line:b"]


async def test_the_incident_channel_hears_the_start_before_the_end(store: SqlStore) -> None:
    await want(store, Place(PlaceKind.INCIDENT, "started"), Place(PlaceKind.INCIDENT, "ended"))
    [started] = await claim(store)
    assert started.place.key == "started"
    await deliver(store, started)
    assert places(await claim(store)) == ["incident:ended"]


async def test_a_pointer_waits_for_the_message_that_it_points_to(store: SqlStore) -> None:
    await deliver_card(store)
    await want(store, Place(PlaceKind.LOGIN, "anna"), Place(PlaceKind.POINTER, "anna"), Place(PlaceKind.POINTER, "ben"))
    login, ben = await claim(store)
    assert (login.place.kind, ben.place.key) == (PlaceKind.LOGIN, "ben")
    await deliver(store, login)
    assert places(await claim(store)) == ["pointer:anna"]


async def test_what_is_for_later_waits_and_a_new_wish_keeps_the_time(store: SqlStore) -> None:
    reminder = Place(PlaceKind.NOTE, "later")
    await store.run(lambda tx: tx.surfaces.want(R1, reminder, not_before=tx.now + LEASE))
    await want(store, reminder)
    assert await claim(store) == []
    await store.run(lambda tx: tx.surfaces.want(R1, reminder, not_before=tx.now - LEASE))
    assert places(await claim(store)) == ["note:later"]


async def test_the_next_edit_waits_as_long_as_the_last_one_asked(store: SqlStore) -> None:
    await want(store, CARD)
    [card] = await claim(store)
    await store.run(
        lambda tx: tx.surfaces.shown(card.id, rendered=1, channel="C1", ts="1.0", not_before=tx.now + LEASE)
    )
    await want(store, CARD)
    assert await claim(store) == []


async def test_what_a_line_says_stays_when_it_is_wanted_again(store: SqlStore) -> None:
    place = Place(PlaceKind.NOTE, "n")
    await store.run(lambda tx: tx.surfaces.want(R1, place, data={"kind": "x", "names": ["a"]}, user="U1"))
    await want(store, place)
    found = await store.read(lambda tx: tx.surfaces.find(R1, place))
    assert found is not None
    assert (found.data, found.user, found.wanted) == ({"kind": "x", "names": ["a"]}, "U1", 2)


async def test_a_message_whose_answer_was_lost_is_known_to_have_left(store: SqlStore) -> None:
    await want(store, CARD)
    [card] = await claim(store)
    await store.run(lambda tx: tx.surfaces.sending(card.id))
    await store.run(lambda tx: tx.surfaces.failed(card.id, error="timeout", not_before=None))
    [again] = await claim(store)
    assert again.sent_at is not None
    assert (again.ts, again.attempts, again.last_error) == ("", 1, "timeout")


async def test_a_message_that_is_gone_from_slack_is_shown_again(store: SqlStore) -> None:
    await deliver_card(store)
    card = await store.read(lambda tx: tx.surfaces.at("C1", "card-r-1"))
    assert card is not None
    await store.run(lambda tx: tx.surfaces.lost(card.id))
    [again] = await claim(store)
    assert (again.ts, again.sent_at) == ("", None)
    assert await store.read(lambda tx: tx.surfaces.at("C1", "card-r-1")) is None


async def test_lag_counts_what_is_due_and_how_long_it_has_been(store: SqlStore) -> None:
    assert await store.read(lambda tx: tx.surfaces.lag()) == (0, timedelta(0))
    await want(store, CARD, Place(PlaceKind.END))
    await store.run(lambda tx: tx.surfaces.want(R1, Place(PlaceKind.NOTE), not_before=tx.now + LEASE))
    count, oldest = await store.read(lambda tx: tx.surfaces.lag())
    assert count == 2
    assert timedelta(0) < oldest < LEASE


async def test_the_places_of_a_request_come_in_the_order_of_their_making(store: SqlStore) -> None:
    await want(store, Place(PlaceKind.NOTE), CARD, Place(PlaceKind.END))
    assert places(await store.read(lambda tx: tx.surfaces.of(R1))) == ["note:", "card:1", "end:"]
