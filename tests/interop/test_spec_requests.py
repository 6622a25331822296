"""The two requests of the product's documentation, sent as written, with only the blanks filled in.

`spec/*.curl` are those commands. The shell and curl of this machine run them.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest

from interop.gateway import ADMIN_TOKEN, Gateway
from interop.hooks import HookServer
from interop.ports import free_port
from interop.scenario import Scenario, answered, hung_up
from interop.sipp import header_value, header_values
from interop.stage import CALLEE, CALLER, HANG_UP_SOON, Stage

SPEC = Path(__file__).parent / "spec"


@pytest.fixture
def documented_app(gateway: Gateway, hooks: HookServer, stage: Stage) -> str:
    """The requests name nothing but an application, so its hooks belong to this story."""
    return gateway.add_application(
        stage.path("application"),
        call_hook={"url": stage.document(HANG_UP_SOON), "method": "POST"},
        call_status_hook={"url": hooks.url(stage.path("status")), "method": "POST"},
    )


def _run(name: str, blanks: dict[str, str]) -> dict:
    command = (SPEC / f"{name}.curl").read_text()
    for blank, value in blanks.items():
        command = command.replace(blank, value)
    assert not re.search(r"<[a-z]", command), "a blank was left"
    done = subprocess.run(
        ["bash", "-c", command.rstrip() + " --silent --show-error --write-out '%{http_code}'"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    body, status = done.stdout[:-3], done.stdout[-3:]
    assert status == "201", done.stdout
    return json.loads(body)


def _blanks(gateway: Gateway, application_sid: str, trunk: str) -> dict[str, str]:
    return {
        "https://<base_url>": f"http://127.0.0.1:{gateway.http_port}",
        "https: //<base_url>": f"http://127.0.0.1:{gateway.http_port}",
        "<account_sid>": gateway.account_sid,
        "<valid-api-token>": ADMIN_TOKEN,
        "<application_sid>": application_sid,
        "<caller's phone number>": CALLER,
        "<callee's phone number>": CALLEE,
        "<display name>": "Display Name",
        "<carrier name>": trunk,
        "<number>": "0815",
    }


def _sdp_lines(invite: str) -> list[str]:
    return invite.partition("\n\n")[2].splitlines()


def _assert_offer(invite: str) -> None:
    lines = _sdp_lines(invite)
    assert lines[0] == "v=0"
    assert re.fullmatch(r"o=\S+ \d+ \d+ IN IP4 127\.0\.0\.1", lines[1])
    assert "c=IN IP4 127.0.0.1" in lines
    assert "t=0 0" in lines
    (media,) = [line for line in lines if line.startswith("m=")]
    found = re.fullmatch(r"m=audio (\d+) RTP/AVP ([\d ]+)", media)
    assert found
    assert int(found[1]) % 2 == 0
    payloads = found[2].split()
    assert {"0", "8"} <= set(payloads)
    events = [p for p in payloads if f"a=rtpmap:{p} telephone-event/8000" in lines]
    assert len(events) == 1
    assert f"a=fmtp:{events[0]} 0-15" in lines or f"a=fmtp:{events[0]} 0-16" in lines
    assert header_value(invite, "Content-Type") == "application/sdp"
    assert int(header_value(invite, "Content-Length")) == len("\r\n".join(lines)) + 2


def test_the_basic_request_rings_the_phone(stage: Stage, documented_app: str) -> None:
    gateway = stage.gateway
    with stage.phone(Scenario("basic", *answered(*hung_up()))) as phone:
        answer = _run("basic", _blanks(gateway, documented_app, stage.trunk(phone.port)))
        notified = _wait_completed(stage, answer["sid"])

    assert {"sid", "callid", "callId"} <= set(answer)
    assert answer["callid"] == answer["callId"]
    (invite,) = phone.received("INVITE")
    assert invite.splitlines()[0].startswith(f"INVITE sip:{CALLEE}@127.0.0.1:{phone.port}")
    sender = header_value(invite, "From")
    assert sender.startswith(f'"Display Name" <sip:{CALLER}@127.0.0.1')
    assert header_value(invite, "To").startswith(f"<sip:{CALLEE}@127.0.0.1")
    assert header_value(invite, "Call-ID") == answer["callid"]
    _assert_offer(invite)
    assert [n["call_status"] for n in notified] == [
        "trying",
        "ringing",
        "in-progress",
        "completed",
    ]


def test_the_advanced_request_rings_the_phone_and_tells_both_webhooks(
    stage: Stage, documented_app: str
) -> None:
    gateway, hooks = stage.gateway, stage.hooks
    site = hooks.url(stage.path("site"))
    with stage.phone(Scenario("advanced", *answered(*hung_up()))) as phone:
        blanks = {
            **_blanks(gateway, documented_app, stage.trunk(phone.port)),
            "https://webhook.site/<webhook-id>": site,
        }
        answer = _run("advanced", blanks)
        notified = _wait_completed(stage, answer["sid"])
        hooks.wait_for(
            stage.path("site"), lambda r: (r.body or {}).get("call_status") == "completed"
        )

    (invite,) = phone.received("INVITE")
    _assert_headers(invite, phone.port, answer["callid"], gateway.sip_port)
    _assert_offer(invite)

    extra = [r.body for r in hooks.requests(stage.path("site"))]
    statuses = [b for b in extra if "type" not in b]
    assert [b["call_status"] for b in statuses] == [n["call_status"] for n in notified]
    assert [b["event_id"] for b in statuses] == [n["event_id"] for n in notified]
    for each in notified:
        assert each["call_sid"] == answer["sid"]
        assert each["call_id"] == answer["callid"]
        assert each["account_sid"] == gateway.account_sid
        assert each["application_sid"] == documented_app
        assert (each["direction"], each["from"], each["to"]) == ("outbound", CALLER, CALLEE)
        assert each["customerData"] == {
            "env": "app",
            "internalId": "ABDC1234",
            "Customer": {
                "firstName": "Sara",
                "lastName": "Doe",
                "mobileNumber": CALLEE,
                "email": "sara.doe@cognigy.com",
                "salutation": "Ms",
            },
        }
    (asked,) = hooks.requests(stage.path("call"))
    assert asked.body["call_sid"] == answer["sid"]
    assert asked.body["customerData"]["internalId"] == "ABDC1234"


def _wait_completed(stage: Stage, sid: str) -> list[dict]:
    path = stage.path("status")
    stage.hooks.wait_for(
        path, lambda r: (r.body["call_sid"], r.body["call_status"]) == (sid, "completed")
    )
    return [r.body for r in stage.hooks.requests(path)]


def _assert_headers(invite: str, port: int, call_id: str, sip_port: int) -> None:
    """Every header of the advanced request's INVITE, one by one."""
    assert re.fullmatch(
        rf"INVITE sip:\{CALLEE}@127\.0\.0\.1:{port}(;transport=udp)? SIP/2\.0",
        invite.splitlines()[0],
    )
    via = header_value(invite, "Via")
    assert via.startswith(f"SIP/2.0/UDP 127.0.0.1:{sip_port};")
    assert re.search(r";branch=z9hG4bK[^;\s]+", via)
    assert ";rport" in via
    assert re.fullmatch(
        rf'"Vacation Agent" <sip:\{CALLER}@cognigy\.cloud>;tag=\S+', header_value(invite, "From")
    )
    assert re.fullmatch(
        rf"<sip:\{CALLEE}@127\.0\.0\.1(:{port})?(;transport=udp)?>", header_value(invite, "To")
    ), "no tag before there is a dialog"
    assert header_value(invite, "Call-ID") == call_id
    assert header_value(invite, "CSeq") == "1 INVITE"
    assert header_value(invite, "Max-Forwards") == "70"
    assert f"@127.0.0.1:{sip_port}" in header_value(invite, "Contact")
    assert header_value(invite, "User-to-User") == "UUID: 0815"
    assert {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"} <= set(
        re.split(r",\s*", header_value(invite, "Allow"))
    )
    assert "timer" in header_value(invite, "Supported")
    # Our own identifiers are nobody else's business.
    names = {
        line.partition(":")[0].lower() for line in invite.partition("\n\n")[0].splitlines()[1:]
    }
    assert not {n for n in names if n.startswith("x-")}
    assert not header_values(invite, "P-Asserted-Identity")


def test_a_refused_request_names_its_field_and_rings_nobody(stage: Stage) -> None:
    silent = free_port()
    reply = stage.gateway.post_call({
        "application_sid": stage.application_sid,
        "from": CALLER,
        "to": {"type": "phone", "number": CALLEE, "trunk": stage.trunk(silent)},
        "headers": {"X-Bad": "a\r\nVia: evil"},
    })

    assert reply.status == 400
    assert any("X-Bad" in str(error) for error in reply.body["errors"])
