"""Who lives at which number of the sandbox: data, and the choice by dialled number.

The numbers +1 500 555 01xx are the sandbox's own; any other number is answered like 0100, so that a
campaign can be tried on the numbers it will really call.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from voxgate.base.errors import VoxgateError
from voxgate.sandbox.script import Script, ScriptError
from voxgate.sandbox.variations import script_of

PREFIX = "1500555"
DEFAULT = "15005550100"
ADDED_MAX = 1000
CODECS = ("PCMU", "PCMA")
_FIELDS = {"script", "name", "about", "codecs"}
USERNAME = "sandbox"
PASSWORD = "sandbox"  # noqa: S105 - public on purpose: it is in the table people read


@dataclass(frozen=True, slots=True)
class Persona:
    """One callee: `number` is digits only."""

    number: str
    name: str
    about: str
    script: Script
    codecs: tuple[str, ...] = CODECS

    @property
    def dial(self) -> str:
        return f"+{self.number}"


class TooManyPersonas(VoxgateError):
    """More personas were added than the sandbox keeps."""


def digits_of(user: str) -> str:
    """The digits of a dialled user part: no plus, no separators, no parameters."""
    return re.sub(r"[^0-9]", "", user.partition(";")[0])


def _persona(
    ending: str, name: str, about: str, script: str, codecs: tuple[str, ...] = CODECS
) -> Persona:
    return Persona(f"{PREFIX}{ending}", name, about, Script.parse(script), codecs)


BUILTIN: tuple[Persona, ...] = (
    # People.
    _persona(
        "0100",
        "human",
        "picks up after a second, says hello and listens",
        'ring 1s; answer; wait 0.3s; say "Hello?"; listen',
    ),
    _persona(
        "0101",
        "slow-human",
        "lets it ring for 8 s, answers, and needs 2.5 s to find the first word",
        'ring 8s; answer; wait 2.5s; say "Yes? Hello, who is this please?"; listen',
    ),
    _persona(
        "0102",
        "presses-1",
        "listens until the prompt is over, then presses 1",
        'ring 1s; answer; wait 0.3s; say "Hello?"; listen until silence 1.2s; press 1; listen',
    ),
    _persona(
        "0103",
        "presses-1234",
        "listens until the prompt is over, then presses 1234#",
        'ring 1s; answer; wait 0.3s; say "Hello?"; listen until silence 1.2s; press 1234#; listen',
    ),
    _persona(
        "0104",
        "impatient",
        "presses 5 one second into the prompt",
        "ring 1s; answer; listen until speech; listen 1s; press 5; listen",
    ),
    _persona(
        "0105",
        "hangs-up",
        "answers and hangs up after 2 s",
        'ring 1s; answer; say "Hello?"; wait 2s; hang up cause 16',
    ),
    _persona(
        "0106",
        "silent",
        "answers and never says a word",
        "ring 1s; answer; listen",
    ),
    _persona(
        "0107",
        "no-ringing",
        "answers with the first response, without any ringing",
        'answer; say "Hello?"; listen',
    ),
    _persona(
        "0108",
        "early-media",
        "the network plays ringing tone (183), then somebody answers",
        'early; ringback 3s; answer; wait 0.3s; say "Hello?"; listen',
    ),
    _persona(
        "0109",
        "listens-out",
        "says hello, hears the other side out, says goodbye and hangs up",
        'ring 1s; answer; wait 0.3s; say "Hello?"; listen until silence 1.5s; '
        'say "Thank you, goodbye."; hang up cause 16',
    ),
    _persona(
        "0110",
        "receptionist",
        "a business that greets with a long sentence and then waits",
        'ring 2s; answer; wait 0.2s; say "Good morning, you are speaking with the front desk. '
        'How may I help you today?"; listen',
    ),
    _persona(
        "0111",
        "on-hold",
        "says hello, puts the caller on hold for 3 s and comes back",
        'ring 1s; answer; say "One moment please."; hold 3s; say "I am back."; listen',
    ),
    _persona(
        "0112",
        "german",
        "greets in German",
        'ring 1s; answer; wait 0.3s; say "Hallo, guten Tag?" in de-DE; listen',
    ),
    _persona(
        "0113",
        "a-law",
        "a person behind a carrier that speaks PCMA only",
        'ring 1s; answer; wait 0.3s; say "Hello?"; listen',
        codecs=("PCMA",),
    ),
    # Machines.
    _persona(
        "0120",
        "voicemail",
        "greeting, 1000 Hz beep, then records for up to 30 s",
        'ring 3s; answer; wait 0.5s; say "Hello. I cannot take your call right now. '
        'Please leave a message after the tone."; beep 1000Hz 0.4s; listen 30s; hang up cause 16',
    ),
    _persona(
        "0121",
        "voicemail-short",
        "a greeting of a few words that could be a person, then the beep",
        'ring 3s; answer; wait 0.3s; say "Leave a message."; beep 1000Hz 0.4s; '
        "listen 30s; hang up cause 16",
    ),
    _persona(
        "0122",
        "voicemail-long",
        "a greeting of about 15 s before the beep",
        'ring 4s; answer; wait 0.5s; say "Hello, and thank you very much for calling. '
        "Nobody is at home at the moment, or perhaps we are in the garden and do not hear the "
        "telephone. Please tell us your name, your number, and the reason for your call, and we "
        'will call you back as soon as we can. Speak after the tone."; beep 1000Hz 0.5s; '
        "listen 30s; hang up cause 16",
    ),
    _persona(
        "0123",
        "mailbox-full",
        "a mailbox that takes no more messages: greeting, no beep, hangs up",
        'ring 3s; answer; wait 0.5s; say "The mailbox of the person you have called is full. '
        'Goodbye."; hang up cause 16',
    ),
    _persona(
        "0124",
        "phone-menu",
        "asks for a digit and goes on when it is pressed",
        'ring 1s; answer; wait 0.3s; say "Welcome. For sales, press one. For support, press two."; '
        'listen until digits 1 max 15s; say "Thank you. Please hold."; listen',
    ),
    _persona(
        "0125",
        "call-screening",
        "a phone that asks for name and reason before its owner answers",
        'ring 1s; answer; wait 0.3s; say "Hi. If you record your name and reason for calling, '
        'I will see if this person is available."; listen until silence 1.5s; '
        'say "Thanks. Stay on the line."; wait 2s; say "Hello?"; listen',
    ),
    _persona(
        "0126",
        "beep-only",
        "a mailbox without a greeting: only the beep",
        "ring 2s; answer; wait 1s; beep 1000Hz 0.4s; listen 30s; hang up cause 16",
    ),
    _persona(
        "0127",
        "ringing-extension",
        "a switchboard that answers, and then rings and rings",
        "ring 1s; answer; wait 0.5s; ringback 40s; hang up cause 16",
    ),
    _persona(
        "0128",
        "busy-extension",
        "a switchboard that answers, and then plays busy tone",
        "ring 1s; answer; wait 0.5s; busy 20s; hang up cause 16",
    ),
    # Calls that are not answered.
    _persona("0130", "busy", "486 Busy Here", "ring 1s; reject 486"),
    _persona("0131", "declines", "603 Decline after two rings", "ring 2s; reject 603"),
    _persona("0132", "no-answer", "rings until the caller gives up", "ring"),
    _persona(
        "0133",
        "not-in-service",
        "information tones and an announcement as early media, then 404",
        'early; sit; say "The number you have dialed is not in service."; reject 404',
    ),
    _persona(
        "0134",
        "moved-away",
        "410 Gone",
        'reject 410 "Gone" "Reason=Q.850;cause=22;text=\\"Number changed\\""',
    ),
    _persona(
        "0135",
        "switched-off",
        "480 after 5 s: the phone cannot be reached",
        "ring 5s; reject 480",
    ),
    _persona("0136", "incomplete", "484 Address Incomplete", "reject 484"),
    _persona(
        "0137",
        "blocked",
        "603 from a network that took the call for spam",
        'reject 603 "Network Blocked" "Reason=Q.850;cause=21;text=\\"v=analytics1\\""',
    ),
    _persona("0138", "wrong-codec", "488: no codec in common", "reject 488"),
    _persona("0139", "busy-everywhere", "600 Busy Everywhere", "ring 1s; reject 600"),
    _persona("0140", "unwanted", "607 Unwanted (RFC 8197)", "ring 1s; reject 607"),
    # Trunks: what a carrier does wrong.
    _persona(
        "0150",
        "trunk-unavailable",
        "503 Service Unavailable with Retry-After",
        'reject 503 "Service Unavailable" Retry-After=5',
    ),
    _persona("0151", "trunk-error", "500 Server Internal Error", "reject 500"),
    _persona("0152", "trunk-silent", "no response at all", "ignore"),
    _persona("0153", "trunk-stuck", "100 Trying and nothing after it", "stay trying"),
    _persona("0154", "trunk-timeout", "408 Request Timeout", "reject 408"),
    _persona("0155", "trunk-forbids", "403 Forbidden", "reject 403"),
    _persona(
        "0156",
        "trunk-redirects",
        "302 to the human at 0100",
        f"redirect +{DEFAULT}",
    ),
    _persona(
        "0157",
        "trunk-password",
        f"407 digest (user {USERNAME}, password {PASSWORD}), then a human",
        f'challenge 407 {USERNAME} {PASSWORD}; ring 1s; answer; say "Hello?"; listen',
    ),
    _persona(
        "0158",
        "trunk-password-sha256",
        f"401 digest with SHA-256 (user {USERNAME}, password {PASSWORD}), then a human",
        f'challenge 401 {USERNAME} {PASSWORD} SHA-256; ring 1s; answer; say "Hello?"; listen',
    ),
    _persona(
        "0159",
        "trunk-one-way",
        "answers but no packet of sound ever arrives",
        "ring 1s; answer mute; listen",
    ),
)

_NO_PERSONA = Script.parse('reject 404 "No Persona At This Number"')


class PersonaBook:
    """Finds the persona of a number; more can be added while it is in use."""

    def __init__(self, personas: Iterable[Persona] = BUILTIN) -> None:
        self._builtin = {persona.number: persona for persona in personas}
        self._added: dict[str, Persona] = {}

    def find(self, user: str) -> Persona:
        """The persona at a dialled user part: its own, or the default outside our range."""
        number = digits_of(user)
        found = self._added.get(number) or self._builtin.get(number)
        if found is not None:
            return found
        varied = script_of(number)
        if varied is not None:
            kind, script = varied
            return Persona(
                number, kind.title, "drawn from the seed at the end of its number", script
            )
        if number.startswith(PREFIX) or DEFAULT not in self._builtin:
            return Persona(number, "nobody", "no persona lives here", _NO_PERSONA)
        return self._builtin[DEFAULT]

    def add(self, persona: Persona) -> None:
        """Put a persona at its number, over the one that is there."""
        if len(self._added) >= ADDED_MAX and persona.number not in self._added:
            raise TooManyPersonas(f"the sandbox keeps at most {ADDED_MAX} added personas")
        self._added[persona.number] = persona

    def remove(self, number: str) -> bool:
        """Take back what `add` put there; False when there was nothing."""
        return self._added.pop(digits_of(number), None) is not None

    def all(self) -> list[Persona]:
        return sorted((self._builtin | self._added).values(), key=lambda persona: persona.number)


class BadPersona(VoxgateError):
    """A persona that cannot be used; `field` is what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class PersonaFileError(VoxgateError):
    """A file of personas that cannot be read; the message names the entry."""


