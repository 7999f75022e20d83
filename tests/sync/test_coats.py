"""A push goes without its coat where the link is quicker than packing it, and only there."""

from itertools import pairwise

from sync.coats import STAY_BYTES_S, TELLING_BYTES, TRY_BYTES_S, Coats
from sync.packing import inflate, is_packed
from sync.protocol import PushHead, pack_push, unpack_push

LARGE = 128 * 1024
QUICK_MS = LARGE * 1000 // STAY_BYTES_S // 2
SLOW_MS = LARGE * 1000 // TRY_BYTES_S * 2


def test_a_slow_link_never_sees_a_push_without_a_coat() -> None:
    coats = Coats()
    for _ in range(100):
        coats.took(LARGE, SLOW_MS, coat=True)
        assert coats.needed


def test_what_is_short_tells_nothing_of_a_link() -> None:
    coats = Coats()
    coats.took(TELLING_BYTES - 1, 1, coat=True)
    assert coats.needed


def test_a_quick_link_goes_on_without_and_a_slow_answer_ends_that() -> None:
    coats = Coats()
    coats.took(LARGE, QUICK_MS, coat=True)
    assert not coats.needed
    coats.took(LARGE, QUICK_MS, coat=False)
    assert not coats.needed
    coats.took(LARGE, SLOW_MS, coat=False)
    assert coats.needed


def test_trials_that_fail_come_ever_less_often() -> None:
    coats, trials = Coats(), list[int]()
    for number in range(300):
        bare = not coats.needed
        if bare:
            trials.append(number)
        coats.took(LARGE, SLOW_MS if bare else QUICK_MS, coat=not bare)
    gaps = [after - before for before, after in pairwise(trials)]
    assert gaps == sorted(gaps)
    assert gaps[-1] > 60


def test_both_forms_say_the_same() -> None:
    head = PushHead(dev="d1", first=1, last=2, prev="0" * 64, head="1" * 64)
    bodies = [b'{"a":1}', b'{"b":2}']
    plain, packed = pack_push(head, bodies, coat=False), pack_push(head, bodies)
    assert not is_packed(plain)
    assert is_packed(packed)
    assert unpack_push(plain) == unpack_push(inflate(packed, 1 << 20))
