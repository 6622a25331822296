"""A gateway inside the command itself, for `serve`, and for `demo` and `call` on their own."""

import asyncio
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from voxgate.base.ids import new_token
from voxgate.base.log import configure_logging
from voxgate.base.settings import Listener, Settings
from voxgate.cli.ports import is_free
from voxgate.cli.screen import Failure
from voxgate.cli.settings_options import read_settings
from voxgate.server import Gateway, Started

LOG_NAME = "gateway.log"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A running gateway of our own with the key that opens it."""

    started: Started
    token: str
    log_file: Path
    data_dir: Path


def _http_default() -> str:
    usual = Settings.model_fields["http"].default
    host, _, port = usual.rpartition(":")
    return usual if is_free(socket.SOCK_STREAM, host, int(port)) else f"{host}:0"


def _sip_default() -> tuple[Listener, ...]:
    kinds = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}
    usual: tuple[Listener, ...] = Settings.model_fields["sip"].default
    if all(is_free(kinds[each.transport], each.host, each.port) for each in usual):
        return usual
    return tuple(Listener(each.transport, each.host, 0) for each in usual)


@asynccontextmanager
async def embedded_gateway(chosen: dict[str, Any] | None = None) -> AsyncIterator[Embedded]:
    """A gateway with the sandbox, on a database of its own unless DATA_DIR is set.

    What nobody set is chosen so that it starts beside anything that runs already. Its log goes to
    a file in the data directory, away from what the command prints.
    """
    with ExitStack() as stack:
        settings = read_settings(
            chosen,
            sandbox=True,
            admin_token=new_token(),
            http=_http_default(),
            sip=_sip_default(),
        )
        if "data_dir" not in settings.model_fields_set:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="voxgate-"))
            settings = settings.model_copy(update={"data_dir": Path(folder)})
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        log_file = settings.data_dir / LOG_NAME
        log = stack.enter_context(log_file.open("a", encoding="utf-8", buffering=1))
        configure_logging(settings.log_level, json_lines=settings.log_json, stream=log)
        gateway = Gateway(settings)
        started = await gateway.start()
        try:
            yield Embedded(started, settings.admin_token or "", log_file, settings.data_dir)
        finally:
            await gateway.stop()


async def until_stopped(*running: Coroutine[Any, Any, Any]) -> None:
    """Wait for SIGINT or SIGTERM, or until one of `running` ends by itself."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, stop.set)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(stop.wait()), *map(group.create_task, running)]
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            for task in done:
                task.result()
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


def run(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a command's coroutine; SIGTERM cancels it like Ctrl-C, so that everything is closed."""

    async def guarded() -> int:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        if task is not None:
            loop.add_signal_handler(signal.SIGTERM, task.cancel)
        return await work()

    try:
        return uvloop.run(guarded())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise Failure("stopped", status=130) from None
