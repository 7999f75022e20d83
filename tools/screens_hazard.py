"""The loop of a hazard in pictures: report, three photos, repair, comparison, recheck."""

import re

from tests.helpers.browser import Person
from tools.tour import (
    ELECTRICIAN,
    EVER_MS,
    LATE_S,
    LEADER,
    OPERATOR,
    SHELL_MS,
    VERIFIER,
    Site,
    act,
    enter,
    leave,
    name_of,
    offered,
    photo_of,
    tap_shown,
)

BOX = "DB-03"
AFTER, AGAIN = 1, 2  # views of a tour
SPOKEN = {
    "zh": "配电房三号柜门没锁，里头有水",
    "en": "Panel three is not locked and there is water inside",
}


def hazard(site: Site) -> None:
    """The loop of a hazard, from the report without a network to the closed one."""
    tour, t = site.tour, site.tour.t
    with site.person(site.label(BOX), BOX, aside=True) as who:
        enter(who, tour, OPERATOR)
        site.wire.cut()
        who.sees(t("status.offline"))
        who.tap(t("today.scan"))
        who.sees(t("scan.which.one"), LATE_S)
        tour.shoot(who, "scan-aside")
        offered(who, BOX)
        who.tap(t("capture.shoot"), seconds=LATE_S)
        who.wait(lambda: photo_of(who), "the photo kept", LATE_S)
        who.type(t("report.words"), SPOKEN[tour.language])
        tour.shoot(who, "report", 2 * EVER_MS)
        mark(site, who)
        who.tap(t("report.send"))
        who.wait(lambda: "HZ-" in " ".join(who.words()), "the hazard", LATE_S)
        tour.shoot(who, "hazard-reported")
        code = next(w for text in who.words() for w in text.split() if w.startswith("HZ-"))
        who.tap("status")
        tour.shoot(who, "outbox")
        site.wire.join()
        who.sees(t("status.waiting", n=0), 90.0)
        tour.shoot(who, "outbox-sent")
        leave(who, tour)
        lead(site, who, code)
    with site.person(None, BOX, view=AFTER) as who:
        repair(site, who, code)
        close(site, who, code)
    with site.person(site.label(BOX), BOX, view=AGAIN, aside=True) as who:
        recheck(site, who, code)


def mark(site: Site, who: Person) -> None:
    """Mark the defect on the photo: two taps at opposite corners."""
    tour, t = site.tour, site.tour.t
    tap_shown(who, t("check.mark"))
    who.sees(t("mark.region.keep"), LATE_S)
    who.page.wait_for_timeout(EVER_MS)
    at = who.find("mark-picture")
    for across, down in tour.marks:
        who.page.mouse.click(at.x + across * at.w, at.y + down * at.h)
        who.page.wait_for_timeout(SHELL_MS)
    tour.shoot(who, "mark")
    who.tap(t("mark.region.keep"))
    who.sees(t("check.remark"), LATE_S)


def lead(site: Site, who: Person, code: str) -> None:
    """Accept, take the shot that is missing, dispatch."""
    tour, t = site.tour, site.tour.t
    enter(who, tour, LEADER)
    who.tap(code, part=True)
    tour.shoot(who, "hazard-leader")
    act(who, site, "hazard.accept")
    who.sees(t("hazard.missing").partition("{")[0])
    tour.shoot(who, "hazard-missing")
    three(site, who)
    panorama = t("capture.shoot_of", shot=t("shot.panorama.short"))
    who.tap(panorama)
    who.sees(t("capture.away"))
    who.tap(panorama, seconds=LATE_S)
    who.misses(t("capture.away"), LATE_S)
    act(who, site, "hazard.dispatch")
    tour.shoot(who, "dispatch")
    name = name_of(tour, ELECTRICIAN)
    who.tap(name, part=True)
    who.tap(t("dispatch.do", person=name))
    who.page.wait_for_timeout(EVER_MS)
    leave(who, tour)


def three(site: Site, who: Person) -> None:
    """The ways to one of the three photos: another one that is here, a person, somebody else."""
    tour, t = site.tour, site.tour.t
    tap_shown(who, "three-panorama")
    tour.shoot(who, "three-panorama")
    who.tap(t("page.cancel"))
    tap_shown(who, "three-responsible")
    tour.shoot(who, "three-responsible")
    who.tap(t("three.take.responsible"))
    who.sees(t("capture.consent.no"), LATE_S)
    tour.shoot(who, "consent")
    who.tap(t("capture.consent.no"))
    who.misses(t("capture.consent.no"))
    tap_shown(who, t("three.ask"))
    tour.shoot(who, "three-ask")
    who.tap(t("page.cancel"))