def persona_from(number: str, wanted: Mapping[str, object]) -> Persona:
    """A persona from data: `script`, and `name`, `about`, `codecs` if given. Raises BadPersona."""
    digits = digits_of(number)
    if not 3 <= len(digits) <= 32:
        raise BadPersona("number", "a number has 3 to 32 digits")
    for name in wanted:
        if name not in _FIELDS:
            raise BadPersona(name, "unknown property")
    try:
        script = Script.parse(_text(wanted, "script", ""))
    except ScriptError as error:
        raise BadPersona("script", str(error)) from None
    return Persona(
        number=digits,
        name=_text(wanted, "name", "custom"),
        about=_text(wanted, "about", ""),
        script=script,
        codecs=_codecs(wanted.get("codecs", list(CODECS))),
    )


def read_personas(path: Path) -> tuple[Persona, ...]:
    """Personas of one's own: `[[persona]]` tables with number, script, name?, about?, codecs?."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise PersonaFileError(f"{path}: {wrong}") from wrong
    entries = document.get("persona")
    if not isinstance(entries, list) or set(document) != {"persona"}:
        raise PersonaFileError(f"{path}: write a [[persona]] table for each persona, nothing else")
    personas = []
    for position, entry in enumerate(entries, 1):
        wanted = dict(entry)
        try:
            personas.append(persona_from(str(wanted.pop("number", "")), wanted))
        except BadPersona as wrong:
            raise PersonaFileError(f"{path}: persona {position}: {wrong}") from wrong
    return tuple(personas)


def _text(wanted: Mapping[str, object], name: str, default: str) -> str:
    value = wanted.get(name, default)
    if not isinstance(value, str):
        raise BadPersona(name, "must be a string")
    return value


def _codecs(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or any(name not in CODECS for name in value):
        raise BadPersona("codecs", "must be a list of PCMU and PCMA")
    return tuple(value)
