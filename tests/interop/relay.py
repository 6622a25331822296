"""A UDP relay that stands in front of SIPp and loses or repeats the datagrams a test names."""

import re
import selectors
import socket
import threading
from dataclasses import dataclass
from typing import Self

TO_CALLEE, TO_CALLER = "to-callee", "to-caller"


@dataclass(frozen=True)
class Lose:
    """Lose the first `times` datagrams of one direction whose text matches."""

    direction: str
    pattern: str
    times: int = 1

    def concerns(self, direction: str, text: str) -> bool:
        return direction == self.direction and re.match(self.pattern, text, re.DOTALL) is not None


class Relay:
    """Between a caller that knows only `port` and the callee on `callee_port`."""

    def __init__(self, callee_port: int, *rules: Lose, copies: int = 1) -> None:
        self._rules = rules
        self._seen = [0] * len(rules)
        self._copies = copies
        self._front = self._socket()
        self._back = self._socket()
        self._callee = ("127.0.0.1", callee_port)
        self._caller: tuple[str, int] | None = None
        self._stop_read, self._stop_write = socket.socketpair()
        self._thread = threading.Thread(target=self._run)
        self.lost: list[str] = []

    @staticmethod
    def _socket() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        return made

    @property
    def port(self) -> int:
        return int(self._front.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_rest: object) -> None:
        self._stop_write.send(b"x")
        self._thread.join()
        for each in (self._front, self._back, self._stop_read, self._stop_write):
            each.close()

    def _times(self, direction: str, data: bytes) -> int:
        text = data.decode(errors="replace")
        for index, rule in enumerate(self._rules):
            if rule.concerns(direction, text):
                self._seen[index] += 1
                if self._seen[index] <= rule.times:
                    self.lost.append(text)
                    return 0
        return self._copies

    def _run(self) -> None:
        with selectors.DefaultSelector() as waiting:
            for each in (self._front, self._back, self._stop_read):
                waiting.register(each, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in waiting.select()]
                if self._stop_read in ready:
                    return
                if self._front in ready:
                    self._pass_to_callee()
                if self._back in ready:
                    self._pass_to_caller()

    def _pass_to_callee(self) -> None:
        data, self._caller = self._front.recvfrom(65536)
        for _ in range(self._times(TO_CALLEE, data)):
            self._back.sendto(data, self._callee)

    def _pass_to_caller(self) -> None:
        data, _address = self._back.recvfrom(65536)
        for _ in range(self._times(TO_CALLER, data)):
            if self._caller:
                self._front.sendto(data, self._caller)
