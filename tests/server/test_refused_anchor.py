"""An anchor that the server refuses corrects nothing that came in the same push."""

from collections.abc import Mapping

from domain.records import Value
from domain.trusted_time import CLOCK, Anchor, anchor_cells
from domain.unreadable import RULE
from offline_store import records
from server import clock
from tests.server.phone import Bench, Phone, report

HOUR_MS = 3_600_000


def anchor(phone: Phone, true_ms: int, device_id: str) -> None:
    cells: Mapping[str, Value] = anchor_cells(Anchor("b", 1, true_ms, 50))
    told = {**cells, "by": RULE, "device": device_id}
    phone.write(RULE, CLOCK, told, kind="anchor", definition="clock@1")


async def written_ms(bench: Bench, *hours_ago: int, wrong: bool = False) -> tuple[int, list[int]]:
    """Push a report by a clock that nobody set and anchors for it, the first one `wrong` or not.

    Returns how many hours ago the report was written, as the server has it, and who was refused.
    """
    phone = await bench.phone()
    record_id = phone.write("U012", "hazard", report(), known_to_ms=None)
    for number, hours in enumerate(hours_ago):
        named = "somebody-else" if wrong and not number else phone.device_id
        anchor(phone, clock.now_ms() - hours * HOUR_MS, named)
    reply = await phone.push()
    with bench.site.store.reading() as session:
        record = records.get(session, record_id)
    refused = [one.n for one in reply.exceptions if one.verdict == "refused"]
    return round((clock.now_ms() - record.cells["words"].wall_ms) / HOUR_MS), refused


async def test_an_anchor_that_is_taken_corrects_the_report_before_it(bench: Bench) -> None:
    assert await written_ms(bench, 5) == (5, [])


async def test_one_that_is_refused_corrects_nothing(bench: Bench) -> None:
    assert await written_ms(bench, 5, wrong=True) == (0, [2])


async def test_the_next_one_that_is_taken_corrects_it_instead(bench: Bench) -> None:
    assert await written_ms(bench, 5, 7, wrong=True) == (7, [2])
