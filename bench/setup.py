"""Call set-up: REST, durable commit, INVITE, answer, call hook, hang-up, four status webhooks.

A step offers calls at a fixed rate for 12 s. It holds when every call completes and nothing piles
up: within two seconds of the last POST every call is over and reported.
"""

from bench.meter import Window
from bench.results import Result, percentile
from bench.stage import LoadSide, stage

STEP_S = 12
DRAIN_S = 2.0
FIRST_RATE, RATE_STEP, LAST_RATE = 100, 50, 1000
LATENCY_RATE, LATENCY_S = 50, 30
HANG_UP: list[dict[str, object]] = [{"verb": "hangup"}]


async def _warm_up(load: LoadSide) -> None:
    await load.offer_at(20, 40)
    await load.drained(10)
    load.calls.clear()


async def measure_rate() -> list[Result]:
    """The highest offered rate that holds."""
    held, samples = 0, 0
    async with stage(HANG_UP) as (gateway, load):
        await _warm_up(load)
        for rate in range(FIRST_RATE, LAST_RATE + 1, RATE_STEP):
            window = Window(gateway.pid)
            calls = await load.offer_at(rate, rate * STEP_S)
            drained = await load.drained(DRAIN_S)
            used, foreign = window.used_s, window.foreign_pct
            failed = sum(not call.is_good for call in calls)
            invites = load.callee.counts.repeated_invites
            print(
                f"set-up at {rate}/s: {failed} of {len(calls)} not completed, "
                f"{1000 * used / len(calls):.2f} ms CPU a call, repeated INVITEs {invites}, "
                f"strangers {foreign:.0f} % of a core"
            )
            if failed or not drained:
                break
            held, samples = rate, len(calls)
            load.calls.clear()
    return [Result("setup_calls_per_s", held, "calls/s", 150, "higher", samples)]


async def measure_latency() -> list[Result]:
    """From the POST handed to the socket until its INVITE is with the callee, at 50 calls/s."""
    async with stage(HANG_UP) as (_, load):
        await _warm_up(load)
        calls = await load.offer_at(LATENCY_RATE, LATENCY_RATE * LATENCY_S)
        await load.drained(DRAIN_S)
    taken = [1000 * (c.invited_at - c.posted_at) for c in calls if c.invited_at]
    if len(taken) < len(calls):
        raise RuntimeError(f"{len(calls) - len(taken)} calls sent no INVITE")
    count = len(taken)
    return [
        Result("post_to_invite_ms_p50", percentile(taken, 0.50), "ms", 5, "lower", count),
        Result("post_to_invite_ms_p99", percentile(taken, 0.99), "ms", 20, "lower", count),
    ]
