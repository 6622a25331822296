import pytest

from voxgate.sip.transaction.invite_client import InviteClient
from voxgate.sip.transaction.invite_server import InviteServer
from voxgate.sip.transaction.machine import Input, Machine, State, Timing
from voxgate.sip.transaction.request_client import RequestClient
from voxgate.sip.transaction.request_server import RequestServer

FROM_OUTSIDE = {
    InviteClient: {
        Input.PROVISIONAL,
        Input.SUCCESS,
        Input.FAILURE,
        Input.UNREACHABLE,
        Input.ABORT,
    },
    RequestClient: {
        Input.PROVISIONAL,
        Input.SUCCESS,
        Input.FAILURE,
        Input.UNREACHABLE,
        Input.ABORT,
    },
    InviteServer: {
        Input.REQUEST,
        Input.ACK,
        Input.PROVISIONAL,
        Input.SUCCESS,
        Input.FAILURE,
        Input.UNREACHABLE,
        Input.ABORT,
    },
    RequestServer: {
        Input.REQUEST,
        Input.PROVISIONAL,
        Input.SUCCESS,
        Input.FAILURE,
        Input.UNREACHABLE,
        Input.ABORT,
    },
}


@pytest.mark.parametrize("machine", FROM_OUTSIDE)
def test_every_state_has_an_answer_to_everything_that_can_come_from_outside(
    machine: type[Machine],
):
    states = {state for state, _ in machine.table}

    missing = [
        (state, happened)
        for state in states
        for happened in FROM_OUTSIDE[machine]
        if (state, happened) not in machine.table
    ]

    assert missing == []


@pytest.mark.parametrize("machine", FROM_OUTSIDE)
def test_no_row_leads_into_a_state_without_rows_or_out_of_the_end(machine: type[Machine]):
    states = {state for state, _ in machine.table}
    reached = {state for state, _ in machine.table.values()}

    assert reached <= states
    assert {
        target for (state, _), (target, _) in machine.table.items() if state is State.TERMINATED
    } == {State.TERMINATED}


def test_sixty_four_times_t1_is_how_long_anything_is_waited_for():
    assert Timing(t1=0.5).give_up == 32.0
