"""The bench `photo` measures both ways and the memory of ours."""

import json

import pytest

from benchmarks import photo, runner


@pytest.mark.slow
def test_the_last_line_is_json_with_ratio_and_peak(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(photo, "ROUNDS", 2)
    monkeypatch.setattr(photo, "WIDTH", 800)
    monkeypatch.setattr(photo, "HEIGHT", 600)
    assert runner.main(["photo", "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["bench"] == "photo"
    assert found["ratios"]["pipeline_over_pillow"] > 0
    figures = found["figures"]
    assert figures["peak_rss_mb"] >= figures["idle_rss_mb"] > 20
    assert min(figures["pipeline_ms"], figures["pillow_ms"]) > 0


def test_its_photo_is_the_same_each_time_and_has_twelve_megapixels() -> None:
    one = photo.photograph(3)
    assert one == photo.photograph(3)
    assert 1_500_000 < len(one) < 6_000_000, "texture like a photograph's, not a flat colour"
