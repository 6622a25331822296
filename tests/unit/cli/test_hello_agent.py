"""The example agent is what people copy first: it has to be right."""

import asyncio
import hashlib
import hmac
import importlib.util
import json
import time
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from voxgate.verbs.vocabulary import parse_document

SOURCE = Path(__file__).parents[3] / "examples" / "hello_agent" / "app.py"
SPEC = importlib.util.spec_from_file_location("hello_agent", SOURCE)
agent = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(agent)


def signed(body: bytes, secret: str, at: int) -> str:
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def test_every_document_is_valid_in_strict_mode():
    results = [
        {"reason": "dtmfDetected", "digits": "1"},
        {"reason": "dtmfDetected", "digits": "9"},
        {"reason": "timeout"},
    ]
    for document in (agent.greet(), *map(agent.reply_to, results)):
        parsed = parse_document(document, strict=True)
        assert not parsed.warnings


def test_the_key_that_was_pressed_is_said_back():
    assert "You pressed 9" in agent.reply_to({"reason": "dtmfDetected", "digits": "9"})[0]["text"]
    assert "did not hear" in agent.reply_to({"reason": "timeout"})[0]["text"]


def test_the_check_vector_of_the_contract_is_accepted_by_age_only():
    body = b'{"a":1}'
    assert not agent.signature_is_right(signed(body, "s3cret", 1700000000), body, "s3cret")
    fresh = int(time.time())
    assert agent.signature_is_right(signed(body, "s3cret", fresh), body, "s3cret")
    assert not agent.signature_is_right(signed(body, "other", fresh), body, "s3cret")
    assert not agent.signature_is_right(None, body, "s3cret")
    assert not agent.signature_is_right("t=x,v1=y", body, "s3cret")


def test_hooks_are_answered_and_remembered_when_signed():
    async def run() -> None:
        async with TestClient(TestServer(agent.application("s3cret"))) as client:
            body = json.dumps({"call_sid": "c", "call_status": "trying"}).encode()
            headers = {"Jambonz-Signature": signed(body, "s3cret", int(time.time()))}

            assert (await client.post("/status", data=body, headers=headers)).status == 204
            assert (await client.post("/status", data=body)).status == 403
            answer = await client.post("/call", data=body, headers=headers)
            assert (await answer.json())[0]["verb"] == "say"
            received = await (await client.get("/received")).json()

            assert [each["path"] for each in received] == ["/status", "/call"]
            assert all(each["signed"] for each in received)

    asyncio.run(run())
