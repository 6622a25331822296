"""A SIP callee that outlives the gateway and keeps count: who was rung, how often, and what is left.

Our own words on a raw socket (RFC 3261 sections 8, 13, 15, 17), sharing nothing with the product.
It rings, answers, resends its 200 until the ACK, and expects every dialog to be hung up.
"""

import heapq
import re
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

RING_AFTER_S = 0.05
T1_S, T2_S = 0.5, 4.0

_HEADER = re.compile(r"^([\w-]+)\s*:\s*(.*)$")


@dataclass
class Dialog:
    """One INVITE of the gateway, and what became of it."""

    number: str
    call_id: str
    branch: str
    invite: list[tuple[str, str]]
    source: tuple[str, int]
    state: str = "called"  # called, ringing, answered, confirmed, over
    resend_s: float = T1_S
    history: list[str] = field(default_factory=list)


class FarEnd:
    """`watch(point, act)`: `act(number)` runs in the far end's thread, before it goes on.

    Points: invite, trying, ringing, answered, confirmed, bye, cancel.
    """

    def __init__(self, *, ring_s: float = 0.05, answers: bool = True) -> None:
        self._ring_s = ring_s
        self._answers = answers
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_number = 0
        self._stop = threading.Event()
        self._watchers: dict[str, Callable[[str], None]] = {}
        self._thread = threading.Thread(target=self._run)
        self.dialogs: dict[str, Dialog] = {}
        self.rung: Counter[str] = Counter()  # INVITE transactions per called number

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_rest: object) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def watch(self, point: str, act: Callable[[str], None]) -> None:
        self._watchers[point] = act

    def left_open(self) -> list[Dialog]:
        """Dialogs that still ring or talk."""
        return [d for d in list(self.dialogs.values()) if d.state != "over"]

    # ------------------------------------------------------------ machinery

    def _run(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._socket, selectors.EVENT_READ)
            while not self._stop.is_set():
                if waiting.select(0.01):
                    self._drain()
                now = time.monotonic()
                while self._timers and self._timers[0][0] <= now:
                    heapq.heappop(self._timers)[2]()

    def _drain(self) -> None:
        while True:
            try:
                data, source = self._socket.recvfrom(65536)
            except BlockingIOError:
                return
            self._take(data.decode(errors="replace"), source)

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        self._timer_number += 1
        heapq.heappush(self._timers, (time.monotonic() + delay_s, self._timer_number, act))

    def _reached(self, point: str, dialog: Dialog) -> None:
        dialog.history.append(point)
        if act := self._watchers.get(point):
            act(dialog.number)

    # ------------------------------------------------------------ messages

    def _take(self, text: str, source: tuple[str, int]) -> None:
        start, _, rest = text.partition("\r\n")
        headers = [
            (found[1].lower(), found[2])
            for line in rest.partition("\r\n\r\n")[0].split("\r\n")
            if (found := _HEADER.match(line))
        ]
        method = start.split(" ", 1)[0]
        if method == "INVITE":
            self._invite(start, headers, source)
        elif method in {"ACK", "BYE", "CANCEL"}:
            dialog = self.dialogs.get(dict(headers)["call-id"])
            if dialog is None:
                self._unknown(method, headers, source)
            else:
                getattr(self, "_" + method.lower())(dialog, headers, source)
        elif not start.startswith("SIP/2.0"):
            self._respond(headers, source, "200 OK")

    def _unknown(
        self, method: str, headers: list[tuple[str, str]], source: tuple[str, int]
    ) -> None:
        if method != "ACK":
            self._respond(headers, source, "481 Call/Transaction Does Not Exist")

    def _invite(self, start: str, headers: list[tuple[str, str]], source: tuple[str, int]) -> None:
        fields = dict(headers)
        branch = fields["via"].partition("branch=")[2].partition(";")[0]
        known = self.dialogs.get(fields["call-id"])
        if known is not None and known.branch == branch:
            return  # a retransmission: the answers under way are enough
        number = start.partition("sip:")[2].partition("@")[0]
        self.rung[number] += 1
        dialog = Dialog(number, fields["call-id"], branch, headers, source)
        self.dialogs[dialog.call_id] = dialog
        self._reached("invite", dialog)
        self._respond(headers, source, "100 Trying", tag="")
        self._reached("trying", dialog)
        self._later(RING_AFTER_S, lambda: self._ring(dialog))

    def _ring(self, dialog: Dialog) -> None:
        if dialog.state == "called":
            dialog.state = "ringing"
            self._respond(dialog.invite, dialog.source, "180 Ringing")
            self._reached("ringing", dialog)
            if self._answers:
                self._later(self._ring_s, lambda: self._answer(dialog))

    def _answer(self, dialog: Dialog) -> None:
        if dialog.state == "ringing":
            dialog.state = "answered"
            self._send_answer(dialog)
            self._reached("answered", dialog)

    def _send_answer(self, dialog: Dialog) -> None:
        if dialog.state != "answered":
            return
        body = (
            "v=0\r\no=far 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            "m=audio 9 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        )
        self._respond(dialog.invite, dialog.source, "200 OK", body=body)
        self._later(dialog.resend_s, lambda: self._send_answer(dialog))
        dialog.resend_s = min(2 * dialog.resend_s, T2_S)

    def _ack(self, dialog: Dialog, _headers: object, _source: object) -> None:
        if dialog.state == "answered":
            dialog.state = "confirmed"
            self._reached("confirmed", dialog)

    def _bye(self, dialog: Dialog, headers: list[tuple[str, str]], source: tuple[str, int]) -> None:
        if dialog.state in {"answered", "confirmed"}:
            dialog.state = "over"
            self._reached("bye", dialog)
        self._respond(headers, source, "200 OK")

    def _cancel(
        self, dialog: Dialog, headers: list[tuple[str, str]], source: tuple[str, int]
    ) -> None:
        self._respond(headers, source, "200 OK")
        if dialog.state in {"called", "ringing"}:
            dialog.state = "over"
            self._respond(dialog.invite, dialog.source, "487 Request Terminated")
            self._reached("cancel", dialog)

    def _respond(
        self,
        request: list[tuple[str, str]],
        source: tuple[str, int],
        status: str,
        *,
        tag: str = "far",
        body: str = "",
    ) -> None:
        lines = [f"SIP/2.0 {status}"]
        for name, value in request:
            if name == "to" and tag and ";tag=" not in value:
                lines.append(f"To: {value};tag={tag}")
            elif name in {"via", "from", "to", "call-id", "cseq", "record-route"}:
                lines.append(f"{name.title()}: {value}")
        lines.append(f"Contact: <sip:far@127.0.0.1:{self.port}>")
        if body:
            lines.append("Content-Type: application/sdp")
        text = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])
        self._socket.sendto(text.encode(), source)
