import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxgate.sip.auth import (
    Authorization,
    Challenge,
    Credentials,
    answer,
    challenges,
    strongest,
    verify,
)
from voxgate.sip.grammar import InvalidHeader, MalformedMessage

MUFASA = Credentials("Mufasa", "Circle of Life")


def response_of(header: str) -> str:
    return Authorization.parse(header).response


def test_rfc7616_sha256_example():
    """RFC 7616 section 3.9.1: the numbers printed there."""
    challenge = Challenge(
        "Digest",
        "http-auth@example.org",
        "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "SHA-256",
        ("auth", "auth-int"),
        "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    )

    header = answer(
        challenge,
        MUFASA,
        method="GET",
        uri="/dir/index.html",
        body=b"",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        nc=1,
    )

    assert response_of(header) == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    assert ", qop=auth, nc=00000001" in header


def test_rfc7616_md5_example():
    challenge = Challenge(
        "Digest",
        "http-auth@example.org",
        "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "MD5",
        ("auth",),
    )

    header = answer(
        challenge,
        MUFASA,
        method="GET",
        uri="/dir/index.html",
        body=b"",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        nc=1,
    )

    assert response_of(header) == "8ca523f5e9506fed4657c9700eebdbec"


def test_challenge_without_qop_is_answered_as_rfc2069_did():
    challenge = Challenge("Digest", "biloxi.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093")

    header = answer(
        challenge,
        Credentials("bob", "zanzibar"),
        method="INVITE",
        uri="sip:bob@biloxi.com",
        body=b"v=0",
        cnonce="unused",
        nc=1,
    )

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()  # what RFC 2069 prescribes

    expected = md5(
        f"{md5('bob:biloxi.com:zanzibar')}:{challenge.nonce}:{md5('INVITE:sip:bob@biloxi.com')}"
    )
    assert header == (
        'Digest username="bob", realm="biloxi.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        f'uri="sip:bob@biloxi.com", response="{expected}"'
    )


@pytest.mark.parametrize(
    ("text", "challenge"),
    [
        (
            'Digest realm="a", nonce="b", qop="auth,auth-int"',
            Challenge("Digest", "a", "b", None, ("auth", "auth-int")),
        ),
        (
            'digest  realm = "Quoted, \\"comma\\"" ,nonce="b",algorithm=md5,stale=TRUE , opaque=""',
            Challenge("digest", 'Quoted, "comma"', "b", "md5", (), "", stale=True),
        ),
        (
            'Digest nonce=b, realm=a, qop=" auth , auth-int ", unknown=x, domain="sip:a sip:b"',
            Challenge("Digest", "a", "b", None, ("auth", "auth-int")),
        ),
        (
            'Digest realm="a",nonce="b",stale=false,realm="slipped in"',
            Challenge("Digest", "a", "b"),
        ),
    ],
)
def test_challenge_is_read(text: str, challenge: Challenge):
    assert Challenge.parse_many([text]) == [challenge]
    assert Challenge.parse_many([str(challenge)]) == [challenge]


def test_several_challenges_come_in_one_line_or_in_several():
    first = 'Digest realm="a, b", nonce="1", algorithm=SHA-256'
    second = 'Digest realm="a, b", nonce="2"'

    expected = Challenge.parse_many([first, second])

    assert [challenge.nonce for challenge in expected] == ["1", "2"]
    assert Challenge.parse_many([f"{first}, Basic realm=x, {second}"]) == expected
    assert Challenge.parse_many(["NoOneKnowsThisScheme opaque-data=here", "Negotiate"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "Digest",
        'Digest realm="a"',
        'Digest nonce="b"',
        'Digest realm="a", nonce=""',
        'realm="a"',
        'Digest realm="a',
        "Digest realm=a nonce",
        "Digest =",
        '"Digest"',
    ],
)
def test_what_is_no_challenge_is_refused_or_unknown(text: str):
    with pytest.raises(MalformedMessage):
        Challenge.parse_many([text])


def test_strongest_challenge_of_each_realm_is_answered():
    offered = Challenge.parse_many([
        'Digest realm="proxy", nonce="1"',
        'Digest realm="carrier", nonce="2", algorithm=MD5, qop="auth"',
        'Digest realm="carrier", nonce="3", algorithm=SHA-256, qop="auth-int"',
        'Digest realm="carrier", nonce="4", algorithm=sha-256, qop="auth"',
        'Digest realm="carrier", nonce="5", algorithm=SHA-256-sess, qop="magic"',
        'Digest realm="carrier", nonce="6", algorithm=SHA-1024',
    ])

    assert [challenge.nonce for challenge in strongest(offered)] == ["1", "4"]


def test_challenge_that_cannot_be_answered_is_not():
    with pytest.raises(InvalidHeader):
        answer(
            Challenge("Digest", "a", "b", "SHA-1024"),
            MUFASA,
            method="INVITE",
            uri="sip:a",
            body=b"",
            cnonce="c",
            nc=1,
        )


@pytest.mark.parametrize("algorithm", [None, "MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
@pytest.mark.parametrize("qop", [(), ("auth",), ("auth-int",), ("auth-int", "auth")])
def test_right_password_is_accepted_and_anything_else_refused(
    algorithm: str | None, qop: tuple[str, ...]
):
    challenge = Challenge("Digest", "sandbox", "n0nce", algorithm, qop, "op\\aque")
    header = answer(
        challenge, MUFASA, method="INVITE", uri="sip:x@h", body=b"v=0", cnonce='c"n', nc=31
    )
    given_answer = Authorization.parse(header)

    assert verify(given_answer, MUFASA, method="INVITE", body=b"v=0")
    assert not verify(given_answer, Credentials("Mufasa", "no"), method="INVITE", body=b"v=0")
    assert not verify(
        given_answer, Credentials("Scar", "Circle of Life"), method="INVITE", body=b"v=0"
    )
    assert not verify(given_answer, MUFASA, method="BYE", body=b"v=0")
    assert verify(given_answer, MUFASA, method="INVITE", body=b"") is (qop != ("auth-int",))
    if qop:
        assert (given_answer.nc, given_answer.cnonce) == ("0000001f", 'c"n')
    assert given_answer.opaque == "op\\aque"
    assert str(given_answer) == header


def test_answer_in_an_unknown_algorithm_or_protection_is_refused():
    known = Authorization.parse(
        'Digest username="u", realm="r", nonce="n", uri="sip:x", response="00"'
    )

    for change in ({"algorithm": "SHA-1024"}, {"qop": "magic", "nc": "1", "cnonce": "c"}):
        fields = {name: getattr(known, name) for name in Authorization.__slots__} | change
        assert not verify(Authorization(**fields), Credentials("u", "p"), method="INVITE", body=b"")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Basic dXNlcjpwYXNz",
        'Digest username="u"',
        'Digest username="u", realm="r", nonce="n", uri="sip:x"',
        'Digest username="u", realm="r", nonce="n", uri="sip:x", response="1", qop=auth',
        'Digest username="u", realm="r", nonce="n", uri="sip:x", response="1", Digest realm=x',
    ],
)
def test_incomplete_answer_is_refused(text: str):
    with pytest.raises(MalformedMessage):
        Authorization.parse(text)


def test_server_challenges_with_the_strongest_first():
    values = challenges("sandbox", "n1", stale=True)

    assert values == [
        'Digest realm="sandbox", nonce="n1", stale=TRUE, algorithm=SHA-256, qop="auth"',
        'Digest realm="sandbox", nonce="n1", stale=TRUE, algorithm=MD5, qop="auth"',
    ]
    assert [challenge.algorithm for challenge in strongest(Challenge.parse_many(values))] == [
        "SHA-256"
    ]


def test_password_is_not_shown():
    assert "Circle" not in repr(MUFASA)


def test_realm_that_would_start_a_header_is_not_sent():
    challenge = Challenge("Digest", "a\r\nTo: b", "n")

    with pytest.raises(InvalidHeader):
        answer(challenge, MUFASA, method="BYE", uri="sip:x", body=b"", cnonce="c", nc=1)


@given(st.text(max_size=60) | st.text('Digest realm="a", nonce=\\', max_size=80))
def test_any_text_gives_challenges_or_a_named_error(text: str):
    try:
        found = Challenge.parse_many([text])
    except MalformedMessage:
        return

    assert Challenge.parse_many([str(challenge) for challenge in found]) == found


@given(st.text(max_size=20), st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_answer_that_is_sent_is_the_answer_that_is_read(realm: str, nonce: str, username: str):
    challenge = Challenge("Digest", realm, nonce, "SHA-256", ("auth",))
    credentials = Credentials(username, "secret")
    try:
        header = answer(
            challenge, credentials, method="INVITE", uri="sip:x", body=b"", cnonce="c", nc=1
        )
    except InvalidHeader:
        return

    read = Authorization.parse(header)
    assert (read.realm, read.nonce, read.username) == (realm, nonce, username)
    assert verify(read, credentials, method="INVITE", body=b"")
