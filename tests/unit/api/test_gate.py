"""Keys, limits, bodies and the shapes of refusals, before any noun is reached."""

import json

import pytest

from unit.api.world import ADMIN_TOKEN, MISSING_SID, ask, in_world
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


def test_a_sid_that_is_none_is_a_bad_request(sqlite_url):
    async def story(world):
        for path in (
            "/v1/Accounts/x",
            "/v1/Applications/1234",
            f"/v1/Accounts/{world.account_sid}/Calls/abc",
            f"/v1/Accounts/{world.account_sid}0/Calls",
        ):
            reply = await world.send("GET", path)
            assert (reply.status, reply.body) == (400, {"msg": "Bad request"})

    in_world(sqlite_url, story)


def test_a_sid_may_be_written_in_capitals(sqlite_url):
    async def story(world):
        reply = await world.send("GET", f"/v1/Accounts/{world.account_sid.upper()}")
        assert reply.status == 200

    in_world(sqlite_url, story)


def test_unknown_paths_and_methods_are_told_in_plain_text(sqlite_url):
    async def story(world):
        missing = await world.send("GET", "/v1/Nothing")
        assert (missing.status, missing.text) == (404, "Not Found")
        wrong = await world.send("DELETE", "/v1/Accounts")
        assert (wrong.status, wrong.text) == (405, "Method Not Allowed")
        assert "allow" in wrong.headers

    in_world(sqlite_url, story)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[1, 2]",
        b'"text"',
        b"null",
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"[" * 5000,
        b'{"a":' * 5000,
    ],
)
def test_a_body_that_is_no_json_object_is_400(sqlite_url, raw):
    async def story(world):
        for method, path in (
            ("POST", "/v1/Applications"),
            ("PUT", f"/v1/Accounts/{world.account_sid}"),
            ("POST", f"/v1/Accounts/{world.account_sid}/Calls"),
        ):
            reply = await world.send(method, path, raw)
            assert reply.status == 400, reply.text
            assert reply.body["msg"]

    in_world(sqlite_url, story)


def test_json_is_read_whatever_the_content_type_says(sqlite_url):
    async def story(world):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = {"name": "renamed"}
        path = f"/v1/Accounts/{world.account_sid}"
        assert (await world.send("PUT", path, body, headers=headers)).status == 204

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


def test_requests_beyond_the_rate_are_429_until_the_minute_is_over(sqlite_url):
    async def story(world):
        granted = [await world.send("GET", "/v1/Accounts") for _ in range(3)]
        assert [reply.status for reply in granted] == [200] * 3
        assert [reply.headers["ratelimit-remaining"] for reply in granted] == ["2", "1", "0"]
        refused = await world.send("GET", "/v1/Accounts")
        assert (refused.status, refused.text) == (429, "Too Many Requests")
        assert refused.headers["ratelimit-limit"] == "3"
        assert 0 < int(refused.headers["retry-after"]) <= 60

        assert (await world.send("GET", "/health")).status == 200
        world.clock.now += 60
        assert (await world.send("GET", "/v1/Accounts")).status == 200

    in_world(sqlite_url, story, requests_per_minute=3)


def test_keys_are_limited_apart(sqlite_url):
    async def story(world):
        token = await world.key(account_sid=world.account_sid)
        assert (await world.send("GET", "/v1/Accounts")).status == 429
        assert (await world.send("GET", "/v1/Accounts", token=token)).status == 200

    in_world(sqlite_url, story, requests_per_minute=1)


def test_without_a_limit_there_are_no_limit_headers(sqlite_url):
    async def story(world):
        reply = await world.send("GET", "/v1/Accounts")
        assert "ratelimit-limit" not in reply.headers

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


def test_health_readiness_and_metrics_need_no_key(sqlite_url):
    async def story(world):
        for path in ("/", "/health"):
            alive = await world.send("GET", path, token=None)
            assert (alive.status, alive.text) == (200, "OK")
        ready = await world.send("GET", "/ready", token=None)
        assert (ready.status, ready.body) == (200, {"status": "ready", "problems": []})
        world.health.found = ["the disk is full"]
        not_ready = await world.send("GET", "/ready", token=None)
        assert (not_ready.status, not_ready.body["problems"]) == (503, ["the disk is full"])
        metrics = await world.send("GET", "/metrics", token=None)
        assert (metrics.status, metrics.text) == (200, "voxgate_up 1\n")

    in_world(sqlite_url, story)


def test_a_lost_database_is_503_and_not_401(sqlite_url):
    async def story(world):
        await world.database.close()
        world.clock.now += 60
        reply = await world.send("GET", "/v1/Accounts")
        assert reply.status == 503
        assert reply.body["msg"]

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


def test_the_openapi_page_describes_bodies_refusals_and_the_key(sqlite_url):
    async def story(world):
        document = (await ask(world.app, "GET", "/openapi.json", b"", {})).body
        create = document["paths"]["/v1/Accounts/{account_sid}/Calls"]["post"]
        body = create["requestBody"]["content"]["application/json"]["schema"]
        assert {"from", "to"} <= set(body["required"])
        assert {"fromHost", "callerName", "notifyUrl", "timeLimit"} <= set(body["properties"])
        assert (
            body["properties"]["to"]["$ref"].rpartition("/")[2] in document["components"]["schemas"]
        )
        assert create["security"] == [{"apiKey": []}]
        assert {"201", "400", "401", "403", "422", "503"} <= set(create["responses"])
        application = document["paths"]["/v1/Applications"]["post"]["requestBody"]
        schema = application["content"]["application/json"]["schema"]
        assert schema["required"] == ["name"]

        def references(value):
            if isinstance(value, dict):
                yield from [value["$ref"]] if "$ref" in value else []
                for inner in value.values():
                    yield from references(inner)
            elif isinstance(value, list):
                for inner in value:
                    yield from references(inner)

        known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
        assert set(references(document)) <= known
        assert "x-definitions" not in json.dumps(document)
        operations = [
            operation["operationId"]
            for path in document["paths"].values()
            for operation in path.values()
        ]
        assert len(operations) == len(set(operations))

    in_world(sqlite_url, story)
