from voxgate.model.speech import Ear
from voxgate.verbs.recognizer import Recognizer


def test_it_becomes_an_ear_with_everything_a_vendor_may_want():
    wire = {
        "vendor": "deepgram",
        "language": "de-DE",
        "hints": ["ja", "nein"],
        "asrTimeout": 2,
        "asrDtmfTerminationDigit": "#",
        "fastRecognitionTimeout": 1,
        "minConfidence": 0.5,
        "fallbackVendor": "google",
        "deepgramOptions": {"smartFormatting": True},
    }

    ear = Recognizer.model_validate(wire).ear

    assert ear == Ear(
        vendor="deepgram",
        language="de-DE",
        fallback_vendor="google",
        hints=("ja", "nein"),
        continuous_s=2,
        continuous_key="#",
        fast_s=1,
        confidence_min=0.5,
        options=wire,
    )


def test_default_is_left_to_the_session():
    ear = Recognizer.model_validate({"vendor": "default", "language": "default"}).ear

    assert (ear.vendor, ear.language) == (None, None)
