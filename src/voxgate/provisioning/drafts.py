"""What a request body may contain: the base of every draft, and the types of its fields.

A draft has the wire's names. Fields that were not sent stay out of `model_fields_set`, so that
the same class serves creation and partial change.
"""

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic import ValidationError as NotValid
from pydantic_core import ErrorDetails

from voxgate.base.ids import is_sid
from voxgate.base.secrets import masked
from voxgate.model.hooks import Hook
from voxgate.provisioning.errors import FieldError, Invalid, Unprocessable

D = TypeVar("D", bound="Draft")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOSTNAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?")
_HOOK_SCHEMES = frozenset({"http", "https", "ws", "wss"})
URL_LIMIT = 1024


def one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters or line breaks")
    return text


def _printable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    return text


def _sid(text: str) -> str:
    if not is_sid(text):
        raise ValueError("is not a sid (a UUID)")
    return text.lower()


def _flag(value: object) -> object:
    """The wire's booleans are 0 and 1 as often as true and false."""
    return bool(value) if type(value) is int and value in {0, 1} else value


def is_hostname(text: str) -> bool:
    return _HOSTNAME.fullmatch(text) is not None


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def host_name(text: str) -> str:
    if not (is_address(text.strip("[]")) or is_hostname(text)):
        raise ValueError("is not a host name or IP address")
    return text


OneLine = AfterValidator(one_line)
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), OneLine
]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64), OneLine]
Phrase = Annotated[str, StringConstraints(max_length=256), OneLine]
# Portals send an empty text for what was left blank.
Spare = Annotated[Word | None, BeforeValidator(lambda value: None if value == "" else value)]
SparePhrase = Annotated[
    Phrase | None, BeforeValidator(lambda value: None if value == "" else value)
]
Prose = Annotated[str, StringConstraints(max_length=4096), AfterValidator(_printable)]
Sid = Annotated[str, AfterValidator(_sid)]
Flag = Annotated[bool, BeforeValidator(_flag, json_schema_input_type=bool | Literal[0, 1])]
Host = Annotated[str, StringConstraints(min_length=1, max_length=253), AfterValidator(host_name)]


class Draft(BaseModel):
    """The parsed body of a POST or PUT.

    `required`: must be there on creation, and never null. `not_null`: never null.
    `later`: fields of the contract whose work this version does not do, with the one value that
    asks for nothing; another value is refused by name. `read_only`: answered, never accepted.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    known: ClassVar[frozenset[str]] = frozenset()  # wire names, worked out from the fields
    nested: ClassVar[Mapping[str, type["Draft"]]] = {}  # objects inside that have such rules too
    required: ClassVar[tuple[str, ...]] = ()
    not_null: ClassVar[tuple[str, ...]] = ()
    later: ClassVar[Mapping[str, Any]] = {}
    read_only: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **_options: Any) -> None:  # noqa: ANN401 - pydantic's
        cls.known = frozenset(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def to_create(cls, document: object) -> Self:
        """Raises Invalid or Unprocessable with every problem found."""
        return parse(cls, document, required=cls.required)

    @classmethod
    def to_change(cls, document: object) -> Self:
        return parse(cls, document, required=())

    def sent(self, *, renamed: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The fields that were sent, under the model's names."""
        names = renamed or {}
        return {names.get(name, name): getattr(self, name) for name in self.model_fields_set}


