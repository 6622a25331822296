"""`voxgate serve`: the gateway in the foreground, and what it says once at the start."""

import sys

from rich.console import Console

from voxgate.base.log import configure_logging
from voxgate.base.settings import Settings
from voxgate.cli.embedded import until_stopped
from voxgate.cli.screen import fact
from voxgate.server import Gateway, Started


async def serve(console: Console, settings: Settings) -> int:
    """Return after SIGTERM or SIGINT, once running calls have ended or the grace is over."""
    configure_logging(settings.log_level, json_lines=settings.log_json, stream=sys.stderr)
    gateway = Gateway(settings)
    started = await gateway.start()
    try:
        show_started(console, started)
        await until_stopped(gateway.wait())
    finally:
        await gateway.stop()
    return 0


def show_started(console: Console, started: Started) -> None:
    """Where everything is; the admin key only when it was made just now."""
    console.print("[bold]voxgate[/] is ready")
    fact(console, "API", f"{started.http_url}/v1")
    fact(console, "API docs", f"{started.http_url}/docs")
    sip = ", ".join(f"{each.transport}:{each.host}:{each.port}" for each in started.sip)
    fact(console, "SIP", sip)
    if started.account_sid:
        fact(console, "account", started.account_sid)
    if started.admin_token:
        fact(console, "admin key", f"{started.admin_token}  (shown only now: keep it)")
    if started.sandbox is not None:
        fact(
            console, "sandbox", f"trunk “sandbox”; callees: {started.sandbox.control_url}/personas"
        )
