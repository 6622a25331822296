"""baresip as a softphone that answers by itself, records what it hears, and takes commands."""

import json
import shutil
import socket
import subprocess
import threading
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from interop.ports import free_port, free_range, wait_bound, wait_until

MODULES = Path("/usr/lib/baresip/modules")
_CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{sip}
audio_path /usr/share/baresip
audio_source aufile,{source}
audio_player {player}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp}-{rtp_last}
rtcp_mux no
jitter_buffer_type fixed
jitter_buffer_delay 2-5
net_interface 127.0.0.1
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
snd_path {folder}
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
menu_statmode_default off
statmode_default off
"""
# baresip takes a call only for a user it has.
_ACCOUNT = "<sip:{user}@127.0.0.1:{sip}>;regint=0;answermode=auto;audio_codecs={codecs}\n"
_DEVICE = (
    '<sip:{user}@{realm}>;auth_user={user};auth_pass={password};outbound="sip:127.0.0.1:{gateway}'
    ';transport={transport}";regint=60;answermode=auto;audio_codecs={codecs}\n'
)


@dataclass(frozen=True)
class Registering:
    """What a phone needs to be a device of an account."""

    realm: str
    password: str
    gateway_port: int
    transport: str = "udp"


class Baresip:
    """One phone on a port of its own. Its microphone hears `source` (a WAV at 8 kHz)."""

    def __init__(
        self,
        folder: Path,
        source: Path,
        *,
        user: str,
        codecs: str,
        device: Registering | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self._control_port = free_port()
        rtp = free_range(40)
        folder.mkdir()
        (folder / "config").write_text(
            _CONFIG.format(
                sip=self.port,
                source=source,
                player="aufile," + str(folder / "heard.wav"),
                rtp=rtp,
                rtp_last=rtp + 39,
                modules=MODULES,
                folder=folder,
                control=self._control_port,
            )
        )
        (folder / "accounts").write_text(
            _ACCOUNT.format(user=user, sip=self.port, codecs=codecs)
            if device is None
            else _DEVICE.format(
                user=user,
                codecs=codecs,
                realm=device.realm,
                password=device.password,
                gateway=device.gateway_port,
                transport=device.transport,
            )
        )
        (folder / "uuid").write_text("5d5d0c3e-7d0b-4b4e-9d59-6a3c0e5f7a11")
        (folder / "contacts").write_text("")
        self._process: subprocess.Popen[bytes] | None = None
        self._events: list[dict[str, Any]] = []
        self._socket: socket.socket | None = None
        self._reader: threading.Thread | None = None

    @staticmethod
    def is_installed() -> bool:
        return shutil.which("baresip") is not None and (MODULES / "sndfile.so").exists()

    def __enter__(self) -> Self:
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["baresip", "-f", str(self.folder), "-t", "120"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_bound(self.port)
        wait_bound(self._control_port, kind="tcp")
        self._socket = socket.create_connection(("127.0.0.1", self._control_port))
        self._reader = threading.Thread(target=self._read, args=(self._socket,), daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_rest: object) -> None:
        assert self._process
        assert self._socket
        assert self._reader
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._socket.close()
        self._reader.join(5)

    def _read(self, connection: socket.socket) -> None:
        """Netstrings of JSON until the program ends."""
        waiting = b""
        while True:
            try:
                data = connection.recv(65536)
            except OSError:
                return
            if not data:
                return
            waiting += data
            while b":" in waiting:
                length, _, rest = waiting.partition(b":")
                if len(rest) < int(length) + 1:
                    break
                self._events.append(json.loads(rest[: int(length)]))
                waiting = rest[int(length) + 1 :]

    def command(self, name: str, parameters: str = "") -> None:
        assert self._socket
        text = json.dumps({"command": name, "params": parameters, "token": "t"}).encode()
        self._socket.sendall(b"%d:%s," % (len(text), text))

    def press(self, digit: str) -> None:
        self.command("sndcode", digit)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in list(self._events) if event.get("type") == kind]

    def wait_event(self, kind: str, *, within_s: float = 15.0) -> dict[str, Any]:
        def seen() -> dict[str, Any] | None:
            return next(iter(self.events(kind)), None)

        return wait_until(seen, within_s=within_s, what=f"baresip event {kind}")

    def heard(self) -> np.ndarray:
        """Everything it decoded, as samples between -1 and 1 (8 kHz), after the call."""
        recordings = sorted(self.folder.glob("dump-*-dec.wav"))
        assert recordings, sorted(p.name for p in self.folder.iterdir())
        return read_wav(recordings[-1])


def read_wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 8000)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return samples.astype(np.float64) / 32768


def write_tone(path: Path, hertz: float, seconds: float, level: float = 0.3) -> Path:
    times = np.arange(int(8000 * seconds)) / 8000
    samples = (np.sin(2 * np.pi * hertz * times) * level * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return path


def loudest_hertz(samples: np.ndarray) -> float:
    """Frequency of the strongest line of the spectrum, parabola-fitted between bins."""
    windowed = samples * np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(windowed))
    peak = int(np.argmax(spectrum[1:-1])) + 1
    left, middle, right = np.log(spectrum[peak - 1 : peak + 2] + 1e-12)
    offset = 0.5 * (left - right) / (left - 2 * middle + right)
    return float((peak + offset) * 8000 / len(samples))


def longest_sound(samples: np.ndarray, threshold: float = 0.02) -> np.ndarray:
    """The longest stretch whose 20 ms frames are louder than `threshold` (RMS)."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    loud = np.sqrt((frames**2).mean(axis=1)) > threshold
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(int), [0]))))
    runs = edges.reshape(-1, 2)
    assert len(runs), "nothing but silence"
    first, last = max(runs, key=lambda run: run[1] - run[0])
    return samples[first * 160 : last * 160]
