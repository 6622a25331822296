"""The gateway that a command talks to: one that runs, or one of its own."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from rich.console import Console

from voxgate.cli.client import GatewayClient, answers
from voxgate.cli.embedded import Embedded, embedded_gateway
from voxgate.cli.screen import Failure

DEFAULT_URL = "http://127.0.0.1:3000"


@dataclass(frozen=True, slots=True)
class Reach:
    """What was typed about it."""

    url: str | None = None
    token: str | None = None
    account_sid: str | None = None
    embedded: bool = False  # a gateway of its own even where one runs


@dataclass(frozen=True, slots=True)
class Reached:
    """`own`: the gateway that was started just for this command."""

    client: GatewayClient
    account_sid: str
    own: Embedded | None


async def reach_gateway(console: Console, stack: AsyncExitStack, reach: Reach) -> Reached:
    """A client for the gateway that runs, or else for one of our own with the sandbox trunk."""
    url = reach.url or DEFAULT_URL
    if not reach.embedded and (reach.url is not None or await answers(url)):
        if reach.token is None:
            raise Failure("a gateway needs its key: give --token or set VOXGATE_TOKEN", status=2)
        client = await stack.enter_async_context(GatewayClient(url, reach.token))
        return Reached(client, reach.account_sid or await client.only_account(), None)
    if not reach.embedded:
        console.print(f"  no gateway runs at {url}")
    console.print("  starting a gateway with the sandbox for this call")
    own = await stack.enter_async_context(embedded_gateway())
    client = await stack.enter_async_context(GatewayClient(own.started.http_url, own.token))
    account_sid = reach.account_sid or own.started.account_sid or await client.only_account()
    return Reached(client, account_sid, own)
