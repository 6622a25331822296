"""Whole commands as processes, with everything they start: gateway, sandbox, agent, real calls."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def environment(folder: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if "VOXGATE" not in name}
    return inherited | {
        "PYTHONPATH": str(ROOT / "src"),
        "VOXGATE_DATA_DIR": str(folder / "data"),
        "VOXGATE_HTTP": "127.0.0.1:0",
        "VOXGATE_SIP": "udp:127.0.0.1:0",
        "VOXGATE_RTP_PORTS": "39000-39999",
    }


def typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voxgate", *words],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=110,
    )


@pytest.mark.timeout(120)
def test_the_demo_places_a_call_that_works_and_shows_it(tmp_path):
    done = typed(tmp_path, "demo", "--oneshot")

    assert done.returncode == 0, done.stdout
    for text in ("201", "ringing", "in-progress", "digits 1", "the call worked", "presses-1"):
        assert text in done.stdout
    assert "✗" not in done.stdout
    assert (tmp_path / "data" / "gateway.log").exists()


@pytest.mark.timeout(120)
def test_a_call_goes_through_a_gateway_of_its_own_when_none_is_there(tmp_path):
    # Its own name for the local gateway, so that one running on this machine is left alone.
    done = typed(tmp_path, "call", "+15005550130", "--embedded")

    assert done.returncode == 1, done.stdout
    assert "486 Busy Here" in done.stdout
    assert "The callee is busy." in done.stdout


@pytest.mark.timeout(120)
def test_serve_says_where_it_is_and_ends_when_told(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-m", "voxgate", "serve"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as gateway:
        said = ""
        for line in gateway.stdout:
            said += line
            if "sandbox" in line:
                break
        gateway.send_signal(signal.SIGTERM)

        assert gateway.wait(60) == 0
    assert "is ready" in said
    assert "admin key" in said
    assert "/docs" in said
