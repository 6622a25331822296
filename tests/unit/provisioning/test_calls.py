"""What is decided before a call is placed, and requests that come twice."""

import asyncio
import json

import pytest

from unit.api.orders import PHONE, PLAIN, furnish, started
from unit.api.world import in_world
from voxgate.model.calls import CallStatus

BASIC = b"""{
        "application_sid": "%s",
        "from": "+15005550100",
        "callerName": "Display Name",
        "to": {
                "type": "phone",
                "number": "+15005550101",
                "trunk": "carrier"
            }
    }"""


KEY = {"Idempotency-Key": "order-77"}


def test_the_log_begins_with_what_was_asked(sqlite_url):
    async def story(world):
        path, application = await furnish(world)
        await world.send("POST", path, BASIC % application.encode())
        call, plan = started(world)

        assert world.log.data[call.call_sid] == {
            "from": "+15005550100",
            "to": "+15005550101",
            "to_type": "phone",
            "trunk": "carrier",
            "call_id": call.call_id,
            "application_sid": application,
            "amd": False,
            "attempt": {
                "carrier": "carrier",
                "gateway": plan.attempts[0].gateway.sip_gateway_sid,
                "reason": plan.attempts[0].reason,
            },
            "invite": world.engine.intent(call, plan),
        }

    in_world(sqlite_url, story)


def test_the_sip_uri_of_a_request_needs_no_trunk(sqlite_url):
    async def story(world):
        body = {**PLAIN, "to": {"type": "sip", "sipUri": "sip:bob@example.com"}}
        reply = await world.send("POST", f"/v1/Accounts/{world.account_sid}/Calls", body)

        assert reply.status == 201
        call, plan = started(world)
        assert call.to == "sip:bob@example.com"
        assert plan.attempts[0].carrier is None

    in_world(sqlite_url, story)


def test_without_any_carrier_the_request_is_refused_with_advice(sqlite_url):
    async def story(world):
        body = {**PLAIN, "to": {"type": "phone", "number": "+1"}}
        reply = await world.send("POST", f"/v1/Accounts/{world.account_sid}/Calls", body)

        assert (reply.status, reply.fields) == (422, ["to"])
        assert "carrier" in reply.body["msg"]

    in_world(sqlite_url, story)


