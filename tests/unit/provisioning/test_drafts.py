from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.model.hooks import Hook
from voxgate.provisioning.drafts import (
    AnyHook,
    Draft,
    Flag,
    HookDraft,
    Name,
    OwnedHook,
    Sid,
    is_hostname,
    url_problem,
)
from voxgate.provisioning.errors import Invalid, Unprocessable


class Inner(Draft):
    later: ClassVar = {"soon": False}

    size: int = 0


class Sample(Draft):
    required: ClassVar = ("name",)
    not_null: ClassVar = ("active",)
    read_only: ClassVar = ("sample_sid",)
    later: ClassVar = {"colour": "grey"}
    nested: ClassVar = {"inner": Inner}

    name: Name | None = None
    active: Flag = True
    owner: Sid | None = None
    hook: OwnedHook = None
    any_hook: AnyHook | None = None
    inner: Inner | None = None


def problems(document, *, kind=Invalid, create=True):
    with pytest.raises(kind) as refused:
        (Sample.to_create if create else Sample.to_change)(document)
    return {error.field: error.msg for error in refused.value.errors}


def test_every_problem_is_told_by_field_and_once():
    found = problems({"name": None, "active": None, "owner": "x", "what": 1, "sample_sid": "y"})

    assert found == {
        "name": "must not be null",
        "active": "must not be null",
        "owner": "is not a sid (a UUID)",
        "what": "unknown property",
        "sample_sid": "is read-only",
    }


def test_what_is_required_is_required_on_creation_only():
    assert problems({}) == {"name": "is required"}
    assert Sample.to_change({}).sent() == {}


def test_a_change_knows_what_was_sent():
    draft = Sample.to_change({"active": 0, "hook": None})

    assert draft.sent() == {"active": False, "hook": None}
    assert draft.sent(renamed={"active": "is_active"}) == {"is_active": False, "hook": None}


def test_later_fields_may_ask_for_nothing_at_any_depth():
    Sample.to_create({"name": "x", "colour": "grey", "inner": {"soon": False}})
    Sample.to_create({"name": "x", "colour": None})
    wanted = {"name": "x", "colour": "red", "inner": {"soon": True, "size": 1}}

    assert set(problems(wanted, kind=Unprocessable)) == {"colour", "inner.soon"}


def test_shape_comes_before_availability():
    assert set(problems({"name": 5, "colour": "red"})) == {"name"}


@pytest.mark.parametrize("document", [None, [], "text", 5, True])
def test_only_an_object_is_a_body(document):
    with pytest.raises(Invalid, match="JSON object"):
        Sample.to_create(document)


@pytest.mark.parametrize("value", [True, False, 0, 1])
def test_flags_are_true_false_one_or_zero(value):
    assert Sample.to_change({"active": value}).active is bool(value)


@pytest.mark.parametrize("value", [2, -1, "true", "1", 1.0, []])
def test_nothing_else_is_a_flag(value):
    assert set(problems({"active": value}, create=False)) == {"active"}


def test_names_are_trimmed_and_one_line():
    assert Sample.to_create({"name": "  a b "}).name == "a b"
    for bad in ("", "   ", "a\nb", "a\x00", "x" * 65):
        assert set(problems({"name": bad})) == {"name"}


def test_an_empty_hook_is_no_hook():
    for empty in (None, "", {"url": ""}, {"url": None}):
        assert Sample.to_change({"hook": empty}).hook is None
    assert set(problems({"hook": {"method": "POST"}}, create=False)) == {"hook.url"}


def test_a_hook_may_be_text_where_the_contract_says_so():
    assert Sample.to_change({"any_hook": " https://a.b/c "}).any_hook.to_hook() == Hook(
        "https://a.b/c"
    )
    assert set(problems({"hook": "https://a.b/c"}, create=False)) == {"hook"}


def test_credentials_in_an_address_become_the_hooks():
    hook = HookDraft(url="https://us%40er:p%3Aw@a.b:8443/x?y=z#rc=1").to_hook()

    assert hook == Hook("https://a.b:8443/x?y=z#rc=1", "POST", "us@er", "p:w")


def test_a_masked_password_is_the_current_one_and_another_is_new():
    current = Hook("https://a.b", "POST", "u", "long password")
    masked = HookDraft(url="https://a.b", password="long pXXXXXXX")

    assert masked.to_hook(current).password == "long password"
    assert masked.to_hook(None).password == "long pXXXXXXX"
    assert HookDraft(url="https://a.b", password="new").to_hook(current).password == "new"
    assert HookDraft(url="https://a.b").to_hook(current).password is None


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "https://a.b:1/x",
        "ws://192.0.2.1/",
        "WSS://A.b",
        "http://[::1]:80/",
        "http://a_b/",
    ],
)
def test_good_addresses(url):
    assert url_problem(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.b",
        "/x",
        "ftp://a",
        "http://",
        "http:///x",
        "http://a b/",
        "http://a\tb/",
        "http://a\r\nb/",
        "http://a:0/",
        "http://a:70000/",
        "http://a:x/",
        "http://[::1/",
        "http://-a/",
        "http://a..b/",
        "javascript:alert(1)",
    ],
)
def test_bad_addresses(url):
    assert url_problem(url)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_not_but_never_an_accident(text):
    for candidate in (text, f"http://{text}", f"https://a.b/{text}"):
        if url_problem(candidate) is None:
            assert "\n" not in candidate
            assert "\r" not in candidate
            assert " " not in candidate


@given(st.text(max_size=80))
def test_a_host_name_has_nothing_that_could_end_it(text):
    if is_hostname(text):
        assert not set(text) & set(" \r\n\t<>@;:/?#[]\"'\\")
        assert 0 < len(text) <= 253