def repair(site: Site, who: Person, code: str) -> None:
    """Repair and prove it with a photo."""
    tour, t = site.tour, site.tour.t
    enter(who, tour, ELECTRICIAN)
    tour.shoot(who, "today-waiting")
    who.tap(code, part=True)
    tour.shoot(who, "hazard")
    who.tap(t("hazard.shoot_after"))
    who.sees(t("capture.away"))
    tour.shoot(who, "hazard-shoot", 2 * EVER_MS)
    who.tap(t("capture.shoot_of", shot=t("shot.after.short")), seconds=LATE_S)
    second_shot(site, who)
    who.sees(t("hazard.hand_in"), LATE_S)
    who.sees(t("rectify.figure.probability"), LATE_S)
    tour.shoot(who, "hazard-repaired")
    who.tap(t("hazard.hand_in"))
    who.misses(t("hazard.hand_in"), LATE_S)
    who.page.wait_for_timeout(EVER_MS)
    leave(who, tour)


def second_shot(site: Site, who: Person) -> None:
    """The second shot, where the photo asks for one: the task, and why it cannot be done."""
    tour, t = site.tour, site.tour.t
    asked = (t("challenge.cannot"), t("hazard.hand_in"))
    who.wait(lambda: any(one in who.words() for one in asked), "the second shot", LATE_S)
    if asked[0] not in who.words():
        return
    tour.shoot(who, "challenge", 0)
    if asked[0] not in who.words():  # the time was up
        return
    who.tap(asked[0])
    who.sees(t("challenge.again"))
    tour.shoot(who, "challenge-excuse")
    who.tap(t("challenge.again"))
    who.misses(t("challenge.cannot"), LATE_S)


def close(site: Site, who: Person, code: str) -> None:
    """Compare, verify, and see the whole way."""
    tour, t = site.tour, site.tour.t
    enter(who, tour, VERIFIER)
    who.tap(code, part=True)
    tour.shoot(who, "hazard-verify")
    tap_shown(who, t("check.compare"))
    who.sees(t("compare.side"), LATE_S)
    who.misses(t("check.running"), LATE_S)
    tour.shoot(who, "compare", 2 * EVER_MS)
    for mode in ("side", "heat"):
        if t(f"compare.{mode}") not in who.words():  # no heat where the photos do not match
            continue
        who.tap(t(f"compare.{mode}"))
        tour.shoot(who, f"compare-{mode}")
        if mode == "side":
            who.tap(t("compare.larger"))
            who.tap(t("compare.larger"))
            tour.shoot(who, "compare-side-larger")
    act(who, site, "hazard.return")
    tour.shoot(who, "return")
    who.tap(t("page.back"))
    act(who, site, "hazard.verify")
    tour.shoot(who, "hazard-closed", 2 * EVER_MS)
    tap_shown(who, t("report.make"))
    who.sees(t("report.saved").partition("{")[0], LATE_S)
    tour.shoot(who, "hazard-report", 0)
    leave(who, tour)


def recheck(site: Site, who: Person, code: str) -> None:
    """The notice of a recheck, its label, the outline, and the answer."""
    tour, t = site.tour, site.tour.t
    enter(who, tour, OPERATOR)
    who.sees(t("recheck.title"), 60.0)
    tour.shoot(who, "today-recheck")
    who.tap("notices")
    tour.shoot(who, "notices")
    told = re.split(r"\{\w+\}", t.texts["notice.reminder.recheck_start"])
    tap_shown(who, max(told, key=len).strip(" ,，（("), part=True)
    offered(who, BOX)
    who.sees(t("capture.away"), LATE_S)
    tour.shoot(who, "recheck-shoot", 3 * EVER_MS)
    who.tap(t("capture.shoot"), seconds=LATE_S)
    who.sees(t("recheck.pass"), LATE_S)
    who.misses(t("check.running"), LATE_S)
    tour.shoot(who, "recheck", EVER_MS)
    who.tap(t("recheck.fail"))
    tour.shoot(who, "recheck-fail")
