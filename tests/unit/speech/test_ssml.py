import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.speech.contract import Phrase, Silence
from voxgate.speech.ssml import parse


def spoken(inner: str) -> list[Phrase | Silence]:
    script = parse(f"<speak>{inner}</speak>")
    assert script.faults == ()
    return list(script.segments)


def manners(inner: str) -> list[tuple[str, float, float, float]]:
    return [
        (part.text, round(part.rate, 3), round(part.pitch, 3), round(part.gain_db, 2))
        for part in spoken(inner)
        if isinstance(part, Phrase)
    ]


def test_plain_text_is_one_phrase_markup_signs_and_all():
    assert parse(" 2 < 3 & 4 > 1 ").segments == (Phrase("2 < 3 & 4 > 1"),)


@pytest.mark.parametrize("text", ["", "   ", "<speak/>", "<speak> ... </speak>", "\x00"])
def test_nothing_to_say_is_no_segment(text):
    assert parse(text).segments == ()


def test_white_space_of_the_markup_is_not_spoken():
    assert spoken("\n  Hello\n   you  \n") == [Phrase("Hello you")]


def test_attributes_namespaces_and_declarations_do_not_matter():
    text = (
        '<?xml version="1.0"?>\n<speak version="1.0" xml:lang="en-US" '
        'xmlns:mstts="https://www.w3.org/2001/mstts"><voice name="x">Hello</voice></speak>'
    )

    assert parse(text.removeprefix('<?xml version="1.0"?>\n')).segments == (Phrase("Hello"),)


@pytest.mark.parametrize(
    ("attributes", "ms"),
    [
        ('time="500ms"', 500),
        ('time="1.5s"', 1500),
        ('time="+2S"', 2000),
        ('time="99s"', 10_000),
        ('strength="weak"', 250),
        ('strength="x-strong"', 1000),
        ("", 500),
    ],
)
def test_a_break_is_silence_of_its_length(attributes, ms):
    assert spoken(f"one <break {attributes}/> two") == [Phrase("one"), Silence(ms), Phrase("two")]


def test_a_break_of_no_strength_is_none():
    assert spoken('one <break strength="none"/> two') == [Phrase("one"), Phrase("two")]


def test_sentences_and_paragraphs_are_set_apart_but_the_last_is_not_followed_by_silence():
    assert spoken("<p><s>One.</s><s>Two.</s></p><p>Three.</p>") == [
        Phrase("One."),
        Silence(300),
        Phrase("Two."),
        Silence(500),
        Phrase("Three."),
    ]


def test_a_break_between_sentences_takes_the_place_of_their_pause():
    assert spoken('<s>One.</s><break time="2s"/><s>Two.</s>') == [
        Phrase("One."),
        Silence(2000),
        Phrase("Two."),
    ]


@pytest.mark.parametrize(
    ("attributes", "manner"),
    [
        ('rate="slow"', (0.75, 1.0, 0.0)),
        ('rate="120%"', (1.2, 1.0, 0.0)),
        ('rate="+20%"', (1.2, 1.0, 0.0)),
        ('rate="-10%"', (0.9, 1.0, 0.0)),
        ('rate="1.5"', (1.5, 1.0, 0.0)),
        ('rate="900%"', (3.0, 1.0, 0.0)),
        ('pitch="high"', (1.0, 1.2, 0.0)),
        ('pitch="+12st"', (1.0, 2.0, 0.0)),
        ('pitch="-50%"', (1.0, 0.5, 0.0)),
        ('volume="loud"', (1.0, 1.0, 3.0)),
        ('volume="-6dB"', (1.0, 1.0, -6.0)),
        ('volume="50"', (1.0, 1.0, -6.02)),
        ('volume="-50%"', (1.0, 1.0, -6.02)),
        ('volume="silent"', (1.0, 1.0, -96.0)),
        ('volume="0"', (1.0, 1.0, -96.0)),
        ('rate="fast" volume="soft"', (1.3, 1.0, -6.0)),
    ],
)
def test_prosody_changes_the_manner(attributes, manner):
    assert manners(f"a <prosody {attributes}>b</prosody> c") == [
        ("a", 1.0, 1.0, 0.0),
        ("b", *manner),
        ("c", 1.0, 1.0, 0.0),
    ]


