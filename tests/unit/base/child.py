"""What the child process of the tests beside this file does."""

import os
import sys
import time

from voxgate.base.frames import serve


class Refusal(Exception):
    pass


def answer(request: bytes) -> bytes:
    match request.split():
        case [b"die"]:
            os._exit(3)
        case [b"hang"]:
            time.sleep(600)
        case [b"refuse", why]:
            raise Refusal(why.decode())
        case [b"crash"]:
            raise RuntimeError("a fault in the child")
        case [b"chatter"]:
            os.write(1, b"noise on standard output")
            sys.stdout.write("more noise")
            sys.stdout.flush()
        case [b"pid"]:
            return str(os.getpid()).encode()
    return request.upper()


def main() -> None:
    serve(answer, (Refusal,))
