"""The bench `scan` counts what it read, and predicts where nobody knows the answer."""

import csv
import json
from pathlib import Path

import pytest

from benchmarks import runner
from media import label_sheet
from tests.media.pictures import FONT, jpeg, photo, printed

pytestmark = pytest.mark.desktop  # measured against zxing


def folder(tmp_path: Path, *, gold: bool) -> Path:
    label = printed()
    (tmp_path / "label.png").write_bytes(label_sheet.picture(label, "en", FONT))
    (tmp_path / "empty.jpg").write_bytes(jpeg(photo(320, 240)))
    rows = [
        {"file": "label.png", "symbology": "qrcode", "set": "nominal", "expected": label.text},
        {"file": "empty.jpg", "symbology": "falsepositives", "set": "none", "expected": ""},
    ]
    names = ["file", "symbology", "set", *(["expected"] if gold else [])]
    with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names, extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    return tmp_path


def test_the_last_line_is_json_with_ratios_and_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(folder(tmp_path, gold=True))
    assert runner.main(["scan", "--json", "--data", data]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["bench"] == "scan"
    assert found["figures"]["qrcode_read"] == found["figures"]["qrcode_pictures"] == 1
    assert found["figures"]["wrong"] == 0
    assert found["ratios"]["read_over_zxing"] == 1.0
    assert found["environment"]["cpus"] >= 1


def test_without_gold_there_are_predictions_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, lines = str(folder(tmp_path, gold=False)), tmp_path / "found.jsonl"
    asked = ["scan", "--json", "--data", data, "--predictions", str(lines)]
    assert runner.main(asked) == 0
    found = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], line["texts"]) for line in found] == [
        ("label.png", [printed().text]),
        ("empty.jpg", []),
    ]
    assert json.loads(capsys.readouterr().out)["ratios"] == {}


def test_without_json_there_is_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main(["scan", "--data", str(folder(tmp_path, gold=True))]) == 0
    assert "read_over_zxing" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        runner.main(["scan", "--data", str(tmp_path / "nowhere")])
    assert "nowhere" in capsys.readouterr().err
