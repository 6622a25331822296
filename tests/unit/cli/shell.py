"""Commands as processes, with everything they start: gateway, sandbox, agent, real calls."""

import os
import subprocess
import sys
from pathlib import Path

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
