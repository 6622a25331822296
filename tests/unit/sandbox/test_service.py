import pytest

from voxgate.base.settings import Listener
from voxgate.sandbox.personas import PersonaFileError
from voxgate.sandbox.service import BadOption, Sandbox, SandboxOptions

GOOD = {"sip": "udp:127.0.0.1:0", "control": "[::1]:0", "rtp_ports": "34000-34999"}


def test_options_are_read_as_they_are_written():
    options = SandboxOptions.parse(**GOOD, capture_s=0)

    assert options.listeners == (Listener("udp", "127.0.0.1", 0),)
    assert (options.control_host, options.control_port) == ("::1", 0)
    assert options.rtp_ports == (34000, 34999)
    assert options.capture_s == 0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"sip": "tls:127.0.0.1:5060"}, "--sip"),
        ({"sip": ""}, "--sip"),
        ({"control": "nowhere"}, "--control"),
        ({"rtp_ports": "9"}, "--rtp-ports"),
        ({"rtp_ports": "9-8"}, "--rtp-ports"),
        ({"rtp_ports": "30000-99999"}, "--rtp-ports"),
        ({"capture_s": -1}, "--capture-s"),
    ],
)
def test_a_wrong_option_is_named(wrong, named):
    with pytest.raises(BadOption, match=named):
        SandboxOptions.parse(**(GOOD | wrong))


def test_a_missing_file_of_personas_is_named(tmp_path):
    options = SandboxOptions.parse(**GOOD, personas=tmp_path / "missing.toml")

    with pytest.raises(PersonaFileError, match=r"missing\.toml"):
        Sandbox(options)
