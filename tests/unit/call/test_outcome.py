import pytest

from voxgate.call import outcome
from voxgate.model.calls import CallStatus, FaultDomain
from voxgate.sip.headers import Reason


@pytest.mark.parametrize(
    ("status", "reported", "domain"),
    [
        (486, CallStatus.BUSY, FaultDomain.CALLEE),
        (600, CallStatus.BUSY, FaultDomain.CALLEE),
        (603, CallStatus.BUSY, FaultDomain.CALLEE),
        (487, CallStatus.NO_ANSWER, FaultDomain.CALLEE),
        (480, CallStatus.FAILED, FaultDomain.CALLEE),
        (404, CallStatus.FAILED, FaultDomain.CALLEE),
        (401, CallStatus.FAILED, FaultDomain.CONFIG),
        (403, CallStatus.FAILED, FaultDomain.TRUNK),
        (488, CallStatus.FAILED, FaultDomain.TRUNK),
        (503, CallStatus.FAILED, FaultDomain.TRUNK),
        (599, CallStatus.FAILED, FaultDomain.TRUNK),
        (608, CallStatus.FAILED, FaultDomain.NETWORK),
        (699, CallStatus.FAILED, FaultDomain.CALLEE),
        (499, CallStatus.FAILED, FaultDomain.TRUNK),
    ],
)
def test_a_final_response_has_one_status_and_one_domain(status, reported, domain):
    call_status, why = outcome.refused(status, "Whatever", None)

    assert (call_status, why.fault_domain, why.sip_status) == (reported, domain, status)
    assert why.summary
    assert why.next_step


@pytest.mark.parametrize(
    ("status", "phrase", "reason"),
    [
        (603, "Network Blocked", None),
        (603, "Decline", Reason("SIP", 603, "v=analytics1;url=https://a.example;tel=1")),
        (608, "Rejected", Reason("SIP", 608, "blocked by analytics")),
    ],
)
def test_a_block_by_the_network_is_not_a_person_who_declined(status, phrase, reason):
    call_status, why = outcome.refused(status, phrase, reason)

    assert call_status is CallStatus.FAILED
    assert (why.code, why.fault_domain) == ("blocked_by_network", FaultDomain.NETWORK)


def test_the_q850_cause_of_the_far_end_is_kept():
    _, why = outcome.refused(404, "Not Found", Reason("Q.850", 1, "Unallocated number"))

    assert why.q850 == 1


def test_every_code_has_one_meaning():
    meanings: dict[str, set[tuple[str, str]]] = {}
    rows = (*outcome.BY_STATUS.values(), *outcome.BY_CLASS.values(), *outcome.OWN_CAUSES)
    for cause in rows:
        meanings.setdefault(cause.code, set()).add(str(cause.domain))

    assert {code: domains for code, domains in meanings.items() if len(domains) > 1} == {
        "not_acceptable": {"trunk", "callee"},
        "dialog_lost": {"trunk", "network"},
    }
