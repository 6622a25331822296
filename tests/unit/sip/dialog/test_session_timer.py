import pytest

from unit.sip.transaction.samples import request
from voxgate.sip.dialog.session_timer import (
    SessionTimer,
    TooSmall,
    asked,
    grant,
    granted,
    granting,
    longer,
)
from voxgate.sip.message import Headers, Request, Response


def invite(**fields: str) -> Request:
    headers = request("INVITE").headers.copy()
    for name, value in fields.items():
        headers.add(name.replace("_", "-"), value)
    return Request("INVITE", "sip:a@x", headers)


def ok(**fields: str) -> Response:
    return Response(200, "OK", Headers((n.replace("_", "-"), v) for n, v in fields.items()))


def test_the_end_comes_32_seconds_or_a_third_before_the_time_is_up():
    assert SessionTimer(1800, we_refresh=True).bye_after_s == 1768
    assert SessionTimer(90, we_refresh=True).bye_after_s == 60
    assert SessionTimer(1800, we_refresh=True).refresh_after_s == 900


def test_a_request_asks_for_a_timer_unless_it_is_switched_off():
    assert asked(0, 90) == []
    assert asked(1800, 90) == [("Session-Expires", "1800")]
    assert asked(120, 300, "uac") == [("Session-Expires", "300;refresher=uac"), ("Min-SE", "300")]


@pytest.mark.parametrize(("text", "timer"), [
    ("1800;refresher=uac", SessionTimer(1800, we_refresh=True)),
    ("1800;refresher=uas", SessionTimer(1800, we_refresh=False)),
    ("1800", SessionTimer(1800, we_refresh=True)),
    ("1;refresher=uas", SessionTimer(90, we_refresh=False)),
    ("soon", None),
])  # fmt: skip
def test_what_the_answer_grants(text: str, timer: SessionTimer | None):
    assert granted(ok(Session_Expires=text)) == timer


def test_no_header_in_the_answer_means_no_timer():
    assert granted(ok()) is None


@pytest.mark.parametrize(("fields", "timer"), [
    ({}, None),
    ({"Supported": "timer"}, SessionTimer(1800, we_refresh=False)),
    ({"Supported": "timer", "Min_SE": "3600"}, SessionTimer(3600, we_refresh=False)),
    ({"Supported": "timer", "Session_Expires": "600"}, SessionTimer(600, we_refresh=False)),
    ({"Supported": "timer", "Session_Expires": "600;refresher=uas"},
     SessionTimer(600, we_refresh=True)),
    ({"Supported": "timer", "Session_Expires": "9000"}, SessionTimer(1800, we_refresh=False)),
    ({"Supported": "timer", "Session_Expires": "60"}, TooSmall(90)),
    ({"Session_Expires": "60"}, SessionTimer(90, we_refresh=True)),
    ({"Session_Expires": "600"}, SessionTimer(600, we_refresh=True)),
])  # fmt: skip
def test_what_we_grant(fields: dict[str, str], timer: SessionTimer | TooSmall | None):
    assert grant(invite(**fields), wanted_s=1800, min_se_s=90) == timer


def test_with_the_timer_switched_off_we_still_honour_the_one_asked_for():
    asking = invite(Supported="timer", Session_Expires="600")

    assert grant(asking, wanted_s=0, min_se_s=90) == SessionTimer(600, we_refresh=False)
    assert grant(invite(Supported="timer"), wanted_s=0, min_se_s=90) is None


def test_the_answer_names_the_refresher_and_requires_timer_of_the_caller_only():
    able = invite(Supported="timer")

    assert granting(able, SessionTimer(600, we_refresh=False)) == [
        ("Session-Expires", "600;refresher=uac"),
        ("Require", "timer"),
    ]
    assert granting(able, SessionTimer(600, we_refresh=True)) == [
        ("Session-Expires", "600;refresher=uas")
    ]
    assert granting(invite(), SessionTimer(600, we_refresh=True)) == []
    assert granting(able, None) == []


@pytest.mark.parametrize(
    ("text", "interval"), [("900", 900), ("60", None), ("", None), ("x", None)]
)
def test_a_422_is_worth_another_try_only_if_it_wants_more(text: str, interval: int | None):
    assert longer(Headers([("Min-SE", text)]), 120) == interval
