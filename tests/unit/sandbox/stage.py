"""Real calls over loopback: a phone calls the sandbox, each with its own sockets and media."""

import asyncio
from collections.abc import Awaitable, Callable

from voxgate.base.settings import Listener
from voxgate.model.audio import Audio
from voxgate.model.speech import Voice
from voxgate.sandbox.calls import CallRecord
from voxgate.sandbox.personas import Persona
from voxgate.sandbox.script import Script
from voxgate.sandbox.service import Sandbox, SandboxOptions
from voxgate.sandbox.sound import beep
from voxgate.sip.endpoint import Destination
from voxgate.testing.phone import Phone, PhoneCall

RTP_PORTS = (34000, 35999)


class ToneVoice:
    """Speaks every line as 300 ms of 500 Hz."""

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def render(self, _text: str, _voice: Voice) -> Audio:
        return beep((500,), 0.3)


class Stage:
    def __init__(self, phone: Phone, sandbox: Sandbox, sip: tuple[Listener, ...]) -> None:
        self.phone = phone
        self.sandbox = sandbox
        self.sip = sip

    def call(self, script: str, *, transport: str = "udp", **how) -> PhoneCall:
        """Call a persona with this script; a number of digits calls the one who lives there."""
        number = script
        if not script.isdigit():
            number = "15005550190"
            codecs = how.pop("codecs", ("PCMU", "PCMA"))
            self.sandbox.personas.add(Persona(number, "test", "", Script.parse(script), codecs))
        port = next(each.port for each in self.sip if each.transport == transport)
        return self.phone.call(number, Destination(transport, "127.0.0.1", port), **how)

    async def record(self, call: PhoneCall) -> CallRecord:
        """What the sandbox knows about the call after its end."""
        record = await self.sandbox.calls.wait_for(call.call_id, ended=True, within_s=10)
        assert record is not None
        assert record.ended.is_set()
        return record


def on_stage(story: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        options = SandboxOptions(
            (Listener("udp", "127.0.0.1", 0), Listener("tcp", "127.0.0.1", 0)),
            "127.0.0.1",
            0,
            RTP_PORTS,
        )
        sandbox = Sandbox(options, ToneVoice())
        address = await sandbox.start()
        try:
            async with Phone.plugged_in() as phone:
                await story(Stage(phone, sandbox, address.sip))
        finally:
            await sandbox.stop()

    asyncio.run(run())
