"""The sandbox in tests of a voice application: callees to order, and what they heard.

with running_sandbox() as sandbox:
    # make a SIP trunk to sandbox.sip, then
    with sandbox.callee("voicemail") as callee:
        place_a_call_to(callee.number)
        assert callee.heard("call us back")
    with sandbox.callee('ring 1s; answer; say "Hello?"; press 1; listen') as callee:
        place_a_call_to(callee.number)
        heard = callee.wait()
    assert heard.digits == ""
    assert heard.audio_ms > 2000
"""

import io
import json
import subprocess
import wave
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from voxgate.base.errors import VoxgateError
from voxgate.base.settings import Listener
from voxgate.sandbox.personas import BUILTIN
from voxgate.sandbox.process import STOP_S, SandboxAddress, sandbox_command
from voxgate.testing.listening import was_said

WAIT_S = 30.0
FIRST_NUMBER = 15005550200  # above the builtin personas


_SCRIPTS = {persona.name: str(persona.script) for persona in BUILTIN}


class SandboxRefused(VoxgateError):
    """The sandbox did not take what it was told."""


@dataclass(frozen=True, slots=True)
class HeardCall:
    """A call as its callee saw it; `document` is everything the sandbox noted."""

    document: dict[str, Any]
    wav: bytes | None

    @property
    def call_id(self) -> str:
        return str(self.document["call_id"])

    @property
    def sip_status(self) -> int:
        """The final response the callee gave; 487 when the caller gave up."""
        return int(self.document["sip_status"])

    @property
    def ended_by(self) -> str | None:
        """`caller`, `callee`, `network`, or None while the call stands."""
        ended_by: str | None = self.document["ended_by"]
        return ended_by

    @property
    def digits(self) -> str:
        """Keys the caller pressed."""
        return str(self.document["heard"]["digits"])

    @property
    def audio_ms(self) -> int:
        """How long something could be heard."""
        return int(self.document["heard"]["audio_ms"])

    def heard(self, phrase: str, *, language: str = "en-US") -> bool:
        """Whether the built-in voice said this to the callee, word for word (see `listening`)."""
        if self.wav is None:
            return False
        with wave.open(io.BytesIO(self.wav)) as sound:
            return was_said(phrase, sound.readframes(sound.getnframes()), language=language)

    @property
    def said(self) -> list[str]:
        return list(self.document["said"])

    def header(self, name: str) -> str | None:
        """The first header of this name in the INVITE."""
        for given, value in self.document["headers"]:
            if given.lower() == name.lower():
                return str(value)
        return None


@dataclass(frozen=True, slots=True)
class ScriptedCallee:
    """A callee at a number of its own."""

    number: str
    sandbox: "RunningSandbox"

    def heard(self, phrase: str, *, language: str = "en-US", within_s: float = WAIT_S) -> bool:
        """Whether the callee heard the built-in voice say this, in the newest call once it ended.

        Raises TimeoutError.
        """
        return self.wait(within_s).heard(phrase, language=language)

    def wait(self, within_s: float = WAIT_S) -> HeardCall:
        """The newest call to this callee, once it has ended. Raises TimeoutError."""
        query = f"/calls?number={quote(self.number)}&wait={within_s:g}"
        calls = self.sandbox.ask("GET", query)
        if not calls or calls[0]["state"] != "ended":
            state = calls[0]["state"] if calls else "never came"
            raise TimeoutError(f"no call to {self.number} ended within {within_s:g} s: {state}")
        return self.sandbox.call(calls[0]["call_id"])


@dataclass(frozen=True, slots=True)
class ScriptedCaller:
    """One call that the sandbox places."""

    call_id: str
    sandbox: "RunningSandbox"

    def wait(self, within_s: float = WAIT_S) -> HeardCall:
        """The call once it has ended. Raises TimeoutError."""
        path = f"/calls/{quote(self.call_id, safe='')}?wait={within_s:g}"
        if self.sandbox.ask("GET", path)["state"] != "ended":
            raise TimeoutError(f"the call did not end within {within_s:g} s")
        return self.sandbox.call(self.call_id)


class RunningSandbox:
    """A sandbox process with its control interface."""

    def __init__(self, address: SandboxAddress) -> None:
        self.address = address
        self._numbers = count(FIRST_NUMBER)

    @property
    def sip(self) -> Listener:
        """Where it takes calls over UDP."""
        return next(each for each in self.address.sip if each.transport == "udp")

    @contextmanager
    def callee(
        self, who: str, *, codecs: Sequence[str] = ("PCMU", "PCMA")
    ) -> Iterator[ScriptedCallee]:
        """Somebody who does what `who` says, until the end of the block.

        `who` is the name of a builtin persona ("voicemail") or a script of steps. Raises
        SandboxRefused naming the step that cannot be played.
        """
        number = f"+{next(self._numbers)}"
        path = f"/personas/{quote(number)}"
        script = _SCRIPTS.get(who, who)
        self.ask("PUT", path, {"script": script, "name": "test", "codecs": list(codecs)})
        try:
            yield ScriptedCallee(number, self)
        finally:
            self.ask("DELETE", path)

    def ring(
        self,
        uri: str,
        script: str,
        *,
        from_: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "ScriptedCaller":
        """Somebody calls `uri` and carries out `script` once it is answered.

        Raises SandboxRefused naming what cannot be carried out.
        """
        errand = {"to": uri, "script": script, "headers": dict(headers or {})}
        placed = self.ask("POST", "/calls", errand | ({"from": from_} if from_ else {}))
        return ScriptedCaller(placed["call_id"], self)

    def call(self, call_id: str) -> HeardCall:
        """What is known about a call by its Call-ID. Raises SandboxRefused."""
        path = f"/calls/{quote(call_id, safe='')}"
        document = self.ask("GET", path)
        wav = self._fetch("GET", f"{path}/heard.wav") if document["heard"]["wav"] else None
        return HeardCall(document, wav)

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        """One request to the control interface; the JSON of its answer."""
        answer = self._fetch(method, path, None if body is None else json.dumps(body).encode())
        return json.loads(answer) if answer else None

    def _fetch(self, method: str, path: str, body: bytes | None = None) -> bytes:
        url = self.address.control_url + path
        if urlsplit(url).scheme != "http":
            raise SandboxRefused(f"{url} is not a control interface")
        request = Request(url, data=body, method=method)  # noqa: S310 - http, checked above
        try:
            with urlopen(request, timeout=2 * WAIT_S) as answer:  # noqa: S310
                return bytes(answer.read())
        except HTTPError as refused:
            with refused:
                raise SandboxRefused(refused.read().decode(errors="replace")) from None


@contextmanager
def running_sandbox() -> Iterator[RunningSandbox]:
    """A sandbox process on free ports of loopback, for a `with` block or a fixture."""
    with subprocess.Popen(  # noqa: S603 - our own command
        sandbox_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                raise SandboxRefused("the sandbox ended before it was ready")
            yield RunningSandbox(SandboxAddress.parse(line.decode()))
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
