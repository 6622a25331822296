"""Whoever may answer a call, as often as one likes: kinds of callee, each with seeded variations.

Dial +1 500 556 KSSS, kind K and seed SSS: words, voice, speed, pitch, level, noise, pauses and
tones are drawn from the seed, always the same ones.
"""

import enum
import random
import re
from collections.abc import Callable

from voxgate.sandbox.script import Script

NUMBERS = re.compile(r"1500556(\d)(\d{3})")
SEEDS = 1000

# Words, and the language they are spoken in.
Line = tuple[str, str]

SHORT: tuple[Line, ...] = (
    ("Hello?", "en-US"),
    ("Yes?", "en-US"),
    ("Hello, who is this?", "en-GB"),
    ("Good morning.", "en-US"),
    ("Hi there.", "en-GB"),
    ("Yes, hello?", "en-US"),
    ("Hallo?", "de-DE"),
    ("Ja, bitte?", "de-DE"),
    ("Guten Tag.", "de-DE"),
    ("All\u00f4?", "fr-FR"),
    ("\u00bfD\u00edgame?", "es-ES"),
    ("Pronto, chi parla?", "it-IT"),
)
SLOW: tuple[Line, ...] = (
    *SHORT,
    ("Yes? Hello, who is this please?", "en-US"),
    ("Sorry, hello? Who is speaking?", "en-GB"),
    ("Ja? Hallo, wer ist da bitte?", "de-DE"),
)
BUSINESS: tuple[Line, ...] = (
    ("Good morning, you are speaking with the front desk. How may I help you today?", "en-US"),
    ("Thank you for calling the service department. What can I do for you?", "en-US"),
    ("City library, good afternoon, how can I help?", "en-GB"),
    ("Hello and welcome to the dental practice. How may I help you?", "en-GB"),
    ("Good evening, this is the hotel reception, how can I be of service?", "en-US"),
    ("Customer care, you are talking to the second floor. Which department do you need?", "en-US"),
    ("Guten Tag, Sie sprechen mit der Zentrale. Was kann ich f\u00fcr Sie tun?", "de-DE"),
    ("Stadtwerke, Kundendienst, guten Morgen. Wie kann ich Ihnen helfen?", "de-DE"),
    ("Bonjour, vous \u00eates bien au secr\u00e9tariat. Que puis-je faire pour vous?", "fr-FR"),
)
MAILBOX: tuple[Line, ...] = (
    ("Hello. I cannot take your call right now. Please leave a message after the tone.", "en-US"),
    ("Please leave a message after the beep.", "en-US"),
    (
        "You have reached the mailbox of this number. Nobody is available to take your call. "
        "Record your message after the tone. When you have finished, just hang up.",
        "en-US",
    ),
    (
        "Hi, this is my voicemail. I am busy or away from the phone. Leave your name and number "
        "and I will call you back.",
        "en-GB",
    ),
    (
        "The person you are calling is not available. At the tone, please record your message.",
        "en-US",
    ),
    (
        "Our office is closed. We are open from nine to five, Monday to Friday. Please tell us your "
        "name, your number and the reason for your call, and we will call you back.",
        "en-GB",
    ),
    ("Leave a message.", "en-US"),
    ("Guten Tag. Ich bin gerade nicht erreichbar. Bitte sprechen Sie nach dem Signalton.", "de-DE"),
    (
        "Dies ist die Mailbox. Der Teilnehmer ist vor\u00fcbergehend nicht erreichbar. Hinterlassen "
        "Sie eine Nachricht nach dem Ton.",
        "de-DE",
    ),
    ("Bonjour, je ne suis pas disponible. Laissez un message apr\u00e8s le bip sonore.", "fr-FR"),
)
VOICES = ("f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4", "m5", "m6", "m7")
BEEPS_HZ = (440, 620, 700, 850, 950, 1000, 1000, 1050, 1200, 1400, 1560, 1800, 2000)
CHORDS_HZ = ("850+1100", "440+880", "1000+1200")
COUNTRIES = ("us", "gb", "de", "fr")


class Answering(enum.Enum):
    """The kinds, by the digit that dials them."""

    SHORT_HUMAN = 0
    SLOW_HUMAN = 1
    BUSINESS = 2
    VOICEMAIL = 3
    BEEP_ONLY = 4
    SILENCE = 5
    RINGBACK = 6
    BUSY = 7
    VOICEMAIL_1000HZ = 8
    RINGBACK_HUMAN = 9

    @property
    def title(self) -> str:
        return self.name.lower().replace("_", " ")


