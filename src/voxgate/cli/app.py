"""The `voxgate` command: what can be typed, and which module does it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from voxgate.base.errors import VoxgateError
from voxgate.base.settings import Settings
from voxgate.cli import apikeys
from voxgate.cli.demo import demo as run_demo
from voxgate.cli.doctor import examine
from voxgate.cli.embedded import run
from voxgate.cli.migrate import migrate as run_migrate
from voxgate.cli.place import CALLER, CallOrder, place
from voxgate.cli.reach import Reach
from voxgate.cli.ring import CALLED, DEFAULT_SIP_ADDRESS, USUAL_SCRIPT, RingOrder, ring_in
from voxgate.cli.sandbox import list_personas, run_sandbox
from voxgate.cli.screen import Failure, make_console
from voxgate.cli.serve import serve as run_serve
from voxgate.cli.settings_options import with_settings
from voxgate.sandbox.service import DEFAULT_CONTROL, DEFAULT_RTP_PORTS, DEFAULT_SIP

app = typer.Typer(
    name="voxgate",
    help="A voice gateway: places calls over SIP, asks your application what to say.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
keys = typer.Typer(help="API keys, made and removed beside the API.", no_args_is_help=True)
app.add_typer(keys, name="apikey")


@app.command()
@with_settings
def serve(settings: Settings) -> None:
    """Run the gateway: REST API, SIP, media and call control in one process."""
    run(lambda: run_serve(make_console(), settings))


@app.command()
def demo(
    *,
    oneshot: Annotated[
        bool, typer.Option("--oneshot", help="Exit after the call: 0 when it worked, else 1.")
    ] = False,
) -> None:
    """Start everything on a database of its own, place a call to a sandbox callee, show it all."""
    raise typer.Exit(run(lambda: run_demo(make_console(), {}, oneshot=oneshot)))


@app.command()
def call(  # noqa: PLR0913 - one parameter per option of the command
    number: Annotated[str, typer.Argument(help="Whom to call: a phone number or a sip: URI.")],
    *,
    say: Annotated[str | None, typer.Option(help="What the callee hears.")] = None,
    hook: Annotated[str | None, typer.Option(help="Ask this URL for verbs instead.")] = None,
    from_: Annotated[str, typer.Option("--from", help="The caller's number.")] = CALLER,
    trunk: Annotated[str | None, typer.Option(help="Name of the carrier to use.")] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="A header of the INVITE, Name: value; repeatable.")
    ] = None,
    timeout: Annotated[
        int | None, typer.Option(help="Seconds to let it ring; the gateway's default is 60.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Account sid, if the key has many.")] = None,
    url: Annotated[
        str | None,
        typer.Option(help="A running gateway; without it: the local one, else one just for this."),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="VOXGATE_TOKEN", help="API key of the gateway.")
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start a gateway just for this call.")
    ] = False,
) -> None:
    """Place one call, follow it live, and exit 0 when it went well, else 1."""
    if say is not None and hook is not None:
        raise Failure("--say and --hook exclude each other", status=2)
    if embedded and url is not None:
        raise Failure("--embedded and --url exclude each other", status=2)
    order = CallOrder(
        number,
        from_=from_,
        say=say,
        hook=hook,
        trunk=trunk,
        timeout_s=timeout,
        headers=tuple(header or ()),
    )
    reach = Reach(url, token, account, embedded=embedded)
    raise typer.Exit(run(lambda: place(make_console(), order, reach)))


@app.command()
def ring(  # noqa: PLR0913 - one parameter per option of the command
    number: Annotated[str, typer.Argument(help="The number that is called.")] = CALLED,
    *,
    hook: Annotated[str | None, typer.Option(help="Your application: the URL to ask.")] = None,
    application: Annotated[
        str | None, typer.Option(help="Sid of an application; else the number's own.")
    ] = None,
    script: Annotated[
        str, typer.Option("--do", help="What the caller does once it is answered.")
    ] = USUAL_SCRIPT,
    from_: Annotated[str, typer.Option("--from", help="The caller's number.")] = CALLER,
    sip: Annotated[
        str, typer.Option(help="Where a running gateway takes SIP over UDP.")
    ] = DEFAULT_SIP_ADDRESS,
    account: Annotated[str | None, typer.Option(help="Account sid, if the key has many.")] = None,
    url: Annotated[
        str | None,
        typer.Option(help="A running gateway; without it: the local one, else one just for this."),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="VOXGATE_TOKEN", help="API key of the gateway.")
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start a gateway just for this call.")
    ] = False,
) -> None:
    """Have somebody call your application: no phone and no carrier needed. Exit 0 when it went well."""
    if hook is not None and application is not None:
        raise Failure("--hook and --application exclude each other", status=2)
    if embedded and url is not None:
        raise Failure("--embedded and --url exclude each other", status=2)
    order = RingOrder(
        number, script=script, from_=from_, hook=hook, application_sid=application, sip=sip
    )
    reach = Reach(url, token, account, embedded=embedded)
    raise typer.Exit(run(lambda: ring_in(make_console(), order, reach)))


@app.command()
@with_settings
def migrate(settings: Settings) -> None:
    """Bring the database to this version's schema."""
    run(lambda: run_migrate(make_console(), settings))


