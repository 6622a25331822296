from hypothesis import given
from hypothesis import strategies as st

from unit.store.clusters import BOX
from voxgate.model.calls import CallRequest, SipAuth, Target
from voxgate.model.hooks import Hook
from voxgate.model.speech import RecognizerChoice, Voice
from voxgate.store.call_request import request_from_text, request_to_text

TEXT = st.text(max_size=20)
MAYBE = st.none() | TEXT
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)
JSON = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT), max_size=3
)
HOOKS = st.none() | st.builds(Hook, TEXT, TEXT, MAYBE, MAYBE)
REQUESTS = st.builds(
    CallRequest,
    from_user=TEXT,
    to=st.builds(
        Target,
        type=TEXT,
        number=MAYBE,
        sip_uri=MAYBE,
        name=MAYBE,
        trunk=MAYBE,
        headers=PAIRS,
        proxy=MAYBE,
        auth=st.none() | st.builds(SipAuth, TEXT, TEXT),
        override_to=MAYBE,
    ),
    from_host=MAYBE,
    caller_name=MAYBE,
    timeout_s=st.integers(1, 600),
    time_limit_s=st.none() | st.integers(1, 10_000),
    application_sid=MAYBE,
    call_hook=HOOKS,
    call_status_hook=HOOKS,
    notify_hook=HOOKS,
    app_json=MAYBE,
    tag=JSON,
    refer_hook=HOOKS,
    sip_request_hook=HOOKS,
    parent_call_sid=MAYBE,
    caller_id=MAYBE,
    headers=PAIRS,
    voice=st.builds(Voice, TEXT, TEXT, MAYBE),
    recognizer=st.builds(RecognizerChoice, MAYBE, MAYBE, MAYBE, MAYBE),
    fallback_voice=st.none() | st.builds(Voice, TEXT, TEXT, MAYBE),
    amd=st.none()
    | st.builds(
        lambda password, rest: {**rest, "actionHook": {"url": "/amd", **password}},
        st.just({}) | TEXT.map(lambda text: {"username": "u", "password": text}),
        JSON,
    ),
)


@given(REQUESTS)
def test_a_request_comes_back_as_it_was(request):
    assert request_from_text(request_to_text(request, BOX), BOX) == request
