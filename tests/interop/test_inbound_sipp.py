"""SIPp as the caller: whole calls over UDP and TCP, early media, a CANCEL, many at once."""

import subprocess
import uuid
from pathlib import Path

import pytest

from interop.gateway import Gateway
from interop.hooks import HookServer
from interop.ports import free_port
from scenario.inbound import Line, add_trunk

ADDRESS = "127.0.0.3"
_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
  <send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "SIPp" <sip:+4917[call_number]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=user1 53655765 2353687637 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
  <recv response="100"></recv>
"""
_ACK = """\
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "SIPp" <sip:+4917[call_number]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
"""
_HUNG_UP = """\
  <recv request="BYE"></recv>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""
_ANSWERED = '  <recv response="200" rrs="true"></recv>\n' + _ACK + _HUNG_UP
_EARLY = '  <recv response="183"></recv>\n'
_CANCELS = """\
  <pause milliseconds="300"/>
  <send retrans="500"><![CDATA[
CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-3]
From: "SIPp" <sip:+4917[call_number]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"></recv>
  <recv response="487"></recv>
  <send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-6]
From: "SIPp" <sip:+4917[call_number]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
</scenario>
"""


@pytest.fixture(scope="module")
def trunk(gateway: Gateway) -> str:
    return add_trunk(gateway, ADDRESS)


@pytest.fixture
def line(gateway: Gateway, hooks: HookServer, trunk: str) -> Line:
    return Line(gateway, hooks, trunk)


def call(line: Line, folder: Path, story: str, *, calls: int = 1, transport: str = "u1") -> None:
    """Play the story; SIPp's exit code judges the gateway."""
    script = folder / f"{uuid.uuid4().hex}.xml"
    script.write_text(_HEAD + story)
    command = [
        *("sipp", "-sf", str(script), "-s", f"+{line.number}", "-i", ADDRESS),
        *("-p", str(free_port()), "-mi", ADDRESS, "-mp", str(free_port()), "-t", transport),
        *("-m", str(calls), "-r", "20", "-l", "20", "-nostdin", "-timeout", "30s"),
        *("-timeout_error", "-trace_err", "-error_file", str(folder / "errors")),
        f"127.0.0.1:{line.gateway.sip_port}",
    ]
    played = subprocess.run(command, capture_output=True, check=False, timeout=60)
    errors = folder / "errors"
    told = errors.read_text()[-3000:] if errors.exists() else played.stdout[-1500:].decode()
    assert played.returncode == 0, told


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_sipp_calls_hears_and_is_hung_up(line, tmp_path, transport):
    line.answers([{"verb": "say", "text": "Hello."}, {"verb": "hangup"}])

    call(line, tmp_path, _ANSWERED, transport=transport)

    assert line.statuses("completed") == ["trying", "in-progress", "completed"]


def test_sipp_is_given_early_media_before_the_answer(line, tmp_path):
    line.answers([
        {"verb": "say", "text": "One moment.", "earlyMedia": True},
        {"verb": "answer"},
        {"verb": "hangup"},
    ])

    call(line, tmp_path, _EARLY + _ANSWERED)


def test_sipp_gives_up_while_it_waits(line, tmp_path):
    line.answers([{"verb": "pause", "length": 30}])

    call(line, tmp_path, _CANCELS)

    assert line.statuses("no-answer") == ["trying", "no-answer"]


def test_forty_callers_at_once_all_get_their_terminal_event(line, tmp_path):
    line.answers([{"verb": "answer"}, {"verb": "pause", "length": 0.2}, {"verb": "hangup"}])

    call(line, tmp_path, _ANSWERED, calls=40)

    def ended() -> list[str]:
        told = line.hooks.requests(line.statuses_path)
        return [r.body["call_sid"] for r in told if r.body["call_status"] == "completed"]

    line.hooks.wait_for(line.statuses_path, lambda _request: len(ended()) == 40)
    assert len(set(ended())) == 40
