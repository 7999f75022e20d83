"""More screens in pictures: two labels in view, sending, a sealed device."""

from PIL import Image

from tests.helpers.browser import Person
from tests.helpers.weak_link import WeakLink
from tools.drawn import TANK
from tools.tour import (
    EVER_MS,
    INSPECTOR,
    LATE_S,
    OPERATOR,
    SHELL_MS,
    Site,
    enter,
    offered,
    photo_of,
    tap_shown,
)

BOX, OTHER = "DB-03", "TK-102"
RADIO_BYTES_S = 8000.0  # 64 kbit/s
NEVER_S = 3600.0
WORDS = "blue crane seven"  # of the sealed device


def choice(site: Site) -> None:
    """Two labels in view: which one is meant."""
    tour, t = site.tour, site.tour.t
    one, other = site.label(TANK), site.label(OTHER)
    both = Image.new("L", (one.width + other.width + 40, max(one.height, other.height)), "white")
    both.paste(one, (0, 0))
    both.paste(other, (one.width + 40, 0))
    with site.person(both, TANK) as who:
        enter(who, tour, INSPECTOR)
        who.tap(t("today.scan"))
        who.sees(t("scan.which"), LATE_S)
        tour.shoot(who, "scan-which")


def sending(site: Site) -> None:
    """The outbox over a radio link, the export, and passing records on face to face."""
    tour, t = site.tour, site.tour.t
    link = WeakLink(site.here.server_port, RADIO_BYTES_S * 40, NEVER_S)
    url = site.here.start_client("radio", link.url)
    with site.person(site.label(BOX), BOX, aside=True, url=url) as who:
        enter(who, tour, OPERATOR)
        who.tap(t("today.scan"))
        offered(who, BOX)
        who.tap(t("capture.shoot"), seconds=LATE_S)
        who.wait(lambda: photo_of(who), "the photo kept", LATE_S)
        who.tap(t("report.send"))
        who.wait(lambda: "HZ-" in " ".join(who.words()), "the hazard", LATE_S)
        link.bytes_s = RADIO_BYTES_S / 4
        while t("outbox.title") not in who.words():  # a tap while the page is redrawn goes nowhere
            who.tap("status")
            who.page.wait_for_timeout(2 * EVER_MS)
        who.page.wait_for_timeout(8 * EVER_MS)
        tour.shoot(who, "outbox-radio")
        if any(t("relay.outbox") in word for word in who.words()):  # entries wait, not files alone
            tap_shown(who, t("relay.outbox"))
            tour.shoot(who, "relay-show", 2 * EVER_MS)
            who.tap(t("page.back"))
        who.tap(t("outbox.export"))
        tour.shoot(who, "outbox-export", 2 * EVER_MS)
        who.tap(t("do.back"))
        who.page.wait_for_timeout(EVER_MS)
        take_in(site, who)
    link.close()


def take_in(site: Site, who: Person) -> None:
    """Taking in what another device shows, or its file."""
    tour, t = site.tour, site.tour.t
    while t("page.back") in who.words():
        who.tap(t("page.back"))
        who.page.wait_for_timeout(2 * EVER_MS)
    who.tap(t("place.me"))
    tap_shown(who, t("relay.take.title"), part=True)
    who.sees(t("relay.aim"), LATE_S)
    tour.shoot(who, "take-in", 2 * EVER_MS)


def unlock(site: Site) -> None:
    """A device without a key store: a new passphrase, the passphrase, the code."""
    tour, t = site.tour, site.tour.t
    url = site.here.start_client("sealed", site.here.server_url, key_file=False)
    with site.person(None, TANK, url=url) as who:
        who.sees(t("unlock.new.title"), LATE_S)
        tour.shoot(who, "unlock-new")
        who.type(t("unlock.passphrase"), WORDS)
        who.type(t("unlock.again"), WORDS)
        who.tap(t("unlock.open"))
        who.sees(t("sign_in.search"), LATE_S)
        who.page.wait_for_timeout(SHELL_MS)
    site.here.kill("sealed")
    url = site.here.start_client("sealed", site.here.server_url, key_file=False)
    with site.person(None, TANK, url=url) as who:
        who.sees(t("unlock.passphrase.title"), LATE_S)
        tour.shoot(who, "unlock")
        who.tap(t("unlock.forgot"))
        tour.shoot(who, "unlock-code")
