import signal
import subprocess
import sys

import pytest

from unit.cli.shell import environment


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
