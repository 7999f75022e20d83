"""The same words everywhere: what the Chinese texts call things, and how they are set."""

import re

import pytest

from app.translate import read_catalogs
from app.wiring import ASSETS

CHINESE = read_catalogs(ASSETS / "locale")["zh"]
HAN = "[\u4e00-\u9fff]"
RULES = {
    # who signs in has a PIN, a sealed device a passphrase (口令), a join or a way back a code
    "one secret, one name": re.compile("密码"),
    # a phone or tablet is 终端, the one in hand 本机; 设备 is what the plant runs
    "this device is 本机": re.compile("本设备|本终端"),
    "the page is called 待发送": re.compile("待发箱|发件箱"),
    # the role has one name; a workshop may have one of its own
    "the administrator is 系统管理员": re.compile("(?<!系统)(?<!车间)管理员"),
    "people are addressed as 您": re.compile("你(?!们)"),
    "Chinese text has Chinese punctuation": re.compile(f"{HAN}[,;:?!(]|[,;:?!)]{HAN}"),
}
# what a message calls a phone or tablet, also one that is not in hand
OF_DEVICES = ("error.relay.", "error.unlock", "notice.security.", "proof.", "relay.", "unlock.")


@pytest.mark.parametrize("rule", RULES)
def test_texts_keep_to_one_word_for_one_thing(rule: str) -> None:
    wrong = {key: text for key, text in CHINESE.items() if RULES[rule].search(text)}
    assert not wrong, rule


def test_phones_and_tablets_are_never_called_equipment() -> None:
    texts = {key: text for key, text in CHINESE.items() if key.startswith(OF_DEVICES)}
    assert len(texts) > 80
    wrong = {key for key, text in texts.items() if "设备" in text}
    assert wrong <= {"proof.field.asset"}
