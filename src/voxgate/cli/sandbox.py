"""`voxgate sandbox`: the far end by itself, and the table of who lives there."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from voxgate.cli.embedded import until_stopped
from voxgate.cli.screen import Failure, fact
from voxgate.sandbox.personas import BUILTIN, Persona, PersonaFileError, read_personas
from voxgate.sandbox.service import BadOption, Sandbox, SandboxOptions


def list_personas(console: Console, file: Path | None) -> None:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for name in ("number", "name", "what happens"):
        table.add_column(name, no_wrap=name != "what happens")
    own = _own(file)
    for persona in (*BUILTIN, *own):
        script = f"[dim]{escape(str(persona.script))}[/]"
        table.add_row(persona.dial, persona.name, f"{escape(persona.about)}\n{script}")
    console.print(table)
    console.print(
        "\nAny other number is answered like +15005550100. A call with the header "
        "X-Sandbox-Script plays that script instead."
    )


async def run_sandbox(
    console: Console, sip: str, control: str, rtp_ports: str, personas: Path | None
) -> int:
    """Return after SIGINT or SIGTERM."""
    try:
        options = SandboxOptions.parse(sip, control, rtp_ports, personas)
    except BadOption as wrong:
        raise Failure(str(wrong), status=2) from wrong
    far_end = Sandbox(options)
    address = await far_end.start()
    try:
        console.print("[bold]voxgate sandbox[/] is ready")
        sip_text = ", ".join(f"{each.transport}:{each.host}:{each.port}" for each in address.sip)
        fact(console, "SIP", sip_text)
        fact(console, "control", f"{address.control_url}/calls, /personas")
        await until_stopped()
    finally:
        await far_end.stop()
    return 0


def _own(file: Path | None) -> tuple[Persona, ...]:
    try:
        return () if file is None else read_personas(file)
    except PersonaFileError as wrong:
        raise Failure(str(wrong), status=2) from wrong
