import asyncio

from aiohttp.test_utils import TestClient, TestServer

from unit.sandbox.records import record
from voxgate.media.errors import MediaError
from voxgate.sandbox.caller import Errand
from voxgate.sandbox.calls import CallBook, CallRecord
from voxgate.sandbox.control import control_app
from voxgate.sandbox.personas import PersonaBook
from voxgate.sandbox.sound import beep


def against(story, errands: list[Errand] | None = None) -> None:
    """Run `story(client, calls, personas)` against a served control interface."""

    def place(errand: Errand) -> CallRecord:
        if errands is None:
            raise MediaError("no port is free")
        errands.append(errand)
        return record()

    async def run() -> None:
        calls, personas = CallBook(), PersonaBook()
        async with TestClient(TestServer(control_app(calls, personas, place))) as client:
            await story(client, calls, personas)

    asyncio.run(run())


def test_a_call_is_shown_with_what_was_heard():
    async def story(client, calls, _personas):
        call = record()
        calls.add(call)
        call.answered_at, call.ended_at = 1001.0, 1005.0
        call.digits, call.said = "12", ["Hello?"]
        call.speech.append((1002.0, 1003.5))
        call.steps.append((1001.0, "answer"))
        calls.keep_capture(call, bytes(320) + beep((1000,), 0.2).samples)
        call.ended.set()

        shown = await (await client.get("/calls/a@b")).json()

        assert shown["state"] == "ended"
        assert shown["steps"] == [{"at_ms": 1000, "step": "answer"}]
        assert shown["said"] == ["Hello?"]
        assert shown["heard"]["digits"] == "12"
        assert shown["heard"]["audio_ms"] == 200
        assert shown["heard"]["first_audio_ms"] == 20
        assert shown["heard"]["speech"] == [{"at_ms": 2000, "for_ms": 1500}]
        assert ["X-Campaign", "42"] in shown["headers"]
        wav = await client.get("/calls/a@b/heard.wav")
        assert wav.content_type == "audio/wav"
        assert (await wav.read()).endswith(beep((1000,), 0.2).samples)

    against(story)


def test_waiting_for_a_call_answers_when_it_ends():
    async def story(client, calls, _personas):
        call = record()
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(client.get("/calls/a@b?wait=30"))
            calls.add(call)
            call.ended_at = 1001.0
            call.ended.set()

        assert (await asked.result().json())["state"] == "ended"

    against(story)


def test_calls_can_be_asked_for_by_number_once_the_newest_has_ended():
    async def story(client, calls, _personas):
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(client.get("/calls?number=%2B15005550100&wait=30"))
            for name in ("old", "new"):
                call = record(name)
                calls.add(call)
                call.ended.set()

        assert [each["call_id"] for each in await asked.result().json()] == ["new", "old"]
        assert await (await client.get("/calls?number=1500")).json() == []

    against(story)


def test_an_unknown_call_is_not_found():
    async def story(client, _calls, _personas):
        answer = await client.get("/calls/nobody")

        assert answer.status == 404
        assert (await answer.json())["errors"][0]["field"] == "call_id"

    against(story)


def test_a_call_that_heard_nothing_has_no_wav():
    async def story(client, calls, _personas):
        calls.add(record())

        assert (await client.get("/calls/a@b/heard.wav")).status == 404

    against(story)


def test_ended_calls_are_forgotten_on_request_and_running_ones_stay():
    async def story(client, calls, _personas):
        over = record("over")
        over.ended.set()
        calls.add(over)
        calls.add(record("running"))

        assert (await client.delete("/calls")).status == 204

        assert [call["call_id"] for call in await (await client.get("/calls")).json()] == [
            "running"
        ]

    against(story)


def test_a_persona_is_put_found_listed_and_deleted():
    async def story(client, _calls, personas):
        answer = await client.put(
            "/personas/+15005550170", json={"script": "ring 1s; answer; press 9", "name": "nine"}
        )
        assert answer.status == 200
        assert (await answer.json())["script"] == "ring 1s; answer; press 9"
        assert personas.find("15005550170").name == "nine"
        listed = await (await client.get("/personas")).json()
        assert "nine" in [persona["name"] for persona in listed]

        assert (await client.delete("/personas/+15005550170")).status == 204
        assert personas.find("15005550170").name == "nobody"
        assert (await client.delete("/personas/+15005550170")).status == 404

    against(story)


def test_bad_personas_are_refused_by_field():
    bad = [
        ("/personas/1", b'{"script": "answer"}', "number"),
        ("/personas/15005550170", b"no json", "body"),
        ("/personas/15005550170", b"[]", "body"),
        ("/personas/15005550170", b'{"script": "dance"}', "script"),
        ("/personas/15005550170", b"{}", "script"),
        ("/personas/15005550170", b'{"script": 1}', "script"),
        ("/personas/15005550170", b'{"script": "answer", "codecs": ["G729"]}', "codecs"),
        ("/personas/15005550170", b'{"script": "answer", "colour": "red"}', "colour"),
    ]

    async def story(client, _calls, _personas):
        for path, body, field in bad:
            answer = await client.put(path, data=body)
            assert answer.status == 400, (path, body)
            assert (await answer.json())["errors"][0]["field"] == field

        assert (await client.get("/calls/a?wait=soon")).status == 400

    against(story)


def test_a_caller_is_sent_on_its_errand():
    errands = []

    async def story(client, _calls, _personas):
        errand = {
            "to": "sip:4930@127.0.0.1:5060",
            "script": 'say "Hello?"; hang up',
            "from": "+4930111",
            "headers": {"X-Campaign": "42"},
        }
        reply = await client.post("/calls", json=errand)
        assert (reply.status, (await reply.json())["call_id"]) == (201, "a@b")

    against(story, errands)
    (errand,) = errands
    assert str(errand.uri) == "sip:4930@127.0.0.1:5060"
    assert errand.from_.uri.user == "+4930111"
    assert errand.headers == (("X-Campaign", "42"),)
    assert str(errand.script) == 'answer; say "Hello?"; hang up'


def test_an_errand_that_cannot_be_carried_out_is_refused_by_field():
    good = {"to": "sip:4930@127.0.0.1", "script": "listen"}

    async def story(client, _calls, _personas):
        for wrong, status, field in (
            ({"to": "4930"}, 400, "to"),
            ({"to": 1}, 400, "to"),
            ({"script": "fly"}, 400, "script"),
            ({"script": "ring 1s"}, 400, "script"),
            ({"headers": {"X": 1}}, 400, "headers"),
            ({}, 422, "headers"),
        ):
            reply = await client.post("/calls", json=good | wrong)
            refused = await reply.json()
            assert (reply.status, refused["errors"][0]["field"]) == (status, field), wrong

    against(story)
