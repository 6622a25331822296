"""The far end of thousands of RTP streams on one UDP port (Linux only).

    python -m bench.rtp_farm --port 14000 --control 13999

It sends 50 G.711 packets a second to every peer it is told of, in ten slices of a frame, and
judges what it receives by the kernel's time stamps, which hold even when this process runs late.
A stream is told apart by its sender's address. Control: one line of UDP text on 127.0.0.1
(`peer IP PORT`, `reset`, `clear`, `stats`, `quit`), answered with JSON.
"""

import argparse
import ctypes
import ctypes.util
import json
import select
import socket
import struct
import time
from typing import Any

from voxgate.media import Codec
from voxgate.testing.g711 import encode
from voxgate.testing.rtp import tone

libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)

BATCH, SLOT, NAME, CONTROL = 512, 256, 16, 48
SO_RCVBUFFORCE, SO_TIMESTAMPNS, MSG_DONTWAIT = 33, 35, 0x40
RECEIVE_BUFFER = 64 << 20
FRAME_S, SLICES = 0.020, 10
PACKET_BYTES = 172
LATE_GAP_S = 0.030

_RTP = struct.Struct("!BBHII")
_PACKET = struct.Struct(f"!2xHII{SLOT - 12}x")
_ADDRESS = struct.Struct("!2xHI8x")
_STAMP = struct.Struct(f"=16xqq{CONTROL - 32}x")


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """`struct mmsghdr`."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iov", ctypes.c_void_p),
        ("iov_length", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("padding", ctypes.c_uint32),  # of the inner struct msghdr
        ("received", ctypes.c_uint32),
    )


class _Slots:
    """Buffers for BATCH datagrams, laid out for recvmmsg and sendmmsg."""

    def __init__(self, datagram_bytes: int, *, stamped: bool) -> None:
        self.data = bytearray(SLOT * BATCH)
        self.names = bytearray(NAME * BATCH)
        self.controls = bytearray(CONTROL * BATCH)
        data, names, controls = (
            ctypes.addressof((ctypes.c_char * len(block)).from_buffer(block))
            for block in (self.data, self.names, self.controls)
        )
        self._vectors = (_IoVec * BATCH)()
        self.messages = (_Message * BATCH)()
        first = ctypes.addressof(self._vectors)
        for index, message in enumerate(self.messages):
            vector = self._vectors[index]
            vector.base, vector.length = data + index * SLOT, datagram_bytes
            message.name, message.name_length = names + index * NAME, NAME
            message.iov, message.iov_length = first + index * ctypes.sizeof(_IoVec), 1
            if stamped:
                message.control = controls + index * CONTROL
                message.control_length = CONTROL
        self._template = bytes(self.messages)
        self._view = memoryview(self.messages).cast("B")

    def rearm(self, count: int) -> None:
        """The kernel overwrites lengths and flags; put ours back."""
        used = count * ctypes.sizeof(_Message)
        self._view[:used] = self._template[:used]


class _Flow:
    """One received stream: counts, and the last packet for gaps."""

    __slots__ = ("at", "packets", "sequence", "ssrc")

    def __init__(self, sequence: int, ssrc: int, at: float) -> None:
        self.sequence, self.ssrc, self.at = sequence, ssrc, at
        self.packets = 0


class Farm:
    def __init__(self, port: int, control_port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._enlarge_buffer()
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", port))
        # Reports arrive here and are left unread.
        self._rtcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtcp.bind(("127.0.0.1", port + 1))
        self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._control.bind(("127.0.0.1", control_port))
        self._received = _Slots(SLOT, stamped=True)
        self._outgoing = _Slots(PACKET_BYTES, stamped=False)
        self._peers: dict[tuple[str, int], list[Any]] = {}
        self._order: list[list[Any]] = []
        self._flows: dict[int, _Flow] = {}
        self._payload = encode(tone(400, 20).samples, Codec.PCMU)
        self._slice = 0
        self._reset()

    def _enlarge_buffer(self) -> None:
        for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, option, RECEIVE_BUFFER)
            except PermissionError:
                continue
            return

    def _reset(self) -> None:
        for flow in self._flows.values():
            flow.packets = 0
        self._packets = self._late_gaps = self._sent = self._not_sent = self._late_slices = 0
        self._since = time.time()
        self._cpu = time.process_time()

    # ------------------------------------------------------------ receiving

    def _drain(self) -> None:
        slots, handle = self._received, self._socket.fileno()
        while True:
            count = libc.recvmmsg(handle, ctypes.byref(slots.messages), BATCH, MSG_DONTWAIT, None)
            if count <= 0:
                return
            self._judge(count)
            slots.rearm(count)
            if count < BATCH:
                return

    def _judge(self, count: int) -> None:
        slots, flows = self._received, self._flows
        packets = _PACKET.iter_unpack(memoryview(slots.data)[: count * SLOT])
        addresses = _ADDRESS.iter_unpack(memoryview(slots.names)[: count * NAME])
        stamps = _STAMP.iter_unpack(memoryview(slots.controls)[: count * CONTROL])
        for (sequence, _, ssrc), (port, ip), (seconds, nanoseconds) in zip(
            packets, addresses, stamps, strict=True
        ):
            at = seconds + nanoseconds * 1e-9
            flow = flows.get(ip << 16 | port)
            if flow is None or flow.ssrc != ssrc:
                flow = flows[ip << 16 | port] = _Flow(sequence, ssrc, at)
            elif at - flow.at > LATE_GAP_S:
                self._late_gaps += 1
            flow.packets += 1
            flow.sequence, flow.at = sequence, at
        self._packets += count

    # ------------------------------------------------------------ sending

    def _send_slice(self) -> None:
        slots, filled = self._outgoing, 0
        for peer in self._order[self._slice :: SLICES]:
            start = filled * SLOT
            _RTP.pack_into(slots.data, start, 0x80, 0, peer[1], peer[2], peer[3])
            slots.data[start + 12 : start + PACKET_BYTES] = self._payload
            slots.names[filled * NAME : (filled + 1) * NAME] = peer[0]
            peer[1] = (peer[1] + 1) & 0xFFFF
            peer[2] = (peer[2] + 160) & 0xFFFFFFFF
            filled += 1
            if filled == BATCH:
                self._blast(filled)
                filled = 0
        self._blast(filled)
        self._slice = (self._slice + 1) % SLICES

    def _blast(self, count: int) -> None:
        messages, done = self._outgoing.messages, 0
        size, base = ctypes.sizeof(_Message), ctypes.addressof(messages)
        while done < count:
            sent = libc.sendmmsg(
                self._socket.fileno(),
                ctypes.c_void_p(base + done * size),
                count - done,
                MSG_DONTWAIT,
            )
            if sent <= 0:
                self._not_sent += 1
                done += 1
            else:
                self._sent += sent
                done += sent

    def _add_peer(self, ip: str, port: int) -> None:
        if (ip, port) in self._peers:
            return
        number = len(self._order)
        address = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port)
        peer = [
            address + socket.inet_aton(ip) + bytes(8),
            number * 7919 & 0xFFFF,
            number * 104729 & 0xFFFFFFFF,
            0x10000000 + number,
        ]
        self._peers[ip, port] = peer
        self._order.append(peer)

    # ------------------------------------------------------------ control

    def _stats(self) -> dict[str, float]:
        seconds = time.time() - self._since
        flows = [flow.packets for flow in self._flows.values() if flow.packets]
        expected = 50 * seconds * max(1, len(self._peers))
        return {
            "seconds": seconds,
            "peers": len(self._peers),
            "flows": len(flows),
            "packets": self._packets,
            "arrived_pct": 100 * self._packets / expected,
            "worst_flow_pct": 100 * min(flows, default=0) / (50 * seconds),
            "late_gap_pct": 100 * self._late_gaps / max(1, self._packets),
            "sent": self._sent,
            "not_sent": self._not_sent,
            "late_slices": self._late_slices,
            "cpu_pct": 100 * (time.process_time() - self._cpu) / seconds,
        }

    def _obey(self) -> bool:
        """One command; False ends the farm."""
        text, sender = self._control.recvfrom(2048)
        words = text.decode().split()
        answer: dict[str, float] = {}
        match words:
            case ["peer", ip, port]:
                self._add_peer(ip, int(port))
            case ["reset"]:
                self._reset()
            case ["clear"]:
                self._peers.clear()
                self._order.clear()
                self._flows.clear()
                self._reset()
            case ["stats"]:
                answer = self._stats()
        self._control.sendto(json.dumps(answer).encode(), sender)
        return words != ["quit"]

    def run(self) -> None:
        poll = select.epoll()
        poll.register(self._socket.fileno(), select.EPOLLIN)
        poll.register(self._control.fileno(), select.EPOLLIN)
        step = FRAME_S / SLICES
        due = time.monotonic() + step
        while True:
            now = time.monotonic()
            if now - due > 10 * FRAME_S:  # far behind: count it, do not burst
                self._late_slices += int((now - due) / step)
                due = now
            while due <= now:
                self._send_slice()
                due += step
            ready = {handle for handle, _ in poll.poll(max(0.0, due - time.monotonic()))}
            if self._socket.fileno() in ready:
                self._drain()
            if self._control.fileno() in ready and not self._obey():
                return


def ask(control_port: int, text: str) -> dict[str, float]:
    """Client side of the control socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(10)
        asking.sendto(text.encode(), ("127.0.0.1", control_port))
        return dict(json.loads(asking.recv(65536)))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--control", type=int, required=True)
    given = arguments.parse_args()
    Farm(given.port, given.control).run()
