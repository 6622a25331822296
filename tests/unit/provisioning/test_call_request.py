import pytest

from unit.api.orders import PHONE, furnish, started
from unit.api.world import in_world
from voxgate.model.speech import RecognizerChoice, Voice

SPEECH = {
    "speech_synthesis_vendor": "acme",
    "speech_synthesis_language": "de-DE",
    "speech_synthesis_voice": "Anna",
    "speech_recognizer_vendor": "acme",
    "speech_recognizer_language": "de-DE",
}


@pytest.mark.parametrize(
    ("asked", "voice"),
    [
        ({}, Voice("acme", "de-DE", "Anna")),
        ({"voice": "Otto"}, Voice("acme", "de-DE", "Otto")),
        ({"language": "fr-FR"}, Voice("acme", "fr-FR", None)),
        ({"vendor": "other"}, Voice("other", "en-US", None)),
        ({"vendor": "other", "voice": "Bo"}, Voice("other", "en-US", "Bo")),
        ({"vendor": "other", "language": "es-ES"}, Voice("other", "es-ES", None)),
    ],
)
def test_the_call_decides_before_the_application(sqlite_url, asked, voice):
    async def story(world):
        path, application = await furnish(world, **SPEECH)
        body = {"application_sid": application, "from": "1", "to": PHONE}
        body |= {f"speech_synthesis_{name}": value for name, value in asked.items()}
        assert (await world.send("POST", path, body)).status == 201

        request = started(world)[0].request
        assert request.voice == voice
        assert request.recognizer == RecognizerChoice("acme", "de-DE")

    in_world(sqlite_url, story)


SPARE = {
    "fallback_speech_synthesis_vendor": "spare",
    "fallback_speech_synthesis_voice": "Emma",
    "fallback_speech_recognizer_vendor": "ears",
    "fallback_speech_recognizer_language": "de-AT",
}


@pytest.mark.parametrize(
    ("of_app", "asked", "voice", "ear"),
    [
        (SPARE, {}, Voice("spare", "de-DE", "Emma"), ("ears", "de-AT")),
        ({**SPARE, "use_for_fallback_speech": 0}, {}, None, (None, None)),
        (
            SPARE,
            {"fallback_speech_synthesis_vendor": "own"},
            Voice("own", "de-DE"),
            ("ears", "de-AT"),
        ),
        (
            {},
            {
                "fallback_speech_recognizer_vendor": "own",
                "fallback_speech_synthesis_vendor": "x",
                "fallback_speech_synthesis_language": "fr-FR",
            },
            Voice("x", "fr-FR"),
            ("own", None),
        ),
    ],
)
def test_who_speaks_and_listens_when_the_vendors_fail(sqlite_url, of_app, asked, voice, ear):
    """The call decides before the application, each kind of vendor by itself."""

    async def story(world):
        path, application = await furnish(world, **SPEECH, **of_app)
        body = {"application_sid": application, "from": "1", "to": PHONE, **asked}
        assert (await world.send("POST", path, body)).status == 201

        request = started(world)[0].request
        assert request.fallback_voice == voice
        assert request.recognizer == RecognizerChoice("acme", "de-DE", *ear)

    in_world(sqlite_url, story)


def test_the_application_decides_before_the_account(sqlite_url):
    async def story(world):
        path, application = await furnish(world)
        of_account = {
            "speech_synthesis_vendor": "acme",
            "speech_synthesis_language": "it-IT",
            "speech_recognizer_vendor": "ears",
        }
        await world.send("PUT", f"/v1/Accounts/{world.account_sid}", of_account)
        of_app = {"speech_synthesis_language": "nl-NL"}
        await world.send("PUT", f"/v1/Applications/{application}", of_app)
        body = {"application_sid": application, "from": "1", "to": PHONE}
        await world.send("POST", path, body)

        request = started(world)[0].request
        assert request.voice == Voice("acme", "nl-NL", None)
        assert request.recognizer == RecognizerChoice("ears", None)

    in_world(sqlite_url, story)


@pytest.mark.parametrize(
    ("of_app", "asked", "call_hook", "app_json"),
    [
        ({"app_json": "[1]"}, {}, "https://app.example/call", "[1]"),
        ({"app_json": "[1]"}, {"call_hook": "https://own.example/"}, "https://own.example/", None),
        ({"app_json": "[1]"}, {"app_json": "[2]"}, "https://app.example/call", "[2]"),
        ({"app_json": "[1]", "call_hook": None}, {}, None, "[1]"),
    ],
)
def test_what_the_request_wants_to_run_wins(sqlite_url, of_app, asked, call_hook, app_json):
    async def story(world):
        path, application = await furnish(world, **of_app)
        body = {"application_sid": application, "from": "1", "to": PHONE, **asked}
        assert (await world.send("POST", path, body)).status == 201

        request = started(world)[0].request
        assert (request.call_hook and request.call_hook.url) == call_hook
        assert request.app_json == app_json

    in_world(sqlite_url, story)
