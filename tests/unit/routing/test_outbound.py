import random

import pytest

from voxgate.model.calls import Target
from voxgate.model.carriers import Carrier, CarrierSetEntry, Gateway, Lcr, LcrRoute
from voxgate.model.devices import Registration
from voxgate.model.numbers import PhoneNumber
from voxgate.routing.outbound import Facts, RouteRefused, plan

ACCOUNT, PROVIDER = "account", "provider"


def carrier(name: str, *, of_account: bool = True, **changes: object) -> Carrier:
    owner = {"account_sid": ACCOUNT} if of_account else {"service_provider_sid": PROVIDER}
    return Carrier(voip_carrier_sid=f"sid-{name}", name=name, **owner, **changes)  # type: ignore[arg-type]


def gateway(of: str, host: str, **changes: object) -> Gateway:
    return Gateway(f"gw-{host}", f"sid-{of}", host, **changes)  # type: ignore[arg-type]


def rule(regex: str, *carriers: str, priority: int = 0) -> LcrRoute:
    entries = tuple(
        CarrierSetEntry(f"e-{regex}-{name}", regex, f"sid-{name}", priority=place)
        for place, name in enumerate(carriers)
    )
    return LcrRoute(regex, "lcr", regex, priority=priority, entries=entries)


def hosts(from_user: str, to: Target, facts: Facts, seed: int = 1) -> list[str]:
    chosen = plan(from_user, to, facts, random.Random(seed))
    return [a.gateway.host for a in chosen.attempts if a.gateway is not None]


CALLED = Target("phone", number="+4915112345678")
TWO = Facts(
    carriers=(carrier("a"), carrier("b")),
    gateways=(gateway("a", "a1"), gateway("b", "b1")),
)


def test_the_named_trunk_is_used_and_no_other():
    assert hosts("1", Target("phone", number="2", trunk="b"), TWO) == ["b1"]


def test_an_unknown_trunk_is_refused_with_the_names_that_exist():
    with pytest.raises(RouteRefused) as refused:
        plan("1", Target("phone", number="2", trunk="c"), TWO, random.Random(1))

    assert refused.value.field == "to.trunk"
    assert "a, b" in refused.value.msg


def test_a_named_trunk_that_is_switched_off_is_refused():
    facts = Facts(carriers=(carrier("a", is_active=False), carrier("b")), gateways=TWO.gateways)

    with pytest.raises(RouteRefused, match="not active"):
        plan("1", Target("phone", number="2", trunk="a"), facts, random.Random(1))


def test_a_name_of_the_account_wins_over_the_same_name_of_the_provider():
    own = carrier("same")
    shared = Carrier("sid-shared", "same", service_provider_sid=PROVIDER)
    facts = Facts(
        carriers=(shared, own),
        gateways=(Gateway("g1", "sid-shared", "shared"), gateway("same", "own")),
    )

    assert hosts("1", Target("phone", number="2", trunk="same"), facts) == ["own"]


def test_gateways_come_by_priority_then_age_and_never_a_switched_off_one():
    facts = Facts(
        carriers=(carrier("a"),),
        gateways=(
            gateway("a", "young", created_at=9.0),
            gateway("a", "old", created_at=1.0),
            gateway("a", "first", priority=-1, created_at=99.0),
            gateway("a", "off", is_active=False),
            gateway("a", "in", outbound=False),
        ),
    )

    assert hosts("1", CALLED, facts) == ["first", "old", "young"]


def test_a_gateway_that_fails_its_ping_comes_last():
    facts = Facts(
        carriers=(carrier("a"),),
        gateways=(gateway("a", "dead"), gateway("a", "alive", priority=5)),
        unreachable=frozenset({"gw-dead"}),
    )

    assert hosts("1", CALLED, facts) == ["alive", "dead"]


def test_the_trunk_of_the_callers_number_comes_before_rules():
    facts = Facts(
        carriers=TWO.carriers,
        gateways=TWO.gateways,
        numbers=(PhoneNumber("n", "4930111", account_sid=ACCOUNT, voip_carrier_sid="sid-b"),),
        account_lcr=Lcr("lcr", "mine", ACCOUNT, routes=(rule("49", "a"),)),
    )

    assert hosts("+4930111", CALLED, facts) == ["b1"]
    assert hosts("+4930999", CALLED, facts) == ["a1"]


@pytest.mark.parametrize(
    ("regex", "number", "matched"),
    [
        ("4915", "+4915112345678", True),
        ("+4915", "4915112345678", True),
        ("15", "+4915112345678", False),
        ("^49", "+4915112345678", True),
        (r"^\+49", "4915112345678", True),
        ("^151", "+4915112345678", False),
        (".*", "+1", True),
        ("(4|5)9", "+49", True),
    ],
)
def test_a_rule_matches_by_prefix_or_anchored_expression(regex, number, matched):
    facts = Facts(
        carriers=TWO.carriers,
        gateways=TWO.gateways,
        account_lcr=Lcr("l", "mine", ACCOUNT, routes=(rule(regex, "a"),)),
        provider_lcr=Lcr("p", "theirs", None, PROVIDER, routes=(rule(".*", "b", priority=9999),)),
    )

    assert hosts("1", Target("phone", number=number), facts) == ["a1" if matched else "b1"]


