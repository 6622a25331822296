import asyncio
import base64
import ipaddress
import json
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from unit.hooks.app_server import LOOPBACK, answering, application, raw_server
from voxgate.base.clock import SystemClock
from voxgate.base.egress import EgressPolicy
from voxgate.hooks.failures import HookFailed
from voxgate.hooks.http import HttpHooks
from voxgate.hooks.signing import signature
from voxgate.model.hooks import Hook

PAYLOAD = {"call_sid": "0d0c", "from": "+49", "sip_status": 200, "customerData": {"Ä": [1]}}


class FixedClock(SystemClock):
    def wall(self):
        return 1700000000.0


@asynccontextmanager
async def hooks(policy=LOOPBACK, *, timeout_s=5.0):
    client = HttpHooks(policy, FixedClock(), timeout_s=timeout_s)
    try:
        yield client
    finally:
        await client.close()


def ask(url, answer=None, *, hook=None, **options):
    """Ask an application once; what came back and what it had received."""

    async def story():
        async with application(answer) as app, hooks(**options) as client:
            asked = hook(app) if hook else Hook(app.url + url)
            return await client.ask(asked, PAYLOAD, secret="s3cret"), app.received

    return asyncio.run(story())


def failure_of(url, answer=None, **options):
    with pytest.raises(HookFailed) as caught:
        ask(url, answer, **options)
    return caught.value


def failure_at(server, *, timeout_s=5.0):
    async def story():
        async with raw_server(server) as url, hooks(timeout_s=timeout_s) as client:
            await client.ask(Hook(url), PAYLOAD, secret="")

    with pytest.raises(HookFailed) as caught:
        asyncio.run(story())
    return caught.value


def json_answer(text, content_type="application/json"):
    return answering(web.Response(text=text, content_type=content_type))


def test_a_post_carries_the_payload_and_a_signature_over_exactly_its_bytes():
    answer, (received,) = ask("/start?x=1", json_answer('[{"verb":"hangup"}]'))

    assert answer.document == [{"verb": "hangup"}]
    assert answer.status == 200
    assert answer.url.endswith("/start")
    assert (received.method, received.path, received.query) == ("POST", "/start", {"x": "1"})
    assert received.json == PAYLOAD
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"] == "voxgate"
    assert received.headers["jambonz-signature"] == signature(
        "s3cret", received.body, now=1700000000
    )


def test_a_get_carries_scalars_in_its_query_and_never_over_the_url_s_own():
    _, (received,) = ask(
        "",
        hook=lambda app: Hook(f"{app.url}/start?from=mine", "GET"),
    )

    assert received.method == "GET"
    assert received.body == b""
    assert received.query == {"from": "mine", "call_sid": "0d0c", "sip_status": "200"}
    signed = json.dumps(PAYLOAD, separators=(",", ":"), ensure_ascii=False).encode()
    assert received.headers["jambonz-signature"] == signature("s3cret", signed, now=1700000000)


def test_credentials_are_sent_as_basic_auth():
    _, (received,) = ask("", hook=lambda app: Hook(app.url, "POST", "me", "pä:ss"))

    scheme, _, encoded = received.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", "me:pä:ss")


def test_without_a_secret_nothing_is_signed():
    async def story():
        async with application() as app, hooks() as client:
            await client.ask(Hook(app.url), PAYLOAD, secret="")
            return app.received[0]

    assert "jambonz-signature" not in asyncio.run(story()).headers


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(""),
        json_answer('[{"verb":"hangup"}]', "text/plain"),
        answering(204),
        answering(202),
    ],
    ids=["empty", "not declared as JSON", "204", "202"],
)
def test_an_answer_without_json_is_no_document(answer):
    assert ask("/", answer)[0].document is None


@pytest.mark.parametrize(
    ("text", "document"),
    [('\ufeff{"a":1}', {"a": 1}), ("[]", []), ("  null ", None), ('"ü"', "ü")],
)
def test_json_of_any_kind_is_read(text, document):
    assert ask("/", json_answer(text))[0].document == document


@pytest.mark.parametrize(
    "text",
    ["[", "nonsense", "[NaN]", "[" * 100_000, "1" * 10_000, '{"a":1}}'],
)
def test_json_that_is_none_is_an_invalid_payload(text):
    failure = failure_of("/", json_answer(text))

    assert (failure.kind, failure.alert_type) == ("invalid", "invalid-app-payload")


def test_an_answer_that_is_not_text_is_an_invalid_payload():
    answer = answering(web.Response(body=b"\xff\xfe\xff", content_type="application/json"))

    assert failure_of("/", answer).kind == "invalid"


def test_an_answer_without_end_is_not_read_to_its_end():
    sent = 0

    async def endless(request):
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while sent < 64 << 20:
            await response.write(b" " * 65536)
            sent += 65536
        return response

    assert failure_of("/", endless).detail == "the answer is larger than 1 MiB"
    assert sent < 16 << 20


@pytest.mark.parametrize(
    ("status", "alert_type"),
    [(500, "webhook-failure"), (404, "webhook-url-notfound"), (401, "webhook-auth-failure")],
)
def test_an_error_status_is_a_failure_with_its_status(status, alert_type):
    failure = failure_of("/menu?key=secret", answering(status))

    assert (failure.kind, failure.status, failure.alert_type) == ("status", status, alert_type)
    assert "secret" not in str(failure)


def test_a_redirect_is_not_followed():
    async def story():
        async with application() as target:

            async def redirect(_request):
                raise web.HTTPTemporaryRedirect(target.url)

            async with application(redirect) as app, hooks() as client:
                with pytest.raises(HookFailed) as caught:
                    await client.ask(Hook(app.url), PAYLOAD, secret="")
                return caught.value.status, target.received

    assert asyncio.run(story()) == (307, [])


