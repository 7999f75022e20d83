"""The bench `qr` counts what it read, and predicts where nobody knows the answer."""

import csv
import json
from functools import cache
from pathlib import Path

import pytest

from benchmarks import runner, signed_labels
from benchmarks.baselines import engines_alone
from media import label_sheet
from tests.media.pictures import FONT, jpeg, photo, printed

pytestmark = pytest.mark.desktop  # measured against zxing, too


def folder(tmp_path: Path, columns: list[str]) -> Path:
    label = printed()
    (tmp_path / "label.png").write_bytes(label_sheet.picture(label, "en", FONT))
    (tmp_path / "empty.jpg").write_bytes(jpeg(photo(320, 240)))
    (tmp_path / "broken.jpg").write_bytes(jpeg(photo(320, 240))[:2000])
    code = {"symbology": "qrcode", "label": "positive"}
    rows = [
        {"file": "label.png", "set": "nominal", "expected": label.text, **code},
        {"file": "broken.jpg", "set": "torn", "expected": "LINES\nOF TEXT", **code},
        {"file": "empty.jpg", "symbology": "falsepositives", "set": "none", "expected": "",
         "label": "negative"},
        {"file": "label.png", "symbology": "multi", "set": "x", "label": "unlabelled"},
    ]  # fmt: skip
    with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    return tmp_path


DATA = ["--only", "data"]
ALL = ["file", "symbology", "set", "expected", "label"]


@pytest.mark.parametrize(
    ("profile", "engines"),
    [("desktop", ["zxing", "zbar", "opencv"]), ("mobile", ["zbar", "opencv"])],
)
def test_the_last_line_is_json_with_ratios_and_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], profile: str, engines: list[str]
) -> None:
    data = str(folder(tmp_path, ALL))
    assert runner.main(["qr", "--json", "--data", data, "--profile", profile, *DATA]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    figures = found["figures"]
    assert found["bench"] == "qr"
    assert figures["rate_mobile" if profile == "mobile" else "rate"] == 0.5
    assert (figures["read"], figures["pictures"]) == (1, 2)
    assert figures["wrong"] == figures["sets_behind"] == 0
    assert found["ratios"]["rate_over_best_engine"] == 1.0
    assert found["ratios"]["median_over_fastest"] > 0
    assert found["environment"]["cpus"] >= 1
    for engine in ("zxing", "zbar", "opencv"):
        parts = [f"{engine}_{name}" for name in ("rate", "wrong", "median_ms", "p95_ms")]
        assert all((part in figures) == (engine in engines) for part in parts)


def test_without_gold_there_are_predictions_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, lines = str(folder(tmp_path, ["file"])), tmp_path / "found.jsonl"
    asked = ["qr", "--json", "--data", data, "--predictions", str(lines), "--rounds", "1", *DATA]
    assert runner.main(asked) == 0
    found = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], line["texts"]) for line in found] == [
        ("label.png", [printed().text]),
        ("broken.jpg", []),
        ("empty.jpg", []),
        ("label.png", [printed().text]),
    ]
    assert all(line["ms"] >= 0 for line in found)
    assert json.loads(capsys.readouterr().out)["ratios"] == {}


def test_without_json_there_is_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main(["qr", "--data", str(folder(tmp_path, ALL)), *DATA]) == 0
    assert "rate_over_best_engine" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["folder", "manifest.csv", "picture.jpg"])
def test_what_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    data = tmp_path / "folder"
    if missing != "folder":
        data.mkdir()
    if missing == "picture.jpg":
        (data / "manifest.csv").write_text("file\npicture.jpg\n")
    with pytest.raises(SystemExit) as stopped:
        runner.main(["qr", "--data", str(data)])
    assert missing in f"{capsys.readouterr().err}{stopped.value}"


@pytest.fixture(scope="module")
def labels() -> signed_labels.Series:
    """Labels, photographed and forged, and the check of a device."""
    return signed_labels.series(seed=3, each=2)


@cache
def read(picture: bytes) -> list[str]:
    return engines_alone.zxing(picture)


def test_signed_labels_are_read_and_no_forged_one_is_taken(labels: signed_labels.Series) -> None:
    found = signed_labels.tally(labels.shots, read, labels.accept)
    assert (found.accepted, found.wrong) == (0, 0)
    assert found.exact > 0.7 * found.genuine > 0
    assert found.seen > 0.7 * found.forged > 0
    kinds = {(one.forged, one.photographed) for one in labels.shots}
    ways = ("", *signed_labels.FORGED)
    assert kinds == {(forged, how) for forged in ways for how in signed_labels.PHOTOGRAPHED}


def test_a_decoder_that_changes_one_character_makes_the_figure_fail(
    labels: signed_labels.Series,
) -> None:
    def changing(picture: bytes) -> list[str]:
        return [text[:-1] + ("0" if text[-1] != "0" else "1") for text in read(picture)]

    found = signed_labels.tally(labels.shots, changing, labels.accept)
    assert found.wrong > 0.7 * len(labels.shots)
    assert (found.exact, found.seen) == (0, 0)


@pytest.mark.parametrize("forged", signed_labels.FORGED)
def test_a_check_that_lets_one_forgery_pass_makes_the_figure_fail(
    labels: signed_labels.Series, forged: str
) -> None:
    theirs = {one.text for one in labels.shots if one.forged == forged}

    def lax(text: str) -> bool:
        return text in theirs or labels.accept(text)

    assert signed_labels.tally(labels.shots, read, lax).accepted > 0


def test_one_series_follows_from_its_seed() -> None:
    one, two = (signed_labels.series(5, each=1).shots for _ in range(2))
    assert one == two


def test_the_bench_counts_what_the_front_makes_of_them() -> None:
    found = signed_labels.figures(7, {"": read, "zxing": read}, each=1)
    assert found["signed_read"] == found["signed_best_engine"] > 0
    assert (found["signed_pictures"], found["forged_pictures"]) == (24, 30)
    assert (found["forged_accepted"], found["wrong_signed"]) == (0, 0)
