import asyncio
import ipaddress

import aiohttp
import pytest

from voxgate.base.egress import EgressPolicy, EgressRefused, connector

LOOPBACK = EgressPolicy([ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")])
EVERYTHING = EgressPolicy([ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")])


def is_allowed(policy, address):
    try:
        policy.check(address)
    except EgressRefused:
        return False
    return True


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_public_addresses_may_be_reached(address):
    assert is_allowed(EgressPolicy(), address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "::1",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::7f00:1",
    ],
)
def test_other_addresses_only_when_the_operator_lists_them(address):
    with pytest.raises(EgressRefused, match="EGRESS_ALLOW"):
        EgressPolicy().check(address)


def test_a_listed_network_may_be_reached_in_every_spelling_of_its_addresses():
    LOOPBACK.check("127.9.9.9")
    LOOPBACK.check("::1")
    LOOPBACK.check("::ffff:127.0.0.1")
    with pytest.raises(EgressRefused):
        LOOPBACK.check("10.0.0.1")


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "::",
        "255.255.255.255",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_metadata_and_link_local_addresses_never(address):
    with pytest.raises(EgressRefused):
        EVERYTHING.check(address)


def test_what_an_admin_entered_is_exempt():
    EgressPolicy.exempt().check("10.0.0.1")
    EgressPolicy.exempt().check_host("127.1")


def test_a_text_that_is_no_address_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="not-an-ip"):
        EgressPolicy().check("not-an-ip")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "localhost",
        "LOCALHOST.",
        "api.localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "10.0.0.1",
    ],
)
def test_hosts_that_need_no_lookup_are_judged_at_once(host):
    with pytest.raises(EgressRefused):
        EgressPolicy().check_host(host)


@pytest.mark.parametrize("host", ["app.example", "8.8.8.8", "[2001:4860:4860::8888]", "a1.b2"])
def test_other_hosts_pass_until_they_are_connected_to(host):
    EgressPolicy().check_host(host)


async def get(policy, host):
    """Serve once on loopback and ask for it by `host`; the status, or why not."""
    served = []

    async def serve(reader, writer):
        served.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession(connector=connector(policy)) as session:
        try:
            async with session.get(f"http://{host}:{port}/") as response:
                return response.status, len(served)
        except aiohttp.ClientConnectorError as failure:
            return failure.os_error, len(served)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_connector_reaches_what_is_allowed(host):
    assert asyncio.run(get(LOOPBACK, host)) == (204, 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_connector_refuses_literal_addresses_and_what_names_resolve_to(host):
    refusal, served = asyncio.run(get(EgressPolicy(), host))

    assert isinstance(refusal, EgressRefused)
    assert served == 0
