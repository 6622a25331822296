import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from voxgate.base.clock import SystemClock
from voxgate.base.settings import Listener
from voxgate.sip.auth import Authorization, Credentials, challenges, verify
from voxgate.sip.endpoint import (
    Answered,
    Destination,
    DialogEvent,
    Ended,
    Endpoint,
    Failed,
    IncomingInvite,
    InviteDialog,
    OrphanDialog,
    OutgoingInvite,
    Progress,
    ReInvited,
    Rejected,
    RequestTimedOut,
    SipOptions,
    TransportFailed,
)
from voxgate.sip.headers import NameAddr
from voxgate.sip.transport.resolve import SrvAnswer, SrvRecord
from voxgate.sip.uri import Uri

OFFER = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
ANSWER = b"v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\n"
FAST = SipOptions(t1_s=0.05, t2_s=0.2, t4_s=0.2, next_target_after_s=0.3)
USER = Credentials("alice", "secret")
FINAL = Ended | Rejected | Failed


class Phone:
    """An endpoint of ours with its events in a queue."""

    def __init__(self, transport: str = "udp", **options: object) -> None:
        self.seen: list[tuple[str, str, str]] = []
        self.events: asyncio.Queue[DialogEvent] = asyncio.Queue()
        self.calls: asyncio.Queue[IncomingInvite] = asyncio.Queue()
        self.transport = transport
        self.endpoint = Endpoint(
            [Listener(transport, "127.0.0.1", 0)],
            clock=SystemClock(),
            user_agent="phone",
            options=FAST,
            observer=self._observe,
            **options,  # type: ignore[arg-type]
        )

    def _observe(
        self, direction: str, data: bytes, *, peer: Destination, at: float, call_id: str
    ) -> None:
        assert at > 1e9
        assert peer.host == "127.0.0.1"
        self.seen.append((direction, data.split(b"\r\n")[0].decode(), call_id))

    async def __aenter__(self) -> "Phone":
        await self.endpoint.start()
        self.endpoint.on_invite(self.calls.put_nowait)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.endpoint.stop()

    @property
    def address(self) -> Destination:
        bound = self.endpoint.bound[0]
        return Destination(bound.transport, bound.host, bound.port)

    def call(
        self,
        to: Destination,
        *,
        credentials: Credentials | None = None,
        listener: Callable[[DialogEvent], None] | None = None,
    ) -> InviteDialog:
        uri = Uri("sip", "bob", "127.0.0.1", 5060)
        out = OutgoingInvite(
            uri=uri,
            destination=to,
            from_=NameAddr("Alice", Uri.parse("sip:alice@a.example")),
            to=NameAddr(None, uri),
            call_id="call-1@127.0.0.1",
            from_tag="fa",
            branch_seed="seed",
            body=OFFER,
            credentials=credentials,
        )
        return self.endpoint.invite(out, listener or self.events.put_nowait)

    async def until(self, *kinds: type) -> DialogEvent:
        while True:
            event = await self.events.get()
            if isinstance(event, kinds):
                return event
            assert not isinstance(event, FINAL), event


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await scenario()

    asyncio.run(bounded())


def closed_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_conversation_from_the_first_ring_to_the_goodbye(transport: str):
    async def scenario() -> None:
        async with Phone(transport) as alice, Phone(transport) as bob:
            dialog = alice.call(bob.address)
            call = await bob.calls.get()
            call.ring(183, body=b"early")
            progress = await alice.until(Progress)
            assert isinstance(progress, Progress)
            assert (progress.status, progress.body) == (183, b"early")
            answered = call.answer(ANSWER, bob.events.put_nowait)
            assert answered is not None
            stands = await alice.until(Answered)
            assert isinstance(stands, Answered)
            assert stands.body == ANSWER
            outcomes: asyncio.Queue[int] = asyncio.Queue()
            dialog.reinvite(OFFER, lambda o: outcomes.put_nowait(o.status))
            change = await bob.until(ReInvited)
            assert isinstance(change, ReInvited)
            change.respond(200, body=ANSWER)
            assert await outcomes.get() == 200
            answered.info(
                "application/dtmf-relay", b"Signal=1", lambda o: outcomes.put_nowait(o.status)
            )
            assert await outcomes.get() == 200
            dialog.bye()
            assert await alice.until(Ended) == Ended("bye-sent")
            assert await bob.until(Ended) == Ended("bye-received")
            methods = [line.split(" ")[0] for way, line, _ in alice.seen if way == "out"]
            assert methods == ["INVITE", "ACK", "INVITE", "ACK", "SIP/2.0", "BYE"]
            assert {call_id for _, _, call_id in alice.seen} == {"call-1@127.0.0.1"}
            assert alice.endpoint.stats.dialogs == bob.endpoint.stats.dialogs == 0

    run(scenario)


