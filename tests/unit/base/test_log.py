import io
import json

import pytest
import structlog

from voxgate.base.log import configure_logging, get_logger, masked_number


@pytest.fixture
def lines():
    """What is logged as JSON, and structlog as it was afterwards."""
    stream = io.StringIO()
    configure_logging("info", json_lines=True, stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("number", "masked"),
    [("+4930111222", "+49******22"), ("1234", "****"), ("12345", "12345"[:3] + "45"), ("", "")],
)
def test_of_a_number_only_the_ends_are_shown(number, masked):
    assert masked_number(number) == masked


def test_a_line_has_its_event_its_component_its_level_and_its_fields(lines):
    get_logger("journal").info("calls_recovered", number=3)

    (line,) = lines()
    assert (line["event"], line["component"], line["level"], line["number"]) == (
        "calls_recovered",
        "journal",
        "info",
        3,
    )
    assert line["timestamp"].endswith("Z")


def test_numbers_in_any_text_are_masked_but_identifiers_are_not(lines):
    sid = "12345678-1234-4123-8123-123456789012"
    get_logger("x").warning(
        "refused", callee="sip:+4930111222@carrier", call_sid=sid, call_id="12345678@host"
    )

    (line,) = lines()
    assert "30111222" not in line["callee"]
    assert (line["call_sid"], line["call_id"]) == (sid, "12345678@host")


def test_lines_below_the_level_are_not_written(lines):
    get_logger("x").debug("detail")

    assert lines() == []


def test_a_logger_made_before_logging_was_configured_follows_the_configuration():
    early = get_logger("early")
    stream = io.StringIO()
    configure_logging("info", json_lines=True, stream=stream)
    early.info("hello")
    structlog.reset_defaults()

    assert json.loads(stream.getvalue())["event"] == "hello"


def test_for_people_the_same_is_written_as_text():
    stream = io.StringIO()
    configure_logging("info", json_lines=False, stream=stream)
    get_logger("x").info("started", port=3000)
    structlog.reset_defaults()

    assert "started" in stream.getvalue()
    assert "3000" in stream.getvalue()
