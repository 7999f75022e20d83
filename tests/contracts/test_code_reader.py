"""What every code reader promises, on the pictures that a reader meets."""

import csv
import io
from pathlib import Path

import pytest
import segno
from PIL import Image, ImageFilter

from domain.errors import CameraError, PictureError
from media import label_sheet, labels
from media.adapters import readers
from media.code_front import DESKTOP, FRAME_MS, PHONE, PICTURE_MS, CodeFront, Step
from media.codes import Code
from media.vision import Gray
from screens.scan_model import DOUBT_FRAMES
from tests.helpers.readers import READERS, reader, texts_of
from tests.media.pictures import FONT, KEYS, LABEL, encoded, jpeg, opened, photo, printed

PAY = "https://example.org/pay"
SQUARE = ((-0.1, -0.1), (0.1, -0.1), (0.1, 0.1), (-0.1, 0.1))


@pytest.fixture
def plate() -> bytes:
    return label_sheet.picture(printed(), "zh", FONT)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("fast", [True, False])
def test_it_reads_our_label(name: str, plate: bytes, fast: bool) -> None:
    texts = texts_of(reader(name), plate, fast=fast)
    assert [labels.read(text, KEYS) for text in texts] == [LABEL]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("fast", [True, False])
def test_it_finds_nothing_where_nothing_is(name: str, fast: bool) -> None:
    front = reader(name)
    for _ in range(12 if fast else 1):  # live, each frame gets another slow look
        assert front.read(jpeg(photo(640, 480)), fast) == []


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff\xe0"])
def test_it_says_that_bytes_are_no_picture(name: str, data: bytes) -> None:
    with pytest.raises(PictureError):
        reader(name).read(data)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("size", [(1, 1), (2, 300), (3000, 3)])
def test_odd_sizes_do_no_harm(name: str, size: tuple[int, int]) -> None:
    data = encoded(photo(*size), "PNG")
    assert reader(name).read(data) == reader(name).read(data, fast=True) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS[:2])
