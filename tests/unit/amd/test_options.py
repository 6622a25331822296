from voxgate.amd.options import MS_PER_WORD, AmdOptions, Timers


def test_the_defaults_are_those_of_the_contract():
    assert AmdOptions() == AmdOptions(9, 0, Timers(5000, 15_000, 20_000, 2000))


def test_a_word_lasts_as_long_as_in_read_speech():
    assert 60_000 / MS_PER_WORD == 150