def number_of(kind: Answering, seed: int) -> str:
    """The number to dial, digits only."""
    return f"1500556{kind.value}{seed % SEEDS:03}"


def script_of(number: str) -> tuple[Answering, Script] | None:
    """The callee at a number of this range; None at any other."""
    dialled = NUMBERS.fullmatch(number)
    if dialled is None:
        return None
    kind = Answering(int(dialled[1]))
    return kind, variation(kind, int(dialled[2]))


def variation(kind: Answering, seed: int) -> Script:
    draw = random.Random(f"{kind.name} {seed}")  # noqa: S311 - variety, not a secret
    noise_db = draw.choice((-70.0, -60.0, -55.0, -50.0, -45.0, -40.0))
    before = f"ring 0.5s; answer; noise {noise_db:g}dB"
    return Script.parse(f"{before}; {_ACTS[kind](draw)}")


def _wait(draw: random.Random, low_s: float, high_s: float) -> str:
    return f"wait {draw.uniform(low_s, high_s):.2f}s"


def _say(draw: random.Random, lines: tuple[Line, ...]) -> str:
    text, language = draw.choice(lines)
    rate, pitch = draw.uniform(0.85, 1.2), draw.uniform(0.8, 1.3)
    level_db = draw.choice((-9.0, -6.0, -3.0, 0.0, 3.0, 6.0))
    return (
        f'say "{text}" in {language} as {draw.choice(VOICES)} '
        f"rate {rate:.2f} pitch {pitch:.2f} at {level_db:g}dB"
    )


def _beep(draw: random.Random) -> str:
    pitch = draw.choice((*BEEPS_HZ, *CHORDS_HZ))
    return f"beep {pitch}Hz {_length(draw)} at {draw.choice((-30, -25, -20, -15, -10))}dB"


def _beep_1000(draw: random.Random) -> str:
    return f"beep 1000Hz {_length(draw)} at {draw.choice((-30, -25, -20, -15, -10))}dB"


def _length(draw: random.Random) -> str:
    return f"{draw.uniform(0.2, 0.9):.2f}s"


def _person(lines: tuple[Line, ...], low_s: float, high_s: float) -> Callable[[random.Random], str]:
    def act(draw: random.Random) -> str:
        return f"{_wait(draw, low_s, high_s)}; {_say(draw, lines)}; listen"

    return act


def _mailbox(beep: Callable[[random.Random], str]) -> Callable[[random.Random], str]:
    def act(draw: random.Random) -> str:
        greeting = f"{_wait(draw, 0.2, 1.5)}; {_say(draw, MAILBOX)}; {_wait(draw, 0.1, 1.0)}"
        return f"{greeting}; {beep(draw)}; listen 30s; hang up cause 16"

    return act


def _bare_beep(draw: random.Random) -> str:
    return f"{_wait(draw, 0.2, 3.5)}; {_beep(draw)}; listen 30s; hang up cause 16"


def _tone(name: str, for_s: float) -> Callable[[random.Random], str]:
    def act(draw: random.Random) -> str:
        return f"{_wait(draw, 0.05, 1.5)}; {name} {for_s:g}s in {draw.choice(COUNTRIES)}; listen"

    return act


def _answered_late(draw: random.Random) -> str:
    """Ringing after the answer, as of an extension, and then somebody."""
    ringing = f"ringback {draw.uniform(1.2, 2.6):.2f}s in {draw.choice(COUNTRIES)}"
    return f"{ringing}; {_wait(draw, 0.2, 0.8)}; {_say(draw, SHORT)}; listen"


_ACTS: dict[Answering, Callable[[random.Random], str]] = {
    Answering.SHORT_HUMAN: _person(SHORT, 0.1, 1.8),
    Answering.SLOW_HUMAN: _person(SLOW, 2.0, 4.0),
    Answering.BUSINESS: _person(BUSINESS, 0.1, 1.5),
    Answering.VOICEMAIL: _mailbox(_beep),
    Answering.BEEP_ONLY: _bare_beep,
    Answering.SILENCE: lambda _draw: "listen",
    Answering.RINGBACK: _tone("ringback", 12),
    Answering.BUSY: _tone("busy", 12),
    Answering.VOICEMAIL_1000HZ: _mailbox(_beep_1000),
    Answering.RINGBACK_HUMAN: _answered_late,
}
