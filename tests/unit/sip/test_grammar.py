import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.sip.grammar import (
    InvalidHeader,
    MalformedMessage,
    check_host,
    checked_text,
    find_parameter,
    parse_number,
    parse_parameters,
    print_host,
    print_parameters,
    quote,
    quoted_end,
    split_commas,
    unquote,
    with_parameter,
)

TOKENS = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=8)


@given(st.text(max_size=30))
def test_unquoting_undoes_quoting(text: str):
    quoted = quote(text)

    assert unquote(quoted) == text
    assert quoted_end(quoted) == len(quoted)


def test_what_is_not_quoted_is_left_alone():
    assert unquote("plain") == "plain"
    assert unquote('"') == '"'


def test_string_that_never_ends_has_no_end():
    assert quoted_end('"abc\\"') == -1


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        (" a ", ["a"]),
        ("a,b ,  c", ["a", "b", "c"]),
        ("a,,b", ["a", "", "b"]),
        ('"x, y" <sip:a@b>, <sip:c,d@e>', ['"x, y" <sip:a@b>', "<sip:c,d@e>"]),
        (r'"quote \", comma", b', [r'"quote \", comma"', "b"]),
        ('a, "never, ends', ["a", '"never, ends']),
        ("a, <never, ends", ["a", "<never, ends"]),
        ('"a",', ['"a"']),
    ],
)
def test_commas_split_outside_quotes_and_brackets(text: str, parts: list[str]):
    assert split_commas(text) == parts


@given(st.text(',"<>\\a ', max_size=40))
def test_splitting_loses_nothing_but_blanks_and_commas(text: str):
    assert "".join(split_commas(text)).replace(" ", "").replace(",", "") == text.replace(
        " ", ""
    ).replace(",", "")


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("", ()),
        (";lr", (("lr", None),)),
        (";a=1;b;c=", (("a", "1"), ("b", None), ("c", ""))),
        (' ; a = "x;y" ;b', (("a", "x;y"), ("b", None))),
        (
            ";received=2001:db8::1;branch=z9hG4bK%",
            (("received", "2001:db8::1"), ("branch", "z9hG4bK%")),
        ),
        (";a=1;", (("a", "1"),)),
        (";a=1 ; ", (("a", "1"),)),
    ],
)
def test_parameters_are_read(text: str, parameters: tuple[tuple[str, str | None], ...]):
    assert parse_parameters(text, "X") == parameters


@pytest.mark.parametrize("text", ["a=1", ";;a", ";a=1;;", ";a b", ';a="x', ";a=1,b", ";=1", ";ä=1"])
def test_broken_parameters_are_refused(text: str):
    with pytest.raises(MalformedMessage) as caught:
        parse_parameters(text, "X")

    assert (caught.value.header, caught.value.status) == ("X", 400)


@given(st.lists(st.tuples(TOKENS, st.none() | st.text(max_size=12)), max_size=4).map(tuple))
def test_reading_parameters_undoes_printing(parameters: tuple[tuple[str, str | None], ...]):
    assert parse_parameters(print_parameters(parameters), "X") == parameters


def test_parameters_are_found_and_set_whatever_their_case():
    parameters = (("Tag", "1"), ("lr", None))

    assert find_parameter(parameters, "tag") == "1"
    assert find_parameter(parameters, "lr") == ""
    assert find_parameter(parameters, "x") is None
    assert with_parameter(parameters, "tag", "2") == (("Tag", "2"), ("lr", None))
    assert with_parameter(parameters, "x", None) == (("Tag", "1"), ("lr", None), ("x", None))


@pytest.mark.parametrize("text", ["", "-1", "1.0", "4294967296", "9" * 5000, "\u0663", "0x1"])
def test_number_that_is_none_or_too_big_is_refused(text: str):
    with pytest.raises(MalformedMessage):
        parse_number(text, "X")


def test_number_may_have_zeros_and_blanks_around_it():
    assert parse_number(" 0068 ", "X") == 68
    assert parse_number("4294967295", "X") == 2**32 - 1


@pytest.mark.parametrize(
    ("host", "port"),
    [("", None), ("a b", None), ("a>", None), ("a", 0), ("a", 65_536), ("é", None)],
)
def test_host_that_would_break_a_header_cannot_be_sent(host: str, port: int | None):
    with pytest.raises(InvalidHeader):
        check_host(host, port, "X")


def test_only_ipv6_needs_brackets():
    check_host("2001:db8::1", 5060, "X")

    assert print_host("2001:db8::1") == "[2001:db8::1]"
    assert print_host("192.0.2.1") == "192.0.2.1"


@given(st.text(max_size=20))
def test_checked_text_fits_in_a_line(text: str):
    try:
        checked = checked_text("X", text)
    except InvalidHeader:
        return

    assert checked == text
    assert not set(text.encode()) & {0, 10, 13}


def test_error_does_not_carry_a_whole_message_around():
    assert len(str(MalformedMessage("X", "x" * 60_000))) < 200
    assert len(str(InvalidHeader("x" * 60_000, "why"))) < 200


@pytest.mark.parametrize(
    "text",
    [
        ";a" + " " * 60_000,
        ";a=" + '"' + "\\" * 60_001,
        ";" * 60_000,
        ";a" * 30_000 + "!,",
    ],
)
def test_parameters_of_a_hostile_length_are_read_in_linear_time(text: str):
    """A quadratic pattern needs minutes for these; the limit of the test run would end it."""
    with contextlib.suppress(MalformedMessage):
        parse_parameters(text, "X")

    assert "".join(split_commas(text.replace(";", "<")))
