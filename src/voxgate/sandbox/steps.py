"""What a callee of the sandbox can do, step by step, and how each step is written."""

from dataclasses import dataclass

LISTEN_MAX_S = 30.0
BEEP_DB = -12.2  # the loudness of real beeps
COUNTRIES = ("us", "gb", "de", "fr")


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
