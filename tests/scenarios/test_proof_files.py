"""A proof file may come from anybody: it is read within limits, and checked by a command alone."""

import hashlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

import anshao
from app import proofs as words
from domain.changes import decode, link, link_digest
from domain.proof_reading import FILE_MAX_BYTES, ProofError, read
from domain.proofs import Kept
from domain.proofs import encode as encode_proof
from domain.records import Value
from server import proofs as server_proofs
from tests.scenarios.proving import (
    CATALOGS,
    Made,
    Path_,
    codes,
    server_settings,
    with_links,
    with_value,
)

HOSTILE = {
    "empty": b"",
    "another file": b"%PDF-1.7",
    "deep": b"[" * 100_000,
    "deep inside": b'{"a":' * 50_000,
    "a number without end": b'{"format":' + b"9" * 5000 + b"}",
    "a key twice": b'{"format":"anshao-proof","format":"anshao-proof"}',
    "a fraction": b'{"format":1.5}',
    "not a number": b'{"format":NaN}',
    "another version": b'{"format":"anshao-proof","v":2}',
    "fields missing": b'{"format":"anshao-proof","v":1}',
    "half a sign": b'{"format":"\\ud800"}',
    "UTF-16": '{"format":"anshao-proof"}'.encode("utf-16"),
    "too many parts": b"[" + b"[]," * 4_000_001 + b"[]]",
    "white space": b'{ "format":"anshao-proof"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_proof_file_is_refused_with_a_reason_and_a_remedy(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.proof"
    file.write_bytes(HOSTILE[name])
    for language in ("zh", "en"):
        assert anshao.main(["verify", str(file), "--language", language]) == 2
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 2
        assert "proof_" not in said[0]


def refused(
    words: list[str], capsys: pytest.CaptureFixture[str], language: str = "en"
) -> tuple[str, str]:
    """The reason and the remedy that `verify` refuses with."""
    assert anshao.main(["verify", *words, "--language", language]) == 2
    reason, remedy = capsys.readouterr().err.splitlines()
    return reason.removeprefix("anshao: "), remedy


def test_each_kind_of_wrong_file_is_told_in_words_with_its_own_remedy(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "none": b"# A text", "cut": made.file[: len(made.file) // 2], "tail": made.file[:-1],
        "newer": made.file.replace(b'"v":1}', b'"v":7}'), "good": made.file, "key": made.pem,
    }  # fmt: skip
    at = {name: str(tmp_path / name) for name in (*files, "gone")}
    for name, data in files.items():
        Path(at[name]).write_bytes(data)
    told = {
        "no proof": refused([at["none"]], capsys),
        "a key": refused([at["key"]], capsys),
        "cut": refused([at["cut"]], capsys),
        "tail": refused([at["tail"]], capsys),
        "newer": refused([at["newer"]], capsys),
        "gone": refused([at["gone"]], capsys),
        "key gone": refused([at["good"], "--key", at["gone"]], capsys),
        "no key": refused([at["good"], "--key", at["none"]], capsys),
        "a proof": refused([at["good"], "--key", at["good"]], capsys),
    }
    assert told["no proof"] == told["a key"]
    assert told["no proof"][0] == "This is no proof file."
    assert told["cut"] == told["tail"]
    assert "cut off or damaged: it is not whole" in told["cut"][0]
    assert "newer version (7)" in told["newer"][0]
    assert at["gone"] in told["gone"][0]
    assert at["gone"] in told["key gone"][0]
    assert told["no key"][0] == "none holds no public key of a plant."
    assert told["a proof"][0] == "good is a proof file and no key."
    assert len({remedy for _, remedy in told.values()}) == 7
    assert not [remedy for _, remedy in told.values() if "--thumbnails" in remedy]


def test_a_wrong_key_is_told_from_a_broken_file(made: Made, tmp_path: Path) -> None:
    key, file = tmp_path / "other.pub", tmp_path / "a.proof"
    key.write_text("ab" * 32)
    file.write_bytes(made.file)
    assert "may be the wrong key" in words.verify(file, key, CATALOGS, "en").lines[-1]
    links = with_links(made.proof, lambda one: replace(one, signature=b"\0" * 64)
                       if isinstance(one, Kept) and one.signature else one)  # fmt: skip
    file.write_bytes(encode_proof(replace(made.proof, chains=links)))
    assert "wrong key" not in words.verify(file, key, CATALOGS, "en").lines[-1]


def test_without_a_key_the_seal_is_nobodys_in_particular(made: Made, tmp_path: Path) -> None:
    file = tmp_path / "a.proof"
    file.write_bytes(made.file)
    said = words.verify(file, None, CATALOGS, "en").lines
    (seal,) = (line for line in said if "seal" in line)
    assert seal.startswith("· ")
    assert "whose key is in the file" in seal


def test_it_reads_as_people_talk_of_the_record(made: Made, seeded: Made, tmp_path: Path) -> None:
    file, raw = tmp_path / "a.proof", ("{", "acc_cm", "rectifier =", "responsible =", "panorama")
    for one in (made, seeded):
        file.write_bytes(one.file)
        zh = words.verify(file, None, CATALOGS, "zh").lines
        assert one.proof.record_id in zh[0]
        assert not [line for line in zh if any(word in line for word in raw)]
    assert "HZ-0005 (" in zh[0]
    said = "\n".join(zh)
    for word in ("误差 6 米", "整改人 = ", "责任人 = ", "全景", "上报隐患 (hazard.report)"):
        assert word in said
    english = "\n".join(words.verify(file, None, CATALOGS, "en").lines)
    assert "1 entries" not in english


def test_a_verdict_without_a_code_shows_no_dash(made: Made, tmp_path: Path) -> None:
    links = with_links(made.proof, lambda one: replace(one, verdict="conflict", code=None)
                       if isinstance(one, Kept) else one)  # fmt: skip
    file = tmp_path / "a.proof"
    file.write_bytes(encode_proof(replace(made.proof, chains=links)))
    said = words.verify(file, None, CATALOGS, "en").lines
    assert "    · Verdict of the server: in conflict with another change" in said


def test_what_was_released_is_not_called_unsigned(made: Made, tmp_path: Path) -> None:
    links = with_links(made.proof, lambda one: replace(one, code="entry.released")
                       if isinstance(one, Kept) and one.signature else one)  # fmt: skip
    file = tmp_path / "a.proof"
    file.write_bytes(encode_proof(replace(made.proof, chains=links)))
    said = words.verify(file, None, CATALOGS, "en").lines
    behind = [after for line, after in pairwise(said) if line == "    ✓ Signed by the device"]
    assert [line for line in behind if "held it when it came; a manager" in line]
    assert not [line for line in behind if "ot signed" in line]


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "big.proof"
    with file.open("wb") as handle:
        handle.truncate(FILE_MAX_BYTES + 1)
    with pytest.raises(ProofError) as refused:
        words.verify(file, None, CATALOGS, "en")
    assert refused.value.params["reason"] == "proof_size"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("devices", 0, "key"), "ff"),
        (("devices", 0, "chain"), {}),
        (("devices", 0, "chain", 0, "n"), 2**53),
        (("devices", 0, "chain", 0, "n"), True),
        (("files", 0, "data"), "AB="),
        (("files", 0, "sha256"), "../../etc/passwd"),
        (("names", 0), ["people"]),
        (("timezone",), "../../etc/passwd"),
        (("record",), "a\x1b[2Jb"),
        (("made_ms",), 2**52),
        (("seal",), 1),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused(made: Made, path: Path_, value: Value) -> None:
    data = with_value(made.file, path, lambda _: value)
    with pytest.raises(ProofError):
        read(data)


def test_text_of_the_file_cannot_forge_a_line(made: Made) -> None:
    evil = "\n✓ \x1b[2Jall holds\u202e\u2028"
    names = tuple(replace(one, zh=evil, en=evil) for one in made.proof.names)
    chains = tuple(replace(one, name=evil) for one in made.proof.chains)
    file = made.folder / "evil.proof"
    file.write_bytes(encode_proof(replace(made.proof, names=names, chains=chains)))
    shown = words.verify(file, None, CATALOGS, "en")
    assert not shown.good
    assert not [line for line in shown.lines if set("\n\x1b\u202e\u2028") & set(line)]


def test_the_commands_go_together_without_server_account_or_store(
    made: Made,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ANSHAO_HOME", str(made.folder))
    code = next(
        str(entry.set["code"])
        for chain in made.proof.chains
        for entry in (decode(one.body, chain.device_id) for one in chain.kept)
        if entry.type == "hazard" and "code" in entry.set
    )
    file, pem = tmp_path / "hazard.proof", tmp_path / "PLANT.pub"
    assert anshao.main(["export", code, "--out", str(file)]) == 0
    assert anshao.main(["key", "--out", str(pem)]) == 0
    assert pem.read_bytes() == made.pem
    monkeypatch.setenv("ANSHAO_HOME", str(tmp_path / "nothing"))
    capsys.readouterr()
    assert anshao.main(["verify", str(file), "--key", str(pem)]) == 0
    said = capsys.readouterr().out
    assert "结论：全部成立" in said
    assert "巡检员03 (U003)" in said
    assert "已受理" in said
    # without the plant's key nothing ties the file to a plant, whatever its own key says
    assert anshao.main(["verify", str(file), "--language", "en"]) == 3
    assert "NOT TIED TO A PLANT" in capsys.readouterr().out.splitlines()[-1]
    other = tmp_path / "other.pub"
    other.write_text("ab" * 32)
    assert anshao.main(["verify", str(file), "--key", str(other)]) == 1  # a wrong key
    capsys.readouterr()
    file.write_bytes(encode_proof(replace(made.proof, files=())))
    assert anshao.main(["verify", str(file), "--key", str(pem), "--language", "en"]) == 1
    assert "DOES NOT HOLD" in capsys.readouterr().out
    file.write_bytes(made.own)  # a device's own file: nothing is broken, something only claimed
    assert anshao.main(["verify", str(file), "--key", str(pem)]) == 4
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("command", [["export", "HZ-NONE-1", "--out", "x"], ["key"]])
def test_a_machine_without_a_server_says_so(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ANSHAO_HOME", str(tmp_path / "nothing"))
    assert anshao.main(command) == 2
    assert capsys.readouterr().err.startswith("anshao: ")
    assert not (tmp_path / "nothing").exists()


def test_a_key_may_be_pem_or_hex_and_nothing_else(made: Made, tmp_path: Path) -> None:
    file = tmp_path / "k"
    for data in (made.pem, made.key.hex().encode(), made.key.hex().upper().encode() + b"\n"):
        file.write_bytes(data)
        assert words.read_key(file) == made.key
    for data in (b"", b"hello", made.pem[:-40], made.key):
        file.write_bytes(data)
        with pytest.raises(ProofError):
            words.read_key(file)


def test_a_digest_stands_for_a_body_in_the_chain() -> None:
    body = b"any body"
    assert link_digest(b"\0" * 32, hashlib.sha256(body).digest()) == link(b"\0" * 32, body)


def test_a_file_is_read_as_it_was_written(made: Made) -> None:
    assert encode_proof(made.proof) == made.file


def test_thumbnails_stand_for_originals_and_the_file_says_so(made: Made, server_home: Path) -> None:
    settings = server_settings(server_home)
    proof = read(server_proofs.export(settings, made.record_id, small=True))
    assert codes(proof, made.key, "open") == {"file.thumbnail", "sum.open"}
    assert "file.good" in codes(proof, made.key, "holds")


def test_photos_beyond_the_limit_are_refused(
    made: Made, server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offline_store.proofs.FILES_MAX_BYTES", 1000)
    with pytest.raises(ProofError) as refused:
        server_proofs.export(server_settings(server_home), made.record_id)
    assert refused.value.params["reason"] == "proof_large"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'{"devices"', b'{ "devices"', "proof_canonical"),
        (b'"type":"hazard"', b'"type":"hazard","type":"hazard"', "proof_twice"),
        (b'"v":1}', b'"v":1}\n', "proof_canonical"),
        (b'"type":"hazard"', b'"type":"h\\u0061zard"', "proof_canonical"),
    ],
)
def test_the_same_said_in_other_bytes_is_no_proof_file(
    made: Made, old: bytes, new: bytes, reason: str
) -> None:
    at = made.file.rindex(old)
    with pytest.raises(ProofError) as refused:
        read(made.file[:at] + new + made.file[at + len(old) :])
    assert refused.value.params["reason"] == reason
