import pytest

from voxgate.model.inbound import Entrance, Tenant, Trunk
from voxgate.model.numbers import PhoneNumber
from voxgate.routing.inbound import (
    INACTIVE,
    NO_APPLICATION,
    NOT_PROVISIONED,
    SAME_DEFAULT,
    SAME_GATEWAY,
    SAME_NUMBER,
    Atlas,
    Chosen,
    FromDevice,
    FromTrunk,
    Refusal,
    choose,
    identify,
)

HOME = Tenant("home", "provider", "home.example")
AWAY = Tenant("away", "provider", "away.example")
OTHER = Tenant("other", "elsewhere")
OURS = Trunk("ours", "ours", account_sid="home", service_provider_sid="provider")
THEIRS = Trunk("theirs", "theirs", account_sid="away", service_provider_sid="provider")
SHARED = Trunk("shared", "shared", service_provider_sid="provider")


def atlas(*trunks: Trunk, at: str = "192.0.2.1", netmask: int = 32, tenants=(HOME, AWAY, OTHER)):
    entrances = [Entrance(trunk.voip_carrier_sid, at, netmask) for trunk in trunks]
    return Atlas.of(tenants, trunks, entrances)


def number(text: str, **fields: str | None) -> PhoneNumber:
    return PhoneNumber(
        fields.get("sid") or f"sid-{text}",
        text,
        account_sid=fields.get("account", "home"),
        service_provider_sid="provider",
        voip_carrier_sid=fields.get("trunk", "ours"),
        application_sid=fields.get("app", f"app-{text}"),
    )


def chosen(found: Chosen | Refusal) -> tuple[str, str | None]:
    assert isinstance(found, Chosen), found
    return found.account_sid, found.application_sid


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("192.0.2.1", True),
        ("192.0.2.14", True),
        ("192.0.2.16", False),
        ("::ffff:192.0.2.3", True),
        ("2001:db8::1", False),
        ("not an address", False),
    ],
)
def test_a_source_is_recognised_by_address_and_netmask(address, known):
    found = identify("203.0.113.1", address, atlas(OURS, netmask=28))

    assert isinstance(found, FromTrunk if known else Refusal)
    if isinstance(found, Refusal):
        assert found.status == 404


def test_the_narrower_network_comes_first():
    both = Atlas.of(
        [HOME], [OURS, SHARED], [Entrance("shared", "192.0.0.0", 8), Entrance("ours", "192.0.2.1")]
    )

    assert [t.name for t in both.trunks_at("192.0.2.1")] == ["ours", "shared"]


def test_a_trunk_that_is_switched_off_is_not_in_the_atlas():
    """Gotcha 85a: an entrance without an active trunk leads nowhere."""
    empty = Atlas.of([HOME], [], [Entrance("ours", "192.0.2.1")])

    assert empty.trunks_at("192.0.2.1") == ()


def test_a_realm_without_a_matching_gateway_is_for_devices():
    found = identify("sip.home.example.", "198.51.100.9", atlas(OURS))

    assert found == FromDevice(HOME, "sip.home.example.")


def test_a_realm_narrows_a_shared_address_to_its_tenant():
    found = identify("HOME.example", "192.0.2.1", atlas(OURS, THEIRS, SHARED))

    assert isinstance(found, FromTrunk)
    assert {trunk.name for trunk in found.trunks} == {"ours", "shared"}
    assert found.tenant == HOME


def test_a_registrar_is_known_by_its_address_while_no_gateway_says_who_is_there():
    known = Atlas.of([HOME], [OURS], [])

    learned = identify("203.0.113.1", "192.0.2.9", known, registered=["ours", "gone"])

    assert learned == FromTrunk((OURS,))


def test_a_trunk_logs_in_when_every_trunk_at_its_address_must():
    guarded = Trunk("g", "g", account_sid="home", trunk_type="auth")

    assert FromTrunk((guarded,)).must_log_in
    assert not FromTrunk((guarded, OURS)).must_log_in


def test_an_exact_number_beats_patterns_and_the_longest_pattern_the_others():
    """Gotcha 86; SI#134: any number beats the trunk's default."""
    default = Trunk("ours", "ours", "home", "provider", application_sid="default")
    known = atlas(default)
    numbers = [number("49*"), number("4930*"), number("^4930[0-9]+$"), number("493012")]
    caller = FromTrunk((default,))

    assert chosen(choose(caller, "+493012", numbers, known)) == ("home", "app-493012")
    assert chosen(choose(caller, "49301", numbers, known)) == ("home", "app-^4930[0-9]+$")
    assert chosen(choose(caller, "4930x", numbers, known)) == ("home", "app-4930*")
    assert chosen(choose(caller, "4940", numbers, known)) == ("home", "app-49*")
    assert chosen(choose(caller, "1", numbers, known)) == ("home", "default")


def test_a_pattern_is_anchored_at_the_start():
    """Gotcha 86: `123` is not found inside `+49123`."""
    found = choose(FromTrunk((OURS,)), "+49123", [number("123*"), number("^123")], atlas(OURS))

    assert found == Refusal(404, NOT_PROVISIONED)


