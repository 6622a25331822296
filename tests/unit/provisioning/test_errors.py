from voxgate.provisioning.errors import FieldError, Invalid, Unprocessable, summary


def test_a_refusal_says_the_first_problem_and_how_many_more():
    one = Invalid.fields(FieldError("from", "is required"))
    assert (one.status, one.msg) == (400, "from: is required")
    three = Unprocessable.fields(*(FieldError(name, "is wrong") for name in "abc"))
    assert (three.status, three.msg) == (422, "a: is wrong (and 2 more)")
    assert [error.field for error in three.errors] == ["a", "b", "c"]


def test_a_problem_of_the_whole_has_no_field():
    assert summary([FieldError("", "the body is not JSON")]) == "the body is not JSON"