def test_nested_prosody_adds_up():
    inner = '<prosody rate="50%">a<prosody rate="150%" volume="+3dB">b</prosody></prosody>'

    assert manners(inner) == [("a", 0.5, 1.0, 0.0), ("b", 0.75, 1.0, 3.0)]


def test_emphasis_is_slower_and_louder_or_the_reverse():
    ((_, rate, _, gain_db),) = manners('<emphasis level="strong">now</emphasis>')
    ((_, reduced_rate, _, reduced_db),) = manners('<emphasis level="reduced">now</emphasis>')

    assert rate < 1 < reduced_rate
    assert reduced_db < 0 < gain_db


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("digits", "1234", "1 2 3 4"),
        ("telephone", "+49 30-12", "+ 4 9, 3 0, 1 2"),
        ("characters", "abc", "A B C"),
        ("spell-out", "a1", "A 1"),
        ("date", "1.5.2026", "1.5.2026"),
    ],
)
def test_say_as_spells_what_is_to_be_spelled(kind, text, said):
    assert spoken(f'code <say-as interpret-as="{kind}">{text}</say-as> now') == [
        Phrase(f"code {said} now")
    ]


def test_sub_says_its_alias():
    inner = 'the <sub alias="World Wide Web">W<emphasis>3</emphasis>C</sub> site'

    assert spoken(inner) == [Phrase("the World Wide Web site")]


def test_entities_and_cdata_are_read():
    assert spoken("Tom &amp; Jerry <![CDATA[<3]]> &#233;") == [Phrase("Tom & Jerry <3 \u00e9")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<speak>Tom & Jerry</speak>", "Tom & Jerry"),
        ("<speak>Hello <break time='1s'>you</speak>", "Hello  you"),
        ("<speak>Hello", "Hello"),
        ("<speak>Hello</speak> again", "Hello  again"),
        ("<speak>Hello <emphasis", "Hello"),
    ],
)
def test_malformed_ssml_is_read_without_its_tags_and_reported(text, said):
    script = parse(text)

    assert script.segments == (Phrase(said),)
    assert script.faults[0].startswith("SSML cannot be read: ")


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE speak [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><speak>&b;</speak>',
        "<speak>" + "<voice>" * 100 + "deep" + "</voice>" * 100 + "</speak>",
    ],
)
def test_xml_that_is_an_attack_is_not_followed(text):
    script = parse("<speak" + text.removeprefix("<speak"))

    assert script.faults != ()


def test_markup_without_effect_is_reported_and_its_words_are_spoken():
    script = parse('<speak><audio src="x">beep</audio> <prosody rate="soon">now</prosody></speak>')

    assert script.segments == (Phrase("beep now"),)
    assert script.faults == (
        "SSML element audio has no effect",
        "SSML prosody rate 'soon' cannot be read",
    )


@given(st.text() | st.text().map(lambda inner: f"<speak>{inner}</speak>"))
def test_any_text_gives_something_that_can_be_spoken(text):
    for segment in parse(text).segments:
        assert segment.text.strip() if isinstance(segment, Phrase) else segment.ms > 0


FRAGMENTS = st.lists(
    st.sampled_from([
        "<s>",
        "</s>",
        "<p>",
        "</p>",
        "<break/>",
        "hi ",
        "<prosody rate='x-fast'>",
        "</prosody>",
    ]),
    max_size=12,
)


@given(FRAGMENTS.map("".join))
def test_any_nesting_of_elements_keeps_every_word(inner):
    segments = parse(f"<speak>{inner}</speak>").segments
    said = " ".join(part.text for part in segments if isinstance(part, Phrase))

    assert said.split().count("hi") == inner.count("hi")
