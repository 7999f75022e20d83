"""Photos that the server held before there were hashes are found like all others, in time."""

import hashlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from domain.records import Record, Value
from domain.used_photos import SERVER_MARK, SERVER_REUSE, mark_value
from media.reuse import marks
from offline_store import records
from server import clock, duties, photo_index, used_photos
from tests.media.pictures import opened
from tests.media.places import file, second_shot, wall
from tests.server.phone import Bench, Phone, report

HOUR = 3_600_000


class Shots:
    """Photos of one phone of the version before: without hashes of its own."""

    def __init__(self, bench: Bench, phone: Phone, folder: Path) -> None:
        self.bench, self.phone, self.folder = bench, phone, folder
        self.hazard = phone.write("U012", "hazard", report())
        self.taken = 0

    def attach(
        self,
        data: bytes,
        *,
        arrived: bool = True,
        ago_ms: int = 0,
        unc_ms: int | None = 5,
        **cells: Value,
    ) -> str:
        """Attach a photo, taken `ago_ms` ago by its device; returns its id."""
        self.taken += 1
        sha = hashlib.sha256(data).hexdigest()
        shot: dict[str, Value] = {
            "of": self.hazard, "shot": "closeup", "by": "U012", "original": sha,
            "taken_ms": 1_795_000_000_000 + self.taken - ago_ms, **cells,
        }  # fmt: skip
        if arrived:
            self.arrive(data)
        at_ms = clock.now_ms() - ago_ms
        return self.phone.write(
            "U012", "evidence", shot, kind="attach", known_to_ms=unc_ms, at_ms=at_ms
        )

    def arrive(self, data: bytes) -> None:
        part = self.folder / "part"
        part.write_bytes(data)
        assert self.bench.site.blob_store.keep(hashlib.sha256(data).hexdigest(), part)

    async def sent(self) -> None:
        reply = await self.phone.push()
        assert [one.code for one in reply.exceptions] == []


@pytest.fixture
async def shots(bench: Bench, tmp_path: Path) -> Shots:
    while run(bench):  # the demo's own photos have no hashes either
        pass
    return Shots(bench, await bench.phone(), tmp_path)


def run(bench: Bench) -> int:
    return used_photos.run(bench.site, bench.site.now_ms())


def on_server(bench: Bench, record_id: str) -> Record:
    with bench.site.store.reading() as session:
        return records.get(session, record_id)


def hashed(bench: Bench, ids: list[str]) -> int:
    return sum(on_server(bench, one).get(SERVER_MARK) is not None for one in ids)


def saved_again(data: bytes, width: int = 720) -> bytes:
    out = BytesIO()
    opened(data).convert("RGB").resize((width, 540), Image.Resampling.BICUBIC).save(out, "JPEG")
    return out.getvalue()


async def test_a_copy_of_a_photo_of_before_is_found_once_its_hashes_were_taken(
    bench: Bench, shots: Shots
) -> None:
    old = file(wall(1))
    first = shots.attach(old)
    await shots.sent()
    used_photos.begin(bench.site)  # what is there is known, and not judged
    assert run(bench) == 1
    assert on_server(bench, first).get(SERVER_REUSE) is None
    photo_index.forget(bench.site.store)  # the server was started again
    copy = shots.attach(saved_again(old), shot="panorama")
    other = shots.attach(file(second_shot(wall(1), 5)))
    await shots.sent()
    run(bench)
    assert on_server(bench, copy).get(SERVER_REUSE) == {"how": "block", "of": first}
    assert on_server(bench, other).get(SERVER_REUSE) is None


