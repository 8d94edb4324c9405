"""The file of compiled rules on a real Asterisk: any name in it, and being read again while calls are up."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ccrouter.clock import SystemClock
from ccrouter.config.load import compile_text, load_routing
from ccrouter.fallback.compile import compile_fallback
from ccrouter.fallback.succession import succeeding
from ccrouter.outlook.loads import Load, QueueLoad, SiteLoad, facts_under
from ccrouter.routing.call import Call
from ccrouter.routing.destinations import External, Leg
from ccrouter.routing.rules import Rules
from phones import Call as Dialled
from phones import Callers
from support.bed import Bed, Question, bed
from support.configs import EXAMPLE
from support.proved import Asker
from support.proved_by_chance import sample

ODD = """
timezone: Europe/Paris
calendars:
  free: {hours: "Mo-Su 00:00-24:00"}
sites:
  closed: {in_house: {queue: paris, max_wait: 90s}}
  late: {external: {dial: PJSIP/+33155000000@trunk-0, answer_within: 20s, max_calls: 2}}
  été à l_équipe/1: {external: {dial: PJSIP/+33155000001@trunk-1, answer_within: 20s, max_calls: 2}}
  s: {in_house: {queue: metz, max_wait: 90s}}
messages:
  unknown: {play: closed}
  "1": {play: ccrouter/closed}
modes: ["n"]
numbers:
  "0800 123 456": {service: s}
  "3949": {service: Zürich 50-50}
services:
  s:
    rules:
      - {name: "n", when: {mode: "n"}, to: [s, "1"]}
      - {name: free, when: {open: free}, to: [late, {share: {été à l_équipe/1: 1, closed: 2}}, s, unknown]}
    otherwise: [s, unknown]
  Zürich 50-50:
    rules:
      - {name: rule, when: {free_lines: {site: été à l_équipe/1, at_most: 1}}, to: [closed, "1"]}
    otherwise: [été à l_équipe/1, unknown]
"""
"""Names that the dialplan uses itself, and signs that few people have on their keyboard."""

HOSTILE = (
    "${SHELL(id)}",
    "$[1/0]",
    "a,b",
    "a;b",
    "a&b",
    "a|b",
    'a"b',
    "a)b",
    "a\\b",
    "a\nexten => s,1,System(id)",
    "a\r",
    "[ctx]",
)


@pytest.fixture(scope="module", params=[22, 16], ids=lambda version: f"asterisk{version}")
def here(request: pytest.FixtureRequest) -> Iterator[Bed]:
    """Give one PABX for all tests."""
    with bed(request.param, [sample()]) as made:
        yield made


@pytest.mark.parametrize("modes", [{}, {"n": None}], ids=["usually", "with a mode"])
@pytest.mark.parametrize("calls", [0, 1, 2])
def test_a_name_is_a_name(here: Bed, modes: dict[str, None], calls: int) -> None:
    """Names that the dialplan has uses for, or that are not ASCII, stand for themselves; nothing is warned of."""
    rules = compile_text(ODD.encode(), "routing.yaml")
    at = SystemClock().now()
    fallback = compile_fallback(rules, at, modes=modes)
    assert here.install(fallback.text) == []
    here.show(at)
    load = Load(sites={"été à l_équipe/1": SiteLoad(calls=calls), "late": SiteLoad(calls=calls)})
    asker = Asker(here, fallback, rules, lambda at: facts_under(load, rules, at, modes=modes.keys()))
    with here.under(load, rules):
        found = [asker.compare(Call("main", "1.1", number, "0612345678")) for number in [*sorted(rules.numbers), "00"]]
    assert [str(each) for each in found if not each.same] == []


def renamed(rules: Rules, field: str, text: str) -> Rules:
    """Return the rules with a text in a place, as no routing file could have it."""
    service = rules.services["support"]
    site = rules.sites["tunis"]
    assert isinstance(site, External)
    match field:
        case "service":
            service = replace(service, name=text)
        case "language":
            service = replace(service, treatment=replace(service.treatment, language=text))
        case "announcement":
            service = replace(service, treatment=replace(service.treatment, announcement=text))
        case _:
            changed = {"name": site.name, "dial": site.dial, "endpoint": site.endpoint} | {field: text}
            external = External(changed["name"], changed["dial"], 20, endpoint=changed["endpoint"])
            service = replace(service, otherwise=(Leg(external),))
    number = rules.numbers["0800123456"]
    number = replace(number, service=service, treatment=service.treatment)
    return replace(rules, services={"support": service}, numbers={"0800123456": number})


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
@pytest.mark.parametrize("field", ["service", "language", "announcement", "name", "dial", "endpoint"])
def test_no_text_becomes_dialplan(field: str, text: str) -> None:
    """What no plan may hold is not compiled, even where a routing file let it through: the file before it stays."""
    with pytest.raises(ValueError, match="can't carry"):
        compile_fallback(renamed(sample(), field, text), 0.0)


def test_reading_the_file_again_loses_no_call(here: Bed) -> None:
    """Calls that ring, wait and talk stay while the file changes under them; calls that come meanwhile are routed."""
    rules = sample()
    first, second = (compile_fallback(rules, at).text for at in (0.0, 86400.0))
    here.install(first)
    here.show(SystemClock().now())
    since = len(here.asker.events)
    calls = [Dialled(caller=f"06123450{n:02}", number="0800123456") for n in range(20)]
    load = Load(queues={"metz": QueueLoad(waiting=5)}, sites={"tunis": SiteLoad(calls=5)})
    with here.under(load, rules), Callers(here.pabx, here.folder, calls, name="reload", per_s=40):
        for n in range(1, len(calls) + 1):
            here.asker.wait_for(lambda event: event.get("UserEvent") == "CCRouterStep", since=since, count=n)
            assert here.install((first, second)[n % 2]) == []
        ended = [event for event in here.asker.events[since:] if event.get("UserEvent") == "CCRouterEnd"]
        channels = [event["Channel"] for event in here.asker.listed("CoreShowChannels")]
        assert ended == []
        assert sum(channel.startswith("PJSIP/carrier-") for channel in channels) == len(calls)
        assert sum(channel.endswith(";2") for channel in channels) >= 10
    endings = [event["Entry"] for event in here.asker.events[since:] if event.get("UserEvent") == "CCRouterEnd"]
    assert endings == ["fallback"] * len(calls)


def test_a_call_that_is_inside_ends_in_its_own_version(here: Bed) -> None:
    """While files of different shapes are read one after the other, each question gets a plan of one of them."""
    rules = load_routing(EXAMPLE)
    at = SystemClock().now()
    here.show(at)
    files = [compile_fallback(rules, at, modes=dict.fromkeys(modes)).text for modes in ((), rules.modes)]
    question = Question("0800123456", "0612345678", "fr")
    expected = set()
    for text in files:
        here.install(text)
        expected |= {each.plan for each in here.ask([question] * 3)}
    assert len(expected) >= len(files)
    text = files[-1]
    with ThreadPoolExecutor(1) as asking:
        told = asking.submit(here.ask, [question] * 1000)
        reads = 0
        while not told.done():
            text = succeeding(files[reads % len(files)], text)
            here.file.write_text(text)
            here.pabx.cli("dialplan reload")
            reads += 1
    assert {each.plan for each in told.result()} == expected
    assert reads >= 3
