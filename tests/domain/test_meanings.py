"""Names promise: a word in any language stands for the codes that carry it, and is shown where."""

import pytest

from domain.meanings import meant, spans
from tests.helpers.definitions import demo_definitions

DEMO = demo_definitions()


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("电气", "EL"),
        ("electr", "EL"),
        ("Electrical", "EL"),
        ("巡检员03", "U003"),
        ("Inspector", "U003"),
        ("变配电", "A06"),
        ("待核验", "to_verify"),
        ("Awaiting", "to_verify"),
        ("机", "machine"),
        ("ｄｂ-03", "DB-03"),
        ("重大", "A"),
    ],
)
def test_a_word_stands_for_what_has_it_in_its_name(word: str, code: str) -> None:
    assert code in meant(DEMO, word)[word]


def test_letters_count_at_the_beginning_of_a_word_only() -> None:
    assert "EL" not in meant(DEMO, "lectr").get("lectr", [])
    assert meant(DEMO, "e") == {}, "one letter begins everything"
    assert set(meant(DEMO, "电气 nonsense-word")) == {"电气"}


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("三号柜门没锁", "柜门", ["柜门"]),
        ("三号柜门没锁", "柜门锁", ["柜门"]),  # not there as a whole: its pairs
        ("三号柜门没锁", "柜门 没锁", ["柜门没锁"]),
        ("Leak at the flange", "leak", ["Leak"]),
        ("Bleak flange", "leak", []),
        ("漏油 漏水", "漏", ["漏", "漏"]),
        ("没有", "", []),
        ("ﬁre", "fire", []),  # one sign that is two letters: nothing is marked, nothing breaks
    ],
)
def test_what_fits_is_marked_in_the_text(text: str, words: str, shown: list[str]) -> None:
    assert [text[begin:end] for begin, end in spans(text, words)] == shown
