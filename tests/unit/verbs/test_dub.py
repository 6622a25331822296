import pytest

from unit.verbs.fakes import FakeCall, run
from voxgate.model.speech import SynthesizerChoice
from voxgate.verbs.capabilities.tracks import Sound
from voxgate.verbs.contract import NEXT, InvalidDocument, NotNow
from voxgate.verbs.vocabulary import parse_document


class Tracks:
    def __init__(self):
        self.asked = []

    def add(self, track):
        self.asked.append(("add", track))

    def remove(self, track):
        raise NotNow(f"the call has no track {track}")

    def silence(self, track):
        self.asked.append(("silence", track))

    def play(self, track, sounds, *, loop, gain_db):
        self.asked.append(("play", track, sounds, loop, gain_db))


def read(**properties):
    (verb,) = parse_document([{"verb": "dub", "track": "m", **properties}], strict=True).verbs
    return verb


def asked(**properties):
    call = FakeCall()
    call.tracks = Tracks()
    assert run(read(**properties), call) is NEXT
    return call.tracks.asked, call.notes


def test_a_track_may_begin_with_a_sound():
    assert asked(action="addTrack")[0] == [("add", "m")]
    assert asked(action="addTrack", play="/a.mp3", loop=True, gain="-10dB")[0] == [
        ("add", "m"),
        ("play", "m", (Sound(url="/a.mp3"),), True, -10.0),
    ]


@pytest.mark.parametrize("gain", [2, "+2dB", "2 dB", "2"])
def test_gain_is_a_number_or_text(gain):
    ((_, _, _, _, gain_db),) = asked(action="playOnTrack", play="/a", gain=gain)[0]
    assert gain_db == 2


def test_text_is_said_plainly_or_with_the_properties_of_say():
    plain = asked(action="sayOnTrack", say="hello")[0]
    voiced = asked(
        action="sayOnTrack",
        play="/ignored",
        say={
            "verb": "say",
            "text": ["hello", "https://a.example/b.wav"],
            "synthesizer": {"vendor": "default", "language": "de-DE"},
        },
    )[0]

    assert plain == [("play", "m", (Sound(text="hello"),), False, 0)]
    ((_, _, sounds, _, _),) = voiced
    assert sounds[0] == Sound(text="hello", synthesizer=SynthesizerChoice(language="de-DE"))
    assert sounds[1] == Sound(url="https://a.example/b.wav")


def test_silence_is_asked_and_what_is_not_possible_is_noted():
    assert asked(action="silenceTrack")[0] == [("silence", "m")]
    assert asked(action="removeTrack") == ([], [{"error": "the call has no track m"}])


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({"action": "playOnTrack"}, "dub: missing value for play"),
        ({"action": "sayOnTrack"}, "dub: missing value for say"),
        ({"action": "dance"}, "action"),
        ({}, "dub: missing value for action"),
        ({"action": "addTrack", "gain": "loud"}, "must be decibels"),
        ({"action": "addTrack", "gain": 99}, "gain"),
    ],
)
def test_what_is_wrong_is_named(properties, problem):
    with pytest.raises(InvalidDocument) as refused:
        read(**properties)
    assert problem in str(refused.value)
