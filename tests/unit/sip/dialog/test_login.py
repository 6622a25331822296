from voxgate.sip.auth import Authorization, Credentials, verify
from voxgate.sip.dialog.login import Login
from voxgate.sip.message import Headers, Response

USER = Credentials("alice", "secret")


def refusal(status: int, *challenges: str) -> Response:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return Response(status, "No", Headers((name, value) for value in challenges))


def make(credentials: Credentials | None = USER) -> Login:
    return Login(credentials, lambda: "cnonce")


def test_nothing_is_said_before_anybody_asked():
    assert make().fields("INVITE", "sip:b@x", b"") == []


def test_the_answer_proves_the_password_for_this_method_and_uri():
    login = make()
    assert login.learn(refusal(401, 'Digest realm="r", nonce="n", qop="auth"'), attempts=1)

    ((name, value),) = login.fields("BYE", "sip:b@x", b"")

    authorization = Authorization.parse(value)
    assert (name, authorization.uri, authorization.nc) == ("Authorization", "sip:b@x", "00000001")
    assert verify(authorization, USER, method="BYE", body=b"")
    assert not verify(authorization, USER, method="INVITE", body=b"")


def test_the_strongest_of_several_challenges_is_answered():
    login = make()
    login.learn(
        refusal(
            401, 'Digest realm="r", nonce="m"', 'Digest realm="r", nonce="s", algorithm=SHA-256'
        ),
        attempts=1,
    )

    ((_, value),) = login.fields("INVITE", "sip:b@x", b"")

    assert Authorization.parse(value).algorithm == "SHA-256"


def test_each_realm_gets_its_own_answer_and_count():
    login = make()
    login.learn(refusal(407, 'Digest realm="a", nonce="1", qop="auth"'), attempts=1)
    login.fields("INVITE", "sip:b@x", b"")
    login.learn(refusal(407, 'Digest realm="b", nonce="2", qop="auth"'), attempts=2)

    fields = login.fields("INVITE", "sip:b@x", b"")

    found = [Authorization.parse(value) for _, value in fields]
    assert [(a.realm, a.nc) for a in found] == [("a", "00000002"), ("b", "00000001")]


def test_the_same_nonce_refused_means_the_password_is_wrong():
    login = make()
    login.learn(refusal(401, 'Digest realm="r", nonce="n"'), attempts=1)
    login.fields("INVITE", "sip:b@x", b"")

    assert not login.learn(refusal(401, 'Digest realm="r", nonce="n"'), attempts=2)
    assert not login.learn(refusal(401, 'Digest realm="r", nonce="other"'), attempts=2)
    assert login.learn(refusal(401, 'Digest realm="r", nonce="other", stale=TRUE'), attempts=2)


def test_a_new_nonce_for_a_later_request_is_believed_once():
    login = make()
    login.learn(refusal(401, 'Digest realm="r", nonce="n"'), attempts=1)
    login.fields("INVITE", "sip:b@x", b"")
    login.fields("BYE", "sip:b@x", b"")  # reuses the nonce, which has expired meanwhile

    assert login.learn(refusal(401, 'Digest realm="r", nonce="n2"'), attempts=1)
    login.fields("BYE", "sip:b@x", b"")
    assert not login.learn(refusal(401, 'Digest realm="r", nonce="n3"'), attempts=2)


def test_some_refusals_are_worth_no_other_try():
    assert not make(None).learn(refusal(401, 'Digest realm="r", nonce="n"'), attempts=1)
    assert not make().learn(refusal(403, 'Digest realm="r", nonce="n"'), attempts=1)
    assert not make().learn(refusal(401), attempts=1)
    assert not make().learn(refusal(401, "Basic realm=x"), attempts=1)
    assert not make().learn(refusal(401, 'Digest realm="r", nonce="n", algorithm=X'), attempts=1)
    assert not make().learn(refusal(401, 'Digest realm="r", nonce="n"'), attempts=3)
