"""Digest authentication: SIPp works the answer out by itself and compares (RFC 2617 MD5)."""

import pytest

from interop.scenario import Scenario, Step, hung_up, receive, receive_invite, reply, sdp
from interop.sipp import header_value
from interop.stage import CALLEE, Stage

USER, PASSWORD = "trunk-user", "s3cret"
NAMES = {
    401: ("WWW-Authenticate", "Authorization", "Unauthorized"),
    407: ("Proxy-Authenticate", "Proxy-Authorization", "Proxy Authentication Required"),
}


def _challenge(status: int, more: str, nonce: str = "4f1c7a") -> tuple[Step, ...]:
    name, _, reason = NAMES[status]
    value = f'{name}: Digest realm="carrier, inc.", nonce="{nonce}", algorithm=MD5{more}'
    return (receive_invite(), reply(status, reason, value), receive("ACK"))


def _call(stage: Stage, port: int, password: str = PASSWORD) -> dict:
    trunk = stage.trunk(port, register_username=USER, register_password=password)
    call = stage.call(to={"type": "phone", "number": CALLEE, "trunk": trunk})
    return {"call_id": call.call_id, **call.ended()}


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("more", ["", ', qop="auth"', ', qop="auth,auth-int", opaque="x"'])
def test_a_challenged_invite_is_repeated_with_right_credentials(
    stage: Stage, status: int, more: str
) -> None:
    scenario = Scenario(
        f"digest-{status}",
        *_challenge(status, more),
        receive_invite(credentials=(USER, PASSWORD)),
        reply(200, "OK", content=sdp()),
        receive("ACK"),
        *hung_up(),
    )
    with stage.phone(scenario) as phone:
        ended = _call(stage, phone.port)

    assert ended["call_status"] == "completed"
    first, second = phone.received("INVITE")
    assert header_value(first, "Call-ID") == header_value(second, "Call-ID") == ended["call_id"]
    assert (header_value(first, "CSeq"), header_value(second, "CSeq")) == ("1 INVITE", "2 INVITE")
    credentials = header_value(second, NAMES[status][1])
    assert ("qop=auth," in credentials + ",") == ("qop" in more)
    assert ('opaque="x"' in credentials) == ("opaque" in more)
    assert PASSWORD not in second


def test_a_stale_nonce_is_answered_once_more(stage: Stage) -> None:
    scenario = Scenario(
        "digest-stale",
        *_challenge(407, ', qop="auth"', nonce="old"),
        *_challenge(407, ', qop="auth", stale=true', nonce="new"),
        receive_invite(credentials=(USER, PASSWORD)),
        reply(200, "OK", content=sdp()),
        receive("ACK"),
        *hung_up(),
    )
    with stage.phone(scenario) as phone:
        ended = _call(stage, phone.port)

    assert ended["call_status"] == "completed"
    assert 'nonce="new"' in header_value(phone.received("INVITE")[2], "Proxy-Authorization")


def test_wrong_credentials_end_the_call_as_a_configuration_fault(stage: Stage) -> None:
    scenario = Scenario(
        "digest-wrong",
        *_challenge(407, ', qop="auth"', nonce="one"),
        *_challenge(407, ', qop="auth"', nonce="two"),
    )
    with stage.phone(scenario) as phone:
        ended = _call(stage, phone.port, password="not it")

    assert (ended["call_status"], ended["sip_status"]) == ("failed", 407)
    assert ended["outcome"]["fault_domain"] == "config"


def test_a_challenge_without_credentials_ends_the_call(stage: Stage) -> None:
    with stage.phone(Scenario("digest-none", *_challenge(401, ', qop="auth"'))) as phone:
        ended = stage.call(phone.port).ended()

    assert (ended["call_status"], ended["sip_status"]) == ("failed", 401)
    assert ended["outcome"]["fault_domain"] == "config"
