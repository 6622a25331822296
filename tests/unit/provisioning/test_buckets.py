import pytest

from voxgate.base.secrets import masked
from voxgate.model.recordings import BucketCredential
from voxgate.provisioning.buckets import BucketDraft, shown
from voxgate.provisioning.errors import Invalid

WHOLE = {
    "aws_s3": {"region": "eu-central-1", "access_key_id": "A", "secret_access_key": "secretsecret"},
    "s3_compatible": {
        "endpoint": "https://s3.example.com",
        "access_key_id": "A",
        "secret_access_key": "secretsecret",
    },
    "google": {"service_key": '{"type": "service_account"}'},
    "azure": {"connection_string": "AccountName=a;AccountKey=b"},
}


@pytest.mark.parametrize("vendor", WHOLE)
def test_a_bucket_is_shown_with_its_secret_masked_and_taken_back_like_that(vendor):
    draft = BucketDraft(vendor=vendor, name="calls", **WHOLE[vendor])
    credential = draft.to_credential(None)

    seen = shown(credential)
    (secret,) = {"secret_access_key", "service_key", "connection_string"} & WHOLE[vendor].keys()
    assert seen == {"vendor": vendor, "name": "calls", **WHOLE[vendor]} | {
        secret: masked(WHOLE[vendor][secret])
    }
    assert BucketDraft(**seen).to_credential(credential) == credential


@pytest.mark.parametrize("vendor", WHOLE)
def test_everything_a_vendor_needs_has_to_be_there(vendor):
    with pytest.raises(Invalid) as refused:
        BucketDraft(vendor=vendor).to_credential(None)
    named = {error.field.removeprefix("bucket_credential.") for error in refused.value.errors}
    assert named == {"name", *WHOLE[vendor]}


def test_none_is_no_bucket():
    current = BucketCredential("azure", "calls", connection_string="x")
    assert BucketDraft(vendor="none").to_credential(current) is None
