from unit.sip.dialog.rig import ANSWER
from unit.sip.dialog.test_callee import Ringing


def test_the_pauses_between_repeats_double_up_to_t2_until_64_t1():
    rig = Ringing()
    rig.call.answer(ANSWER, rig.alice.events.append)
    times: list[float] = []
    start = rig.net.clock.monotonic()
    for _ in range(140):
        before = len(rig.responses(200))
        rig.net.run(0.25)
        if len(rig.responses(200)) > before:
            times.append(rig.net.clock.monotonic() - start)

    assert times == [0.25, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_the_ack_of_another_invite_does_not_end_the_repeats():
    rig = Ringing()
    rig.call.answer(ANSWER, rig.alice.events.append)
    rig.net.settle()
    rig.ack(rig.responses(200)[0], cseq=99)
    rig.net.run(1)

    assert len(rig.responses(200)) == 2
