"""No host that a credential can lead an SDK to escapes being judged before it is used."""

import json

import pytest

from voxgate.model.recordings import BucketCredential
from voxgate.storage.registry import hosts_of

KEY = "AccountKey=a2V5"


def azure(connection_string: str) -> BucketCredential:
    return BucketCredential("azure", "c", connection_string=connection_string)


def test_an_endpoint_beside_aws_is_judged_since_its_sdk_uses_it():
    credential = BucketCredential("aws_s3", "b", region="eu-central-1", endpoint="http://10.0.0.1")

    assert [host for host, _ in hosts_of(credential)] == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("connection_string", "host"),
    [
        (f"AccountName=a;{KEY};blobendpoint=http://10.0.0.1/a", "10.0.0.1"),
        (f"AccountName=a;{KEY};BLOBENDPOINT=http://10.0.0.1/a", "10.0.0.1"),
        (f"AccountName=10.0.0.1/#;{KEY}", "10.0.0.1"),
        ("UseDevelopmentStorage=true", "127.0.0.1"),
        (
            f"AccountName=a;{KEY};DefaultEndpointsProtocol=http://10.0.0.1/?;EndpointSuffix=x",
            "10.0.0.1",
        ),
        (f"AccountName=a;{KEY};endpointsuffix=inner.example", "a.blob.inner.example"),
        (
            f"AccountName=a;{KEY};EndpointSuffix=inner.example;QueueEndpoint=https://q.example",
            "a.blob.inner.example",
        ),
    ],
)
def test_whatever_azures_sdk_makes_of_a_connection_string_is_judged(connection_string, host):
    assert host in [host for host, _ in hosts_of(azure(connection_string))]


def test_the_universe_of_a_google_key_is_judged():
    key = json.dumps({"universe_domain": "inner.example", "token_uri": "https://t.example/token"})
    credential = BucketCredential("google", "b", service_key=key)

    assert {host for host, _ in hosts_of(credential)} == {
        "storage.inner.example",
        "t.example",
    }