def test_a_small_label_in_a_twelve_megapixel_photo_is_read(name: str, plate: bytes) -> None:
    scene = photo(4000, 3000)
    small = opened(plate).convert("RGB")
    scene.paste(small.resize((190, 190 * small.height // small.width)), (2900, 1900))
    assert texts_of(reader(name), jpeg(scene, quality=90)) == [printed().text]


@pytest.mark.parametrize("name", READERS)
def test_it_goes_on_when_a_text_is_not_accepted_and_still_tells_it(name: str, plate: bytes) -> None:
    seen: list[str] = []

    def refuse(text: str) -> bool:
        seen.append(text)
        return False

    assert texts_of(reader(name, refuse), plate) == [printed().text]
    assert len(seen) > (name != "opencv")


@pytest.mark.parametrize("name", READERS)
def test_it_says_where_the_codes_are_the_nearest_to_the_middle_first(name: str) -> None:
    scene = Image.new("L", (900, 600), 255)
    for text, (left, top) in {"LEFT": (30, 30), "MIDDLE": (360, 220), "LOW": (700, 400)}.items():
        scene.paste(code_of(text), (left, top))
    found = reader(name).read(encoded(scene, "PNG"))
    assert [code.text for code in found] == ["MIDDLE", "LOW", "LEFT"]
    middle, _, left = found
    assert middle.around_middle
    assert not left.around_middle
    assert left.away > 0.5
    for code in found:
        assert len(code.outline) == 4
    x, y = (sum(axis) / 4 for axis in zip(*left.outline, strict=True))
    assert (x, y) == pytest.approx(((30 + 74 - 450) / 600, (30 + 74 - 300) / 600), abs=0.02)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("text", ["储罐 TK-101", "測試", "Prüfstück"])
def test_texts_in_other_characters_come_as_they_are(name: str, text: str) -> None:
    assert texts_of(reader(name), encoded(code_of(text), "PNG")) == [text]


@pytest.mark.parametrize("name", READERS)
def test_a_code_in_shift_jis_costs_no_reader_its_life(name: str) -> None:
    """OpenCV's binding raises UnicodeDecodeError on such a text; as bytes it is a text again."""
    code = segno.make("今度のバージョン", encoding="shift_jis", mode="byte", eci=False, micro=False)
    found = texts_of(reader(name), drawn(code))
    assert len(found) == 1
    assert name == "opencv" or found == ["今度のバージョン"]


@pytest.mark.parametrize("name", READERS[:2])
def test_light_codes_on_dark_ground_are_read(name: str) -> None:
    inverted = code_of("DARK").point([255 - level for level in range(256)])
    assert texts_of(reader(name), encoded(inverted, "PNG")) == ["DARK"]


class Slow:
    """An engine that takes its time, which the test counts, and finds what it is given."""

    def __init__(self, name: str, takes_ms: int, *codes: Code) -> None:
        self.name, self.takes_ms, self.now_ms, self.looks = name, takes_ms, 0, 0
        self.codes, self.ways = list(codes), set[tuple[int, ...]]()

    def clock(self) -> int:
        return self.now_ms

    def find(self, picture: Gray, *, thorough: bool) -> list[Code]:
        self.looks += 1
        self.now_ms += self.takes_ms
        self.ways.add((*picture.shape, int(picture.astype(int).sum()), thorough))
        return self.codes


def test_a_search_ends_with_its_time() -> None:
    engine = Slow("zxing", 1900)
    assert CodeFront([engine], now_ms=engine.clock).read(jpeg(photo(64, 64))) == []
    assert engine.now_ms <= PICTURE_MS + 1900
    engine = Slow("zxing", 1)
    CodeFront([engine], now_ms=engine.clock).read(jpeg(photo(64, 64)))
    assert engine.looks == sum(step.engine == "zxing" for step in DESKTOP if step.sight != "fine")


def ours(code: Code) -> bool:
    return code.text.startswith(labels.PREFIX)


def beside(plate: bytes, blur_px: float) -> bytes:
    """A clean code of somebody else, and our label on a rainy day."""
    scene = Image.new("L", (900, 600), 200)
    scene.paste(code_of(PAY, 180), (30, 30))
    label = opened(plate).convert("L")
    label = label.resize((300, 300 * label.height // label.width))
    label = label.filter(ImageFilter.GaussianBlur(blur_px))
    scene.paste(label, ((900 - 300) // 2, (600 - label.height) // 2))
    return encoded(scene, "PNG")


@pytest.mark.parametrize("name", READERS[:2])
def test_a_clean_code_of_others_does_not_hide_our_worn_label(name: str, plate: bytes) -> None:
    front, picture = reader(name), beside(plate, 2.5)
    assert [code.text for code in front.read(picture)] == [PAY], "what is easy comes first"
    found = front.read(picture, wanted=ours)
    assert [code.text for code in found] == [printed().text, PAY], "and the nearest one first"


@pytest.mark.parametrize("name", READERS[:2])
def test_held_before_the_camera_it_is_found_before_a_person_is_told(
    name: str, plate: bytes
) -> None:
    front, picture = reader(name), beside(plate, 2.5)
    live = [front.read(picture, fast=True, wanted=ours) for _ in range(DOUBT_FRAMES)]
    assert all(PAY in [code.text for code in found] for found in live)
    assert any(ours(code) for found in live for code in found)


@pytest.mark.parametrize("name", READERS)
def test_where_none_is_wanted_what_was_found_stays_the_answer(name: str, plate: bytes) -> None:
    picture = beside(plate, 0)
    assert sorted(texts_of(reader(name), picture)) == [printed().text, PAY]
    found = reader(name).read(picture, wanted=lambda _code: False)
    assert sorted(code.text for code in found) == [printed().text, PAY]


@pytest.mark.parametrize("name", READERS)
def test_it_says_where_a_code_is_that_nobody_can_read(name: str, plate: bytes) -> None:
    front, whole = reader(name), beside(plate, 0)
    dirty = opened(whole).convert("L")
    dirty.paste(20, (400, 200, 520, 330))
    found = front.read(encoded(dirty, "PNG"))
    assert [code.text for code in found] == [PAY]
    seen = front.unread(encoded(dirty, "PNG"), found)
    assert seen[0].away < 0.2
    assert not seen[0].text
    assert front.unread(whole, front.read(whole)) == [], "what is read is no riddle"
    assert front.unread(jpeg(photo(640, 480)), []) == []


def test_looking_on_beside_codes_of_others_ends_with_its_time() -> None:
    engine = Slow("zxing", 1900, Code("other", "qr", SQUARE))
    front = CodeFront([engine], now_ms=engine.clock)
    found = front.read(jpeg(photo(64, 64)), wanted=ours)
    assert [code.text for code in found] == ["other"]
    assert engine.now_ms <= PICTURE_MS + 1900
    engine = Slow("zxing", 1900, Code(printed().text, "qr", SQUARE))
    CodeFront([engine], now_ms=engine.clock).read(jpeg(photo(64, 64)), wanted=ours)
    assert engine.looks == 1, "a label ends the search at once"


@pytest.mark.parametrize(("name", "steps"), [("zxing", DESKTOP), ("zbar", PHONE)])
def test_on_the_slowest_phone_each_look_has_its_turn_beside_codes_of_others(
    name: str, steps: tuple[Step, ...]
) -> None:
    """Before the code is refused; with nothing in view only each fifth frame may take long."""
    engine = Slow(name, 60, Code("other", "qr", SQUARE))
    front, frame = CodeFront([engine], now_ms=engine.clock), jpeg(photo(64, 64))
    for _ in range(DOUBT_FRAMES):
        front.read(frame, fast=True, wanted=ours)
    mine = [step for step in steps if step.engine == name and step.sight != "fine"]
    assert len(engine.ways) == len(mine)
    assert len([step for step in steps if step.sight != "fine"]) - 1 <= DOUBT_FRAMES


def test_live_frames_stay_quick_and_the_slow_looks_take_turns() -> None:
    engine = Slow("zbar", 10)
    front, frame = CodeFront([engine], now_ms=engine.clock), jpeg(photo(64, 64))
    for _ in range(10):
        front.read(frame, fast=True)
    assert engine.looks == 20, "each frame its quick look and one slow one"
    engine = Slow("zbar", 60)  # a slow phone: what does not fit is tried at each fifth frame only
    front = CodeFront([engine], now_ms=engine.clock)
    spent: list[int] = []
    for _ in range(60):
        before = engine.now_ms
        front.read(frame, fast=True)
        spent.append(engine.now_ms - before)
    assert max(spent) == 120
    assert sum(ms <= FRAME_MS for ms in spent[-20:]) == 16


def test_every_step_names_an_engine_there_is() -> None:
    assert {step.engine for step in (*DESKTOP, *PHONE)} <= readers.ENGINES.keys()
    assert "zxing" not in {step.engine for step in PHONE}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "share"), [pytest.param("desktop", 0.9, marks=pytest.mark.desktop), ("phone", 0.85)]
)
def test_damaged_and_blurred_labels_of_the_field(name: str, share: float, shared: Path) -> None:
    """One in four of the hard pictures, to stay quick; the bench `qr` takes them all."""
    folder = shared / "data/qr"
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("hard/")][::4]
    front, read = reader(name), 0
    for row in rows:
        texts = texts_of(front, (folder / row["file"]).read_bytes())
        assert set(texts) <= set(row["expected"].split("|")), row["file"]
        read += set(texts) == set(row["expected"].split("|"))
    assert read / len(rows) >= share


@pytest.mark.desktop
def test_all_engines_are_there_on_a_desktop() -> None:
    assert readers.choose_reader().names == ("zxing", "zbar", "opencv")


def test_without_any_library_there_is_a_clear_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "ENGINES", {"zxing": ("media.adapters.no_such_engine", "Engine")})
    with pytest.raises(CameraError) as refused:
        readers.choose_reader()
    assert refused.value.params["reason"] == "unsupported"


def code_of(text: str, side: int = 148) -> Image.Image:
    """A QR code, `side` pixels wide with its quiet zone."""
    picture = opened(drawn(segno.make(text, micro=False))).convert("L")
    return picture.resize((side, side), Image.Resampling.NEAREST)


def drawn(code: segno.QRCode) -> bytes:
    out = io.BytesIO()
    code.save(out, kind="png", scale=6, border=4)
    return out.getvalue()
