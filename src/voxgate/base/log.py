"""Structured logs: one event name, fields, and nobody's phone number in clear."""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import structlog

_DIGITS = re.compile(r"\+?\d{7,}")


def masked_number(number: str) -> str:
    """A phone number or SIP user as it may stand in a log: only its ends."""
    if len(number) <= 4:
        return "*" * len(number)
    return number[:3] + "*" * (len(number) - 5) + number[-2:]


def _mask_fields(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A last net: any run of seven digits or more in a text field is masked."""
    for key, value in event.items():
        if isinstance(value, str) and not key.endswith("_sid") and key != "call_id":
            event[key] = _DIGITS.sub(lambda found: masked_number(found.group()), value)
    return event


def configure_logging(level: str, *, json_lines: bool, stream: TextIO | None = None) -> None:
    """Called once by the process that owns standard error; `level` is a logging level name."""
    render: Callable[..., Any] = (
        structlog.processors.JSONRenderer() if json_lines else structlog.dev.ConsoleRenderer()
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_fields,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    # Lazy: loggers are made at import, before `configure_logging` ran.
    return structlog.get_logger(component=name)  # type: ignore[no-any-return]
