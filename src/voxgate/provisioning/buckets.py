"""An account's bucket as a request names it, and how it is shown (contract section 1.4.2)."""

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from voxgate.base.secrets import masked
from voxgate.model.recordings import BucketCredential
from voxgate.provisioning.drafts import Phrase, Word, one_line, url_problem
from voxgate.provisioning.errors import FieldError, Invalid
from voxgate.storage.registry import VENDORS

_Text = Annotated[str, StringConstraints(min_length=1, max_length=8192)]
_TAGS_MOST = 10  # what S3 takes


class Tag(BaseModel):
    """S3's spelling, which the wire contract has for every vendor."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    key: Phrase = Field(alias="Key")
    value: Phrase = Field(alias="Value")


class BucketDraft(BaseModel):
    """`{vendor, name, ...}`; the vendor "none" takes the bucket away."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    vendor: Literal["aws_s3", "s3_compatible", "google", "azure", "none"]
    name: Word | None = None
    region: Word | None = None
    endpoint: Phrase | None = None
    access_key_id: Phrase | None = None
    secret_access_key: Phrase | None = None
    service_key: _Text | None = None
    connection_string: _Text | None = None
    tags: Annotated[list[Tag], Field(max_length=_TAGS_MOST)] | None = None

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        if problem := url_problem(value):
            raise ValueError(problem)
        return one_line(value)

    def to_credential(self, current: BucketCredential | None) -> BucketCredential | None:
        """A secret that is the current one as GET masks it stays the current one.

        Raises Invalid naming every field that the vendor needs and that is not there.
        """
        if self.vendor == "none":
            return None
        missing = [
            FieldError(f"bucket_credential.{name}", f"is required by {self.vendor}")
            for name in ("name", *VENDORS[self.vendor].needs)
            if not getattr(self, name)
        ]
        if missing:
            raise Invalid.fields(*missing)
        values: dict[str, Any] = {
            field.name: getattr(self, field.name)
            for field in fields(BucketCredential)
            if field.name != "tags"
        }
        for secret in VENDORS[self.vendor].secrets:
            kept = getattr(current, secret) if current is not None else None
            if kept and values[secret] == masked(kept):
                values[secret] = kept
        tags = tuple((tag.key, tag.value) for tag in self.tags or ())
        return BucketCredential(**values, tags=tags)


def shown(credential: BucketCredential) -> dict[str, Any]:
    """For GET: the fields that are set, secrets masked."""
    secrets = VENDORS[credential.vendor].secrets
    found: dict[str, Any] = {}
    for field in fields(credential):
        value = getattr(credential, field.name)
        if value is None or field.name == "tags":
            continue
        found[field.name] = masked(value) if field.name in secrets else value
    if credential.tags:
        found["tags"] = [{"Key": key, "Value": value} for key, value in credential.tags]
    return found
