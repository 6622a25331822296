"""Every verb the gateway understands, and how a document of them is read.

To add a verb write its module, add it to `AnyVerb` and take its name off `LATER`.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from voxgate.model.calls import Json
from voxgate.verbs.alert import Alert
from voxgate.verbs.amd import Amd
from voxgate.verbs.answer import Answer
from voxgate.verbs.conference import Conference
from voxgate.verbs.config import Config
from voxgate.verbs.contract import Document, InvalidDocument, Verb
from voxgate.verbs.dequeue import Dequeue
from voxgate.verbs.dial import Dial
from voxgate.verbs.dtmf import Dtmf
from voxgate.verbs.dub import Dub
from voxgate.verbs.enqueue import Enqueue
from voxgate.verbs.gather import Gather
from voxgate.verbs.hangup import Hangup
from voxgate.verbs.leave import Leave
from voxgate.verbs.listen import Listen
from voxgate.verbs.message import Message
from voxgate.verbs.pause import Pause
from voxgate.verbs.play import Play
from voxgate.verbs.redirect import Redirect
from voxgate.verbs.say import Say
from voxgate.verbs.sip_decline import SipDecline
from voxgate.verbs.sip_refer import SipRefer
from voxgate.verbs.sip_request import SipRequest
from voxgate.verbs.tag import Tag
from voxgate.verbs.transcribe import Transcribe

AnyVerb = Annotated[
    Alert
    | Amd
    | Answer
    | Conference
    | Config
    | Dequeue
    | Dial
    | Dtmf
    | Dub
    | Enqueue
    | Gather
    | Hangup
    | Leave
    | Listen
    | Message
    | Pause
    | Play
    | Redirect
    | Say
    | SipDecline
    | SipRefer
    | SipRequest
    | Tag
    | Transcribe,
    Field(discriminator="verb"),
]

VERBS: dict[str, type[Verb]] = {
    kind.model_fields["verb"].default: kind for kind in get_args(get_args(AnyVerb)[0])
}

# Verbs of the wire contract that have no module yet, so that the refusal can say so.
LATER = frozenset({
    "agent",
    "deepgram_s2s",
    "dialogflow",
    "elevenlabs_s2s",
    "google_s2s",
    "gptlive_s2s",
    "lex",
    "llm",
    "microsoft_s2s",
    "openai_s2s",
    "qwen_s2s",
    "rasa",
    "s2s",
    "transfer",
    "ultravox_s2s",
    "voiceagent_s2s",
})

# Other names that verbs go by.
SYNONYMS = {"room": "conference", "stream": "listen"}

VERBS_MAX = 1000  # of one document, nested ones included
DEPTH_MAX = 8  # verbs in verbs in verbs

_WORDING = {
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "tuple_type": "must be an array",
    "too_short": "must not be empty",
}


def parse_document(value: object, *, strict: bool) -> Document:
    """Read what the application sent, decoded from JSON.

    An empty array gives an empty document; whether that is a fault is the caller's matter.
    Raises InvalidDocument with every fault found. An unknown property is a fault when
    `strict`, else it is left out with a warning.
    """
    reading = _Reading(strict=strict)
    verbs = reading.verbs(value)
    if reading.problems:
        raise InvalidDocument(tuple(dict.fromkeys(reading.problems)))
    cautions = (caution for verb in verbs for caution in verb.cautions())
    return Document(verbs, tuple(dict.fromkeys((*reading.warnings, *cautions))))


def document_schema() -> Json:
    """JSON Schema of a document in the `{"verb": ...}` form."""
    schema = TypeAdapter(list[AnyVerb]).json_schema(by_alias=True)
    schema["title"] = "Verb document"
    return schema


class _Reading:
    """One document on its way in; gathers all faults instead of stopping at the first."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._depth = 0
        self._count = 0
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def verbs(self, value: object) -> tuple[Verb, ...]:
        if not isinstance(value, list):
            self.problems.append(f"a document is an array of verbs, not {_kind(value)}")
            return ()
        self._count += len(value)
        if self._count > VERBS_MAX:
            self.problems.append(f"more than {VERBS_MAX} verbs in one document")
            return ()
        if self._depth == DEPTH_MAX:
            self.problems.append(f"verbs nested deeper than {DEPTH_MAX}")
            return ()
        self._depth += 1
        found = [self._verb(item, number) for number, item in enumerate(value, 1)]
        self._depth -= 1
        return tuple(verb for verb in found if verb is not None)

    def _verb(self, item: object, number: int) -> Verb | None:
        instruction = _instruction(item)
        if instruction is None:
            self.problems.append(
                f'instruction {number} is neither {{"verb": "x", ...}} nor {{"x": {{...}}}}'
            )
            return None
        name, body = instruction
        if name in SYNONYMS:
            name = SYNONYMS[name]
            body = body | {"verb": name}
        kind = VERBS.get(name)
        if kind is None:
            known = f"{name} is not available in this version"
            self.problems.append(known if name in LATER else f"invalid instruction: {name[:64]}")
            return None
        return self._validated(name, kind, body)

    def _validated(self, name: str, kind: type[Verb], body: Json) -> Verb | None:
        try:
            return kind.model_validate(body, context=self.verbs)
        except ValidationError as failure:
            errors = failure.errors(include_url=False)
        unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
        trimmed = _without(body, unknown)
        if self._strict or trimmed == body:
            self.problems.extend(_worded(name, error) for error in errors)
            return None
        self.warnings.extend(f"{_place(name, loc)}: unknown property {loc[-1]}" for loc in unknown)
        return self._validated(name, kind, trimmed)


def _instruction(item: object) -> tuple[str, Json] | None:
    """The verb's name and properties, of either form."""
    if not isinstance(item, dict):
        return None
    match item.get("verb"), list(item.items()):
        case str(name), _:
            return name, item
        case None, [(str(name), dict(body))] if name != "verb":
            return name, {**body, "verb": name}
        case _:
            return None


def _place(name: str, loc: Sequence[str | int]) -> str:
    return ".".join([name, *(str(step) for step in loc[:-1])])


def _worded(name: str, error: ErrorDetails) -> str:
    loc = error["loc"]
    if not loc or error["type"] == "absent":
        return f"{_place(name, (*loc, ''))}: {_message(error)}"
    place, prop = _place(name, loc), loc[-1]
    match error["type"]:
        case "missing":
            return f"{place}: missing value for {prop}"
        case "extra_forbidden":
            return f"{place}: unknown property {prop}"
        case kind:
            return f"{place}: {prop} {_WORDING.get(kind) or _message(error)}"


def _message(error: ErrorDetails) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return error["msg"].replace("Input should be", "must be")


def _without(body: Json, places: Sequence[Sequence[str | int]]) -> Json:
    """A copy that shares everything but the objects on the way to the places."""
    trimmed = dict(body)
    for place in places:
        inner: Any = trimmed
        for step in place[:-1]:
            if isinstance(step, int) and isinstance(inner, dict):
                continue  # one object, written where an array belongs
            inner[step] = copy.copy(inner[step])
            inner = inner[step]
        inner.pop(place[-1], None)
    return trimmed


def _kind(value: object) -> str:
    names = {dict: "an object", str: "a string", type(None): "nothing", bool: "a boolean"}
    return names.get(type(value), "a number")


def names() -> Iterator[str]:
    """The verbs that can be used now, in alphabetical order."""
    yield from sorted(VERBS)
