"""Kinds of property that several verbs share: numbers, texts, hooks, voices, SIP headers."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from voxgate.model.hooks import Hook
from voxgate.model.speech import SynthesizerChoice, Voice
from voxgate.sip.private import is_private
from voxgate.verbs.contract import PlayFailed, Verb, VerbContext, WireObject

# How a verb that holds other verbs gets them read: the vocabulary hands this in as the
# validation context, because a verb cannot import the vocabulary it is part of.
VerbReader = Callable[[object], tuple[Verb, ...]]


def integral(value: object) -> object:
    """JSON has one kind of number: 3.0 is as good a count as 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number_in_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        raise ValueError("must be a number") from None


def _one_or_many(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, str):
        return (value,)
    raise ValueError("must be a string or an array of strings")


def _loop(value: object) -> object:
    if value == "forever":
        return None
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not isinstance(value, int | float) or not whole:
        raise ValueError('must be a whole number or "forever"')
    return max(1, int(value))


_DECIBELS = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(?:dB)?\s*", re.IGNORECASE)

Count = Annotated[int, Field(ge=0), BeforeValidator(integral)]
CountOrText = Annotated[
    int,
    Field(ge=0),
    BeforeValidator(lambda v: integral(_number_in_text(v)), json_schema_input_type=int | str),
]
Seconds = Annotated[float, Field(ge=0)]
SecondsOrText = Annotated[
    float, Field(ge=0), BeforeValidator(_number_in_text, json_schema_input_type=float | str)
]
Texts = Annotated[
    tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])
]
# None is "forever". 0 behaves as 1, as it does in the field whatever the documents say.
Loop = Annotated[
    int | None, BeforeValidator(_loop, json_schema_input_type=int | Literal["forever"])
]


def decibels(value: object) -> object:
    """A gain as number or text, such as "+3dB"."""
    if isinstance(value, str):
        found = _DECIBELS.fullmatch(value)
        if found is None:
            raise ValueError('must be a number of decibels, or text such as "+3dB"')
        return float(found[1])
    return value


Decibels = Annotated[float, BeforeValidator(decibels, json_schema_input_type=float | str)]


def rounds(loop: int | None) -> Iterator[int]:
    """0, 1, 2, ... as often as `loop` says."""
    number = 0
    while loop is None or number < loop:
        yield number
        number += 1


class HookObject(WireObject):
    """Where the application listens: a URL, absolute or relative to the call's first hook."""

    url: str = Field(min_length=1)
    method: Literal["GET", "POST"] = "POST"
    username: str | None = None
    password: str | None = None

    @field_validator("url", mode="before")
    @classmethod
    def _trimmed(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value

    @field_validator("method", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def hook(self) -> Hook:
        return Hook(self.url, self.method, self.username, self.password)


HookProperty = Annotated[
    HookObject,
    BeforeValidator(
        lambda v: {"url": v} if isinstance(v, str) else v, json_schema_input_type=str | HookObject
    ),
]


def _set(value: str | None) -> str | None:
    return None if value == "default" else value


class Synthesizer(WireObject):
    """Who speaks. "default", like what is left out, means the session's value."""

    vendor: str
    label: str | None = None
    language: str | None = None
    voice: str | dict[str, Any] | None = Field(None, description="An object is a vendor's own.")
    fallback_vendor: str | None = None
    fallback_label: str | None = None
    fallback_language: str | None = None
    fallback_voice: str | dict[str, Any] | None = None
    engine: Literal["standard", "neural", "generative", "long-form"] = "neural"
    gender: Literal["MALE", "FEMALE", "NEUTRAL"] | None = None
    options: dict[str, Any] | None = None

    @property
    def choice(self) -> SynthesizerChoice:
        fallback = None
        if self.fallback_vendor is not None and self.fallback_vendor != "default":
            voice = self.fallback_voice if isinstance(self.fallback_voice, str) else None
            language = self.fallback_language or self.language or Voice().language
            fallback = Voice(self.fallback_vendor, language, voice)
        return SynthesizerChoice(
            vendor=_set(self.vendor),
            language=_set(self.language),
            voice=_set(self.voice) if isinstance(self.voice, str) else None,
            gender=self.gender,
            fallback=fallback,
            engine=self.engine if "engine" in self.model_fields_set else None,
            options=json.dumps(self.options, sort_keys=True) if self.options else None,
        )


HEADERS_MAX = 50
HEADER_MAX = 4096  # characters of one
_HEADER_NAME = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]{1,128}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_STACK_OWNED = frozenset({
    "via",
    "v",
    "from",
    "f",
    "to",
    "t",
    "call-id",
    "i",
    "cseq",
    "contact",
    "m",
    "max-forwards",
    "record-route",
    "route",
    "content-length",
    "l",
    "content-type",
    "c",
    "content-encoding",
    "e",
    "content-disposition",
})


def _sip_headers(value: object) -> object:
    if not isinstance(value, dict):
        return value
    if len(value) > HEADERS_MAX:
        raise ValueError(f"more than {HEADERS_MAX} headers")
    headers = {}
    for name, text in value.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name[:128]!r} is not a SIP header name")
        if name.lower() in _STACK_OWNED:
            raise ValueError(f"{name} is written by the gateway itself")
        if isinstance(text, bool) or not isinstance(text, str | int | float):
            raise ValueError(f"{name} must be text")  # noqa: TRY004 - pydantic reports ValueError
        if len(str(text)) > HEADER_MAX:
            raise ValueError(f"{name} is longer than {HEADER_MAX} characters")
        if _UNPRINTABLE.search(str(text)):
            raise ValueError(f"{name} holds a line break or another control character")
        if is_private(name):
            continue  # agents hand on everything that the first request showed them
        headers[name] = str(text)
    return headers


def _one_line(text: str) -> str:
    if _UNPRINTABLE.search(text):
        raise ValueError("holds a line break or another control character")
    return text


OneLine = AfterValidator(_one_line)  # of a text that becomes part of a SIP header
SipHeaders = Annotated[
    dict[str, str], BeforeValidator(_sip_headers, json_schema_input_type=dict[str, str])
]


def absent(name: str) -> PydanticCustomError:
    """What a validator raises when a property is required because of another one."""
    return PydanticCustomError("absent", "missing value for {name}", {"name": name})


def is_address(text: str) -> bool:
    """Whether an entry of `say.text` names a sound instead of being read out."""
    return text.startswith(("http://", "https://", "silence_stream://")) and " " not in text


def shown_url(url: str) -> str:
    """A URL as it may stand in a timeline or an alert: no credentials, no query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl()


def alert_play_failed(ctx: VerbContext, url: str, failure: PlayFailed) -> None:
    wording = {
        "not-found": f"The file at {shown_url(url)} was not found",
        "unreadable": f"The file at {shown_url(url)} is not a sound file that can be read",
    }
    ctx.alert(
        "play-url-notfound",
        wording.get(failure.kind, f"The file at {shown_url(url)} could not be played"),
        failure.detail,
    )
