from dataclasses import replace

from unit.store.clusters import BOX
from unit.store.samples import ACCOUNT, a_call
from unit.store.stories import on_database
from voxgate.model.calls import CallStatus
from voxgate.store import calls
from voxgate.store.calls import CallFilter

SID = ACCOUNT.account_sid


def test_a_call_comes_back_with_its_whole_request(database_url):
    call = a_call()

    async def story(database):
        await database.write(lambda c: calls.insert(c, [call], BOX))

        assert await database.read(lambda c: calls.get(c, call.call_sid, BOX)) == call
        assert await database.read(lambda c: calls.get(c, "0" * 36, BOX)) is None

    on_database(database_url, story)


def test_the_state_of_many_calls_is_written_at_once_and_nothing_else(database_url):
    first, second = a_call(), a_call()
    changed = [
        replace(
            call,
            status=CallStatus.COMPLETED,
            sip_status=200,
            sip_reason="OK",
            sbc_callid="abc",
            trunk="Trunk",
            answered_at=101.5,
            ended_at=110.25,
            duration_s=9,
            termination_by="caller",
            outcome={"code": "completed", "fault_domain": None},
            tag={"other": 1},
            last_seq=8,
        )
        for call in (first, second)
    ]
    forged = [replace(call, from_="forged", hidden=True) for call in changed]

    async def story(database):
        await database.write(lambda c: calls.insert(c, [first, second], BOX))
        await database.write(lambda c: calls.update(c, forged))

        for call in changed:
            found = await database.read(lambda c, call=call: calls.get(c, call.call_sid, BOX))
            assert found == call

    on_database(database_url, story)


def test_a_list_shows_the_newest_first_and_filters_exactly(database_url):
    old = a_call(created_at=1.0)
    ringing = replace(a_call(created_at=2.0), status=CallStatus.RINGING)
    inbound = replace(a_call(created_at=3.0), direction="inbound", from_="+1", to="+2")
    foreign = a_call(account_sid="f" * 36)
    cases = [
        (CallFilter(), [inbound, ringing, old]),
        (CallFilter(direction="inbound"), [inbound]),
        (CallFilter(from_="+1", to="+2"), [inbound]),
        (CallFilter(from_="1"), []),
        (CallFilter(status="ringing"), [ringing]),
    ]

    async def story(database):
        await database.write(lambda c: calls.insert(c, [ringing, old, foreign, inbound], BOX))
        for wanted, expected in cases:
            total, found = await database.read(
                lambda c, wanted=wanted: calls.page(c, SID, wanted, BOX, offset=0, limit=10)
            )
            assert (total, found) == (len(expected), expected)
        total, found = await database.read(
            lambda c: calls.page(c, SID, CallFilter(), BOX, offset=1, limit=1)
        )
        assert (total, found) == (3, [ringing])

    on_database(database_url, story)


def test_calls_that_ended_long_ago_leave_the_short_list(database_url):
    open_call = a_call(created_at=1.0)
    recent = replace(a_call(created_at=2.0), ended_at=5000.0)
    long_ago = replace(a_call(created_at=3.0), ended_at=10.0)

    async def story(database):
        await database.write(lambda c: calls.insert(c, [open_call, recent, long_ago], BOX))
        _, found = await database.read(
            lambda c: calls.page(c, SID, CallFilter(shown_since=4000.0), BOX, offset=0, limit=10)
        )

        assert found == [recent, open_call]

    on_database(database_url, story)


def test_only_an_ended_call_can_be_hidden_and_only_once(database_url):
    live = a_call()
    over = replace(a_call(), ended_at=5.0)

    async def story(database):
        await database.write(lambda c: calls.insert(c, [live, over], BOX))

        assert not await database.write(lambda c: calls.hide(c, live.call_sid))
        assert await database.write(lambda c: calls.hide(c, over.call_sid))
        assert not await database.write(lambda c: calls.hide(c, over.call_sid))
        total, found = await database.read(
            lambda c: calls.page(c, SID, CallFilter(), BOX, offset=0, limit=10)
        )
        assert (total, found) == (1, [live])

    on_database(database_url, story)


def test_open_calls_are_counted_and_found_for_recovery(database_url):
    first, second = a_call(created_at=1.0), a_call(created_at=2.0)
    inbound = replace(a_call(created_at=3.0), direction="inbound")
    over = replace(a_call(), ended_at=5.0)

    async def story(database):
        await database.write(lambda c: calls.insert(c, [second, first, inbound, over], BOX))

        counted = await database.read(lambda c: calls.count_open(c, SID))
        assert counted == {"outbound": 2, "inbound": 1}
        assert await database.read(lambda c: calls.still_open(c, BOX)) == [first, second, inbound]

    on_database(database_url, story)
