"""Reads the words of one step of a callee's script."""

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace

from voxgate.sandbox.steps import (
    COUNTRIES,
    LISTEN_MAX_S,
    Answer,
    Beep,
    Busy,
    Challenge,
    Early,
    HangUp,
    Hold,
    Ignore,
    Listen,
    ListenForDigits,
    ListenForSilence,
    ListenForSpeech,
    Noise,
    Press,
    Redirect,
    Reject,
    Ring,
    Ringback,
    Say,
    Sit,
    StayTrying,
    Step,
    Wait,
)

SECONDS_MAX = 3600.0
_DIGITS = re.compile(r"[0-9A-Da-d*#]{1,64}")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
_HEADER = re.compile(r"([A-Za-z0-9-]{1,64})=([^\r\n\0]{1,512})")
_VOICE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LEVEL = re.compile(r"(-?\d{1,2}(?:\.\d+)?)db", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class WrongStep(Exception):
    """A step that does not read right; whoever reads the script adds where it stands."""


def read_step(source: str) -> Step:
    lexer = shlex.shlex(source, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.quotes = '"'
    try:
        words = list(lexer)
    except ValueError:
        raise WrongStep("a quotation mark is not closed") from None
    for length in (3, 2, 1):
        reader = _READERS.get(" ".join(words[:length]).lower())
        if reader is not None:
            return reader(words[length:])
    raise WrongStep(f"unknown step; known: {', '.join(sorted(_READERS))}")


def _no_more(words: Sequence[str]) -> None:
    if words:
        raise WrongStep(f"{words[0]!r} is one word too many")


def _read_seconds(word: str) -> float:
    try:
        value_s = float(word.removesuffix("s"))
    except ValueError:
        value_s = -1.0
    if not 0 < value_s <= SECONDS_MAX:
        raise WrongStep(f"{word!r} is not a time in seconds, for example 2s or 0.5s")
    return value_s


def _optional_seconds(words: Sequence[str]) -> float | None:
    _no_more(words[1:])
    return _read_seconds(words[0]) if words else None


def _needed_seconds(words: Sequence[str]) -> float:
    value_s = _optional_seconds(words)
    if value_s is None:
        raise WrongStep("a time is missing, for example 2s")
    return value_s


def _bare(step: Step) -> Callable[[Sequence[str]], Step]:
    def read(words: Sequence[str]) -> Step:
        _no_more(words)
        return step

    return read


def _read_answer(words: Sequence[str]) -> Step:
    if words and words[0] != "mute":
        raise WrongStep(f"{words[0]!r} is not known here; write answer or answer mute")
    _no_more(words[1:])
    return Answer(mute=bool(words))


def _read_say(words: Sequence[str]) -> Step:
    if not words or not words[0].strip():
        raise WrongStep("the words are missing")
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
    raise WrongStep('put the words in quotes: say "Hello?" or say "Hallo?" in de-DE')


def _read_factor(word: str) -> float:
    try:
        factor = float(word)
    except ValueError:
        factor = 0.0
    if not 0.5 <= factor <= 2:
        raise WrongStep(f"{word!r} is not a factor from 0.5 to 2")
    return factor


def _read_level(word: str, low: float, high: float) -> float:
    level = _LEVEL.fullmatch(word)
    if level is None or not low <= float(level[1]) <= high:
        raise WrongStep(f"{word!r} is not a level from {low}dB to {high}dB")
    return float(level[1])


def _read_beep(words: Sequence[str]) -> Step:
    wrong = WrongStep(
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
            raise WrongStep(f"{country!r} is not one of {', '.join(COUNTRIES)}")
    return _optional_seconds(rest), country


def _read_ringback(words: Sequence[str]) -> Step:
    for_s, country = _read_country(words)
    return Ringback(for_s or Ringback().for_s, country)


def _read_busy(words: Sequence[str]) -> Step:
    for_s, country = _read_country(words)
    return Busy(for_s or Busy().for_s, country)


def _read_noise(words: Sequence[str]) -> Step:
    if len(words) != 1:
        raise WrongStep("write for example noise -50dB")
    return Noise(_read_level(words[0], -90, -10))


def _read_max(words: Sequence[str]) -> float:
    if not words:
        return LISTEN_MAX_S
    if words[0] != "max" or len(words) != 2:
        raise WrongStep("write for example max 20s")
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
        raise WrongStep("the number of digits is 1 to 64")
    return ListenForDigits(count, _read_max(words))


def _read_press(words: Sequence[str]) -> Step:
    if len(words) != 1 or not _DIGITS.fullmatch(words[0]):
        raise WrongStep("write the keys without spaces, for example press 1234#")
    return Press(words[0].upper())


def _read_hang_up(words: Sequence[str]) -> Step:
    if not words:
        return HangUp()
    if len(words) == 2 and words[0] == "cause" and words[1].isdecimal():
        cause = int(words[1])
        if 1 <= cause <= 127:
            return HangUp(cause)
    raise WrongStep("write hang up, or hang up cause 16 (Q.850, 1 to 127)")


def _read_reject(words: Sequence[str]) -> Step:
    status = int(words[0]) if words and words[0].isdecimal() else 0
    if not 300 <= status <= 699:
        raise WrongStep("a SIP status from 300 to 699 is missing, for example reject 486")
    rest = list(words[1:])
    reason = rest.pop(0) if rest and not _HEADER.fullmatch(rest[0]) else REASONS.get(status, "")
    headers = []
    for word in rest:
        header = _HEADER.fullmatch(word)
        if header is None:
            raise WrongStep(f"{word!r} is not a header; write for example Retry-After=5")
        headers.append((header[1], header[2]))
    if any(ord(character) < 32 for character in reason):
        raise WrongStep("the reason has a control character in it")
    return Reject(status, reason or "Rejected", tuple(headers))


def _read_redirect(words: Sequence[str]) -> Step:
    if len(words) != 1 or not _NUMBER.fullmatch(words[0]):
        raise WrongStep("write the number to call instead, for example redirect +15005550100")
    return Redirect(words[0])


def _read_challenge(words: Sequence[str]) -> Step:
    algorithm = words[3] if len(words) == 4 else "MD5"
    if (
        len(words) not in {3, 4}
        or words[0] not in {"401", "407"}
        or algorithm not in {"MD5", "SHA-256"}
    ):
        raise WrongStep("write for example challenge 407 user password SHA-256")
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