@app.command()
@with_settings
def doctor(settings: Settings) -> None:
    """Examine settings, folders, ports, media and voice; exit 1 when something is wrong."""
    raise typer.Exit(run(lambda: examine(make_console(), settings)))


@app.command()
def sandbox(
    *,
    list_: Annotated[
        bool, typer.Option("--list", help="Print who answers at which number, and stop.")
    ] = False,
    sip: Annotated[
        str, typer.Option(help="SIP sockets, comma-separated transport:address:port.")
    ] = DEFAULT_SIP,
    control: Annotated[
        str, typer.Option(help="Address and port of the control interface.")
    ] = DEFAULT_CONTROL,
    rtp_ports: Annotated[str, typer.Option(help="UDP ports for RTP, first-last.")] = (
        f"{DEFAULT_RTP_PORTS[0]}-{DEFAULT_RTP_PORTS[1]}"
    ),
    personas: Annotated[
        Path | None, typer.Option(help="TOML file with personas of your own.")
    ] = None,
) -> None:
    """Run the scriptable far end by itself: callees that answer, speak, press digits or fail."""
    if list_:
        list_personas(make_console(), personas)
        return
    run(lambda: run_sandbox(make_console(), sip, control, rtp_ports, personas))


@keys.command("create")
@with_settings
def create_key(
    settings: Settings,
    *,
    account: Annotated[str | None, typer.Option(help="Account the key opens.")] = None,
    service_provider: Annotated[
        str | None, typer.Option(help="Service provider the key opens.")
    ] = None,
    expires_days: Annotated[float | None, typer.Option(help="Days until it expires.")] = None,
) -> None:
    """Make a key and print it, once; without an owner it is an admin key."""
    owner = apikeys.Owner(account, service_provider)
    run(lambda: apikeys.create(make_console(), settings, owner, expires_days))


@keys.command("list")
@with_settings
def list_keys(
    settings: Settings,
    *,
    account: Annotated[str | None, typer.Option(help="The keys of this account.")] = None,
    service_provider: Annotated[
        str | None, typer.Option(help="The keys of this provider and of its accounts.")
    ] = None,
) -> None:
    """Show the keys of an account or provider; their texts are not kept anywhere."""
    owner = apikeys.Owner(account, service_provider)
    run(lambda: apikeys.show(make_console(), settings, owner))


@keys.command("delete")
@with_settings
def delete_key(
    settings: Settings, sid: Annotated[str, typer.Argument(help="The key's sid.")]
) -> None:
    """Remove a key; requests with it are refused from now on."""
    run(lambda: apikeys.delete(make_console(), settings, sid))


def main() -> None:
    """Run the command that was typed; a failure is one red sentence, not a traceback."""
    try:
        app()
    except Failure as failure:
        make_console().print(f"[red]{failure}[/]", soft_wrap=True)
        sys.exit(failure.status)
    except VoxgateError as error:
        make_console().print(f"[red]{error}[/]", soft_wrap=True)
        sys.exit(1)
