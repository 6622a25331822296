"""What commands print on: one console, one way to fail."""

import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.syntax import Syntax

from voxgate.base.errors import VoxgateError


class Failure(VoxgateError):
    """Ends a command: the message is printed in red, `status` is the exit status."""

    def __init__(self, message: str, *, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def make_console() -> Console:
    """A terminal gets colours; a pipe gets plain lines that are not cut at 80 columns."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


def heading(console: Console, text: str) -> None:
    console.print()
    console.rule(f"[bold]{escape(text)}[/]", align="left", style="cyan")


def fact(console: Console, name: str, value: str) -> None:
    console.print(f"  [dim]{escape(name):<14}[/] {escape(value)}", soft_wrap=True)


def command_line(console: Console, text: str) -> None:
    """A command to copy: never wrapped or cut by us, and without a frame."""
    console.print(Syntax(text, "bash", background_color="default"), soft_wrap=True)


def verdict(console: Console, *, good: bool, title: str, text: str) -> None:
    style = "green" if good else "red"
    console.print()
    console.print(Panel(escape(text), title=f"[bold]{escape(title)}[/]", border_style=style))


def compact(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
