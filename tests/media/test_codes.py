"""Of several codes in a picture the one that is aimed at is taken; where that is open, none is."""

from hypothesis import given
from hypothesis import strategies as st

from media.codes import Code, aimed, nearest_first, outline

WIDTH, HEIGHT = 640, 480


def square(text: str, x: float, y: float, side: float = 100) -> Code:
    """A code around a point of the picture, in pixels."""
    half = side / 2
    corners = [
        (x - half, y - half),
        (x + half, y - half),
        (x + half, y + half),
        (x - half, y + half),
    ]
    return Code(text, "qr", outline(corners, WIDTH, HEIGHT))


def test_the_only_code_is_meant_wherever_it_is() -> None:
    corner = square("A", 60, 60)
    assert aimed([corner]) == corner
    assert aimed([]) is None


def test_the_code_around_the_middle_is_meant() -> None:
    here, beside = square("A", 340, 250), square("B", 460, 250)
    assert aimed([beside, here]) == here


def test_a_code_much_nearer_to_the_middle_is_meant() -> None:
    near, far = square("A", 320, 310), square("B", 80, 60)
    assert aimed([far, near]) == near


def test_two_codes_on_both_sides_of_the_middle_are_a_question() -> None:
    assert aimed([square("A", 240, 240), square("B", 410, 240)]) is None


def test_two_codes_one_over_the_other_are_a_question() -> None:
    assert aimed([square("A", 320, 240), square("B", 330, 240, side=40)]) is None


def test_a_text_that_stands_there_twice_is_one_code() -> None:
    near, far = square("A", 300, 240), square("A", 60, 60)
    assert nearest_first([far, square("B", 400, 300), near])[0] == near
    assert len(nearest_first([far, near])) == 1


def test_a_code_of_unknown_place_counts_as_centred() -> None:
    lost = Code("A", "code128")
    assert lost.away == 0
    assert not lost.around_middle
    assert lost.within(0)


def test_a_code_is_within_a_frame_by_its_middle_or_where_it_lies_around_the_picture_s() -> None:
    beside = square("A", 320 + 96, 240)  # 0.2 of the shorter side
    assert beside.within(0.21)
    assert not beside.within(0.19)
    assert square("B", 320 + 96, 240, side=300).within(0.01), (
        "held so close that nothing else is in view"
    )
    assert not square("C", 320 + 96, 240 + 150).within(0.21)


PLACES = st.tuples(st.floats(60, WIDTH - 60), st.floats(60, HEIGHT - 60))


@given(st.lists(PLACES, min_size=1, max_size=6))
def test_the_order_in_which_codes_are_found_changes_nothing(
    places: list[tuple[float, float]],
) -> None:
    codes = [square(str(number), x, y) for number, (x, y) in enumerate(places)]
    first = aimed(codes)
    assert aimed(codes[::-1]) == first
    if first:  # never one that lies further out than another
        assert first.around_middle or first.away == min(code.away for code in codes)


@given(PLACES, st.floats(20, 200))
def test_a_code_around_the_middle_is_known(place: tuple[float, float], side: float) -> None:
    code = square("A", *place, side=side)
    inside = abs(place[0] - WIDTH / 2) < side / 2 - 1 and abs(place[1] - HEIGHT / 2) < side / 2 - 1
    outside = abs(place[0] - WIDTH / 2) > side / 2 + 1 or abs(place[1] - HEIGHT / 2) > side / 2 + 1
    assert code.around_middle or not inside
    assert not code.around_middle or not outside