def test_a_call_that_is_cancelled_while_it_rings():
    async def scenario() -> None:
        async with Phone() as alice, Phone() as bob:
            dialog = alice.call(bob.address)
            call = await bob.calls.get()
            cancelled = asyncio.Event()
            call.on_cancel(cancelled.set)
            call.ring()
            await alice.until(Progress)
            dialog.cancel()
            await cancelled.wait()
            rejected = await alice.until(Rejected)
            assert isinstance(rejected, Rejected)
            assert rejected.status == 487

    run(scenario)


def test_a_called_phone_that_asks_for_a_password():
    async def scenario() -> None:
        async with Phone() as alice, Phone() as bob:
            alice.call(bob.address, credentials=USER)
            first = await bob.calls.get()
            headers = [("WWW-Authenticate", value) for value in challenges("here", "nonce")]
            first.reject(401, headers=headers)
            second = await bob.calls.get()
            proof = Authorization.parse(second.request.headers.get("Authorization") or "")
            assert verify(proof, USER, method="INVITE", body=second.request.body)
            second.reject(486)
            rejected = await alice.until(Rejected)
            assert isinstance(rejected, Rejected)
            assert (rejected.status, rejected.reason) == (486, "Busy Here")

    run(scenario)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_far_end_that_is_not_there_fails_the_call_at_once(transport: str):
    async def scenario() -> None:
        async with Phone(transport) as alice:
            alice.call(Destination(transport, "127.0.0.1", closed_port()))
            failed = await alice.until(Failed)
            assert isinstance(failed, Failed)
            assert failed.cause == "transport"
            assert "127.0.0.1" in failed.detail

    run(scenario)


def test_a_far_end_that_is_silent_fails_the_call_after_64_t1():
    async def scenario() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", 0))
            async with Phone() as alice:
                alice.call(Destination("udp", "127.0.0.1", mute.getsockname()[1]))
                failed = await alice.until(Failed)
                assert isinstance(failed, Failed)
                assert failed.cause == "timeout"
                assert alice.endpoint.stats.retransmissions == 6

    run(scenario)


def test_without_a_handler_calls_get_480():
    async def scenario() -> None:
        async with Phone() as alice:
            bob = Endpoint([Listener("udp", "127.0.0.1", 0)], clock=SystemClock(), user_agent="bob")
            await bob.start()
            alice.call(Destination("udp", "127.0.0.1", bob.bound[0].port))
            rejected = await alice.until(Rejected)
            assert isinstance(rejected, Rejected)
            assert rejected.status == 480
            await bob.stop()

    run(scenario)


class Names:
    """A carrier with two machines, the first of which is down."""

    def __init__(self, *ports: int) -> None:
        self._ports = ports

    async def srv(self, name: str) -> SrvAnswer:
        assert name == "_sip._udp.carrier.example"
        return SrvAnswer(
            tuple(SrvRecord(n, 0, "host.example", port) for n, port in enumerate(self._ports)), 60
        )

    async def addresses(self, host: str) -> list[str]:
        return ["127.0.0.1"] if host == "host.example" else []


def test_a_carrier_is_found_by_name_and_its_second_machine_when_the_first_is_down():
    async def scenario() -> None:
        async with Phone() as bob:
            names = Names(closed_port(), bob.address.port or 0)
            async with Phone(names=names) as alice:
                alice.call(Destination("udp", "carrier.example"))
                (await bob.calls.get()).reject(603)
                rejected = await alice.until(Rejected)
                assert isinstance(rejected, Rejected)
                assert rejected.status == 603

    run(scenario)


def test_a_name_nobody_knows_fails_the_call_and_an_early_cancel_is_kept():
    async def scenario() -> None:
        async with Phone(names=Names()) as alice:
            alice.call(Destination("udp", "nowhere.example", 5060))
            failed = await alice.until(Failed)
            assert failed == Failed("transport", "nowhere.example has no address")
            alice.call(Destination("udp", "host.example", 5060)).cancel()
            rejected = await alice.until(Rejected)
            assert isinstance(rejected, Rejected)
            assert rejected.status == 487
            assert alice.seen == []

    run(scenario)


def test_an_options_ping_comes_back_or_says_why_not():
    async def scenario() -> None:
        async with Phone() as alice, Phone() as bob:
            uri = Uri("sip", None, "127.0.0.1", bob.address.port)
            response = await alice.endpoint.request("OPTIONS", uri)
            assert response.status == 200
            down = Destination("udp", "127.0.0.1", closed_port())
            with pytest.raises(TransportFailed, match="not reachable"):
                await alice.endpoint.request("OPTIONS", uri, next_hop=down)
            with pytest.raises(TransportFailed, match="no address"):
                await alice.endpoint.request("OPTIONS", Uri("sip", None, "nowhere.invalid", 5060))

    run(scenario)


