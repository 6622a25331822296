"""Several phones on one gateway: each says a tone of its own, and tells which tones it hears."""

import asyncio
import itertools
import math
import wave
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from interop.gateway import Gateway, Reply
from interop.hooks import HookRequest, HookServer
from voxgate.model.audio import Audio
from voxgate.sip.endpoint import Destination
from voxgate.testing.phone import Phone, PhoneCall
from voxgate.testing.rtp import tone

WAIT_S = 8.0
WINDOW_MS = 200
WAITING_HZ = 2450  # what is played to who waits
LEVEL_MIN = 300.0  # of a tone that is heard; silence and leakage stay far below

# Far enough from each other, from the beep (880 Hz) and from their overtones.
TONES = (400, 620, 1130, 1490, 1970)

_number = itertools.count(100)


@dataclass(eq=False)
class Party:
    """One far end of one call of the gateway."""

    room: "Room"
    number: str
    call: PhoneCall
    hz: int
    sid: str = ""

    async def hears(self, *tones: int) -> None:
        """Return once exactly these tones are heard, out of all that anybody says."""
        wanted = set(tones)
        found: set[int] = set()
        try:
            async with asyncio.timeout(WAIT_S):
                while True:
                    found = await self.listen()
                    if found == wanted:
                        return
        except TimeoutError:
            raise AssertionError(f"hears {sorted(found)}, not {sorted(wanted)}") from None

    async def hears_something(self) -> None:
        """Return once it is not silent: somebody speaks."""

        async def loud() -> bool:
            return max(map(abs, await self._moment())) > LEVEL_MIN

        await eventually(loud, "any sound")

    async def level_of(self, hz: int) -> float:
        """How loud a tone is, once it is there."""

        async def found() -> float:
            return max(0.0, level(await self._moment(), hz) - LEVEL_MIN)

        await eventually(found, f"a tone of {hz} Hz")
        return level(await self._moment(), hz)

    async def until_level(self, hz: int, wanted: float) -> None:
        """Return once a tone is as loud as that, within a fifth."""

        async def reached() -> bool:
            return 0.8 * wanted < level(await self._moment(), hz) < 1.25 * wanted

        await eventually(reached, f"a tone of {hz} Hz at {wanted:.0f}")

    async def _moment(self) -> "array[int]":
        self.call.heard()
        samples = b""
        while len(samples) < WINDOW_MS * 16:
            await asyncio.sleep(0.02)
            samples += self.call.heard()
        return array("h", samples[: WINDOW_MS * 16])

    async def listen(self) -> set[int]:
        """The tones of the next moment."""
        sound = await self._moment()
        return {hz for hz in (*TONES, *self.room.other_tones) if level(sound, hz) > LEVEL_MIN}

    async def update(self, **change: Any) -> Reply:
        return await self.room.request("PUT", f"/Calls/{self.sid}", change)

    async def accepts(self, **change: Any) -> None:
        reply = await self.update(**change)
        assert (reply.status, reply.body) == (202, "Accepted"), reply

    async def refuses(self, **change: Any) -> str:
        reply = await self.update(**change)
        assert reply.status == 422, reply
        assert isinstance(reply.body, str)
        assert reply.body.startswith("current call state is incompatible with requested action")
        return reply.body

    async def refuses_gone(self, **change: Any) -> str:
        """What an update says of a call that is over."""
        reply = await self.update(**change)
        assert reply.status == 422, reply
        return str(reply.body)

    async def events(self, kind: str) -> list[dict[str, Any]]:
        reply = await self.room.request("GET", f"/Calls/{self.sid}/events?limit=1000")
        return [event["data"] for event in reply.body["events"] if event["type"] == kind]

    async def until_event(self, kind: str, **facts: Any) -> dict[str, Any]:
        async def found() -> dict[str, Any] | None:
            events = await self.events(kind)
            return next((e for e in events if facts.items() <= e.items()), None)

        return await eventually(found, f"a {kind} event with {facts}")


async def eventually(
    ask: Callable[[], Awaitable[Any]], what: str, *, within_s: float = WAIT_S
) -> Any:
    try:
        async with asyncio.timeout(within_s):
            while True:
                if found := await ask():
                    return found
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"there was never {what}") from None


def level(samples: "array[int]", hz: float) -> float:
    """The strength of one frequency (Goertzel)."""
    factor = 2 * math.cos(2 * math.pi * hz / 8000)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + factor * last - before
    power = before * before + last * last - factor * before * last
    return math.sqrt(max(0.0, power)) * 2 / max(1, len(samples))