async def test_it_goes_on_where_it_was_after_a_restart_and_says_nothing_twice(
    bench: Bench, shots: Shots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(used_photos, "ROUND_MAX", 3)
    ids = [shots.attach(file(wall(seed, (320, 240)))) for seed in range(8)]
    await shots.sent()
    used_photos.begin(bench.site)
    for done in (3, 6):
        assert run(bench) == 3
        assert hashed(bench, ids) == done
        photo_index.forget(bench.site.store)
    assert run(bench) == 2
    assert hashed(bench, ids) == 8
    taken = [on_server(bench, one).cells[SERVER_MARK] for one in ids]
    photo_index.forget(bench.site.store)
    assert (run(bench), run(bench)) == (0, 0)
    assert [on_server(bench, one).cells[SERVER_MARK] for one in ids] == taken


async def test_another_process_uses_what_this_one_took(bench: Bench, shots: Shots) -> None:
    old = file(wall(2))
    first = shots.attach(old)
    await shots.sent()
    used_photos.begin(bench.site)
    limits = duties.repair_checks.of_plant(bench.site.pack.definitions).reuse
    with photo_index.lock:
        theirs = photo_index.filled(bench.site.store, limits)
        assert list(theirs.bare) == [first]
        others = len(theirs.index)
    photo_index.forget(bench.site.store)  # `theirs` is the other one's now
    run(bench)
    with bench.site.store.reading() as session:
        fresh, _ = photo_index.fresh_photos(session, theirs.feed or 0)
        theirs.take(records.get(session, first))
    assert fresh == [first]
    assert (len(theirs.index) - others, list(theirs.bare)) == (1, [])


async def test_what_has_not_come_or_is_damaged_holds_nobody_up(bench: Bench, shots: Shots) -> None:
    late = file(wall(3, (320, 240)))
    waiting = shots.attach(late, arrived=False)
    broken = shots.attach(file(wall(4, (320, 240)))[:900])
    good = shots.attach(file(wall(5, (320, 240))))
    clip = shots.attach(b"a clip", media="video")
    await shots.sent()
    used_photos.begin(bench.site)
    assert run(bench) == 1
    assert hashed(bench, [waiting, broken, good, clip]) == hashed(bench, [good]) == 1
    assert run(bench) == 0
    shots.arrive(late)
    assert run(bench) == 1
    assert hashed(bench, [waiting]) == 1


async def test_of_many_that_wait_for_their_original_none_is_forgotten(
    bench: Bench, shots: Shots, monkeypatch: pytest.MonkeyPatch
) -> None:
    used_photos.begin(bench.site)
    first = shots.attach(file(wall(1)))
    await shots.sent()
    run(bench)
    monkeypatch.setattr(used_photos, "WAITING_ROUND", 2)
    views = [saved_again(file(wall(1)), 720 - seed) for seed in range(5)]
    late = [shots.attach(data, arrived=False) for data in views]
    await shots.sent()
    for _ in range(4):
        assert run(bench) == 0
    for data, photo in zip(views, late, strict=True):
        photo_index.forget(bench.site.store)  # the server was started again
        shots.arrive(data)
        for _ in range(3):  # five in twos
            run(bench)
        found = on_server(bench, photo).get(SERVER_REUSE)
        assert isinstance(found, dict)
        assert found["how"] == "block"
        assert found["of"] in {first, *late}


@pytest.fixture
async def theirs(bench: Bench, shots: Shots, tmp_path: Path) -> Shots:
    """Another phone that has been in touch; photos from now on are judged."""
    used_photos.begin(bench.site)
    return Shots(bench, await bench.phone(), tmp_path)


def said(bench: Bench, record_id: str) -> Value:
    return on_server(bench, record_id).get(SERVER_REUSE)


def same(of: str) -> dict[str, Value]:
    return {"how": "same", "of": of}


@pytest.mark.parametrize("unc_ms", [5, 60_000, None])
async def test_a_copy_dated_back_does_not_make_the_owner_the_copier(
    bench: Bench, shots: Shots, theirs: Shots, unc_ms: int | None
) -> None:
    """A changed app says any time: both photos ask for a person, and nobody is accused."""
    photo = file(wall(1))
    owned = shots.attach(photo)
    await shots.sent()
    run(bench)
    copy = theirs.attach(saved_again(photo), ago_ms=9 * HOUR, unc_ms=unc_ms)
    await theirs.sent()
    run(bench)
    assert (said(bench, owned), said(bench, copy)) == (same(copy), same(owned))
    assert run(bench) == 0, "and it is said once"


async def test_who_was_offline_and_sends_late_is_not_the_copier(
    bench: Bench, shots: Shots, theirs: Shots
) -> None:
    """The owner took it in a cellar; what was copied from there came first."""
    photo = file(wall(1))
    owned = shots.attach(photo, ago_ms=3 * HOUR)
    copy = theirs.attach(saved_again(photo))
    await theirs.sent()
    run(bench)
    assert said(bench, copy) is None
    await shots.sent()
    run(bench)
    assert (said(bench, owned), said(bench, copy)) == (same(copy), same(owned))


async def test_a_copy_sent_first_and_dated_back_does_not_accuse_who_sends_late(
    bench: Bench, shots: Shots, theirs: Shots
) -> None:
    """No device's word goes back behind the time when it was last in touch."""
    photo = file(wall(1))
    owned = shots.attach(photo, ago_ms=3 * HOUR)
    await theirs.sent()
    copy = theirs.attach(photo, ago_ms=5 * HOUR)
    await theirs.sent()
    run(bench)
    await shots.sent()
    run(bench)
    assert (said(bench, owned), said(bench, copy)) == (same(copy), same(owned))


@pytest.mark.parametrize(("unc_ms", "later_ms"), [(5, HOUR), (None, HOUR), (None, 0)])
async def test_a_copy_that_came_later_and_says_so_is_the_copy(
    bench: Bench, shots: Shots, theirs: Shots, unc_ms: int | None, later_ms: int
) -> None:
    photo = file(wall(1))
    owned = shots.attach(photo, ago_ms=2 * HOUR, unc_ms=unc_ms)
    await shots.sent()
    run(bench)
    copy = theirs.attach(saved_again(photo), ago_ms=later_ms, unc_ms=unc_ms)
    await theirs.sent()
    run(bench)
    assert said(bench, copy) == {"how": "block", "of": owned}
    assert said(bench, owned) is None


async def test_without_trusted_times_that_contradict_the_receipt_nobody_is_accused(
    bench: Bench, shots: Shots, theirs: Shots
) -> None:
    photo = file(wall(1))
    owned = shots.attach(photo, unc_ms=None)
    await shots.sent()
    run(bench)
    other = theirs.attach(photo, ago_ms=HOUR, unc_ms=None)
    await theirs.sent()
    run(bench)
    assert (said(bench, owned), said(bench, other)) == (same(other), same(owned))


async def test_of_two_in_one_push_the_chain_says_which_is_the_copy(
    bench: Bench, shots: Shots
) -> None:
    used_photos.begin(bench.site)
    photo = file(wall(1))
    first = shots.attach(photo)
    copy = shots.attach(saved_again(photo), ago_ms=9 * HOUR)
    await shots.sent()
    run(bench)
    assert (said(bench, first), said(bench, copy)) == (None, {"how": "block", "of": first})


async def test_a_copy_is_found_though_the_original_of_the_first_comes_last(
    bench: Bench, shots: Shots, theirs: Shots
) -> None:
    photo = file(wall(1))
    first = shots.attach(photo, arrived=False, ago_ms=HOUR)
    await shots.sent()
    run(bench)
    copy = theirs.attach(saved_again(photo))
    await theirs.sent()
    run(bench)
    assert said(bench, copy) is None
    shots.arrive(photo)
    run(bench)
    assert (said(bench, first), said(bench, copy)) == (None, {"how": "block", "of": first})


async def test_a_damaged_photo_that_looks_alike_by_its_hashes_hides_no_copy(
    bench: Bench, shots: Shots, theirs: Shots
) -> None:
    photo = file(wall(1))
    mark = marks.mark(photo)
    theirs.attach(photo[:900], mark=mark_value((*mark.whole, *mark.middle)))
    await theirs.sent()
    run(bench)
    first = shots.attach(photo)
    await shots.sent()
    run(bench)
    copy = theirs.attach(saved_again(photo))
    await theirs.sent()
    run(bench)
    assert said(bench, copy) == {"how": "block", "of": first}
