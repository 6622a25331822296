"""The languages of the offline voice, and which of them is nearest to one asked for (BCP 47)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT = "en-US"
PRIORITY_DEFAULT = 5  # espeak-ng's own, when a voice file states none; lower is preferred

# Codes that people write and the voice files do not know.
ALIASES: Mapping[str, str] = {
    "ar-xa": "ar",
    "en": "en-us",
    "en-au": "en-gb",
    "en-ca": "en-us",
    "en-ie": "en-gb",
    "en-in": "en-gb",
    "en-nz": "en-gb",
    "en-za": "en-gb",
    "es-ar": "es-419",
    "es-cl": "es-419",
    "es-co": "es-419",
    "es-mx": "es-419",
    "es-pe": "es-419",
    "es-us": "es-419",
    "gsw": "de",
    "in": "id",
    "iw": "he",
    "nn": "nb",
    "no": "nb",
    "tl": "ms",
    "fil": "ms",
    "zh": "cmn",
    "zh-hk": "yue",
    "zh-mo": "yue",
}


@dataclass(frozen=True, slots=True)
class Language:
    """One voice file of espeak-ng: `path` is below its `lang` folder and names the voice."""

    code: str
    name: str
    path: str
    claims: tuple[tuple[str, int], ...]  # other codes it speaks, with the priority it asks for

    @classmethod
    def read(cls, file: Path, root: Path) -> "Language":
        name, claims = file.name, []
        for line in file.read_text(encoding="utf-8").splitlines():
            match line.split():
                case ["name", *words]:
                    name = " ".join(words)
                case ["language", code, priority]:
                    claims.append((code.lower(), int(priority)))
                case ["language", code]:
                    claims.append((code.lower(), PRIORITY_DEFAULT))
        return cls(file.name, name, file.relative_to(root).as_posix(), tuple(claims))


class Languages:
    """Every language the offline voice has, looked up by any code for it."""

    def __init__(self, languages: Iterable[Language]) -> None:
        self._all = sorted(languages, key=lambda language: language.code.lower())
        self._by_code: dict[str, Language] = {}
        claims = [
            (priority, language.path, code, language)
            for language in self._all
            for code, priority in language.claims
        ]
        for _, _, code, language in sorted(claims, key=lambda claim: claim[:3]):
            self._by_code.setdefault(code, language)
        self._by_code |= {language.code.lower(): language for language in self._all}

    @classmethod
    def read(cls, data_folder: Path) -> "Languages":
        root = data_folder / "lang"
        return cls(Language.read(file, root) for file in root.rglob("*") if file.is_file())

    def __iter__(self) -> Iterator[Language]:
        return iter(self._all)

    def nearest(self, code: str) -> Language:
        """The language itself, else its closest relative, else American English."""
        asked = code.replace("_", "-").lower()
        while asked:
            found = self._by_code.get(ALIASES.get(asked, asked))
            if found is not None:
                return found
            asked = asked.rpartition("-")[0]
        return self._by_code[DEFAULT.lower()]
