"""`voxgate serve` without the collector of cycles.

On SIGUSR1 it writes how many objects of ended and running calls it holds into the file that
UNCOLLECTED names.
"""

import gc
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from voxgate.call.call import LiveCall
from voxgate.call.leg import Leg
from voxgate.cli import main
from voxgate.flow.context import CallContext
from voxgate.flow.session import Session
from voxgate.media.stream import Stream
from voxgate.sip.dialog.session import Session as ConfirmedDialog

OF_CALLS = (CallContext, ConfirmedDialog, Leg, LiveCall, Session, Stream)


def write_down(*_: object) -> None:
    held = Counter(f"{type(o).__module__}.{type(o).__name__}" for o in _of_calls())
    path = Path(os.environ["UNCOLLECTED"])
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(held))
    draft.rename(path)


def _of_calls() -> list[object]:
    return [o for o in gc.get_objects() if isinstance(o, OF_CALLS)]


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, write_down)
    gc.disable()
    sys.argv[1:] = ["serve"]
    main()