def test_nobody_at_the_address_is_a_connection_failure():
    async def story():
        async with raw_server(lambda _r, _w: asyncio.sleep(0)) as url:
            pass
        async with hooks() as client:
            await client.ask(Hook(url), PAYLOAD, secret="")

    with pytest.raises(HookFailed) as caught:
        asyncio.run(story())
    assert (caught.value.kind, caught.value.retry_class) == ("connect", "ct")


def test_a_name_that_does_not_exist_is_a_connection_failure():
    async def story():
        async with hooks() as client:
            await client.ask(Hook("http://no-such-host.invalid/x"), PAYLOAD, secret="")

    with pytest.raises(HookFailed) as caught:
        asyncio.run(story())
    assert caught.value.kind == "connect"


def test_silence_is_a_timeout():
    async def silent(reader, _writer):
        await reader.read()

    failure = failure_at(silent, timeout_s=0.2)

    assert (failure.kind, failure.retry_class) == ("timeout", "rt")
    assert failure.duration_ms >= 190


def test_an_answer_that_drips_is_a_timeout():
    async def drip(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
        await reader.read()

    assert failure_at(drip, timeout_s=0.2).kind == "timeout"


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]"],
    ids=["hangs up", "not HTTP", "breaks off"],
)
def test_a_server_that_breaks_off_or_talks_nonsense_is_a_connection_failure(answer):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    assert failure_at(serve).kind == "connect"


def test_a_certificate_nobody_vouches_for_is_a_connection_failure(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    born = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509
        .CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(born)
        .not_valid_after(born + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "pair.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    async def story():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0, ssl=context)
        async with server, hooks() as client:
            port = server.sockets[0].getsockname()[1]
            await client.ask(Hook(f"https://127.0.0.1:{port}/"), PAYLOAD, secret="")

    with pytest.raises(HookFailed) as caught:
        asyncio.run(story())
    assert caught.value.kind == "connect"
    assert "certificate" in caught.value.detail.lower()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"])
def test_addresses_outside_the_policy_are_never_connected_to(host):
    connected = []

    async def serve(_reader, writer):
        connected.append(writer)

    async def story():
        async with raw_server(serve) as url, hooks(EgressPolicy()) as client:
            port = url.rpartition(":")[2]
            await client.ask(Hook(f"http://{host}:{port}/"), PAYLOAD, secret="")

    with pytest.raises(HookFailed) as caught:
        asyncio.run(story())
    assert caught.value.kind == "egress"
    assert connected == []


def test_loopback_is_reached_when_it_is_allowed():
    policy = EgressPolicy([ipaddress.ip_network("127.0.0.0/8")])

    assert ask("/", policy=policy)[0].status == 200


@pytest.mark.parametrize(
    ("fragment", "answers", "asked"),
    [
        ("#rc=2&rp=5xx", (500, 503, 200), 3),
        ("#rc=1&rp=all", (404, 200), 2),
    ],
)
def test_a_hook_is_asked_again_as_its_url_wishes(fragment, answers, asked):
    answer, received = ask("/" + fragment, answering(*answers))

    assert answer.status == 200
    assert len(received) == asked


@pytest.mark.parametrize(
    ("fragment", "answers", "asked"),
    [("", (500, 200), 1), ("#rc=3", (500, 200), 1), ("#rc=1&rp=5xx", (500, 500, 200), 2)],
)
def test_and_not_more_often_nor_after_other_failures(fragment, answers, asked):
    async def story():
        async with application(answering(*answers)) as app, hooks() as client:
            with pytest.raises(HookFailed):
                await client.ask(Hook(app.url + "/" + fragment), PAYLOAD, secret="")
            return len(app.received)

    assert asyncio.run(story()) == asked


def test_telling_a_status_tries_once_and_takes_any_answer_for_delivered():
    async def story():
        answer = answering(web.Response(text="[[[", content_type="application/json"), 500, 200)
        async with application(answer) as app, hooks() as client:
            told = await client.tell(Hook(app.url + "/#rc=3&rp=all"), PAYLOAD, secret="x")
            with pytest.raises(HookFailed):
                await client.tell(Hook(app.url + "/#rc=3&rp=all"), PAYLOAD, secret="x")
            return told.document, len(app.received)

    assert asyncio.run(story()) == (None, 2)


def test_connections_are_kept_and_used_again():
    async def story():
        peers = set()

        async def note(request):
            peers.add(request.transport.get_extra_info("peername"))
            return web.Response()

        async with application(note) as app, hooks() as client:
            for _ in range(5):
                await client.ask(Hook(app.url), PAYLOAD, secret="")
        return len(peers)

    assert asyncio.run(story()) == 1


def test_a_kept_connection_that_the_server_drops_costs_nothing_but_a_new_one():
    requests = []

    async def answer_once(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split()[0]
        await reader.readexactly(int(length))
        requests.append(head)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read(1)  # the next request has begun: break off

    async def story():
        async with raw_server(answer_once) as url, hooks() as client:
            first = await client.ask(Hook(url), PAYLOAD, secret="")
            second = await client.ask(Hook(url), PAYLOAD, secret="")
            return first.status, second.status

    assert asyncio.run(story()) == (200, 200)
    assert len(requests) == 2


def test_a_new_connection_that_breaks_off_is_not_tried_again():
    connections = []

    async def hang_up(reader, writer):
        connections.append(writer)
        await reader.readuntil(b"\r\n\r\n")

    failure_at(hang_up)

    assert len(connections) == 1
