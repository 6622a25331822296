from voxgate.model.hooks import Hook
from voxgate.verbs.barge_in import FORGOTTEN_AFTER_S, BargeIn


def test_it_becomes_a_gather_that_words_and_keys_may_cut_the_prompt_for():
    gather = BargeIn.model_validate({
        "enable": True,
        "sticky": True,
        "input": ["speech", "dtmf"],
        "actionHook": "/barge",
        "numDigits": 4,
        "interDigitTimeout": 2,
        "minBargeinWordCount": 0,
        "partialResultHook": "/partial",
    }).gather

    assert gather is not None
    assert (gather.sticky, gather.hook) == (True, Hook("/barge"))
    order = gather.order
    assert (order.takes_digits, order.takes_speech) == (True, True)
    assert (order.cuts_prompt, order.words_to_cut) == (True, 0)
    assert (order.digits.digits_max, order.digits.inter_digit_s) == (4, 2)
    assert order.digits.timeout_s == FORGOTTEN_AFTER_S
    assert order.partial_hook == Hook("/partial")


def test_switched_off_there_is_none():
    assert BargeIn.model_validate({"enable": False}).gather is None