def test_an_account_can_insist_on_registered_callers(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        await world.send("PUT", f"/v1/Accounts/{world.account_sid}", {"require_known_caller": 1})
        refused = await world.send("POST", path, PLAIN)
        assert (refused.status, refused.fields) == (422, ["from"])

        number = {"number": "+15005550100", "account_sid": world.account_sid}
        await world.made("PhoneNumbers", number)
        assert (await world.send("POST", path, PLAIN)).status == 201

    in_world(sqlite_url, story)


def test_a_suspended_account_places_no_calls(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        await world.send("PUT", f"/v1/Accounts/{world.account_sid}", {"is_active": False})

        assert (await world.send("POST", path, PLAIN)).status == 422

    in_world(sqlite_url, story)


def test_the_application_of_another_account_is_not_found(tenants):
    one, two = tenants.home.accounts

    async def story(world):
        body = {"application_sid": two.sids["Applications"], "from": "1", "to": PHONE}
        path = f"/v1/Accounts/{one.account_sid}/Calls"
        reply = await world.send("POST", path, body, token=one.token)

        assert reply.status == 400
        assert reply.body["msg"] == f"application_sid not found {two.sids['Applications']}"

    in_world(tenants.url, story)


def test_no_call_is_taken_while_the_gateway_cannot_place_it(sqlite_url):
    """FS#1495, FS#1236: the answer says what is missing, not that no server is there."""

    async def story(world):
        path, _ = await furnish(world)
        world.engine.refusal = "the gateway is shutting down"
        reply = await world.send("POST", path, PLAIN)

        assert (reply.status, reply.body["msg"]) == (503, "the gateway is shutting down")
        assert int(reply.headers["retry-after"]) > 0

        world.engine.refusal = None
        world.log.full = True
        assert (await world.send("POST", path, PLAIN)).status == 503
        assert world.engine.started == []

    in_world(sqlite_url, story)


def test_a_change_of_trunks_counts_from_the_next_call(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        assert (await world.send("POST", path, PLAIN)).status == 201
        (carrier,) = (await world.send("GET", "/v1/VoipCarriers?name=carrier")).body
        one = f"/v1/VoipCarriers/{carrier['voip_carrier_sid']}"
        await world.send("PUT", one, {"is_active": 0})

        assert (await world.send("POST", path, PLAIN)).status == 422

    in_world(sqlite_url, story)


def test_the_same_key_and_body_is_the_same_call(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        first = await world.send("POST", path, PLAIN, headers=KEY)
        shuffled = dict(reversed(list(PLAIN.items())))
        again = await world.send("POST", path, json.dumps(shuffled, indent=3).encode(), headers=KEY)

        assert (again.status, again.body) == (201, first.body)
        assert len(world.engine.started) == 1
        unkeyed = await world.send("POST", path, PLAIN)
        assert unkeyed.body["sid"] != first.body["sid"]

    in_world(sqlite_url, story)


def test_equal_numbers_are_equal_however_they_are_written(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        body = {**PLAIN, "tag": {"n": [1, {"m": 2.0}]}}
        first = await world.send("POST", path, {**body, "timeout": 20}, headers=KEY)
        body["tag"] = {"n": [1.0, {"m": 2}]}
        again = await world.send("POST", path, {**body, "timeout": 20.0}, headers=KEY)

        assert again.body == first.body

    in_world(sqlite_url, story)


def test_the_same_key_with_another_body_is_409(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        await world.send("POST", path, PLAIN, headers=KEY)
        reply = await world.send("POST", path, {**PLAIN, "timeout": 5}, headers=KEY)

        assert reply.status == 409
        assert "msg" in reply.body
        assert len(world.engine.started) == 1

    in_world(sqlite_url, story)


def test_many_at_once_with_one_key_place_one_call(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        replies = await asyncio.gather(
            *(world.send("POST", path, PLAIN, headers=KEY) for _ in range(25))
        )

        assert {reply.status for reply in replies} == {201}
        assert len({reply.body["sid"] for reply in replies}) == 1
        assert len(world.engine.started) == 1

    in_world(sqlite_url, story)


def test_a_retry_gets_its_call_whatever_has_changed_since(sqlite_url):
    async def story(world):
        path, application = await furnish(world)
        body = {"application_sid": application, "from": "1", "to": PHONE}
        first = await world.send("POST", path, body, headers=KEY)
        await world.send("DELETE", f"/v1/Applications/{application}")
        world.engine.refusal = "the gateway is shutting down"
        world.log.end(first.body["sid"], status=CallStatus.FAILED)
        again = await world.send("POST", path, body, headers=KEY)

        assert (again.status, again.body) == (201, first.body)

    in_world(sqlite_url, story)


def test_a_refused_request_does_not_use_up_its_key(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        wrong = {**PLAIN, "to": {**PHONE, "trunk": "nobody"}}
        assert (await world.send("POST", path, wrong, headers=KEY)).status == 422
        assert (await world.send("POST", path, PLAIN, headers=KEY)).status == 201

    in_world(sqlite_url, story)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "tab\there"])
def test_a_key_is_visible_characters(sqlite_url, key):
    async def story(world):
        path, _ = await furnish(world)
        reply = await world.send("POST", path, PLAIN, headers={"Idempotency-Key": key})

        assert (reply.status, reply.fields) == (400, ["Idempotency-Key"])

    in_world(sqlite_url, story)


def test_keys_of_different_accounts_do_not_meet(tenants):
    one, two = tenants.home.accounts
    body = {**PLAIN, "to": {**PHONE, "trunk": "trunk"}}

    async def story(world):
        sids = set()
        for tenant in (one, two):
            path = f"/v1/Accounts/{tenant.account_sid}/Calls"
            reply = await world.send("POST", path, body, token=tenant.token, headers=KEY)
            sids.add(reply.body["sid"])
        assert len(sids) == 2

    in_world(tenants.url, story)


def test_a_client_that_goes_away_at_the_worst_moment_still_has_its_call_placed(sqlite_url):
    async def story(world):
        path, _ = await furnish(world)
        reached, go_on, placed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        create, start = world.log.create, world.engine.start

        def start_and_tell(*arguments):
            start(*arguments)
            placed.set()

        async def slow(*arguments):
            made = await create(*arguments)
            reached.set()
            await go_on.wait()
            return made

        world.log.create, world.engine.start = slow, start_and_tell
        request = asyncio.create_task(world.send("POST", path, PLAIN))
        await reached.wait()
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        assert world.engine.started == []
        go_on.set()
        async with asyncio.timeout(10):
            await placed.wait()
        assert started(world)[0].call_sid in world.log.calls

    in_world(sqlite_url, story)
