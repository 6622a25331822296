import socket

from voxgate.cli.ports import is_free


def test_a_port_is_free_until_somebody_takes_it():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert not is_free(socket.SOCK_DGRAM, "127.0.0.1", port)

    assert is_free(socket.SOCK_DGRAM, "127.0.0.1", port)


def test_an_address_that_is_not_ours_is_not_free():
    assert not is_free(socket.SOCK_STREAM, "192.0.2.1", 0)
