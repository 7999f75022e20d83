"""What device and server keep of evidence in the index of used photos."""

from domain.evidence import VIDEO
from domain.records import Record
from domain.used_photos import MARK, SERVER_MARK, mark_of
from media.reuse.index import Index
from media.reuse.marks import Mark


def into(index: Index, photo: Record) -> None:
    """Take evidence into an index; one without hashes is known by its file alone, clips not."""
    original = photo.text("original")
    if not original or photo.text("media") == VIDEO:
        return
    numbers = mark_of(photo.get(SERVER_MARK)) or mark_of(photo.get(MARK))
    if numbers is None:
        index.know(photo.record_id, original)
    else:
        index.add([(photo.record_id, Mark(original, numbers[:2], numbers[2:]))])


def counts(photo: Record) -> bool:
    """Say whether evidence can be used again at all: one taken back never was used."""
    return photo.get("withdrawn") is not True and photo.get("deleted") is not True
