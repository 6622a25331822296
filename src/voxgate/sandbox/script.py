"""What a callee of the sandbox does, step by step: values, and the text they are written in.

    ring 2s; answer; say "Hello?"; listen until silence 1s; press 1; hang up

Steps are separated by `;` or line ends; texts with spaces stand in quotes.
`parse` and `str` are inverse.
"""

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from voxgate.base.errors import VoxgateError

STEPS_MAX = 100
SECONDS_MAX = 3600.0
LISTEN_MAX_S = 30.0
BEEP_DB = -12.2  # the loudness of real beeps
COUNTRIES = ("us", "gb", "de", "fr")
_DIGITS = re.compile(r"[0-9A-Da-d*#]{1,64}")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
_HEADER = re.compile(r"([A-Za-z0-9-]{1,64})=([^\r\n\0]{1,512})")
_VOICE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LEVEL = re.compile(r"(-?\d{1,2}(?:\.\d+)?)db", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class ScriptError(VoxgateError):
    """A script that cannot be played; the message names the step."""

    def __init__(self, position: int, step: str, reason: str) -> None:
        super().__init__(f"step {position} ({step[:60]}): {reason}")
        self.position = position
        self.reason = reason


class _Wrong(Exception):
    """A step that does not read right; `Script.parse` adds where it stands."""


def _seconds(value_s: float) -> str:
    return f"{value_s!r}".removesuffix(".0") + "s"


def _decibels(level_db: float) -> str:
    return f"{level_db!r}".removesuffix(".0") + "dB"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Ring:
    """180 Ringing, then the time until the next step; without a time: until the caller gives up."""

    for_s: float | None = None

    def __str__(self) -> str:
        return "ring" if self.for_s is None else f"ring {_seconds(self.for_s)}"


@dataclass(frozen=True, slots=True)
class Early:
    """183 Session Progress with a media description: sound before the answer."""

    def __str__(self) -> str:
        return "early"


@dataclass(frozen=True, slots=True)
class Answer:
    """200 OK; `mute` answers but never sends a packet of sound."""

    mute: bool = False

    def __str__(self) -> str:
        return "answer mute" if self.mute else "answer"


@dataclass(frozen=True, slots=True)
class Wait:
    for_s: float

    def __str__(self) -> str:
        return f"wait {_seconds(self.for_s)}"


@dataclass(frozen=True, slots=True)
class Say:
    """Speak, and go on when the last word has been sent.

    `rate` and `pitch` are factors; `level_db` is relative to how the voice speaks by itself.
    """

    text: str
    language: str = "en-US"
    voice: str | None = None
    rate: float = 1.0
    pitch: float = 1.0
    level_db: float = 0.0

    def __str__(self) -> str:
        words = [f"say {_quoted(self.text)}"]
        words += [f"in {self.language}"] if self.language != "en-US" else []
        words += [f"as {self.voice}"] if self.voice is not None else []
        words += [f"rate {self.rate!r}"] if self.rate != 1 else []
        words += [f"pitch {self.pitch!r}"] if self.pitch != 1 else []
        words += [f"at {_decibels(self.level_db)}"] if self.level_db != 0 else []
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Beep:
    """The tone of an answering machine, or two at once; `level_db` below full scale."""

    hz: int = 1000
    for_s: float = 0.4
    second_hz: int | None = None
    level_db: float = BEEP_DB

    def __str__(self) -> str:
        chord = "" if self.second_hz is None else f"+{self.second_hz}"
        level = "" if self.level_db == BEEP_DB else f" at {_decibels(self.level_db)}"
        return f"beep {self.hz}{chord}Hz {_seconds(self.for_s)}{level}"


@dataclass(frozen=True, slots=True)
class Sit:
    """Special information tones (ITU-T E.180): three rising notes before an announcement."""

    def __str__(self) -> str:
        return "sit"


@dataclass(frozen=True, slots=True)
class Ringback:
    """Ringing tone as the network of a country plays it: `us` 440 + 480 Hz, 2 s on, 4 s off."""

    for_s: float = 3.0
    country: str = "us"

    def __str__(self) -> str:
        tail = "" if self.country == "us" else f" in {self.country}"
        return f"ringback {_seconds(self.for_s)}{tail}"


@dataclass(frozen=True, slots=True)
class Busy:
    """Busy tone as the network of a country plays it: `us` 480 + 620 Hz, half seconds."""

    for_s: float = 5.0
    country: str = "us"

    def __str__(self) -> str:
        tail = "" if self.country == "us" else f" in {self.country}"
        return f"busy {_seconds(self.for_s)}{tail}"


@dataclass(frozen=True, slots=True)
class Noise:
    """From here on there is noise on the line, behind everything the callee says."""

    level_db: float

    def __str__(self) -> str:
        return f"noise {_decibels(self.level_db)}"


@dataclass(frozen=True, slots=True)
class Listen:
    """Say nothing: for a time, or without one until the caller hangs up."""

    for_s: float | None = None

    def __str__(self) -> str:
        return "listen" if self.for_s is None else f"listen {_seconds(self.for_s)}"


@dataclass(frozen=True, slots=True)
class ListenForSilence:
    """Wait until the caller has spoken and then been quiet for `quiet_s`; at most `max_s`."""

    quiet_s: float = 1.0
    max_s: float = LISTEN_MAX_S

    def __str__(self) -> str:
        return f"listen until silence {_seconds(self.quiet_s)} max {_seconds(self.max_s)}"


@dataclass(frozen=True, slots=True)
class ListenForSpeech:
    """Wait until the caller begins to speak; at most `max_s`."""

    max_s: float = LISTEN_MAX_S

    def __str__(self) -> str:
        return f"listen until speech max {_seconds(self.max_s)}"


@dataclass(frozen=True, slots=True)
class ListenForDigits:
    """Wait until the caller has pressed `count` keys; at most `max_s`."""

    count: int = 1
    max_s: float = LISTEN_MAX_S

    def __str__(self) -> str:
        return f"listen until digits {self.count} max {_seconds(self.max_s)}"


@dataclass(frozen=True, slots=True)
class Press:
    digits: str

    def __str__(self) -> str:
        return f"press {self.digits}"


@dataclass(frozen=True, slots=True)
class Hold:
    """Put the caller on hold (re-INVITE, sendonly) for a time, then take the call back."""

    for_s: float

    def __str__(self) -> str:
        return f"hold {_seconds(self.for_s)}"


@dataclass(frozen=True, slots=True)
class HangUp:
    """BYE; with a Q.850 cause also a Reason header (RFC 3326)."""

    cause: int | None = None

    def __str__(self) -> str:
        return "hang up" if self.cause is None else f"hang up cause {self.cause}"


@dataclass(frozen=True, slots=True)
class Reject:
    """A final response instead of an answer."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        tail = "".join(f" {_quoted(f'{name}={value}')}" for name, value in self.headers)
        return f"reject {self.status} {_quoted(self.reason)}{tail}"


@dataclass(frozen=True, slots=True)
class Redirect:
    """302 with a Contact at this sandbox."""

    number: str

    def __str__(self) -> str:
        return f"redirect {self.number}"


@dataclass(frozen=True, slots=True)
class Challenge:
    """Ask for digest credentials (RFC 8760) and go on when they are right."""

    status: int
    username: str
    password: str
    algorithm: str = "MD5"

    def __str__(self) -> str:
        return (
            f"challenge {self.status} {_quoted(self.username)} {_quoted(self.password)} "
            f"{self.algorithm}"
        )


@dataclass(frozen=True, slots=True)
class Ignore:
    """No response at all, as if the packets were lost."""

    def __str__(self) -> str:
        return "ignore"


@dataclass(frozen=True, slots=True)
class StayTrying:
    """100 Trying and nothing after it."""

    def __str__(self) -> str:
        return "stay trying"


Step = (
    Ring
    | Early
    | Answer
    | Wait
    | Say
    | Beep
    | Sit
    | Ringback
    | Busy
    | Noise
    | Listen
    | ListenForSilence
    | ListenForSpeech
    | ListenForDigits
    | Press
    | Hold
    | HangUp
    | Reject
    | Redirect
    | Challenge
    | Ignore
    | StayTrying
)

NEED_SOUND = Say | Beep | Sit | Ringback | Busy | Noise | Press
NEED_EARS = ListenForSilence | ListenForSpeech | ListenForDigits
NEED_ANSWER = Listen | Hold | HangUp
REFUSALS = Reject | Redirect | Ignore | StayTrying
BEFORE_ANSWER = Ring | Early | Challenge | REFUSALS
FIRST_ONLY = Challenge | Ignore | StayTrying


@dataclass(frozen=True, slots=True)
class Script:
    """Steps in an order that can be played; made by `parse` or checked by `of`."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, *steps: Step) -> "Script":
        """Raises ScriptError when a step cannot follow the ones before it."""
        _check_order(steps)
        return cls(steps)

    @classmethod
    def parse(cls, text: str) -> "Script":
        """Raises ScriptError naming the step that cannot be read or cannot stand there."""
        steps: list[Step] = []
        for position, source in enumerate(_split(text), 1):
            if position > STEPS_MAX:
                raise ScriptError(position, source, f"a script has at most {STEPS_MAX} steps")
            try:
                steps.append(_read_step(source))
            except _Wrong as wrong:
                raise ScriptError(position, source, str(wrong)) from None
        _check_order(steps)
        return cls(tuple(steps))

    @property
    def spoken(self) -> tuple[Say, ...]:
        """The lines the callee may speak, so that they can be rendered before they are needed."""
        return tuple(step for step in self.steps if isinstance(step, Say))

    def __str__(self) -> str:
        return "; ".join(str(step) for step in self.steps)


def _check_order(steps: Sequence[Step]) -> None:
    if not steps:
        raise ScriptError(1, "", "a script needs at least one step")
    sound = answered = over = mute = False
    for position, step in enumerate(steps, 1):
        complaint = _complaint(step, sound=sound, answered=answered, over=over)
        if complaint is None and isinstance(step, FIRST_ONLY) and position > 1:
            complaint = "this can only be the first step"
        if complaint is None and isinstance(step, NEED_SOUND) and mute:
            complaint = "the call was answered mute"
        if complaint is not None:
            raise ScriptError(position, str(step), complaint)
        sound = sound or isinstance(step, Early | Answer)
        answered = answered or isinstance(step, Answer)
        mute = mute or (isinstance(step, Answer) and step.mute)
        over = over or isinstance(step, HangUp | REFUSALS)


def _complaint(step: Step, *, sound: bool, answered: bool, over: bool) -> str | None:
    if over:
        return "the call is over before this step"
    if answered and isinstance(step, BEFORE_ANSWER | Answer):
        return "this has to come before the answer"
    if isinstance(step, NEED_SOUND | NEED_EARS) and not sound:
        return "there is no sound yet: put answer or early before it"
    if isinstance(step, NEED_ANSWER) and not answered:
        return "this needs an answered call: put answer before it"
    return None


def _split(text: str) -> list[str]:
    """Cut at `;` and line ends, except inside double quotes."""
    parts: list[str] = [""]
    quoted = escaped = False
    for character in text:
        if not quoted and character in ";\n":
            parts.append("")
            continue
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = character == "\\" and not escaped
        parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _read_step(source: str) -> Step:
    lexer = shlex.shlex(source, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.quotes = '"'
    try:
        words = list(lexer)
    except ValueError:
        raise _Wrong("a quotation mark is not closed") from None
    for length in (3, 2, 1):
        reader = _READERS.get(" ".join(words[:length]).lower())
        if reader is not None:
            return reader(words[length:])
    raise _Wrong(f"unknown step; known: {', '.join(sorted(_READERS))}")


def _no_more(words: Sequence[str]) -> None:
    if words:
        raise _Wrong(f"{words[0]!r} is one word too many")


def _read_seconds(word: str) -> float:
    try:
        value_s = float(word.removesuffix("s"))
    except ValueError:
        value_s = -1.0
    if not 0 < value_s <= SECONDS_MAX:
        raise _Wrong(f"{word!r} is not a time in seconds, for example 2s or 0.5s")
    return value_s


def _optional_seconds(words: Sequence[str]) -> float | None:
    _no_more(words[1:])
    return _read_seconds(words[0]) if words else None


def _needed_seconds(words: Sequence[str]) -> float:
    value_s = _optional_seconds(words)
    if value_s is None:
        raise _Wrong("a time is missing, for example 2s")
    return value_s


def _bare(step: Step) -> Callable[[Sequence[str]], Step]:
    def read(words: Sequence[str]) -> Step:
        _no_more(words)
        return step

    return read


def _read_answer(words: Sequence[str]) -> Step:
    if words and words[0] != "mute":
        raise _Wrong(f"{words[0]!r} is not known here; write answer or answer mute")
    _no_more(words[1:])
    return Answer(mute=bool(words))


def _read_say(words: Sequence[str]) -> Step:
    if not words or not words[0].strip():
        raise _Wrong("the words are missing")
    say, rest = Say(words[0]), list(words[1:])
    while len(rest) >= 2:
        key, value, *rest = rest
        if key == "in" and _LANGUAGE.fullmatch(value):
            say = replace(say, language=value)
        elif key == "as" and _VOICE.fullmatch(value):
            say = replace(say, voice=value)
        elif key == "rate":
            say = replace(say, rate=_read_factor(value))
        elif key == "pitch":
            say = replace(say, pitch=_read_factor(value))
        elif key == "at":
            say = replace(say, level_db=_read_level(value, -30, 12))
        else:
            break
    else:
        if not rest:
            return say
    raise _Wrong('put the words in quotes: say "Hello?" or say "Hallo?" in de-DE')


def _read_factor(word: str) -> float:
    try:
        factor = float(word)
    except ValueError:
        factor = 0.0
    if not 0.5 <= factor <= 2:
        raise _Wrong(f"{word!r} is not a factor from 0.5 to 2")
    return factor


def _read_level(word: str, low: float, high: float) -> float:
    level = _LEVEL.fullmatch(word)
    if level is None or not low <= float(level[1]) <= high:
        raise _Wrong(f"{word!r} is not a level from {low}dB to {high}dB")
    return float(level[1])


def _read_beep(words: Sequence[str]) -> Step:
    wrong = _Wrong(
        "write for example beep 1000Hz 0.4s, or beep 850+1100Hz 0.4s at -20dB (50 to 3800 Hz)"
    )
    beep, rest = Beep(), list(words)
    if rest and rest[0].lower().endswith("hz"):
        pitches = rest.pop(0)[:-2].split("+")
        if len(pitches) > 2 or not all(
            pitch.isdecimal() and 50 <= int(pitch) <= 3800 for pitch in pitches
        ):
            raise wrong
        beep = Beep(int(pitches[0]), beep.for_s, int(pitches[1]) if pitches[1:] else None)
    if rest and rest[0] != "at":
        beep = replace(beep, for_s=_read_seconds(rest.pop(0)))
    if rest[:1] == ["at"] and len(rest) == 2:
        return replace(beep, level_db=_read_level(rest[1], -60, 0))
    if rest:
        raise wrong
    return beep


def _read_country(words: Sequence[str]) -> tuple[float | None, str]:
    """A time and a country, both as one likes."""
    country, rest = COUNTRIES[0], list(words)
    if rest[-2:-1] == ["in"]:
        country = rest.pop().lower()
        rest.pop()
        if country not in COUNTRIES:
            raise _Wrong(f"{country!r} is not one of {', '.join(COUNTRIES)}")
    return _optional_seconds(rest), country


def _read_ringback(words: Sequence[str]) -> Step:
    for_s, country = _read_country(words)
    return Ringback(for_s or Ringback().for_s, country)


def _read_busy(words: Sequence[str]) -> Step:
    for_s, country = _read_country(words)
    return Busy(for_s or Busy().for_s, country)


def _read_noise(words: Sequence[str]) -> Step:
    if len(words) != 1:
        raise _Wrong("write for example noise -50dB")
    return Noise(_read_level(words[0], -90, -10))


def _read_max(words: Sequence[str]) -> float:
    if not words:
        return LISTEN_MAX_S
    if words[0] != "max" or len(words) != 2:
        raise _Wrong("write for example max 20s")
    return _read_seconds(words[1])


def _read_silence(words: Sequence[str]) -> Step:
    if words and words[0] != "max":
        return ListenForSilence(_read_seconds(words[0]), _read_max(words[1:]))
    return ListenForSilence(max_s=_read_max(words))


def _read_digits(words: Sequence[str]) -> Step:
    count = 1
    if words and words[0] != "max":
        count = int(words[0]) if words[0].isdecimal() else 0
        words = words[1:]
    if not 1 <= count <= 64:
        raise _Wrong("the number of digits is 1 to 64")
    return ListenForDigits(count, _read_max(words))


def _read_press(words: Sequence[str]) -> Step:
    if len(words) != 1 or not _DIGITS.fullmatch(words[0]):
        raise _Wrong("write the keys without spaces, for example press 1234#")
    return Press(words[0].upper())


def _read_hang_up(words: Sequence[str]) -> Step:
    if not words:
        return HangUp()
    if len(words) == 2 and words[0] == "cause" and words[1].isdecimal():
        cause = int(words[1])
        if 1 <= cause <= 127:
            return HangUp(cause)
    raise _Wrong("write hang up, or hang up cause 16 (Q.850, 1 to 127)")


def _read_reject(words: Sequence[str]) -> Step:
    status = int(words[0]) if words and words[0].isdecimal() else 0
    if not 300 <= status <= 699:
        raise _Wrong("a SIP status from 300 to 699 is missing, for example reject 486")
    rest = list(words[1:])
    reason = rest.pop(0) if rest and not _HEADER.fullmatch(rest[0]) else REASONS.get(status, "")
    headers = []
    for word in rest:
        header = _HEADER.fullmatch(word)
        if header is None:
            raise _Wrong(f"{word!r} is not a header; write for example Retry-After=5")
        headers.append((header[1], header[2]))
    if any(ord(character) < 32 for character in reason):
        raise _Wrong("the reason has a control character in it")
    return Reject(status, reason or "Rejected", tuple(headers))


def _read_redirect(words: Sequence[str]) -> Step:
    if len(words) != 1 or not _NUMBER.fullmatch(words[0]):
        raise _Wrong("write the number to call instead, for example redirect +15005550100")
    return Redirect(words[0])


def _read_challenge(words: Sequence[str]) -> Step:
    algorithm = words[3] if len(words) == 4 else "MD5"
    if (
        len(words) not in {3, 4}
        or words[0] not in {"401", "407"}
        or algorithm not in {"MD5", "SHA-256"}
    ):
        raise _Wrong("write for example challenge 407 user password SHA-256")
    return Challenge(int(words[0]), words[1], words[2], algorithm)


REASONS = {
    302: "Moved Temporarily",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    410: "Gone",
    480: "Temporarily Unavailable",
    484: "Address Incomplete",
    486: "Busy Here",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    607: "Unwanted",
    608: "Rejected",
}

_READERS: dict[str, Callable[[Sequence[str]], Step]] = {
    "ring": lambda words: Ring(_optional_seconds(words)),
    "early": _bare(Early()),
    "answer": _read_answer,
    "wait": lambda words: Wait(_needed_seconds(words)),
    "say": _read_say,
    "beep": _read_beep,
    "sit": _bare(Sit()),
    "ringback": _read_ringback,
    "busy": _read_busy,
    "noise": _read_noise,
    "listen": lambda words: Listen(_optional_seconds(words)),
    "listen until silence": _read_silence,
    "listen until speech": lambda words: ListenForSpeech(_read_max(words)),
    "listen until digits": _read_digits,
    "press": _read_press,
    "hold": lambda words: Hold(_needed_seconds(words)),
    "hang up": _read_hang_up,
    "reject": _read_reject,
    "redirect": _read_redirect,
    "challenge": _read_challenge,
    "ignore": _bare(Ignore()),
    "stay trying": _bare(StayTrying()),
}
