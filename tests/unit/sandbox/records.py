"""Call records for tests."""

from voxgate.sandbox.calls import CallRecord


def record(call_id: str = "a@b", started_at: float = 1000.0) -> CallRecord:
    return CallRecord(
        call_id=call_id,
        number="15005550100",
        persona="human",
        script="answer",
        uri="sip:+15005550100@127.0.0.1",
        from_="<sip:+4930@127.0.0.1>",
        source="udp:127.0.0.1:5060",
        headers=[("X-Campaign", "42")],
        started_at=started_at,
    )
