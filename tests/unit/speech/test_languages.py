from pathlib import Path

import espeakng_loader
import pytest

from voxgate.speech.languages import DEFAULT, Languages

LANGUAGES = Languages.read(Path(espeakng_loader.get_data_path()))


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("en-US", "en-US"),
        ("en", "en-US"),
        ("en-GB", "en"),
        ("en-AU", "en"),
        ("de-DE", "de"),
        ("de_AT", "de"),
        ("DE", "de"),
        ("fr-FR", "fr"),
        ("fr-CA", "fr"),
        ("fr-CH", "fr-CH"),
        ("es-MX", "es-419"),
        ("es-ES", "es"),
        ("pt-PT", "pt"),
        ("pt-BR", "pt-BR"),
        ("zh-CN", "cmn"),
        ("zh-Hans-CN", "cmn"),
        ("zh-HK", "yue"),
        ("cmn-CN", "cmn"),
        ("no-NO", "nb"),
        ("nb-NO", "nb"),
        ("he-IL", "he"),
        ("ja-JP", "ja"),
        ("tlh", DEFAULT),
        ("", DEFAULT),
        ("-", DEFAULT),
    ],
)
def test_the_nearest_language_is_found(asked, nearest):
    assert LANGUAGES.nearest(asked).code == nearest


def test_there_are_over_a_hundred_languages_each_its_own_nearest():
    codes = [language.code for language in LANGUAGES]

    assert len(codes) > 100
    own = [code for code in codes if LANGUAGES.nearest(code).code == code]
    assert set(codes) - set(own) == {"en"}
