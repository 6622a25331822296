from unit.verbs.fakes import FakeCall, run, verb
from voxgate.model.hooks import Hook
from voxgate.verbs.contract import NEXT, Replace
from voxgate.verbs.pause import Pause


def test_redirect_runs_what_the_other_address_answers():
    call = FakeCall(answer_document=[{"verb": "pause", "length": 1}])

    outcome = run(verb("redirect", actionHook="/next"), call)

    assert isinstance(outcome, Replace)
    assert outcome.document.verbs == (Pause(length=1),)
    assert call.log == [("redirect", 0.0, Hook("/next"), None)]


def test_redirect_without_an_answer_goes_on_with_the_next_verb():
    assert run(verb("redirect", actionHook="/next"), FakeCall()) is NEXT


def test_redirect_names_method_credentials_and_the_new_status_hook():
    call = FakeCall()
    hook = {"url": " https://a.example/x ", "method": "get", "username": "u", "password": "p"}

    run(verb("redirect", actionHook=hook, statusHook="https://a.example/s"), call)

    assert call.log[0][2:] == (
        Hook("https://a.example/x", "GET", "u", "p"),
        Hook("https://a.example/s"),
    )
