"""Digest authentication (RFC 2617 MD5): the answer is worked out here once more, and by SIPp."""

import hashlib
import re

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


def _response(credentials: str, password: str) -> str:
    """The response that these credentials should carry."""
    fields = {n: a or b for n, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', credentials)}

    def md5(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode()).hexdigest()

    secret = md5(fields["username"], fields["realm"], password)
    target = md5("INVITE", fields["uri"])
    if "qop" in fields:
        counted = (fields["nonce"], fields["nc"], fields["cnonce"], fields["qop"])
        return md5(secret, *counted, target)
    return md5(secret, fields["nonce"], target)


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
        # SIPp checks Authorization only; Proxy-Authorization is checked below.
        receive_invite(credentials=(USER, PASSWORD) if status == 401 else None),
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
    assert f'response="{_response(credentials, PASSWORD)}"' in credentials
    assert f'username="{USER}"' in credentials
    assert ('opaque="x"' in credentials) == ("opaque" in more)
    assert PASSWORD not in second


def test_a_stale_nonce_is_answered_once_more(stage: Stage) -> None:
    scenario = Scenario(
        "digest-stale",
        *_challenge(407, ', qop="auth"', nonce="old"),
        *_challenge(407, ', qop="auth", stale=true', nonce="new"),
        receive_invite(),
        reply(200, "OK", content=sdp()),
        receive("ACK"),
        *hung_up(),
    )
    with stage.phone(scenario) as phone:
        ended = _call(stage, phone.port)

    assert ended["call_status"] == "completed"
    credentials = header_value(phone.received("INVITE")[2], "Proxy-Authorization")
    assert 'nonce="new"' in credentials
    assert f'response="{_response(credentials, PASSWORD)}"' in credentials


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
