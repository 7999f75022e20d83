"""Deliveries: when could somebody know, from how far devices have read."""

from hypothesis import given
from hypothesis import strategies as st

from offline_store import reach
from offline_store.database import open_store


def test_it_is_the_first_device_of_any_of_them_that_counts() -> None:
    store = open_store(None)
    with store.session() as session:
        reach.note_users(session, [("U1", "a"), ("U2", "b"), ("U1", "a"), ("U1", "c")])
        reach.note(session, {"a": [(5, 100), (9, 300)], "b": [(7, 200)], "c": [(4, 50)]})
        reach.note(session, {"b": [(6, 400), (12, 500)]})  # it begins anew: that is no news
        known = reach.load(session)
    store.close()
    assert known.delivered(["U1"], 5) == 100
    assert known.delivered(["U1"], 6) == 300
    assert known.delivered(["U1", "U2"], 6) == 200
    assert known.delivered(["U1"], 10) is None
    assert known.delivered(["U2"], 8) == 500
    assert known.delivered(["U9"], 1) is None


@given(
    st.dictionaries(
        st.sampled_from("abc"), st.lists(st.integers(1, 60), unique=True, min_size=1), min_size=1
    ),
    st.sets(st.integers(1, 60), max_size=5),
)
def test_thinning_out_changes_no_answer_that_is_asked_for(
    read: dict[str, list[int]], asked: set[int]
) -> None:
    store = open_store(None)
    with store.session() as session:
        reach.note_users(session, [(device.upper(), device) for device in read])
        rising = {
            device: [(feed, feed * 10) for feed in sorted(feeds)] for device, feeds in read.items()
        }
        reach.note(session, rising)
        before = reach.load(session)
        reach.thin(session, asked)
        after = reach.load(session)
    store.close()
    for person in before.devices:
        for feed in asked:
            assert after.delivered([person], feed) == before.delivered([person], feed)
    assert after.rows <= len(read) * (len(asked) + 1)
