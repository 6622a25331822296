import pytest

from voxgate.speech.words import count_words, longest_number


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("Hello?", 1),
        ("  you   have reached\nthe mailbox ", 5),
        ("well - no", 2),
        ("It's 9 o'clock", 3),
        ("안녕하세요 여보세요", 2),
        ("l'eau n'est pas là", 4),
        ("  yes,   please !", 2),
    ],
)
def test_words_that_are_written_apart_are_counted(text, words):
    assert count_words(text) == words


@pytest.mark.parametrize(
    ("short", "long"),
    [
        # hello? / I cannot answer the phone now, please leave a message after the tone
        ("もしもし", "ただいま電話に出ることができません。発信音の後にメッセージをお願いします。"),
        ("喂、你好", "您好、我现在无法接听您的电话、请在提示音后留言、我会尽快回复。"),
        ("สวัสดีครับ", "ขณะนี้ไม่สามารถรับสายได้กรุณาฝากข้อความหลังจากได้ยินเสียงสัญญาณ"),
    ],
    ids=["ja", "zh", "th"],
)
def test_gotcha_77_words_that_are_not_written_apart_are_estimated(short, long):
    assert 1 <= count_words(short) <= 4
    assert 9 <= count_words(long) <= 24


@pytest.mark.parametrize("said", ["は", "はい", "好", "ค"])
def test_gotcha_77_the_shortest_answer_is_one_word(said):
    assert count_words(said) == 1


def test_scripts_may_be_mixed():
    assert count_words("Voicemail 留言信箱 service") == 2 + count_words("留言信箱")


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("none", 0),
        ("call 5 or 6", 1),
        ("you have reached 555 1234", 7),
        ("you have reached 5 5 5, 12-34.", 7),
        ("one 1 and two 22", 2),
        ("٠١٢٣", 4),
    ],
)
def test_the_longest_number_counts_its_digits_however_it_is_grouped(text, digits):
    assert longest_number(text) == digits
