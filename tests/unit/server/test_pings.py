import pytest

from voxgate.call.dial import AddressRefused
from voxgate.model.carriers import Gateway
from voxgate.server.pings import GatewayPings
from voxgate.sip.endpoint import RequestTimedOut
from voxgate.sip.headers import Headers
from voxgate.sip.message import Response
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.uri import Uri
from voxgate.testing.virtual_time import run_virtual


class Gateways:
    """Answers OPTIONS with the status of its host; "silent" never answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def request(self, method, uri, *, next_hop, timeout_s):
        self.asked.append((method, str(next_hop)))
        if uri.host == "silent":
            raise RequestTimedOut("no answer")
        return Response(int(uri.host), "", Headers())


async def locate(uri: Uri, policed: bool) -> Destination:
    if policed and uri.host == "inside":
        raise AddressRefused("inside is not allowed")
    return Destination("udp", uri.host, uri.port)


def unreachable(*hosts: str) -> frozenset[str]:
    async def listed() -> list[tuple[Gateway, bool]]:
        return [(Gateway(f"gw-{host}", "c", host, send_options_ping=True), True) for host in hosts]

    async def scenario() -> frozenset[str]:
        pings = GatewayPings(Gateways(), listed, locate=locate, every_s=30)
        await pings.round()
        return pings.unreachable

    return run_virtual(scenario())


@pytest.mark.parametrize("host", ["200", "404", "405", "481"])
def test_a_gateway_that_answers_is_reachable_whatever_it_says(host):
    assert unreachable(host) == frozenset()


@pytest.mark.parametrize("host", ["503", "408", "silent", "inside"])
def test_a_gateway_that_is_silent_or_overloaded_is_not(host):
    assert unreachable("200", host) == {f"gw-{host}"}


def test_a_gateway_that_comes_back_is_reachable_again():
    hosts = ["silent"]

    async def listed() -> list[tuple[Gateway, bool]]:
        return [(Gateway("gw", "c", host), False) for host in hosts]

    async def scenario() -> list[frozenset[str]]:
        pings = GatewayPings(Gateways(), listed, locate=locate, every_s=30)
        await pings.round()
        first = pings.unreachable
        hosts[0] = "200"
        await pings.round()
        return [first, pings.unreachable]

    assert run_virtual(scenario()) == [{"gw"}, frozenset()]
