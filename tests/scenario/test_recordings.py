"""Recordings of whole calls: on the disk, in a bucket, through a bucket's outage, over REST."""

import io
import itertools
import wave
from collections.abc import Iterator
from typing import Any

import av
import boto3
import pytest
from moto.server import ThreadedMotoServer

from interop.gateway import Gateway, PlacedCall
from interop.hooks import HookServer
from interop.ports import wait_until

HUMAN = {"type": "phone", "number": "+15005550100", "trunk": "sandbox"}
KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}

_number = itertools.count()


class Account:
    """The gateway's account, whose settings are as before when a test is over."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.path = f"/Accounts/{gateway.account_sid}"

    def change(self, **fields: object) -> None:
        self.gateway.api("PUT", self.path, fields)


@pytest.fixture
def account(gateway: Gateway) -> Iterator[Account]:
    changed = Account(gateway)
    changed.change(record_format="wav")
    yield changed
    changed.change(
        record_all_calls=False, record_format="mp3", bucket_credential=None, recording_hook=None
    )


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=url, **KEYS).create_bucket(Bucket="calls")
    yield url
    server.stop()


def bucket(endpoint: str, name: str = "calls") -> dict[str, str]:
    return {
        "vendor": "s3_compatible",
        "name": name,
        "endpoint": endpoint,
        "access_key_id": "key",
        "secret_access_key": "secret",
    }


def talk(gateway: Gateway, hooks: HookServer, *verbs: dict[str, Any]) -> PlacedCall:
    hook = hooks.answer(f"/recording/{next(_number)}", list(verbs))
    return gateway.call({"from": "+15005550001", "to": HUMAN, "call_hook": hook})


def recordings(gateway: Gateway, call: PlacedCall) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gateway.api("GET", f"{call.path}/Recordings")
    return found


def in_state(gateway: Gateway, call: PlacedCall, state: str) -> dict[str, Any]:
    def there() -> bool:
        return [one["state"] for one in recordings(gateway, call)] == [state]

    wait_until(there, within_s=15, what=f"a recording that is {state}")
    return recordings(gateway, call)[0]


def channels(wav: bytes) -> tuple[bytes, bytes, float]:
    """What the callee said, what it heard, and the seconds of both."""
    with wave.open(io.BytesIO(wav)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, 8000, 2)
        frames = sound.readframes(sound.getnframes())
        seconds = sound.getnframes() / 8000
    left = b"".join(frames[n : n + 2] for n in range(0, len(frames), 4))
    right = b"".join(frames[n + 2 : n + 4] for n in range(0, len(frames), 4))
    return left, right, seconds


def loudness(pcm: bytes) -> int:
    return max(abs(sample) for sample in memoryview(pcm).cast("h"))


def test_a_recorded_call_is_kept_and_given_out_with_a_channel_for_each_side(
    gateway, hooks, account
):
    account.change(record_all_calls=True)

    call = talk(gateway, hooks, {"verb": "say", "text": "Good morning, this is a test."})
    call.ended()
    kept = in_state(gateway, call, "kept")

    said, heard, seconds = channels(gateway.api("GET", kept["recording_url"]))
    assert loudness(said) > 1000
    assert loudness(heard) > 1000
    assert seconds == pytest.approx(kept["duration"], abs=0.05)
    types = [e["data"].get("type") for e in call.events() if e["type"] == "media"]
    assert [each for each in types if each in {"recording_started", "recording_stopped"}] == [
        "recording_started",
        "recording_stopped",
    ]
    gateway.api("DELETE", kept["recording_url"])
    assert recordings(gateway, call) == []


def test_a_recording_goes_to_the_bucket_and_the_hook_is_told(gateway, hooks, account, s3):
    """FS#989: who wants to know is told."""
    told = hooks.url("/stored")
    account.change(
        record_all_calls=True,
        record_format="mp3",
        bucket_credential=bucket(s3),
        recording_hook={"url": told},
    )

    call = talk(gateway, hooks, {"verb": "say", "text": "Good morning, this is a test."})
    call.ended()
    stored = in_state(gateway, call, "stored")

    heard = hooks.wait_for("/stored", lambda r: r.body["call_sid"] == call.sid).body
    assert (heard["event"], heard["recording_url"]) == ("recording-stored", stored["recording_url"])
    store = boto3.client("s3", endpoint_url=s3, **KEYS)
    (key,) = [
        one["Key"]
        for one in store.list_objects_v2(Bucket="calls")["Contents"]
        if call.sid in one["Key"]
    ]
    assert key.endswith(f"/{call.sid}.mp3")
    sound = store.get_object(Bucket="calls", Key=key)["Body"].read()
    with av.open(io.BytesIO(sound)) as mp3:
        assert mp3.streams.audio[0].layout.nb_channels == 2
    assert gateway.api("GET", stored["recording_url"]) == sound
    gateway.api("DELETE", stored["recording_url"])
    assert store.list_objects_v2(Bucket="calls", Prefix=key)["KeyCount"] == 0


def test_a_bucket_that_refuses_loses_nothing(gateway, hooks, account, s3):
    account.change(record_all_calls=True, bucket_credential=bucket(s3, "no-such-bucket"))

    call = talk(gateway, hooks, {"verb": "say", "text": "Good morning."})
    call.ended()
    refused = in_state(gateway, call, "refused")

    assert "NoSuchBucket" in refused["error"]
    assert channels(gateway.api("GET", refused["recording_url"]))[2] > 0.3
    alerts = [e["data"] for e in call.events() if e["type"] == "alert"]
    assert [alert["alert_type"] for alert in alerts] == ["recording-failure"]


def test_a_bucket_that_is_down_gets_the_recording_later(gateway, hooks, account, s3):
    account.change(record_all_calls=True, bucket_credential=bucket("http://127.0.0.1:9"))
    call = talk(gateway, hooks, {"verb": "say", "text": "Good morning."})
    call.ended()
    wait_until(
        lambda: recordings(gateway, call)[0].get("error"), within_s=10, what="a failed upload"
    )

    account.change(bucket_credential=bucket(s3))

    in_state(gateway, call, "stored")


def test_recording_starts_pauses_resumes_and_stops_on_demand(gateway, hooks, account):
    """FS#1250, FS#1291."""
    greeting = {"verb": "say", "text": "Good morning."}
    call = talk(gateway, hooks, greeting, {"verb": "pause", "length": 20})
    call.wait_event("answered")

    def record(action: str) -> int:
        return call.update(record={"action": f"{action}CallRecording", "type": "cloud"}).status

    assert record("stop") == 422
    assert record("pause") == 422
    assert [record(action) for action in ("start", "pause", "resume")] == [202, 202, 202]
    assert record("start") == 422
    call.wait_event("verb", verb="say", phase="finished")
    assert record("stop") == 202
    in_state(gateway, call, "kept")
    assert call.update(call_status="completed").status == 202
