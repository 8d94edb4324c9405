"""The bench `overflow`: hundreds of waiting callers are pulled out of a queue and answered at a site outside."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from bench_run.bench import Bench, Figure, Options, Promise, Subject, Taken
from bench_run.overflow_house import Mover, OverflowHouse, overflow_house, redirecting

FEW, MANY = 200, 1000

ANSWERING: Final = "ccrouter, positions answer"
REDIRECT: Final = "panoramisk and Redirect, positions answer"
NATIVE: Final = "dialplan that looks each second"

MOVERS: Final = (
    ("ccrouter", FEW, Mover("0801000200", "support", ours=True)),
    ("ccrouter", MANY, Mover("0801001000", "support", ours=True)),
    (ANSWERING, FEW, Mover("0801000000", "support", ours=True, answering=True)),
    (REDIRECT, FEW, Mover("0802000000", "redirected", answering=True)),
    (NATIVE, FEW, Mover("0803000200", "native")),
)


class _Kept:
    """What is told after the run: the version of Asterisk."""

    asterisk = ""


@contextmanager
def subjects(_options: Options) -> Iterator[Sequence[Subject]]:
    """Yield them, in one house."""
    with ExitStack() as stack:
        house = stack.enter_context(overflow_house())
        _Kept.asterisk = house.pabx.cli("core show version").split()[1]
        stack.enter_context(redirecting(house))
        yield [_subject(house, name, size, mover) for name, size, mover in MOVERS]


def _subject(house: OverflowHouse, name: str, size: int, mover: Mover) -> Subject:
    return Subject(name, lambda: house.round(mover, size), size)


def _all(taken: Taken, figure: str) -> float:
    return sum(
        sum(values) for (name, _), values in taken.values[figure].items() if name.startswith("ccrouter")
    )  # fmt: skip - one sentence


def _vain(taken: Taken) -> float:
    return sum(sum(taken.of("vain", "ccrouter", size)) for size in (FEW, MANY))


def _notes() -> Sequence[str]:
    return (
        f"Asterisk {_Kept.asterisk}; callers, positions and the site are SIPp; all share the machine.",
        (
            "Every time runs from the INVITE of the caller whose arrival is the sign, some milliseconds before the"
            " PABX's event, to the ACK at the site. A caller in Queue() looks once a second whether they are asked"
            " out: half a second on average, and one at the most, is Asterisk's own."
        ),
        "Where positions answer, an order may reach the PABX just after an answer: it is refused, and counted in vain.",
    )


BENCH: Final = Bench(
    name="overflow",
    title="Waiting callers pulled to another site",
    about=(
        "Callers wait in a queue of a real Asterisk until there are too many; then all are to be answered by a site "
        "that answers at once. Beside ccrouter: a program on stock panoramisk that redirects each, and a dialplan in "
        "which each caller leaves the queue once a second to look for themselves. Where positions answer, twenty take "
        "calls while the callers are pulled, and the sign is a caller in another queue."
    ),
    figures=(
        Figure("first_s", "First answered after", "s", "callers"),
        Figure("half_s", "Half of them answered after", "s", "callers"),
        Figure("last_s", "Last answered after", "s", "callers"),
        Figure("vain", "Orders in vain", "", "callers"),
        Figure("torn", "Torn from a position", "", "callers"),
        Figure("talked", "Answered by a position", "", "callers"),
        Figure("lost", "Not answered within 15 s", "", "callers"),
        Figure("router_ms", "Processor time of the router per caller", "ms", "callers"),
        Figure("asterisk_ms", "Processor time of Asterisk per caller", "ms", "callers"),
        Figure("arrival_ms", "Decision of a call that arrives meanwhile", "ms", "callers"),
        Figure("arrival_most_ms", "The slowest of these", "ms", "callers"),
    ),
    promises=(
        Promise(
            "200 waiting: the first is answered",
            lambda taken: taken.median("first_s", "ccrouter", FEW),
            "at most",
            1.2,
            "s",
        ),
        Promise(
            "200 waiting: the last is answered",
            lambda taken: taken.median("last_s", "ccrouter", FEW),
            "at most",
            2,
            "s",
        ),
        Promise(
            "1,000 waiting: the last is answered",
            lambda taken: taken.median("last_s", "ccrouter", MANY),
            "at most",
            4,
            "s",
        ),
        Promise("orders in vain where nobody answers, over all rounds", _vain, "at most", 0),
        Promise("torn from a position, over all rounds", lambda taken: _all(taken, "torn"), "at most", 0),
        Promise("not answered, over all rounds", lambda taken: _all(taken, "lost"), "at most", 0),
    ),
    subjects=subjects,
    notes=_notes,
)
