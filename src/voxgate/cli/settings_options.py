"""One command-line option for every setting, made from `Settings`, so that none is ever missing."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_origin

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from voxgate.base.settings import Listener, Settings
from voxgate.cli.screen import Failure

PANEL = "Settings"


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command(settings, ...)` an option per setting in place of its first parameter.

    What is given on the command line wins over VOXGATE_* variables, and these over voxgate.toml.
    """
    own = list(inspect.signature(command).parameters.values())[1:]
    options = [_option(name, field) for name, field in Settings.model_fields.items()]
    names = {option.name for option in options}

    def run(**given: Any) -> None:  # noqa: ANN401 - typer hands in what was typed
        chosen = {name: given.pop(name) for name in names}
        command(read_settings(chosen), **given)

    run.__name__ = command.__name__
    run.__doc__ = command.__doc__
    # typer reads options from the signature of the function it is given.
    run.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in [*own, *options]}
    return run


def read_settings(chosen: dict[str, Any] | None = None, **defaults: Any) -> Settings:  # noqa: ANN401
    """Settings with what was `chosen` on the command line; `defaults` for what nobody set.

    Raises Failure naming each setting that is wrong.
    """
    given = {name: value for name, value in (chosen or {}).items() if value is not None}
    try:
        settings = Settings(**given)
        missing = {
            name: value for name, value in defaults.items() if name not in settings.model_fields_set
        }
        return Settings(**{**given, **missing}) if missing else settings
    except ValidationError as error:
        problems = [
            f"{_variable(str(problem['loc'][0]) if problem['loc'] else '?')}: "
            f"{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        ]
        raise Failure("these settings are wrong:\n  " + "\n  ".join(problems), status=2) from None


def _variable(name: str) -> str:
    return f"VOXGATE_{name.upper()}"


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    flag = f"--{name.replace('_', '-')}"
    is_switch = field.annotation in {bool, bool | None}
    flags = f"{flag}/--no-{flag.removeprefix('--')}" if is_switch else flag
    hint = f"{field.description} [{_variable(name)}; default: {_shown(field.default)}]"
    kind = bool | None if is_switch else str | None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            kind,
            typer.Option(
                flags,
                help=hint,
                show_default=False,
                metavar=None if is_switch else _metavar(field),
                rich_help_panel=PANEL,
            ),
        ],
    )


def _metavar(field: FieldInfo) -> str:
    if field.annotation in {int, float}:
        return "NUMBER"
    if field.annotation in {Path, Path | None}:
        return "PATH"
    return "LIST" if get_origin(field.annotation) is tuple else "TEXT"


def _shown(default: object) -> str:
    match default:
        case None:
            return "none"
        case tuple() if all(isinstance(each, Listener) for each in default):
            return ",".join(f"{each.transport}:{each.host}:{each.port}" for each in default)
        case (int() as first, int() as last):
            return f"{first}-{last}"
        case _:
            return str(default)
