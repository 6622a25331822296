from voxgate.speech.latency import TALKSPURTS_MAX, RecognitionTimes


def test_the_latency_is_from_the_end_of_the_speech_to_the_result():
    times = RecognitionTimes(1000)
    times.voice(1500, on=True)
    times.voice(2500, on=False)
    times.heard(2800)

    assert times.facts() == {
        "stt_latency_ms": 300,
        "stt_talkspurts": [[1500, 2500]],
        "stt_start_time": 1000,
        "stt_stop_time": 2800,
        "stt_usage": 1800,
    }


def test_of_several_results_the_last_one_counts():
    times = RecognitionTimes(0)
    for began in (1000, 3000):
        times.voice(began, on=True)
        times.voice(began + 500, on=False)
        times.heard(began + 600)

    facts = times.facts()

    assert (facts["stt_latency_ms"], facts["stt_stop_time"]) == (100, 3600)
    assert facts["stt_talkspurts"] == [[1000, 1500], [3000, 3500]]


def test_a_result_while_the_caller_still_speaks_has_no_latency():
    times = RecognitionTimes(0)
    times.voice(1000, on=True)
    times.heard(1700)

    assert times.facts()["stt_latency_ms"] == 0
    assert times.facts()["stt_talkspurts"] == [[1000, 1700]]


def test_a_result_of_a_voice_that_the_detector_missed_has_no_known_latency():
    times = RecognitionTimes(0)
    times.voice(50, on=False)
    times.heard(700)

    assert "stt_latency_ms" not in times.facts()


def test_without_a_result_there_is_nothing_to_tell():
    times = RecognitionTimes(0)
    times.voice(1, on=True)

    assert times.facts() == {}


def test_a_caller_who_talks_for_hours_fills_no_memory():
    times = RecognitionTimes(0)
    for began in range(TALKSPURTS_MAX * 3):
        times.voice(began, on=True)
        times.voice(began, on=False)
    times.heard(1000)

    assert len(times.facts()["stt_talkspurts"]) == TALKSPURTS_MAX
