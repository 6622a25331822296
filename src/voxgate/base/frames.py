"""The child's side of `children`, and what passes between the two over the child's pipes.

Both directions carry frames: length (4 bytes, big endian), then the content. The child's first
answer is empty and tells that it is ready; then each request gets one, a status byte and content.

Imports next to nothing, so that a child is ready soon.
"""

import os
import sys
from collections.abc import Callable
from typing import BinaryIO

DONE, REFUSED = 0, 1
NICE = 5  # a child's work may be a little late; packets may not


def serve(answer: Callable[[bytes], bytes], refusals: tuple[type[Exception], ...]) -> None:
    """The child's side: answer until the parent closes the pipe.

    An exception of `refusals` becomes ChildRefused at the parent; any other ends the process.
    """
    requests = sys.stdin.buffer
    # Whatever a library prints must not end up between the frames.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.nice(NICE)
    _write_frame(answers, DONE, b"")
    while (request := _read_frame(requests)) is not None:
        try:
            content = answer(request)
        except refusals as refusal:
            _write_frame(answers, REFUSED, str(refusal).encode())
        else:
            _write_frame(answers, DONE, content)


def _read_frame(source: BinaryIO) -> bytes | None:
    head = source.read(4)
    if len(head) < 4:
        return None
    length = int.from_bytes(head, "big")
    content = source.read(length)
    return content if len(content) == length else None


def _write_frame(sink: BinaryIO, status: int, content: bytes) -> None:
    sink.write((len(content) + 1).to_bytes(4, "big") + bytes([status]))
    sink.write(content)
    sink.flush()
