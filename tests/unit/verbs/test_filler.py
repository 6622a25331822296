import pytest

from unit.verbs.fakes import FakeCall, run, run_and_time, verb
from voxgate.verbs.capabilities.settings import Delay
from voxgate.verbs.contract import ENDED, NEXT, InvalidDocument, Replace, Verb
from voxgate.verbs.pause import Pause

MUSIC = "https://media.example/music.wav"


def gathering(**delay: object) -> Verb:
    """One digit at second 0, then the hook."""
    return verb("gather", numDigits=1, actionHook="/x", actionHookDelayAction=delay)


def slow_application(seconds: float, **wishes: object) -> FakeCall:
    return FakeCall(keys={0: "1"}, hook_s=seconds, say_s=2, play_s=3, **wishes)


def test_a_filler_is_heard_each_time_the_application_took_too_long():
    call = slow_application(60)
    fillers = [{"say": {"text": "one moment"}}, {"say": {"text": "still here"}}]

    run(gathering(noResponseTimeout=3, retries=2, actions=fillers), call)

    assert call.told("say") == [
        ("say", 3, "one moment"),
        ("say", 8, "still here"),
        ("say", 13, "one moment"),
    ]


def test_a_spoken_filler_is_heard_out_before_the_answer_is_acted_on():
    call = slow_application(4, answer_document=[{"verb": "pause", "length": 1}])

    outcome, ended = run_and_time(
        gathering(noResponseTimeout=3, actions=[{"say": {"text": "one moment"}}]), call
    )

    assert isinstance(outcome, Replace)
    assert (ended, call.told("say cut")) == (5.0, [])


def test_a_played_filler_is_cut_by_the_answer():
    call = slow_application(4)

    outcome, ended = run_and_time(
        gathering(noResponseTimeout=3, actions=[{"play": {"url": MUSIC}}]), call
    )

    assert (outcome, ended) == (NEXT, 4.0)
    assert call.told("play cut") == [("play cut", 4)]


def test_a_quick_application_is_not_talked_over():
    call = slow_application(1)

    run(gathering(noResponseTimeout=3, actions=[{"say": {"text": "one moment"}}]), call)

    assert call.told("say") == []


def test_an_application_that_never_answers_is_given_up_with_its_own_verbs():
    call = slow_application(60)

    outcome, ended = run_and_time(
        gathering(noResponseGiveUpTimeout=25, giveUpActions=[{"pause": {"length": 1}}]), call
    )

    assert isinstance(outcome, Replace)
    assert (outcome.document.verbs, ended) == ((Pause(length=1),), 25.0)
    assert call.told("ask cut") == [("ask cut", 25)]
    assert call.alerts == [
        "bot-action-delay-giveup: the application sent no verbs within 25 seconds"
    ]


def test_without_verbs_for_it_giving_up_ends_the_call_and_says_why():
    call = slow_application(60)

    outcome = run(gathering(noResponseGiveUpTimeout=25), call)

    assert outcome is ENDED
    assert call.told("hang up") == [("hang up", 25, {"X-Reason": "bot-action-delay-giveup"})]


def test_giving_up_cuts_the_filler():
    call = slow_application(60)
    delay = {"noResponseTimeout": 24, "noResponseGiveUpTimeout": 25}

    run(gathering(**delay, actions=[{"say": {"text": "one moment"}}]), call)

    assert call.told("say cut") == [("say cut", 25)]


@pytest.mark.parametrize("name", ["enable", "enabled"])
def test_a_delay_action_that_is_switched_off_does_nothing(name):
    call = slow_application(60)

    run(gathering(**{name: False}, noResponseGiveUpTimeout=1), call)

    assert call.told("hang up") == []


def test_noise_is_played_from_its_delay_until_the_answer():
    call = slow_application(9)
    noise = {"enable": True, "url": MUSIC, "startDelaySecs": 2}

    run(verb("gather", numDigits=1, actionHook="/x", fillerNoise=noise), call)

    assert call.told("play") == [("play", 2, MUSIC), ("play", 5, MUSIC), ("play", 8, MUSIC)]
    assert call.told("play cut") == [("play cut", 9)]


def test_noise_makes_room_for_spoken_fillers():
    call = slow_application(11)
    noise = {"enable": True, "url": MUSIC}
    delay = {"noResponseTimeout": 4, "actions": [{"say": {"text": "one moment"}}]}
    instruction = verb(
        "gather", numDigits=1, actionHook="/x", fillerNoise=noise, actionHookDelayAction=delay
    )

    run(instruction, call)

    assert [entry[:2] for entry in call.log if entry[0] in {"say", "play", "play cut"}] == [
        ("play", 0),
        ("play", 3),
        ("play cut", 4),
        ("say", 4),
        ("play", 6),
        ("play", 9),
        ("play cut", 11),
    ]


def test_noise_that_cannot_be_found_is_one_alert():
    call = slow_application(20, missing=frozenset({MUSIC}))
    noise = {"enable": True, "url": MUSIC}

    run(verb("gather", numDigits=1, actionHook="/x", fillerNoise=noise), call)

    assert len(call.alerts) == 1


@pytest.mark.parametrize(
    ("delay", "complaint"),
    [
        ({"noResponseTimeout": 3}, "missing value for actions"),
        (
            {"noResponseTimeout": 3, "actions": [{"pause": {"length": 1}}]},
            "actions may hold say and play only",
        ),
    ],
)
def test_a_delay_action_without_usable_fillers_is_refused(delay, complaint):
    with pytest.raises(InvalidDocument) as refused:
        gathering(**delay)

    assert refused.value.problems == (f"gather.actionHookDelayAction: {complaint}",)


def test_noise_without_a_sound_is_refused():
    with pytest.raises(InvalidDocument, match=r"gather\.fillerNoise: missing value for url"):
        verb("gather", fillerNoise={"enable": True})


def test_what_the_gather_does_not_say_holds_as_for_the_session():
    call = slow_application(60)
    call.settings.delay = Delay(filler_s=3, actions=(verb("say", text="session"),))

    run(verb("gather", numDigits=1, actionHook="/x"), call)

    assert call.told("say") == [("say", 3, "session")]


def test_the_gathers_own_word_counts_even_when_it_is_no_fs_765():
    call = slow_application(60)
    call.settings.delay = Delay(filler_s=3, actions=(verb("say", text="session"),))

    run(gathering(enabled=False), call)

    assert call.told("say") == []
    assert call.settings.lent == Delay()


@pytest.mark.parametrize("zero", [{"noResponseTimeout": 0}, {}])
def test_zero_is_no_filler_and_never_giving_up_fs_893(zero):
    call = slow_application(600)

    outcome, ended = run_and_time(gathering(noResponseGiveUpTimeout=0, **zero), call)

    assert (outcome, ended, call.told("say")) == (NEXT, 600, [])


def test_giving_up_runs_its_actions_fs_902():
    call = slow_application(60)

    outcome, ended = run_and_time(
        gathering(noResponseGiveUpTimeout=9, giveUpActions=[{"verb": "hangup"}]), call
    )

    assert (isinstance(outcome, Replace), ended) == (True, 9)
    assert "bot-action-delay-giveup" in call.alerts[0]


def test_a_filler_of_its_own_is_lent_to_the_wait_for_commands_fs_924():
    call = slow_application(0)

    run(gathering(noResponseTimeout=3, actions=[{"say": {"text": "one moment"}}]), call)

    assert call.settings.lent.filler_s == 3
