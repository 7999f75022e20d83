"""The rectification check as device and server run it: two files and a region in, cells out."""

from dataclasses import dataclass

from domain.errors import PictureError
from domain.rectification import RegionError, Reuse, judge
from domain.repair_checks import Region, RepairCheck, kept, unread
from media import images
from media.checks import Checks
from media.rectify import check, heat, photos
from media.rectify.align import Box
from media.rectify.check import Checked


@dataclass(frozen=True, slots=True)
class Pictures:
    """JPEG files of one view, their size: before, after as seen from before, with the heat on it.

    `registered`: the two could be laid on each other; else the after photo is as it was taken.
    """

    before: bytes
    after: bytes
    heat: bytes
    registered: bool
    width: int
    height: int


def compared(
    before: bytes, after: bytes, region: Region, reuse: Reuse, checks: Checks, basis: str
) -> RepairCheck:
    """Return what two photos show; one that cannot be read is a case for a person.

    `basis` is "original" where both are the files as taken, else "copy".
    """
    which = "before"
    try:
        box, share = _box(before, region)
        one = photos.opened(before, share)
        which = "after"
        two = photos.opened(after, share)
    except (PictureError, RegionError):
        return unread(region, checks.version, basis, which, reuse)
    findings = check.compared(one, two, box, checks.limits).findings
    return kept(judge(findings, checks.model, checks.limits, reuse), region, checks.version, basis)


def expect(before: bytes, region: Region) -> None:
    """Look at the photo before while the camera opens; raises PictureError, RegionError."""
    _, share = _box(before, region)
    check.expect(photos.opened(before, share))


def pictures(before: bytes, after: bytes, region: Region, checks: Checks) -> Pictures:
    """Return the photos laid on each other; raises PictureError, RegionError."""
    return looked(before, after, region, checks)[0]


def looked(
    before: bytes, after: bytes, region: Region, checks: Checks
) -> tuple[Pictures, RepairCheck]:
    """Return the photos laid on each other, and what they show; the same errors."""
    facts = images.inspect(before)
    box = region.pixels(facts.width, facts.height)
    checked: Checked = check.check(before, after, box, checks.limits)
    plain = heat.plain(checked)
    size = images.inspect(plain)
    shown = Pictures(
        plain,
        heat.registered(checked),
        heat.overlay(checked),
        checked.fit is not None,
        size.width,
        size.height,
    )
    found = judge(checked.findings, checks.model, checks.limits, "none")
    return shown, kept(found, region, checks.version, "copy")


def _box(before: bytes, region: Region) -> tuple[Box, float]:
    """Return the region in pixels of the photo, and its longer side over the photo's."""
    facts = images.inspect(before)
    box = check.inside(region.pixels(facts.width, facts.height), facts.width, facts.height)
    return box, photos.share_of(box, facts.width, facts.height)
