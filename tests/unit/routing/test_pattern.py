import pytest

from voxgate.routing.pattern import BadPattern, check, matches, matches_registered


def test_an_expression_that_cannot_be_read_is_refused_with_the_reason():
    with pytest.raises(BadPattern, match="missing"):
        check("^(49")


def test_an_expression_made_to_explode_costs_nothing():
    assert not matches(r"^(\d+)+x$", "4" * 132)


@pytest.mark.parametrize(
    ("pattern", "number", "matched"),
    [
        ("4930111", "+4930111", True),
        ("4930111", "49301112", False),
        ("4930*", "+4930111", True),
        ("4930*", "+4940111", False),
        ("^49(30|40)", "+4940111", True),
        ("^49(30|40)", "+4950111", False),
    ],
)
def test_a_registered_number_is_exact_wildcard_or_expression(pattern, number, matched):
    assert matches_registered(pattern, number) is matched
