import asyncio

import pytest

from unit.speech.fakes import FakeVendor, words
from voxgate.model.audio import Audio
from voxgate.model.speech import Voice
from voxgate.speech.cache import AudioCache
from voxgate.speech.contract import Phrase, SpeechFailed, Utterance
from voxgate.speech.fallback import Fallback, Rendered
from voxgate.speech.registry import Registry

ACME = Voice("acme", "de-DE", "anna")
OFFLINE = Voice("builtin", "de-DE")


def failing(kind: str = "failed") -> FakeVendor:
    return FakeVendor(failure=SpeechFailed(kind, "acme", "401"))


def render(
    vendors: dict[str, FakeVendor], *texts: str, fallback: Voice | None = None, voice: Voice = ACME
) -> list[Rendered]:
    """One after the other, on one call."""

    async def scenario() -> list[Rendered]:
        call = Fallback(Registry(vendors), AudioCache())
        return [await call.render(Utterance((Phrase(text),), voice), fallback) for text in texts]

    return asyncio.run(scenario())


def test_the_vendor_asked_for_speaks():
    (rendered,) = render({"acme": FakeVendor(), "builtin": FakeVendor()}, "hallo")

    assert rendered == Rendered(Audio("hallo".encode("utf-16-le")), ACME)


def test_without_credentials_the_offline_voice_speaks_the_same_language_with_one_alert():
    offline = FakeVendor()

    first, second = render({"builtin": offline}, "hallo", "du")

    assert (words(first.audio), first.voice) == ("hallo", OFFLINE)
    assert [(alert.alert_type, alert.message) for alert in first.alerts] == [
        ("no-tts", "text to speech credentials for acme have not been provisioned")
    ]
    assert second.alerts == ()


def test_a_vendor_that_failed_is_passed_over_for_the_rest_of_the_call():
    """FS#774: the next say asked it again."""
    acme = failing()

    first, second = render({"acme": acme, "builtin": FakeVendor()}, "hallo", "du")

    assert [alert.message for alert in first.alerts] == [
        "text to speech request to acme failed: 401"
    ]
    assert (second.voice, second.alerts) == (OFFLINE, ())
    assert len(acme.spoken) == 1


def test_a_vendor_that_was_busy_gets_another_chance():
    acme = failing("busy")

    render({"acme": acme, "builtin": FakeVendor()}, "hallo", "du")

    assert len(acme.spoken) == 2


def test_the_fallback_named_by_the_application_comes_before_the_offline_voice():
    spare = Voice("spare", "de-AT")

    (rendered,) = render(
        {"acme": failing(), "spare": FakeVendor(), "builtin": FakeVendor()}, "x", fallback=spare
    )

    assert rendered.voice == spare


def test_an_unknown_voice_of_a_known_vendor_is_told_once_and_the_default_voice_speaks():
    offline = FakeVendor(voices=frozenset({None}))

    first, second = render(
        {"builtin": offline}, "a", "b", voice=Voice("builtin", "de-DE", "nobody")
    )

    assert [alert.detail for alert in first.alerts] == ["no such voice"]
    assert (first.voice, second.voice, second.alerts) == (OFFLINE, OFFLINE, ())


def test_when_nobody_can_speak_the_last_failure_is_raised():
    broken = FakeVendor(failure=SpeechFailed("failed", "builtin", "no library"))

    with pytest.raises(SpeechFailed, match="builtin failed: no library"):
        render({"acme": failing(), "builtin": broken}, "hallo")


def test_what_a_vendors_library_raises_is_a_failure_like_any_other():
    class Exploding(FakeVendor):
        async def render(self, utterance: Utterance) -> Audio:
            raise ZeroDivisionError(utterance)

    (rendered,) = render({"acme": Exploding(), "builtin": FakeVendor()}, "geheim")

    assert [alert.message for alert in rendered.alerts] == [
        "text to speech request to acme failed: ZeroDivisionError"
    ]


def test_the_same_words_are_rendered_once_unless_the_cache_is_left_out():
    offline = FakeVendor()

    async def scenario() -> None:
        registry, cache = Registry({"builtin": offline}), AudioCache()
        wanted = Utterance((Phrase("x"),), OFFLINE)
        for cached in (True, True, False):
            await Fallback(registry, cache).render(wanted, cached=cached)

    asyncio.run(scenario())

    assert len(offline.spoken) == 2


@pytest.mark.parametrize("kind", ["unknown-vendor", "unknown-voice", "busy", "failed"])
def test_whatever_the_failure_the_fallback_speaks_and_the_account_is_told(kind):
    """FS#425, FS#698: an answer that was not 2xx did not count as a failure."""
    spare = Voice("spare", "de-AT")

    (rendered,) = render(
        {"acme": failing(kind), "spare": FakeVendor(), "builtin": FakeVendor()}, "x", fallback=spare
    )

    assert rendered.voice == spare
    assert len(rendered.alerts) == 1


def test_another_vendor_gets_nothing_that_was_meant_for_the_one_that_failed():
    spare = FakeVendor()
    wanted = Utterance((Phrase("x"),), ACME, engine="generative", options='{"model": "a"}')

    async def scenario() -> None:
        registry = Registry({"acme": failing(), "spare": spare, "builtin": FakeVendor()})
        await Fallback(registry, AudioCache()).render(wanted, Voice("spare", "de-DE"))

    asyncio.run(scenario())

    assert spare.spoken == [Utterance((Phrase("x"),), Voice("spare", "de-DE"))]
