"""The bench `rectify` judges no scene by anything that has seen it."""

from hashlib import sha256
from pathlib import Path

import numpy as np

from benchmarks import rectify, rectify_lines
from benchmarks.rectify_pairs import Judged, Pair, manifest
from domain.rectification import Findings, Model, judge
from media.rectify import fitting, model

NAMES = ("first", "second")
ROOMS = ("a", "b", "c", "new")


def pair(folder: Path, scene: str, number: int, other: str = "") -> Pair:
    path = folder / f"{scene}-{number}.jpg"
    path.write_bytes(path.name.encode())
    changed = number % 2 == 0
    return Pair(path.name, path, path, (0, 0, 9, 9), changed, "", scene, other or scene)


def findings(changed: bool, seed: int, copied: bool = False) -> Findings:
    first, second = np.random.default_rng(seed).normal(1.5 if changed else 0.0, 1.0, 2)
    numbers = {"first": float(first), "second": float(second)}
    return Findings((), 0.5, 0.8, copied, numbers, 0.5)


def trained(pairs: list[Pair], unseen: str) -> model.Trained:
    """A model of the product that was fitted on all scenes but one."""
    known = frozenset(
        sha256(one.before.read_bytes()).hexdigest()[: model.DIGEST]
        for one in pairs
        if one.scene != unseen
    )
    return model.Trained(Model(NAMES, (0, 0), (1, 1), (1, 1), 0, (0, 0)), known, "v")


def test_what_is_new_to_the_product_is_judged_by_it_and_teaches_nobody(tmp_path: Path) -> None:
    pairs = [pair(tmp_path, scene, number) for scene in ROOMS for number in range(8)]
    found = [findings(one.changed is True, at) for at, one in enumerate(pairs)]
    models = rectify.models_of(pairs, found, trained(pairs, "new"))
    assert set(models) == {"a", "b", "c"}
    rows = [(one, each.features) for one, each in zip(pairs, found, strict=True)]
    rest = [(one, row) for one, row in rows if one.scene in ("b", "c") and row]
    assert models["a"] == fitting.fit(
        [row for _, row in rest],
        [one.changed is True for one, _ in rest],
        [one.scene for one, _ in rest],
        NAMES,
    )


def test_a_pair_that_shows_two_scenes_teaches_about_neither(tmp_path: Path) -> None:
    pairs = [pair(tmp_path, scene, number) for scene in ROOMS for number in range(8)]
    found = [findings(one.changed is True, at) for at, one in enumerate(pairs)]
    both = pair(tmp_path, "b", 9, other="a")
    known = trained([*pairs, both], "new")
    with_it = rectify.models_of([*pairs, both], [*found, findings(True, 99)], known)
    without = rectify.models_of(pairs, found, known)
    assert with_it["a"] == without["a"]
    assert with_it["c"] != without["c"]


def test_a_manifest_names_the_scenes_of_both_photos(tmp_path: Path) -> None:
    head = "id,before,after,x0,y0,x1,y1,label,case,source"
    rows = [
        "1,b,a,0,0,9,9,1,x,fr3_1.png|fr3_2.png",
        "2,b,a,0,0,9,9,0,x,fr3_1.png|fr3_2.png vs bus.jpg",
    ]
    (tmp_path / "manifest.csv").write_text("\n".join([head, *rows, "3,b,a,0,0,9,9,,x,"]), "utf-8")
    found = [(one.scene, one.other) for one in manifest(tmp_path / "manifest.csv")]
    assert found == [("fr3", "fr3"), ("fr3", "bus.jpg"), ("3", "3")]


def test_a_line_that_suits_one_half_only_is_judged_by_the_other(tmp_path: Path) -> None:
    """Copies of scene a fit at 0.15 px, honest pairs of b at 0.25: no line was right for both."""
    sure = Model(NAMES, (0, 0), (1, 1), (4, 4), 0, (9, 9))
    judged: list[Judged] = []
    for at in range(40):
        scene = "ab"[at % 2]
        one = pair(tmp_path, scene, at // 2)
        apart = (0.15 if not one.changed else 0.9) if scene == "a" else 0.25
        seen = findings(True, at) if one.changed or scene == "a" else findings(False, at)
        limits = rectify.LIMITS
        judged.append(Judged(one, seen, judge(seen, sure, limits), 1.0, apart))
    figures = rectify_lines.figures(judged, {}, sure, rectify.LIMITS)
    assert figures["line_copy_px_half"] != figures["line_copy_px_rest"]
    assert {figures["true_pass_held_units"], figures["false_pass_held_units"]} == {2}
    assert figures["true_pass_held"] < 1 or figures["false_pass_held"] > 0


def test_one_scene_has_no_other_half(tmp_path: Path) -> None:
    one = pair(tmp_path, "a", 0)
    seen = findings(True, 1)
    sure = Model(NAMES, (0, 0), (1, 1), (4, 4), 0, (9, 9))
    judged = [Judged(one, seen, judge(seen, sure, rectify.LIMITS), 1.0, 0.9)]
    assert rectify_lines.figures(judged, {}, sure, rectify.LIMITS) == {}
