import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.sandbox.script import Script, ScriptError
from voxgate.sandbox.steps import (
    BEEP_DB,
    COUNTRIES,
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

SECONDS = st.floats(min_value=0.001, max_value=3600)
TEXT = st.text(min_size=1).filter(lambda text: text.strip() != "")
FACTOR = st.floats(min_value=0.5, max_value=2.0)
PITCH = st.integers(50, 3800)
COUNTRY = st.sampled_from(COUNTRIES)
KEYS = st.text("0123456789*#ABCD", min_size=1, max_size=64)
ON_THE_LINE: st.SearchStrategy[Step] = st.one_of(
    st.builds(Wait, SECONDS),
    st.builds(
        Say,
        TEXT,
        st.sampled_from(["en-US", "de-DE", "fr"]),
        voice=st.none() | st.just("f2"),
        rate=FACTOR,
        pitch=FACTOR,
        level_db=st.sampled_from([0.0, -6.0, 2.5]),
    ),
    st.builds(
        Beep,
        PITCH,
        SECONDS,
        st.none() | PITCH,
        st.sampled_from([BEEP_DB, -30.0, -12.5]),
    ),
    st.just(Sit()),
    st.builds(Ringback, SECONDS, COUNTRY),
    st.builds(Busy, SECONDS, COUNTRY),
    st.builds(Noise, st.sampled_from([-90.0, -52.5, -10.0])),
    st.builds(Listen, st.none() | SECONDS),
    st.builds(ListenForSilence, SECONDS, SECONDS),
    st.builds(ListenForSpeech, SECONDS),
    st.builds(ListenForDigits, st.integers(1, 64), SECONDS),
    st.builds(Press, KEYS),
    st.builds(Hold, SECONDS),
)
BEFORE: st.SearchStrategy[Step] = st.one_of(
    st.builds(Ring, st.none() | SECONDS), st.just(Early()), st.builds(Wait, SECONDS)
)
REFUSED: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        Reject,
        st.integers(300, 699),
        st.sampled_from(["Busy Here", "Nobody; home", 'The "last" one']),
        st.lists(st.tuples(st.just("X-Why"), st.sampled_from(["a b", 'say "no"', "5"]))).map(tuple),
    ),
    st.builds(Redirect, st.from_regex(r"\+?[0-9]{1,32}", fullmatch=True)),
)
FIRST: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        Challenge,
        st.sampled_from([401, 407]),
        TEXT,
        TEXT,
        st.sampled_from(["MD5", "SHA-256"]),
    )
)


@given(
    st.lists(FIRST, max_size=1),
    st.lists(BEFORE, max_size=3),
    st.builds(Answer),
    st.lists(ON_THE_LINE, max_size=5),
    st.lists(st.builds(HangUp, st.none() | st.integers(1, 127)), max_size=1),
)
def test_an_answered_script_reads_back_as_it_was_written(first, before, answer, line, end):
    script = Script.of(*first, *before, answer, *line, *end)

    assert Script.parse(str(script)) == script


@given(st.lists(BEFORE, max_size=3), REFUSED)
def test_a_refusing_script_reads_back_as_it_was_written(before, refusal):
    script = Script.of(*before, refusal)

    assert Script.parse(str(script)) == script


@given(st.text())
def test_any_text_is_a_script_or_a_script_error(text):
    try:
        script = Script.parse(text)
    except ScriptError as error:
        named = error.position
    else:
        named = len(script.steps)

    assert 1 <= named <= 101


def test_a_semicolon_in_quotes_belongs_to_the_words():
    script = Script.parse('answer; say "one; two"\nlisten 2s')

    assert script.steps == (Answer(), Say("one; two"), Listen(2.0))


def test_ignore_and_stay_trying_stand_alone():
    assert Script.parse("ignore").steps == (Ignore(),)
    assert Script.parse("stay trying").steps == (StayTrying(),)


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("", 1, "at least one step"),
        ("ring 1s; dance", 2, "unknown step"),
        ("ring soon", 1, "not a time"),
        ("ring 0s", 1, "not a time"),
        ("ring nan", 1, "not a time"),
        ("answer; wait", 2, "time is missing"),
        ("answer; say", 2, "words are missing"),
        ("answer; say Hello there", 2, "in quotes"),
        ('answer; say "Hello', 2, "not closed"),
        ("answer; press 12x", 2, "press 1234#"),
        ("answer; beep 9Hz", 2, "50 to 3800 Hz"),
        ("answer; beep 1000+1100+1200Hz", 2, "50 to 3800 Hz"),
        ("answer; beep 1000Hz 1s 2s", 2, "50 to 3800 Hz"),
        ("answer; beep 1000Hz at 3dB", 2, "-60dB to 0dB"),
        ("answer; busy 3s in xx", 2, "us, gb, de, fr"),
        ("answer; noise", 2, "noise -50dB"),
        ("answer; noise loud", 2, "-90dB to -10dB"),
        ("noise -50dB; answer", 1, "no sound yet"),
        ('answer; say "Hi" rate 3', 2, "factor from 0.5 to 2"),
        ('answer; say "Hi" at 40dB', 2, "-30dB to 12dB"),
        ('answer; say "Hi" as', 2, "in quotes"),
        ("answer; listen until digits 0", 2, "1 to 64"),
        ("answer; listen until silence 1s 20s", 2, "max 20s"),
        ("reject 200", 1, "300 to 699"),
        ("reject 486 Busy here", 1, "not a header"),
        ("challenge 403 a b", 1, "challenge 407"),
        ("answer; hang up cause 0", 2, "1 to 127"),
        ('say "Hello"; answer', 1, "no sound yet"),
        ('answer mute; say "Hello"', 2, "answered mute"),
        ("listen 2s", 1, "answered call"),
        ("answer; ring 1s", 2, "before the answer"),
        ("answer; answer", 2, "before the answer"),
        ("answer; hang up; wait 1s", 3, "over before"),
        ("reject 486; answer", 2, "over before"),
        ("ring 1s; ignore", 2, "only be the first"),
        ("; ".join(["wait 1s"] * 101), 101, "at most 100"),
    ],
)
def test_a_wrong_step_is_named(text, position, says):
    with pytest.raises(ScriptError, match=says) as caught:
        Script.parse(text)

    assert caught.value.position == position
