"""Rolling windows: what was shown of one stays as it was shown."""

from hypothesis import given
from hypothesis import strategies as st

from ccrouter.live import windows
from ccrouter.live.windows import HOUR_S, Window

DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.floats(0, 900)),
        st.tuples(st.just("trim"), st.floats(0, 4000)),
        st.tuples(st.just("back"), st.floats(0, 3000)),
        st.tuples(st.just("move"), st.floats(-50, 50)),
    ),
    max_size=60,
)


@given(DEEDS)
def test_what_was_shown_stays(deeds: list[tuple[str, float]]) -> None:
    """A decision that is looked at later sees the arrivals of its moment, whatever came, went or was moved since."""
    window, at, known, shown = Window[float](float), 0.0, list[float](), []
    for deed, by in deeds:
        match deed:
            case "add":
                at += by
                at = window.not_before(at)
                window.add(at)
                known.append(at)
            case "trim":
                window.trim(at + by)
                known = [each for each in known if each > at + by - HOUR_S]
            case "back":
                at = window.not_before(at - by)
                known = [each for each in known if each <= at]
            case _:
                at += by
                window.move(lambda each, by=by: each + by)  # type: ignore[misc] # the default binds it
                known = [each + by for each in known]
        assert tuple(known) == window.shown()
        assert len(window) == len(window.shown()) == len(known)
        shown.append((window.shown(), tuple(known)))
    for view, then in shown:
        assert then == view
        assert then[-2:] == tuple(view[-2:])
        assert not then or then[-1] == view[-1]


def test_the_oldest_go_first() -> None:
    """A window holds no more than so many, and clears away what it does not hold any more."""
    window = Window[float](float)
    most = windows.NEWEST + 2 * windows.CLEARED_AT
    for n in range(most):
        window.add(float(n) / 100)
    assert (windows.NEWEST, (most - 1) / 100) == (len(window), window.shown()[-1])
    assert len(window._items) <= windows.NEWEST + windows.CLEARED_AT + 1
