"""SIPREC: a recording server that is not the gateway hears both sides, and knows who they are."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.etree import ElementTree

import pytest

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookServer
from voxgate.base.clock import SystemClock
from voxgate.base.settings import Listener
from voxgate.sip.endpoint import (
    Ended,
    Endpoint,
    IncomingInvite,
    ReInvited,
    SipOptions,
)
from voxgate.testing.listening import was_said
from voxgate.testing.rtp import RtpPeer

HUMAN = {"type": "phone", "number": "+15005550109", "trunk": "sandbox"}
NAMESPACE = "{urn:ietf:params:xml:ns:recording:1}"
_number = itertools.count()


@dataclass
class RecordingServer:
    """Takes recording sessions; keeps what it was told and heard."""

    endpoint: Endpoint
    refuse: int | None = None
    invites: list[IncomingInvite] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    heard: Sequence[RtpPeer] = ()
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def uri(self) -> str:
        return f"sip:srs@127.0.0.1:{self.endpoint.bound[0].port}"

    def take(self, invite: IncomingInvite) -> None:
        if self.refuse is not None:
            invite.reject(self.refuse, "No")
            return
        self.invites.append(invite)
        offer = (invite.request.part("application/sdp") or b"").decode()
        self.offers.append(offer)
        invite.answer(self._answer(offer), self._on_dialog)

    def _answer(self, offer: str) -> bytes:
        """Both sections, recvonly, at our ports."""
        head, *sections = offer.split("m=audio ")
        direction = "inactive" if "a=inactive" in offer else "recvonly"
        answer = [head.replace("o=-", "o=srs")]
        for peer, section in zip(self.heard, sections, strict=True):
            _, _, rest = section.partition(" ")
            rest = rest.replace("a=sendonly", f"a={direction}")
            answer.append(f"m=audio {peer.port} {rest}")
        return "".join(answer).encode()

    def _on_dialog(self, event: object) -> None:
        match event:
            case ReInvited() if event.offer is not None:
                self.offers.append(event.offer.decode())
                event.respond(200, "OK", body=self._answer(event.offer.decode()))
            case Ended():
                self.ended.set()


@asynccontextmanager
async def recording_server(*, refuse: int | None = None) -> AsyncIterator[RecordingServer]:
    endpoint = Endpoint(
        [Listener("udp", "127.0.0.1", 0)],
        clock=SystemClock(),
        user_agent="recording server",
        options=SipOptions(extensions=("siprec",)),
    )
    async with RtpPeer.listening() as said, RtpPeer.listening() as heard:
        server = RecordingServer(endpoint, refuse, heard=(said, heard))
        endpoint.on_invite(server.take)
        await endpoint.start()
        try:
            yield server
        finally:
            await endpoint.stop()


def tell(story) -> None:
    async def told() -> None:
        async with asyncio.timeout(40):
            await story()

    asyncio.run(told())


def talk(gateway: Gateway, hooks: HookServer, *verbs: dict) -> PlacedCall:
    hook = hooks.answer(f"/siprec/{next(_number)}", list(verbs))
    return gateway.call({"from": "+15005550001", "to": HUMAN, "call_hook": hook})


def record(call: PlacedCall, action: str, *servers: str) -> int:
    body = {"action": f"{action}CallRecording", "type": "siprec", "siprecServerURL": list(servers)}
    return call.update(record=body).status


def test_a_recording_server_hears_both_sides_each_on_a_stream_of_its_own(gateway, hooks):
    async def story() -> None:
        async with recording_server() as server:
            call = await asyncio.to_thread(
                talk,
                gateway,
                hooks,
                {"verb": "pause", "length": 1.5},
                {"verb": "say", "text": "This call is being recorded."},
                {"verb": "pause", "length": 20},
            )
            await asyncio.to_thread(call.wait_event, "answered")
            assert await asyncio.to_thread(record, call, "start", server.uri) == 202
            await asyncio.to_thread(call.ended)
            await server.ended.wait()

            said, heard = (peer.heard().samples for peer in server.heard)
            assert was_said("this call is being recorded", heard)
            assert was_said("thank you", said)
            (invite,) = server.invites
            assert invite.request.headers.get("Require") == "siprec"
            assert "+sip.src" in (invite.request.headers.get("Contact") or "")
            labels = re.findall(r"a=label:(\d)", server.offers[0])
            assert labels == ["1", "2"]
            metadata = ElementTree.fromstring(invite.request.part("application/rs-metadata+xml"))
            aors = [one.get("aor") for one in metadata.iter(f"{NAMESPACE}nameID")]
            assert [aor.split("@")[0] for aor in aors] == ["sip:+15005550109", "sip:+15005550001"]
            assert [one.text for one in metadata.iter(f"{NAMESPACE}label")] == labels

    tell(story)


def test_a_paused_recording_session_is_inactive_until_it_is_resumed(gateway, hooks):
    async def story() -> None:
        async with recording_server() as server:
            call = await asyncio.to_thread(talk, gateway, hooks, {"verb": "pause", "length": 20})
            await asyncio.to_thread(call.wait_event, "answered")
            for action in ("start", "pause", "resume", "stop"):
                servers = [server.uri] if action == "start" else []
                assert await asyncio.to_thread(record, call, action, *servers) == 202
            await server.ended.wait()
            assert await asyncio.to_thread(record, call, "stop") == 422
            await asyncio.to_thread(call.update, call_status="completed")

            found = [re.findall(r"a=(sendonly|inactive)", offer) for offer in server.offers]
            assert found == [["sendonly"] * 2, ["inactive"] * 2, ["sendonly"] * 2]

    tell(story)


def test_a_server_that_refuses_is_an_alert_and_the_others_record(gateway, hooks):
    """FS#648: each server has a state of its own."""

    async def story() -> None:
        async with recording_server() as server, recording_server(refuse=503) as down:
            call = await asyncio.to_thread(talk, gateway, hooks, {"verb": "pause", "length": 20})
            await asyncio.to_thread(call.wait_event, "answered")
            assert await asyncio.to_thread(record, call, "start", down.uri, server.uri) == 202
            alert = await asyncio.to_thread(
                call.wait_event, "alert", alert_type="recording-failure"
            )
            assert "503" in alert["data"]["detail"]
            await asyncio.to_thread(call.update, call_status="completed")
            await server.ended.wait()

    tell(story)


def test_without_a_server_that_records_the_caller_is_told_why(gateway, hooks):
    async def story() -> None:
        async with recording_server(refuse=486) as down:
            call = await asyncio.to_thread(talk, gateway, hooks, {"verb": "pause", "length": 20})
            await asyncio.to_thread(call.wait_event, "answered")
            assert await asyncio.to_thread(record, call, "start") in {400, 422}
            assert await asyncio.to_thread(record, call, "start", down.uri) == 422
            await asyncio.to_thread(call.update, call_status="completed")

    tell(story)


@pytest.mark.parametrize("uri", ["sip:srs@169.254.169.254", "http://127.0.0.1"])
def test_a_server_that_may_not_be_reached_is_refused(gateway, hooks, uri):
    call = talk(gateway, hooks, {"verb": "pause", "length": 20})
    call.wait_event("answered")
    assert record(call, "start", uri) in {400, 422}
    call.update(call_status="completed")
