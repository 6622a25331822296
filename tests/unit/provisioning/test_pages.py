from voxgate.provisioning.pages import PageRequest
from voxgate.store.rows import ALL, Window


def test_without_a_page_everything_is_meant():
    assert PageRequest().window == ALL


def test_zero_and_one_are_both_the_first_page():
    assert PageRequest(0, 10).window == PageRequest(1, 10).window == Window(0, 10)


def test_pages_follow_each_other_without_gap():
    assert PageRequest(2, 10).window == Window(10, 10)
    assert PageRequest(7, 25).window == Window(150, 25)
