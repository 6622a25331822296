from typing import Any

import pytest

from unit.call.fakes import answered, plan_of, progress, rejected
from unit.flow.dial_stage import DialStage, target
from voxgate.call import outcome
from voxgate.flow.child import ELSEWHERE
from voxgate.flow.ringing import Ringing, at_once
from voxgate.flow.session import Ending
from voxgate.model.devices import Registration
from voxgate.provisioning.dialled import NotDialled
from voxgate.routing.outbound import Attempt, RoutePlan
from voxgate.testing.virtual_time import run_virtual
from voxgate.verbs.capabilities.dialling import DialOrder

CANCELLED = rejected(487, "Request Terminated")


def rung(stage_of: Any, *targets: str, timeout_s: float = 20) -> Any:
    """(stage, winner, what an unsuccessful dial reports)."""

    async def story() -> Any:
        stage = stage_of()
        order = DialOrder(tuple(target(host) for host in targets), timeout_s=timeout_s)
        ringing = Ringing(stage.session, order, pick_up=lambda _r: None, hear=lambda _c: None)
        winner = await ringing.run()
        result = ringing.nobody() if winner is None else None
        if winner is not None:
            winner.release(Ending(outcome.COMPLETED))
        if stage.tasks:
            await stage.over()
        return stage, winner, result

    return run_virtual(story())


def test_the_first_to_answer_wins_and_the_rest_are_cancelled_as_answered_elsewhere():
    stage, winner, _ = rung(
        lambda: DialStage(
            [(1, progress(180)), (9, answered())],
            [(1, progress(180)), (1, answered())],
            on_cancel=CANCELLED,
        ),
        "a",
        "b",
    )

    first, second = stage.children
    assert winner is second
    (loser,) = (dialog for dialog in stage.far.dialogs if dialog.cancel_headers)
    assert loser.cancel_headers == ELSEWHERE
    assert first.call.record.outcome["code"] == "answered_elsewhere"


def test_the_ring_timeout_is_no_answer_whoever_said_what():
    """Gotcha 64."""
    _, _, result = rung(
        lambda: DialStage([(1, progress(183))], [(1, rejected(486))], on_cancel=CANCELLED),
        "a",
        "b",
        timeout_s=5,
    )

    assert (result.status, result.sip_status) == ("no-answer", 487)


@pytest.mark.parametrize(
    ("statuses", "reported"),
    [((503, 486), ("busy", 486)), ((404, 480), ("failed", 404)), ((603, 600), ("busy", 600))],
)
def test_of_several_failures_the_one_that_says_most_is_reported(statuses, reported):
    """Gotcha 66: 603 of a dialled call is failed, 600 busy."""
    _, _, result = rung(
        lambda: DialStage(*[[(1 + n, rejected(s))] for n, s in enumerate(statuses)]), "a", "b"
    )

    assert (result.status, result.sip_status) == reported


def test_nobody_who_can_be_dialled_is_told_with_the_reason():
    def stage_of() -> DialStage:
        stage = DialStage()
        stage.refuses["a"] = NotDialled(404, "'a' is not registered")
        return stage

    stage, _, result = rung(stage_of, "a")

    assert (result.status, result.sip_status, result.error) == (
        "failed", 404, "'a' is not registered",
    )  # fmt: skip
    assert stage.created == []


def test_every_target_has_a_record_before_its_invite():
    stage, _, _ = rung(lambda: DialStage([(1, rejected(486))], [(1, rejected(486))]), "a", "b")

    assert [call.request.parent_call_sid for call in stage.created] == ["sid", "sid"]
    assert len({call.call_sid for call in stage.created}) == 2
    invites = {dialog.invite.call_id for dialog in stage.far.dialogs}
    assert invites == {call.call_id for call in stage.created}


def test_devices_of_a_user_are_rung_at_once_and_gateways_to_a_number_in_turn():
    devices = tuple(
        Attempt(None, None, "registered", Registration(
            "account", "alice", "example", f"sip:alice@192.0.2.{n}", "udp", f"192.0.2.{n}", 5060,
            f"id-{n}", 1, 0, 300,
        ))
        for n in range(12)
    )  # fmt: skip
    user = RoutePlan("registered_user", "test", devices)

    assert [branch.attempts for branch in at_once(user)] == [(each,) for each in devices[:10]]
    assert at_once(plan_of("a", "b")) == (plan_of("a", "b"),)