def test_an_options_ping_into_silence_times_out_when_its_sender_wants():
    async def scenario() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", 0))
            async with Phone() as alice:
                uri = Uri("sip", None, "127.0.0.1", mute.getsockname()[1])
                with pytest.raises(RequestTimedOut, match="OPTIONS to udp"):
                    await alice.endpoint.request("OPTIONS", uri, timeout_s=0.1)

    run(scenario)


def test_a_call_a_crash_left_behind_is_hung_up():
    async def scenario() -> None:
        async with Phone() as bob:
            async with Phone() as alice:
                alice.call(bob.address)
                call = await bob.calls.get()
                call.answer(ANSWER, bob.events.put_nowait)
                answered = await alice.until(Answered)
                assert isinstance(answered, Answered)
            async with Phone() as next_life:
                uri = Uri("sip", "bob", "127.0.0.1", 5060)
                orphan = OrphanDialog(
                    uri=uri,
                    destination=bob.address,
                    from_=NameAddr("Alice", Uri.parse("sip:alice@a.example")),
                    to=NameAddr(None, uri),
                    call_id="call-1@127.0.0.1",
                    from_tag="fa",
                    branch="z9hG4bKseed.1",
                    cseq=answered.facts.cseq,
                    to_tag=answered.facts.to_tag,
                    remote_target=answered.facts.remote_target,
                    route_set=answered.facts.route_set,
                )
                assert await next_life.endpoint.end_orphan(orphan) == "ended"
                assert await next_life.endpoint.end_orphan(orphan) == "gone"
            assert await bob.until(Ended) == Ended("bye-received")

    run(scenario)


def test_a_listener_that_raises_disturbs_nobody(capsys: pytest.CaptureFixture[str]):
    async def scenario() -> None:
        async with Phone() as alice, Phone() as bob:

            def broken(_event: DialogEvent) -> None:
                raise RuntimeError("a bug of the owner")

            alice.call(bob.address, listener=broken)
            (await bob.calls.get()).reject(486)
            # Its answer comes after the 486, through the same socket.
            uri = Uri("sip", None, "127.0.0.1", bob.address.port)
            assert (await alice.endpoint.request("OPTIONS", uri)).status == 200
            assert alice.endpoint.stats.dialogs == 0

    run(scenario)
    assert "a bug of the owner" in "".join(capsys.readouterr())


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open():
    async def scenario() -> None:
        async with Phone() as first:
            port = first.address.port or 0
            second = Endpoint(
                [Listener("tcp", "127.0.0.1", 0), Listener("udp", "127.0.0.1", port)],
                clock=SystemClock(),
                user_agent="second",
            )
            with pytest.raises(OSError, match="in use"):
                await second.start()
            assert second.bound == []

    run(scenario)


def test_after_the_stop_nothing_is_sent_whatever_dialogs_are_told():
    async def scenario() -> None:
        async with Phone() as bob:
            async with Phone() as alice:
                dialog = alice.call(bob.address)
                (await bob.calls.get()).answer(ANSWER, bob.events.put_nowait)
                await alice.until(Answered)
            sent = len(alice.seen)
            dialog.bye()
            alice.call(Destination("tcp", "127.0.0.1", closed_port()))
            assert len(alice.seen) == sent
            assert alice.events.empty()

    run(scenario)


def test_many_calls_at_once_all_come_through_and_leave_nothing():
    async def scenario() -> None:
        async with Phone() as alice, Phone() as bob:
            bob.endpoint.on_invite(lambda call: answer(call))

            def answer(call: IncomingInvite) -> None:
                call.ring()
                call.answer(ANSWER, lambda _event: None)

            over: asyncio.Queue[DialogEvent] = asyncio.Queue()
            for number in range(200):
                place(alice, bob.address, number, over)
            ends = [await over.get() for _ in range(200)]
            assert ends == [Ended("bye-sent")] * 200
            assert alice.endpoint.stats.dialogs == bob.endpoint.stats.dialogs == 0

    def place(alice: Phone, to: Destination, number: int, over: asyncio.Queue[DialogEvent]) -> None:
        def on_event(event: DialogEvent) -> None:
            if isinstance(event, Answered):
                dialog.bye()
            elif isinstance(event, FINAL):
                over.put_nowait(event)

        uri = Uri("sip", f"n{number}", "127.0.0.1", 5060)
        address = NameAddr(None, uri)
        dialog = alice.endpoint.invite(
            OutgoingInvite(
                uri=uri,
                destination=to,
                from_=address,
                to=address,
                call_id=f"c{number}",
                from_tag=f"t{number}",
                branch_seed=f"s{number}",
                body=OFFER,
            ),
            on_event,
        )

    run(scenario)
