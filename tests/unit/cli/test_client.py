import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from voxgate.cli.client import ApiRefused, GatewayClient, Unreachable, answers
from voxgate.cli.screen import Failure

KEY = {"Authorization": "Bearer k"}


def against(routes: list, story) -> None:
    """Run `story(client)` against a server with these routes."""

    async def run() -> None:
        app = web.Application()
        app.add_routes(routes)
        async with TestServer(app) as server:
            base = str(server.make_url("/"))
            async with GatewayClient(base, "k") as client:
                await story(client)

    asyncio.run(run())


def test_events_are_read_page_by_page_until_the_last():
    pages = {
        "0": [{"seq": 1, "type": "created"}, {"seq": 2, "type": "status"}],
        "2": [],
        "": [],
    }
    asked = []

    async def events(request: web.Request) -> web.Response:
        asked.append(request.query["after"])
        assert request.headers["Authorization"] == "Bearer k"
        found = pages[request.query["after"]]
        if len(asked) == 3:  # the long poll of before came back empty
            found = [{"seq": 3, "type": "ended"}, {"seq": 4, "type": "delivery"}]
        return web.json_response({"events": found, "next": 0})

    async def story(client: GatewayClient) -> None:
        seen = [event["seq"] async for event in client.events("a", "c")]

        assert seen == [1, 2, 3]
        assert asked == ["0", "2", "2"]

    against([web.get("/v1/Accounts/a/Calls/c/events", events)], story)


def test_a_refusal_names_the_fields():
    async def refuse(_request: web.Request) -> web.Response:
        body = {"msg": "bad request", "errors": [{"field": "to", "msg": "is missing"}]}
        return web.json_response(body, status=400)

    async def story(client: GatewayClient) -> None:
        with pytest.raises(ApiRefused, match="400: bad request; to: is missing"):
            await client.ask("POST", "/v1/Accounts/a/Calls", {})

    against([web.post("/v1/Accounts/a/Calls", refuse)], story)


def test_a_plain_text_refusal_is_shown_as_it_is():
    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=401, text="Unauthorized")

    async def story(client: GatewayClient) -> None:
        with pytest.raises(ApiRefused, match="401: Unauthorized"):
            await client.ask("GET", "/v1/Accounts")

    against([web.get("/v1/Accounts", refuse)], story)


@pytest.mark.parametrize(
    ("accounts", "problem"),
    [
        ([], "no account yet"),
        ([{"account_sid": "1", "name": "x"}, {"account_sid": "2", "name": "y"}], "several"),
    ],
)
def test_an_account_is_only_guessed_when_there_is_one(accounts, problem):
    async def listed(_request: web.Request) -> web.Response:
        return web.json_response(accounts)

    async def story(client: GatewayClient) -> None:
        with pytest.raises(Failure, match=problem):
            await client.only_account()

    against([web.get("/v1/Accounts", listed)], story)


def test_a_gateway_that_is_not_there_is_a_plain_failure():
    async def run() -> None:
        async with GatewayClient("http://127.0.0.1:9", "k") as client:
            with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
                await client.ask("GET", "/v1/Accounts")
        assert not await answers("http://127.0.0.1:9")

    asyncio.run(run())


def test_the_curl_line_survives_quotes():
    async def run() -> None:
        async with GatewayClient("http://127.0.0.1:3000/", "k") as client:
            line = client.curl("POST", "/v1/x", {"say": "it's"})
        assert "http://127.0.0.1:3000/v1/x" in line
        assert json.dumps({"say": "it's"}, indent=2).replace("'", "'\"'\"'") in line

    asyncio.run(run())