def wav(audio: Audio) -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(audio.rate_hz)
        out.writeframes(audio.samples)
    return file.getvalue()


class Room:
    """A phone with as many calls as a test needs, to a number each, each with its own verbs."""

    def __init__(self, gateway: Gateway, hooks: HookServer, phone: Phone) -> None:
        self.gateway = gateway
        self.hooks = hooks
        self.phone = phone
        self.other_tones: list[int] = []  # that are played and not said
        self._tones = iter(TONES)
        self._serial = next(_number)

    def path(self, name: str) -> str:
        return f"/{self._serial}/{name}"

    def answer(self, name: str, content: Any) -> str:
        """A hook of this test; returns its address."""
        return self.hooks.answer(self.path(name), content)

    def asked(self, name: str) -> list[dict[str, Any]]:
        return [request.body for request in self.hooks.requests(self.path(name))]

    async def told(
        self, name: str, wanted: Callable[[HookRequest], object] = lambda _r: True
    ) -> dict[str, Any]:
        request = await asyncio.to_thread(self.hooks.wait_for, self.path(name), wanted)
        return dict(request.body)

    def tone(self, hz: int, ms: int = 600) -> str:
        """The address of a sound that says nothing but this tone."""
        if hz not in self.other_tones:
            self.other_tones.append(hz)
        return self.answer(f"tone-{hz}.wav", wav(tone(hz, ms)))

    async def calls(self, *verbs: dict[str, Any], says: bool = True) -> Party:
        """A call to the gateway whose application begins with these verbs, once it is answered."""
        party = await self.rings(*verbs, hz=next(self._tones) if says else 0)
        async with asyncio.timeout(WAIT_S):
            await party.call.until_answered()
        if says:
            party.call.stream.play(tone(party.hz, 1000), loops=0)
        return party

    async def rings(self, *verbs: dict[str, Any], hz: int = 0) -> Party:
        """A call to the gateway whose application has been asked."""
        number = f"49{self._serial}{next(_number):05d}"
        self.hooks.answer(f"/number/{number}", list(verbs))
        destination = Destination("udp", "127.0.0.1", self.gateway.sip_port)
        call = self.phone.call(number, destination)
        party = Party(self, number, call, hz)
        asked = await asyncio.to_thread(self.hooks.wait_for, f"/number/{number}")
        party.sid = asked.body["call_sid"]
        return party

    async def dials(
        self, *before: dict[str, Any], then: tuple[dict[str, Any], ...] = (), **dial: Any
    ) -> tuple[Party, Party]:
        """A caller, and the one whom its application dials; both talk."""
        target = {"type": "sip", "sipUri": f"sip:{next(_number)}@127.0.0.1:{self.phone.port}"}
        caller = await self.calls(*before, {"verb": "dial", "target": [target], **dial}, *then)
        async with asyncio.timeout(WAIT_S):
            call = await self.phone.next_call()
        hz = next(self._tones)
        call.stream.play(tone(hz, 1000), loops=0)

        async def child() -> str | None:
            listed = await self.get("/Calls")
            found = [c for c in listed if c.get("parent_call_sid") == caller.sid]
            return found[0]["call_sid"] if found else None

        callee = Party(self, "", call, hz, await eventually(child, "a dialled call"))
        await callee.hears(caller.hz)
        return caller, callee

    async def request(self, method: str, path: str, body: Any = None) -> Reply:
        account = self.gateway.account_sid
        full = f"/v1/Accounts/{account}{path}"
        return await asyncio.to_thread(self.gateway.request, method, full, body)

    async def until_empty(self) -> None:
        async def empty() -> bool:
            counts = await self.get("/CallCount")
            return counts == {"inbound": 0, "outbound": 0}

        await eventually(empty, "an end of all calls")

    async def get(self, path: str) -> Any:
        reply = await self.request("GET", path)
        assert reply.status == 200, reply
        return reply.body


@asynccontextmanager
async def open_room(gateway: Gateway, hooks: HookServer) -> AsyncIterator[Room]:
    async with Phone.plugged_in() as phone:
        room = Room(gateway, hooks, phone)
        try:
            yield room
        finally:
            # The next test has the same ports: nothing of this one may still send to them.
            for call in phone.calls:
                call.hang_up()
            await room.until_empty()
