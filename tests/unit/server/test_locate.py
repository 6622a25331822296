import ipaddress

import pytest

from voxgate.base.clock import SystemClock
from voxgate.base.egress import EgressPolicy
from voxgate.call.dial import AddressRefused
from voxgate.server.locate import Locator
from voxgate.sip.transaction.destination import Destination
from voxgate.sip.transport.resolve import Resolver, SrvAnswer
from voxgate.sip.uri import Uri
from voxgate.testing.virtual_time import run_virtual


class Names:
    """Knows two hosts."""

    async def srv(self, name: str) -> SrvAnswer:
        return SrvAnswer((), 60)

    async def addresses(self, host: str) -> list[str]:
        return {"public.example": ["93.184.216.34"], "rebind.example": ["127.0.0.1"]}.get(host, [])


def locate(uri: str, *, policed: bool = True, allow: str | None = None) -> Destination:
    networks = [ipaddress.ip_network(allow)] if allow else []
    locator = Locator(Resolver(SystemClock(), Names()), EgressPolicy(networks))
    return run_virtual(locator.locate(Uri.parse(uri), policed))


def test_a_name_of_a_tenant_is_called_at_the_address_that_was_checked():
    assert locate("sip:a@public.example:5070") == Destination("udp", "93.184.216.34", 5070)


@pytest.mark.parametrize(
    "uri", ["sip:a@127.0.0.1", "sip:a@10.1.2.3", "sip:a@rebind.example", "sip:a@169.254.169.254"]
)
def test_an_inner_address_is_refused_by_name_or_by_number(uri):
    with pytest.raises(AddressRefused):
        locate(uri)


def test_an_allowed_network_may_be_called():
    assert locate("sip:a@rebind.example", allow="127.0.0.0/8").host == "127.0.0.1"


def test_a_carrier_of_the_provider_is_exempt():
    assert locate("sip:a@10.1.2.3;transport=tcp", policed=False) == Destination(
        "tcp", "10.1.2.3", None
    )


def test_a_name_without_an_address_is_an_unreachable_trunk():
    with pytest.raises(OSError, match=r"nowhere\.example"):
        locate("sip:a@nowhere.example")


def test_a_transport_we_do_not_speak_is_refused():
    with pytest.raises(AddressRefused, match="tls"):
        locate("sip:a@public.example;transport=tls")