def test_the_first_matching_rule_gives_all_its_entries_in_order():
    facts = Facts(
        carriers=TWO.carriers,
        gateways=TWO.gateways,
        account_lcr=Lcr(
            "l", "mine", ACCOUNT, routes=(rule("4", "a", priority=2), rule("49", "b", "a"))
        ),
    )

    assert hosts("1", CALLED, facts) == ["b1", "a1"]


def test_equal_entries_share_by_workload():
    entries = (
        CarrierSetEntry("1", "r", "sid-a", workload=9),
        CarrierSetEntry("2", "r", "sid-b", workload=1),
    )
    facts = Facts(
        carriers=TWO.carriers,
        gateways=TWO.gateways,
        account_lcr=Lcr("l", "m", ACCOUNT, routes=(LcrRoute("r", "l", "4", entries=entries),)),
    )
    dice = random.Random(7)
    first = [plan("1", CALLED, facts, dice).attempts[0].gateway.host for _ in range(1000)]

    assert 850 < first.count("a1") < 950


def test_a_switched_off_table_is_passed_over():
    facts = Facts(
        carriers=(carrier("a"), carrier("b", of_account=False)),
        gateways=TWO.gateways,
        account_lcr=Lcr("l", "m", ACCOUNT, is_active=False, routes=(rule("4", "b"),)),
    )

    assert hosts("1", CALLED, facts) == ["a1"]


def test_without_rules_any_active_carrier_of_the_account_may_be_drawn():
    drawn = {hosts("1", CALLED, TWO, seed)[0] for seed in range(40)}

    assert drawn == {"a1", "b1"}


def test_the_sandbox_is_never_drawn_beside_a_real_carrier_even_a_switched_off_one():
    sandbox = carrier("sandbox", of_account=False)
    gateways = (gateway("sandbox", "sb"), gateway("a", "a1"))
    alone = Facts(carriers=(sandbox,), gateways=gateways)
    beside = Facts(carriers=(sandbox, carrier("a")), gateways=gateways)
    beside_off = Facts(carriers=(sandbox, carrier("a", is_active=False)), gateways=gateways)

    assert hosts("1", CALLED, alone) == ["sb"]
    assert {hosts("1", CALLED, beside, seed)[0] for seed in range(20)} == {"a1"}
    with pytest.raises(RouteRefused):
        plan("1", CALLED, beside_off, random.Random(1))
    assert hosts("1", Target("phone", number="2", trunk="sandbox"), beside) == ["sb"]


def test_a_rule_never_leads_to_the_sandbox():
    facts = Facts(
        carriers=(carrier("sandbox"), carrier("a")),
        gateways=(gateway("sandbox", "sb"), gateway("a", "a1")),
        account_lcr=Lcr("l", "m", ACCOUNT, routes=(rule("4", "sandbox", "a"),)),
    )

    assert hosts("1", CALLED, facts) == ["a1"]


def test_no_usable_carrier_is_refused_and_says_what_to_add():
    with pytest.raises(RouteRefused, match="add a carrier") as refused:
        plan("1", CALLED, Facts(), random.Random(1))

    assert refused.value.field == "to"


def test_a_sip_uri_needs_no_carrier():
    chosen = plan("1", Target("sip", sip_uri="sip:a@b.example"), Facts(), random.Random(1))

    assert [a.carrier for a in chosen.attempts] == [None]


def test_a_dialled_call_leaves_by_the_trunk_its_caller_came_in_on():
    """Contract 2.4 step 4; the trunk that a rule or the request names still comes first."""
    for seed in range(20):
        chosen = plan("1", CALLED, TWO, random.Random(seed), arrived_on="b")
        assert (chosen.rule, chosen.attempts[0].gateway.host) == ("caller_trunk", "b1")
    named = Target("phone", number="2", trunk="a")
    assert plan("1", named, TWO, random.Random(1), arrived_on="b").rule == "named_trunk"


def test_a_caller_of_a_trunk_without_a_way_out_leaves_by_another():
    facts = Facts(carriers=TWO.carriers, gateways=(gateway("a", "a1"),))

    assert plan("1", CALLED, facts, random.Random(1), arrived_on="b").rule == "any_carrier"


def test_a_user_is_tried_at_every_device_the_newest_first():
    phones = tuple(
        Registration("a", "bob", "r", f"sip:bob@{host}", "udp", host, 5060, "c", 1, 0.0, 1.0)
        for host in ("192.0.2.7", "192.0.2.8")
    )

    found = plan("1", Target("user", name="bob"), Facts(registered=phones), random.Random(1))

    assert found.rule == "registered_user"
    assert [attempt.contact for attempt in found.attempts] == list(phones)


def test_a_user_who_is_not_there_is_refused_by_name():
    with pytest.raises(RouteRefused, match="'bob' is not registered") as refused:
        plan("1", Target("user", name="bob"), TWO, random.Random(1))

    assert refused.value.field == "to.name"
