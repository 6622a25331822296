import pytest

from unit.verbs.fakes import FakeCall, run
from voxgate.model.hooks import Hook
from voxgate.verbs.capabilities.rooms import ConferenceWish, Left, Told
from voxgate.verbs.conference import ALL_EVENTS, Conference
from voxgate.verbs.contract import NEXT, InvalidDocument, Replace
from voxgate.verbs.vocabulary import parse_document


class Room:
    def __init__(self):
        self.wishes = []

    async def confer(self, wish, done):
        self.wishes.append((wish, done))
        return Left("kicked")


def read(**properties):
    (verb,) = parse_document([{"verb": "conference", **properties}], strict=True).verbs
    return verb


def test_a_bare_conference_starts_at_once_and_hears_everything_about_itself():
    assert read(name="room").wish == ConferenceWish("room", status_events=ALL_EVENTS)


def test_every_property_has_its_place():
    wish = read(
        name="room",
        beep=True,
        joinMuted=True,
        startConferenceOnEnter=False,
        endConferenceOnExit=True,
        memberTag="agent",
        speakOnlyTo="boss",
        maxParticipants=5,
        endConferenceDuration=60,
        waitHook="/wait",
        enterHook={"url": "/enter", "method": "get"},
        statusHook="/status",
        statusEvents=["join"],
        record={"path": "a.wav"},
        distributeDtmf=True,
        listen={"url": "wss://ear.example/"},
    ).wish

    assert wish == ConferenceWish(
        name="room",
        beep=True,
        muted=True,
        starts=False,
        ends=True,
        tag="agent",
        speaks_only_to="boss",
        members_max=5,
        lasts_s=60,
        wait_hook=Hook("/wait"),
        enter_hook=Hook("/enter", "GET"),
        status_hook=Hook("/status"),
        status_events=frozenset(["join"]),
        record_path="a.wav",
        relays_digits=True,
        beside=wish.beside,
    )
    assert [verb.verb for verb in wish.beside] == ["listen"]


def test_room_is_the_same_verb():
    (verb,) = parse_document(
        [
            {"verb": "room", "name": "x"},
        ],
        strict=True,
    ).verbs
    assert isinstance(verb, Conference)
    (short,) = parse_document([{"room": {"name": "x"}}], strict=True).verbs
    assert isinstance(short, Conference)


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({}, "conference: missing value for name"),
        ({"name": "x", "statusEvents": ["party"]}, "statusEvents"),
        ({"name": "x", "listen": "wss://x"}, "conference: listen must be an object"),
        ({"name": "x", "listen": {"verb": "listen"}}, "listen: missing value for url"),
        ({"name": "x", "maxParticipants": -1}, "maxParticipants"),
    ],
)
def test_what_is_wrong_is_named(properties, problem):
    with pytest.raises(InvalidDocument) as refused:
        read(**properties)
    assert problem in str(refused.value)


def test_the_action_hook_is_told_after_leaving_and_its_answer_goes_on():
    call = FakeCall(answer_document=[{"verb": "hangup"}])
    call.rooms = Room()

    outcome = run(read(name="room", id="c", actionHook="/done"), call)

    assert isinstance(outcome, Replace)
    assert call.told("ask") == [("ask", 0.0, "/done", {}, "c")]
    assert call.rooms.wishes[0][1] == Told(Hook("/done"), "c")
    assert call.notes == [{"left": "kicked"}]


def test_without_a_hook_the_next_verb_runs():
    call = FakeCall()
    call.rooms = Room()

    assert run(read(name="room"), call) is NEXT
    assert call.rooms.wishes[0][1] is None