class HookDraft(BaseModel):
    """`{url, method, username, password}`. `webhook_sid` is answered by GET and ignored."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=URL_LIMIT)]
    method: Annotated[
        Literal["GET", "POST"],
        BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
    ] = "POST"
    username: Phrase | None = None
    password: Phrase | None = None
    webhook_sid: Sid | None = None

    def to_hook(self, current: Hook | None = None) -> Hook:
        """A password that is the current one as GET masks it stays the current one.

        Credentials inside the URL become the hook's own, so that no log or event shows them.
        """
        password = self.password
        if current and current.password and password == masked(current.password):
            password = current.password
        parts = urlsplit(self.url)
        if parts.username is None:
            return Hook(self.url, self.method, self.username, password)
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        username = self.username or unquote(parts.username)
        return Hook(bare, self.method, username, password or unquote(parts.password or ""))


def _as_hook_object(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


def _absolute(hook: HookDraft) -> HookDraft:
    if problem := url_problem(hook.url):
        raise ValueError(f"url {problem}")
    return hook


def _absolute_or_path(hook: HookDraft) -> HookDraft:
    if hook.url.startswith("/"):
        if _blank(hook.url):
            raise ValueError("url must not contain blanks")
        return hook
    return _absolute(hook)


def _empty_is_none(value: object) -> object:
    """`{"url": ""}` and `""` remove a hook, as null does."""
    emptied = isinstance(value, dict) and "url" in value and value["url"] in {"", None}
    return None if value == "" or emptied else value


# A column of an owner; an empty one is no hook.
OwnedHook = Annotated[
    Annotated[HookDraft, AfterValidator(_absolute)] | None,
    BeforeValidator(_empty_is_none),
]
# A field of a request: text or object.
AnyHook = Annotated[
    HookDraft,
    AfterValidator(_absolute),
    BeforeValidator(_as_hook_object, json_schema_input_type=str | HookDraft),
]
PathHook = Annotated[
    HookDraft,
    AfterValidator(_absolute_or_path),
    BeforeValidator(_as_hook_object, json_schema_input_type=str | HookDraft),
]


@lru_cache(maxsize=4096)  # the same few addresses come with every call
def url_problem(url: str) -> str | None:
    """What is wrong with a hook's absolute address, or None."""
    if _blank(url):
        return "must not contain blanks or control characters"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme.lower() not in _HOOK_SCHEMES:
        return "must start with http://, https://, ws:// or wss://"
    host = parts.hostname or ""
    if not (is_hostname(host) or is_address(host)):
        return "has no valid host name"
    return "must not use port 0" if port == 0 else None


def _blank(url: str) -> bool:
    return " " in url or not url.isprintable()


def parse(
    draft: type[D], document: object, *, required: tuple[str, ...], drop_null: bool = False
) -> D:
    """Raises Invalid (shape) before Unprocessable (later features), each with all problems.

    `drop_null`: null means the same as not sent.
    """
    if not isinstance(document, dict):
        raise Invalid("the body must be a JSON object")
    if drop_null:
        document = {name: value for name, value in document.items() if value is not None}
    wrong: list[FieldError] = []
    unsupported: list[FieldError] = []
    document = _without_special(draft, document, "", wrong, unsupported)
    wrong += _missing(draft, document, required)
    try:
        parsed = draft.model_validate(document)
    except NotValid as failure:
        named = {error.field for error in wrong}
        wrong += [error for error in field_errors(failure) if error.field not in named]
        raise Invalid.fields(*wrong) from None
    if wrong:
        raise Invalid.fields(*wrong)
    if unsupported:
        raise Unprocessable.fields(*unsupported)
    return parsed


def _missing(
    draft: type[Draft], document: dict[str, Any], required: tuple[str, ...]
) -> list[FieldError]:
    absent = [FieldError(name, "is required") for name in required if name not in document]
    never_null = (*draft.required, *draft.not_null)
    null = [name for name in never_null if name in document and document[name] is None]
    return absent + [FieldError(name, "must not be null") for name in null]


def _without_special(
    draft: type[Draft],
    document: dict[str, Any],
    prefix: str,
    wrong: list[FieldError],
    unsupported: list[FieldError],
) -> dict[str, Any]:
    """Take out what the draft does not declare but the contract knows."""
    rest = document
    if not document.keys() <= draft.known:
        rest = {}
        for name, value in document.items():
            if name in draft.read_only:
                wrong.append(FieldError(prefix + name, "is read-only"))
            elif name not in draft.later:
                rest[name] = value
            elif value is not None and value != draft.later[name]:
                unsupported.append(FieldError(prefix + name, "is not available in this version"))
    for name, inner in draft.nested.items():
        value = rest.get(name)
        if isinstance(value, dict) and not value.keys() <= inner.known:
            cleaned = _without_special(inner, value, f"{prefix}{name}.", wrong, unsupported)
            rest = {**rest, name: cleaned}
    return rest


def field_errors(failure: NotValid) -> list[FieldError]:
    return [FieldError(_field(error), _message(error)) for error in failure.errors()]


def _field(error: ErrorDetails) -> str:
    return ".".join(str(part) for part in error["loc"] if part != "[key]")


_MESSAGES = {
    "extra_forbidden": "unknown property",
    "missing": "is required",
    "string_type": "must be a string",
    "bool_type": "must be true, false, 1 or 0",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be an array",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
}


def _message(error: ErrorDetails) -> str:
    if known := _MESSAGES.get(error["type"]):
        return known
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    text = error["msg"].replace("Input should be", "must be").replace("String should", "must")
    return text[:1].lower() + text[1:]
