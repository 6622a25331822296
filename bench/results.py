"""Figures with their targets: a table for people, JSON for comparison."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

OUTPUT = Path("build/bench.json")


@dataclass(frozen=True)
class Result:
    """One figure. `better` says which way is good: "lower" or "higher"."""

    name: str
    value: float
    unit: str
    target: float | None
    better: str
    samples: int

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        met = self.value <= self.target if self.better == "lower" else self.value >= self.target
        return "met" if met else "missed"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[int(rank) - 1]


def print_table(results: Sequence[Result]) -> None:
    print(f"\n{'figure':34} {'value':>10} {'target':>9}  {'unit':18} {'samples':>8}")
    for each in results:
        target = (
            ""
            if each.target is None
            else f"{'≤' if each.better == 'lower' else '≥'} {each.target:g}"
        )
        print(
            f"{each.name:34} {each.value:10.3f} {target:>9}  {each.unit:18} {each.samples:8} "
            f"{each.verdict}"
        )


def write_json(results: Sequence[Result]) -> None:
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps([asdict(each) for each in results], indent=2) + "\n")
