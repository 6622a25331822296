"""The process in which PocketSphinx recognises: what is CPU-bound and may crash is put there.

A request is a line of JSON and the utterance's PCM (16-bit little endian, mono, 8 kHz):

    {"phrases": ["yes", "no"]} <line feed> <sound>

The answer is JSON: {"phrase": "yes", "confidence": 0.97}, with a phrase of null when the sound is
none of them. The answer depends on the request alone, not on what was heard before. Without
sound the answer is {"unknown": ["xyzzy"]}: words of the phrases that cannot be understood.
"""

import array
import json
import random
import re
from collections import OrderedDict
from typing import Any

import pocketsphinx

from voxgate.base.frames import serve
from voxgate.speech.resample import resampled

MODEL_HZ, LINE_HZ = 16_000, 8_000
GRAMMARS_MAX = 64  # kept ready
# The model learned from recordings of rooms; a line's perfect silence confuses it.
NOISE_RMS = 12
NOISE_SAMPLES = LINE_HZ
SAMPLE_MAX = 32_767

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_SPLIT = re.compile(r"[^a-z0-9'.]+")


class Refused(Exception):
    """A request that cannot be carried out."""


def words_of(phrase: str) -> list[str]:
    """As the dictionary writes them: lower case, digits one by one."""
    words = []
    for word in _SPLIT.split(phrase.lower()):
        if word.isdigit():
            words += [NUMBERS[int(digit)] for digit in word]
        elif word.strip("'."):
            words.append(word.strip("'") if word.endswith("'") else word.rstrip("."))
    return words


class Ear:
    """The model, and the grammars that were asked for lately."""

    def __init__(self) -> None:
        self._decoder = pocketsphinx.Decoder(samprate=MODEL_HZ, lm=None, loglevel="FATAL")
        self._adaptation = self._decoder.get_cmn(update=False)
        self._grammars: OrderedDict[tuple[str, ...], dict[str, str]] = OrderedDict()
        noise = random.Random(1)  # noqa: S311 - the same for everybody, on purpose
        self._noise = [round(noise.gauss(0, NOISE_RMS)) for _ in range(NOISE_SAMPLES)]

    def recognise(self, phrases: tuple[str, ...], sound: bytes) -> dict[str, Any]:
        spoken = self._activate(phrases)
        decoder = self._decoder
        decoder.set_cmn(self._adaptation)
        decoder.start_utt()
        decoder.process_raw(resampled(self._rough(sound), LINE_HZ, MODEL_HZ), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        phrase = spoken.get(found.hypstr) if found is not None else None
        # Each phrase is found twice, with and without a pause before it, at half the share each.
        confidence = min(1.0, 2 * found.prob) if phrase is not None else 0.0
        return {"phrase": phrase, "confidence": round(confidence, 3)}

    def prepare(self, phrases: tuple[str, ...]) -> dict[str, Any]:
        """Get ready for these phrases."""
        self._activate(phrases)
        return {"unknown": self._unknown_words(phrases)}

    def _unknown_words(self, phrases: tuple[str, ...]) -> list[str]:
        return sorted({
            word
            for phrase in phrases
            for word in words_of(phrase)
            if self._decoder.lookup_word(word) is None
        })

    def _activate(self, phrases: tuple[str, ...]) -> dict[str, str]:
        """The grammar of these phrases made the one that counts; what is spoken, to the phrase."""
        name = json.dumps(phrases)
        if phrases not in self._grammars:
            spoken = {" ".join(words_of(phrase)): phrase for phrase in reversed(phrases)}
            spoken.pop("", None)
            known = {
                text: phrase
                for text, phrase in spoken.items()
                if all(self._decoder.lookup_word(word) is not None for word in text.split())
            }
            if not known:
                unknown = ", ".join(self._unknown_words(phrases)) or "nothing to say"
                raise Refused(f"no hint is in the dictionary: {unknown}")
            rule = " | ".join(known)
            grammar = f"#JSGF V1.0;\ngrammar hints;\npublic <hints> = {rule};\n"
            self._decoder.add_jsgf_string(name, grammar)
            self._grammars[phrases] = known
        self._grammars.move_to_end(phrases)
        self._decoder.activate_search(name)
        while len(self._grammars) > GRAMMARS_MAX:
            old, _ = self._grammars.popitem(last=False)
            self._decoder.remove_search(json.dumps(old))
        return self._grammars[phrases]

    def _rough(self, sound: bytes) -> bytes:
        samples = array.array("h", sound)
        noise = self._noise
        rough = [
            min(max(sample + noise[place % NOISE_SAMPLES], -SAMPLE_MAX), SAMPLE_MAX)
            for place, sample in enumerate(samples)
        ]
        return array.array("h", rough).tobytes()


def main() -> None:
    """The process's life: answer requests until the parent is gone."""
    ear = Ear()

    def answer(request: bytes) -> bytes:
        head, _, sound = request.partition(b"\n")
        phrases = tuple(json.loads(head)["phrases"])
        told = ear.recognise(phrases, sound) if sound else ear.prepare(phrases)
        return json.dumps(told).encode()

    serve(answer, (Refused,))
