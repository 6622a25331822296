"""The `speech` object that applications are sent, whichever vendor recognised (contract 5.2)."""

from collections.abc import Sequence

from voxgate.model.calls import Json
from voxgate.speech.recognition import Alternative, Heard


def speech_result(said: Sequence[Heard], *, channel: int = 1) -> Json:
    """Several utterances become one: their words in order, each vendor's event kept.

    Of one utterance all alternatives are given.
    """
    last = said[-1]
    single = len(said) == 1
    alternatives = last.alternatives if single else (_joined(said),)
    return {
        "language_code": last.language,
        "channel_tag": channel,
        "is_final": True,
        "alternatives": _wire(alternatives),
        "vendor": {
            "name": last.vendor,
            "evt": dict(last.event) if single else [dict(one.event) for one in said],
        },
    }


def interim_result(heard: Heard, *, channel: int = 1) -> Json:
    """Words that may still change."""
    return speech_result([heard], channel=channel) | {"is_final": heard.is_final}


def _joined(said: Sequence[Heard]) -> Alternative:
    words = " ".join(one.transcript for one in said)
    return Alternative(words, sum(one.confidence for one in said) / len(said))


def _wire(alternatives: Sequence[Alternative]) -> list[Json]:
    return [
        {"transcript": one.transcript.strip(), "confidence": round(one.confidence, 4)}
        for one in alternatives
    ]
