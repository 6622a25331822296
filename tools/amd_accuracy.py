"""Judge seeded variations of every kind of callee, and print how machine detection did.

    .venv/bin/python tools/amd_accuracy.py [VARIATIONS]

Ends with status 1 when a kind is judged right less often than 95 times in a hundred, or when a
beep was heard where none was.
"""

import asyncio
import sys

from voxgate.testing.amd import EXPECTED, Verdict, judged, share_right, table

VARIATIONS = 200
RIGHT_LEAST = 0.95


async def judge_all(count: int) -> list[Verdict]:
    return [verdict for kind in EXPECTED for verdict in await judged(kind, range(count))]


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else VARIATIONS
    verdicts = asyncio.run(judge_all(count))
    print(table(verdicts))
    for verdict in verdicts:
        if not verdict.is_right or verdict.is_false_beep:
            told = ", ".join(verdict.told) or "nothing"
            print(f"  +{verdict.number} ({verdict.kind.title}): {told}")
    by_kind = [[v for v in verdicts if v.kind is kind] for kind in EXPECTED]
    is_good = all(share_right(own) >= RIGHT_LEAST for own in by_kind)
    return 0 if is_good and not any(v.is_false_beep for v in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
