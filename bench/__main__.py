"""Runs the measurements, prints a table, writes build/bench.json.

python -m bench [latency] [setup] [hooks] [playback] [bridge] [listen] [barge-in]
"""

import sys

import uvloop

from bench.barge_in import measure_barge_in
from bench.bridge import measure_bridge
from bench.hooks import measure_hooks
from bench.listen import measure_listen
from bench.playback import measure_playback
from bench.results import Result, print_table, write_json
from bench.setup import measure_latency, measure_rate

PARTS = {
    "latency": measure_latency,
    "setup": measure_rate,
    "hooks": measure_hooks,
    "playback": measure_playback,
    "bridge": measure_bridge,
    "listen": measure_listen,
    "barge-in": measure_barge_in,
}


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(PARTS)
    if unknown:
        print(f"no such measurement: {', '.join(unknown)}; there are {', '.join(PARTS)}")
        return 2
    results: list[Result] = []
    for name in wanted or PARTS:
        results += uvloop.run(PARTS[name]())
    print_table(results)
    write_json(results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