def test_an_unreadable_pattern_matches_nothing():
    found = choose(FromTrunk((OURS,)), "123", [number("^(")], atlas(OURS))

    assert found == Refusal(404, NOT_PROVISIONED)


def test_a_number_that_names_no_application_takes_its_trunks():
    trunk = Trunk("ours", "ours", "home", "provider", application_sid="default")
    found = choose(FromTrunk((trunk,)), "1", [number("1", app=None)], atlas(trunk))

    assert chosen(found) == ("home", "default")


def test_no_application_at_all_is_480():
    found = choose(FromTrunk((OURS,)), "1", [number("1", app=None)], atlas(OURS))

    assert found == Refusal(480, x_reason=NO_APPLICATION, account_sid="home")


def test_an_empty_user_part_is_anonymous():
    found = choose(FromTrunk((OURS,)), "", [number("anonymous")], atlas(OURS))

    assert chosen(found) == ("home", "app-anonymous")


def test_the_same_number_of_two_accounts_is_ambiguous():
    """SI#127."""
    numbers = [number("1"), number("1", account="away", trunk="theirs", sid="b")]
    found = choose(FromTrunk((OURS, THEIRS)), "1", numbers, atlas(OURS, THEIRS))

    assert found == Refusal(503, x_reason=SAME_NUMBER)


def test_the_same_number_on_two_trunks_of_one_account_is_ambiguous():
    second = Trunk("second", "second", "home", "provider")
    numbers = [number("1"), number("1", trunk="second", sid="b")]
    found = choose(FromTrunk((OURS, second)), "1", numbers, atlas(OURS, second))

    assert found == Refusal(503, x_reason=SAME_GATEWAY, account_sid="home")


def test_two_default_routes_are_ambiguous():
    mine = Trunk("ours", "ours", "home", "provider", application_sid="a")
    theirs = Trunk("theirs", "theirs", "away", "provider", application_sid="b")
    again = Trunk("third", "third", "home", "provider", application_sid="c")
    twin = Trunk("twin", "twin", "home", "provider", application_sid="a")
    known = atlas(mine, theirs, again, twin)

    assert choose(FromTrunk((mine, theirs)), "1", [], known) == Refusal(503, x_reason=SAME_DEFAULT)
    ambiguous = choose(FromTrunk((mine, again)), "1", [], known)
    assert ambiguous == Refusal(503, x_reason=SAME_GATEWAY, account_sid="home")
    assert chosen(choose(FromTrunk((mine, twin)), "1", [], known)) == ("home", "a")


def test_a_number_of_no_trunk_comes_in_over_any_of_its_account_but_a_bound_one_first():
    numbers = [number("1", trunk=None, app="loose"), number("1", app="bound", sid="b")]

    assert chosen(choose(FromTrunk((OURS,)), "1", numbers, atlas(OURS))) == ("home", "bound")
    assert chosen(choose(FromTrunk((OURS,)), "1", numbers[:1], atlas(OURS))) == ("home", "loose")
    foreign = choose(FromTrunk((THEIRS,)), "1", numbers[:1], atlas(THEIRS))
    assert foreign == Refusal(404, NOT_PROVISIONED)


def test_a_number_without_account_is_its_trunks_accounts():
    """Gotcha 85c."""
    nobodys = number("1", account=None)

    assert chosen(choose(FromTrunk((OURS,)), "1", [nobodys], atlas(OURS))) == ("home", "app-1")


def test_a_providers_number_over_its_own_trunk_needs_a_single_account():
    """Gotchas 85c and 88: with two accounts nobody can tell whose it is."""
    nobodys = number("1", account=None, trunk="shared")
    caller = FromTrunk((SHARED,))

    alone = atlas(SHARED, tenants=(HOME, OTHER))
    assert chosen(choose(caller, "1", [nobodys], alone)) == ("home", "app-1")
    assert choose(caller, "1", [nobodys], atlas(SHARED)) == Refusal(404, NOT_PROVISIONED)


def test_within_a_realm_only_the_tenants_numbers_count():
    """SI#218: another account's pattern on the shared trunk does not take the call."""
    numbers = [
        number("1*", account="away", trunk="shared", app="theirs"),
        number("12*", trunk="shared", app="mine", sid="b"),
    ]
    caller = FromTrunk((SHARED,), HOME)

    assert chosen(choose(caller, "123", numbers, atlas(SHARED))) == ("home", "mine")
    assert choose(caller, "19", numbers, atlas(SHARED)) == Refusal(
        480, x_reason=NO_APPLICATION, account_sid="home"
    )


def test_an_unknown_number_to_a_realm_goes_to_the_trunks_default():
    trunk = Trunk("ours", "ours", "home", "provider", application_sid="default")

    assert chosen(choose(FromTrunk((trunk,), HOME), "1", [], atlas(trunk))) == ("home", "default")


def test_an_inactive_account_is_503():
    asleep = Tenant("home", "provider", is_active=False)
    found = choose(FromTrunk((OURS,)), "1", [number("1")], atlas(OURS, tenants=(asleep,)))

    assert found == Refusal(503, x_reason=INACTIVE, account_sid="home")
    assert found.headers == (("X-Reason", INACTIVE),)
