import json

import pytest

from unit.api.world import ADMIN_TOKEN, MISSING_SID, in_world
from voxgate.api.gate import BODY_LIMIT

PROTECTED = ["/v1/Accounts", "/v1/Nothing", f"/v1/Accounts/{MISSING_SID}/Calls"]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", f"Bearer {MISSING_SID}", f"Basic {ADMIN_TOKEN}", ADMIN_TOKEN],
)
def test_without_a_good_key_everything_is_401(sqlite_url, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}

    async def story(world):
        for path in PROTECTED:
            for method in ("GET", "POST"):
                reply = await world.send(method, path, b"{", token=None, headers=headers)
                assert (reply.status, reply.text) == (401, "Unauthorized")
                assert reply.headers["www-authenticate"] == "Bearer"

    in_world(sqlite_url, story)


def test_the_scheme_may_be_written_in_any_case(sqlite_url):
    async def story(world):
        headers = {"Authorization": f"bEARER {ADMIN_TOKEN}"}
        assert (await world.send("GET", "/v1/Accounts", token=None, headers=headers)).status == 200

    in_world(sqlite_url, story)


def test_a_body_beyond_the_limit_is_413_however_it_comes(sqlite_url):
    huge = json.dumps({"name": "x" * BODY_LIMIT}).encode()

    async def story(world):
        for headers in ({}, {"Content-Length": str(len(huge))}):
            reply = await world.send("POST", "/v1/Applications", huge, headers=headers)
            assert (reply.status, "larger" in reply.body["msg"]) == (413, True)
        fits = json.dumps({"name": "x" * (BODY_LIMIT - 100)}).encode()
        assert (await world.send("POST", "/v1/Applications", fits)).status == 400

    in_world(sqlite_url, story)


def test_browsers_may_ask(sqlite_url):
    async def story(world):
        reply = await world.send("OPTIONS", "/v1/Accounts", token=None)
        assert reply.status == 204
        assert "Idempotency-Key" in reply.headers["access-control-allow-headers"]
        assert reply.headers["access-control-allow-origin"] == "*"
        answer = await world.send("GET", "/v1/Accounts")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "no-store"

    in_world(sqlite_url, story)


def test_a_fault_of_ours_is_500_without_its_insides(sqlite_url):
    async def story(world):
        async def broken(*_arguments):
            raise RuntimeError("secret insides")

        world.log.get = broken
        path = f"/v1/Accounts/{world.account_sid}/Calls/{MISSING_SID}"
        reply = await world.send("GET", path)
        assert (reply.status, reply.body) == (500, {"msg": "internal error"})

    in_world(sqlite_url, story)
