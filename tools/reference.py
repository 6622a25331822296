"""Writes docs/reference from the code, so that the two cannot disagree.

python tools/reference.py            write the pages
python tools/reference.py --check    exit 1 when a page is not what the code says
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from voxgate.base.settings import Listener, Settings
from voxgate.call import outcome
from voxgate.model.calls import CallStatus, EventType
from voxgate.sandbox.personas import BUILTIN
from voxgate.sandbox.variations import Answering, number_of
from voxgate.verbs.vocabulary import VERBS, document_schema

FOLDER = Path("docs/reference")
NOTE = "<!-- Written by tools/reference.py from the code: change that, then run `make docs`. -->"


def cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", r"\|")


def table(*rows: tuple[object, ...]) -> Iterator[str]:
    head, *body = rows
    yield "| " + " | ".join(map(cell, head)) + " |"
    yield "|" + "---|" * len(head)
    for row in body:
        yield "| " + " | ".join(map(cell, row)) + " |"


# ---------------------------------------------------------------- settings


def setting_default(value: Any) -> str:  # noqa: ANN401 - a default may be anything
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, tuple) and value and isinstance(value[0], Listener):
        return ",".join(f"{each.transport}:{each.host}:{each.port}" for each in value)
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def settings() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Environment variables, or lower-case names without the prefix in `voxgate.toml`."
    yield ""
    rows = [
        (
            f"`VOXGATE_{name.upper()}`",
            f"`{default}`" if (default := setting_default(field.default)) else "",
            field.description,
        )
        for name, field in Settings.model_fields.items()
    ]
    yield from table(("Setting", "Default", "Meaning"), *rows)


# ---------------------------------------------------------------- outcomes


def outcomes() -> Iterator[str]:
    yield "# Outcomes"
    yield ""
    yield "Why a call ended: `outcome` of the call's record and of its `ended` event. The codes are a"
    yield "closed list that only grows. `fault_domain` says whose turn it is to act; none: nobody's."
    causes = [*outcome.BY_STATUS.values(), *outcome.BY_CLASS.values(), *outcome.OWN_CAUSES]
    seen: dict[str, tuple[object, ...]] = {}
    for cause in causes:
        statuses = sorted(s for s, each in outcome.BY_STATUS.items() if each.code == cause.code)
        row = (
            f"`{cause.code}`",
            cause.domain.value if cause.domain else "",
            "yes" if cause.retryable else "no",
            ", ".join(map(str, statuses)),
            cause.summary,
            cause.next_step,
        )
        seen.setdefault(cause.code, row)
    yield ""
    head = ("Code", "Fault domain", "Retry", "SIP status", "Summary", "Next step")
    yield from table(head, *(seen[code] for code in sorted(seen)))


# ---------------------------------------------------------------- events and statuses


def events() -> Iterator[str]:
    yield "# Events and statuses"
    yield ""
    yield "Types of a call's events, in `GET /v1/Accounts/{account_sid}/Calls/{call_sid}/events`:"
    yield ""
    yield ", ".join(f"`{each.value}`" for each in EventType) + "."
    yield ""
    yield "`call_status` in webhooks, records and events:"
    yield ""
    rows = [(f"`{each.value}`", "yes" if each.is_terminal else "no") for each in CallStatus]
    yield from table(("Status", "Last one of a call"), *rows)


# ---------------------------------------------------------------- verbs


def type_name(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            names = [type_name(each, definitions) for each in schema[key]]
            return " or ".join(dict.fromkeys(n for n in names if n != "null"))
    if schema.get("type") == "array":
        return f"list of {type_name(schema.get('items', {}), definitions)}"
    return str(schema.get("type", "any"))


def verbs() -> Iterator[str]:
    yield "# Verbs"
    yield ""
    yield 'A document is a JSON list of verbs: `{"verb": "say", "text": "..."}` or'
    yield '`{"say": {"text": "..."}}`. Properties without a default are required.'
    for name in sorted(VERBS):
        verb = VERBS[name]
        schema = verb.model_json_schema(by_alias=True)
        yield ""
        yield f"## {name}"
        yield ""
        about = sys.modules[verb.__module__].__doc__ or ""
        yield " ".join(about.split("\n\n")[0].split())
        yield ""
        required = set(schema.get("required", ()))
        rows = [
            (
                f"`{key}`" + (" (required)" if key in required else ""),
                type_name(each, schema.get("$defs", {})),
                f"`{json.dumps(each['default'])}`" if each.get("default") is not None else "",
                each.get("description", ""),
            )
            for key, each in schema["properties"].items()
            if key != "verb"
        ]
        yield from table(("Property", "Type", "Default", "Meaning"), *rows)


# ---------------------------------------------------------------- sandbox


def personas() -> Iterator[str]:
    yield "# Callees of the sandbox"
    yield ""
    yield 'Call them with `"trunk": "sandbox"`. Any other number is answered by the first one.'
    yield ""
    rows = [(f"`{each.dial}`", each.name, each.about) for each in BUILTIN]
    yield from table(("Number", "Name", "What happens"), *rows)
    yield ""
    yield "Callees drawn from a seed, `SSS` at the end of the number, always the same at the same number:"
    yield ""
    kinds = [(f"`+{number_of(kind, 0)[:-3]}SSS`", kind.title) for kind in Answering]
    yield from table(("Number", "Who answers"), *kinds)


def page(lines: Callable[[], Iterator[str]]) -> str:
    title, *rest = lines()
    return "\n".join([title, "", NOTE, *rest, ""])


def verbs_schema() -> str:
    return json.dumps(document_schema(), indent=2) + "\n"


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "settings.md": settings,
    "outcomes.md": outcomes,
    "events.md": events,
    "verbs.md": verbs,
    "sandbox.md": personas,
}


def main(arguments: list[str]) -> int:
    texts = {name: page(lines) for name, lines in PAGES.items()}
    texts["verbs.schema.json"] = verbs_schema()
    stale = []
    for name, text in texts.items():
        path = FOLDER / name
        if arguments != ["--check"]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(str(path))
    if stale:
        print(f"not what the code says (run make docs): {', '.join(stale)}")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
