import asyncio
import io
import re
import socket

from rich.console import Console

from voxgate.base.settings import Settings
from voxgate.cli.doctor import CHECKS, Grade, examine


def settings_of(tmp_path, **more) -> Settings:
    given = {
        "data_dir": tmp_path / "data",
        "http": "127.0.0.1:0",
        "sip": "udp:127.0.0.1:0,tcp:127.0.0.1:0",
        "rtp_ports": "38000-38999",
        "max_calls": 100,
    }
    return Settings(**(given | more))


def finding(name: str, settings: Settings):
    return asyncio.run(CHECKS[name](settings))


def test_a_machine_that_can_run_the_gateway_is_ready(tmp_path):
    out = io.StringIO()

    status = asyncio.run(examine(Console(file=out, width=120), settings_of(tmp_path)))

    assert status == 0, out.getvalue()
    assert "ready" in out.getvalue()
    heard = re.search(r"(\d+) ms were heard", out.getvalue())
    assert heard is not None
    assert int(heard[1]) >= 360


def test_a_folder_that_cannot_be_made_is_bad(tmp_path):
    (tmp_path / "file").write_text("")

    found = finding("data", settings_of(tmp_path, data_dir=tmp_path / "file" / "data"))

    assert found.grade is Grade.BAD
    assert "VOXGATE_DATA_DIR" in found.advice


def test_a_database_that_is_not_there_is_bad(tmp_path):
    url = "postgresql://nobody@127.0.0.1:9/none"

    assert finding("database", settings_of(tmp_path, database_url=url)).grade is Grade.BAD


def test_a_taken_port_is_bad_and_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        http = finding("HTTP", settings_of(tmp_path, http=f"127.0.0.1:{port}"))
        sip = finding("SIP", settings_of(tmp_path, sip=f"tcp:127.0.0.1:{port}"))

    assert http.grade is Grade.BAD
    assert sip.grade is Grade.BAD
    assert str(port) in sip.text


def test_fewer_media_ports_than_calls_is_a_warning(tmp_path):
    found = finding("RTP", settings_of(tmp_path, rtp_ports="38000-38009"))

    assert found.grade is Grade.WARNING
    assert "room for 5 calls" in found.text
