"""The health of a site: what PABXs see of its endpoint, and what real calls teach."""

import pytest

from ccrouter.live.breaker import FAILURES, LONGEST_OPEN_S, OPEN_S, Lesson, lesson
from ccrouter.live.effects import Effect, SiteHealthChanged
from ccrouter.live.sites import SiteLimits
from ccrouter.routing.snapshot import Health
from support.live_play import BACKUP, SITES, TUNIS, Play, finished


@pytest.fixture
def play() -> Play:
    """Return a PABX in sync, with nobody there."""
    return Play()


def changes(effects: list[Effect]) -> list[tuple[str, Health]]:
    """Return the changes of health among effects."""
    return [(effect.site, effect.health) for effect in effects if isinstance(effect, SiteHealthChanged)]


def fail(play: Play, times: int = FAILURES, site: str = "backup") -> list[tuple[str, Health]]:
    """Let calls fail at a site; return the changes of health."""
    return [change for n in range(times) for change in changes(play.tries(f"f{play.at}-{n}", "chanunavail", 1, site))]


@pytest.mark.parametrize(
    ("result", "cause", "expected"),
    [
        ("answered", 16, Lesson.ALIVE),
        ("busy", 17, Lesson.ALIVE),
        ("noanswer", 19, Lesson.ALIVE),
        ("noanswer", 0, Lesson.DEAD),
        ("congestion", 34, Lesson.DEAD),
        ("chanunavail", 1, Lesson.DEAD),
        ("chanunavail", 3, Lesson.DEAD),
        ("chanunavail", 21, Lesson.DEAD),
        ("chanunavail", 38, Lesson.DEAD),
        ("chanunavail", 58, Lesson.DEAD),
        ("died", 44, Lesson.DIED),
        ("full", 0, Lesson.NOTHING),
        ("never heard of", 0, Lesson.NOTHING),
    ],
)
def test_lessons(result: str, cause: int, expected: Lesson) -> None:
    """Each end of a site step teaches what the table in the module says."""
    assert lesson(result, cause) is expected


def test_opens_after_failures_in_a_row(play: Play) -> None:
    """Three failures in a row open; one call that found somebody there begins the row anew."""
    assert play.site("backup").health is Health.UNKNOWN
    assert fail(play, 2) == []
    assert changes(play.tries("ok", "busy", 17, "backup")) == [("backup", Health.UP)]
    assert fail(play, 2) == []
    assert fail(play, 1) == [("backup", Health.DOWN)]
    assert play.site("backup").health is Health.DOWN


def test_full_and_hang_ups_teach_nothing(play: Play) -> None:
    """Our own limit, and callers who lose patience, say nothing of the site."""
    fail(play, 2)
    play.tries("c1", "full", 0, "backup")
    play.routed("c2", BACKUP)
    play.began("c2", "site", "backup")
    play.hung_up("c2")
    assert play.site("backup").health is Health.UNKNOWN
    assert fail(play, 1) == [("backup", Health.DOWN)]


def test_a_site_where_nobody_picks_up_is_there(play: Play) -> None:
    """Ringing until the limit is told with a cause: the site is there. Silence has none: it is not."""
    for n in range(FAILURES):
        play.tries(f"r{n}", "noanswer", 19, "backup")
    assert play.site("backup").health is Health.UP
    for n in range(FAILURES):
        play.tries(f"s{n}", "noanswer", 0, "backup")
    assert play.site("backup").health is Health.DOWN


def test_one_call_probes(play: Play) -> None:
    """After a time one call may try; while it does, the site is down for others; its success closes."""
    fail(play)
    assert changes(play.tick(OPEN_S - 1)) == []
    assert changes(play.tick(1)) == [("backup", Health.PROBE)]
    assert changes(play.routed("probe", BACKUP)) == [("backup", Health.DOWN)]
    play.routed("other", BACKUP)
    play.began("probe", "site", "backup")
    assert play.site("backup").health is Health.DOWN
    assert changes(play.site_answered("probe")) == [("backup", Health.UP)]


def test_probe_fails_and_the_time_doubles(play: Play) -> None:
    """Each trial that fails doubles the time, up to a bound; a talk that ended well sets it back."""
    fail(play)
    times = []
    for n in range(6):
        began = play.at
        while play.site("backup").health is not Health.PROBE:
            play.tick(1)
        times.append(play.at - began)
        play.tries(f"p{n}", "noanswer", 0, "backup")
        assert play.site("backup").health is Health.DOWN
    assert times == [30, 60, 120, 240, LONGEST_OPEN_S, LONGEST_OPEN_S]
    play.tick(LONGEST_OPEN_S)
    play.routed("well", BACKUP)
    play.began("well", "site", "backup")
    play.site_answered("well")
    play.ended("well", "site", "backup", "answered", cause=16)
    fail(play)
    play.tick(OPEN_S)
    assert play.site("backup").health is Health.PROBE


@pytest.mark.parametrize("how", ["hangs up", "is full", "expires", "goes elsewhere"])
def test_probe_that_teaches_nothing(play: Play, how: str) -> None:
    """A trial without a lesson lets another call try."""
    fail(play)
    play.tick(OPEN_S)
    play.routed("probe", BACKUP)
    assert play.site("backup").health is Health.DOWN
    if how == "hangs up":
        play.hung_up("probe")
    elif how == "is full":
        play.began("probe", "site", "backup")
        play.ended("probe", "site", "backup", "full")
    elif how == "expires":
        play.tick(5)
    else:
        play.began("probe", "site", "tunis")
    assert play.site("backup").health is Health.PROBE


def test_probe_by_withdrawal(play: Play) -> None:
    """A waiting caller who is sent to the site may be the one who tries, from the order on."""
    fail(play)
    play.tick(OPEN_S)
    play.waits("c1")
    play.withdraw("c1", BACKUP)
    assert play.site("backup").health is Health.DOWN
    play.withdraw_refused("c1")
    assert play.site("backup").health is Health.PROBE


def test_calls_from_before_neither_probe_nor_close(play: Play) -> None:
    """A talk that began before the breaker opened ends well: that says nothing of new calls."""
    play.routed("old", BACKUP)
    play.began("old", "site", "backup")
    play.site_answered("old")
    fail(play)
    play.hung_up("old")
    assert play.site("backup").health is Health.DOWN


def test_talks_that_die(play: Play) -> None:
    """A site that answers and tears every talk opens too, and the first torn talk after a trial opens again."""
    for n in range(FAILURES):
        play.routed(f"d{n}", BACKUP)
        play.began(f"d{n}", "site", "backup")
        play.site_answered(f"d{n}")
        play.ended(f"d{n}", "site", "backup", "died", cause=44)
    assert play.site("backup").health is Health.DOWN
    play.tick(OPEN_S)
    play.routed("p", BACKUP)
    play.began("p", "site", "backup")
    play.site_answered("p")
    assert play.site("backup").health is Health.UP
    play.ended("p", "site", "backup", "died", cause=44)
    assert play.site("backup").health is Health.DOWN
    play.tick(2 * OPEN_S - 1)
    assert play.site("backup").health is Health.DOWN


def test_torn_talks_in_a_row(play: Play) -> None:
    """A talk that ended well begins the row of torn talks anew; a caller who hangs up before an answer does not."""

    def talk(who: str, result: str) -> None:
        play.routed(who, BACKUP)
        play.began(who, "site", "backup")
        play.site_answered(who)
        play.ended(who, "site", "backup", result, cause=44 if result == "died" else 16)
        play.hung_up(who)

    for n, result in enumerate(("died", "died", "answered", "died", "died")):
        talk(f"t{n}", result)
    assert play.site("backup").health is Health.UP
    play.routed("impatient", BACKUP)
    play.began("impatient", "site", "backup")
    play.hung_up("impatient")
    talk("last", "died")
    assert play.site("backup").health is Health.DOWN


def test_a_caller_who_ends_a_talk_ends_it_well(play: Play) -> None:
    """Who hangs up after the answer is as good as a site that says goodbye, at a site that is known or not."""
    for n, torn in enumerate((True, True, False, True, True)):
        play.routed(f"t{n}", BACKUP)
        play.began(f"t{n}", "site", "backup")
        play.site_answered(f"t{n}")
        if torn:
            play.ended(f"t{n}", "site", "backup", "died", cause=44)
        play.hung_up(f"t{n}")
    assert play.site("backup").health is Health.UP
    play.began("elsewhere", "site", "unheard")
    play.site_answered("elsewhere")
    assert finished(play.hung_up("elsewhere")).target == "unheard"


def test_others_leave_while_one_probes(play: Play) -> None:
    """That other calls come and go does not end the trial of the one that tries."""
    fail(play)
    play.tick(OPEN_S)
    play.routed("probe", BACKUP)
    play.routed("other", BACKUP)
    play.hung_up("other")
    assert play.site("backup").health is Health.DOWN


def test_unreachable_is_down_at_once(play: Play) -> None:
    """What the PABX can't reach is down, whatever calls taught; back again it is up, and on trial."""
    assert changes(play.endpoint(reachable=True)) == [("tunis", Health.UP)]
    assert changes(play.endpoint(reachable=False)) == [("tunis", Health.DOWN)]
    assert changes(play.tries("c1", "chanunavail", 3)) == []
    assert changes(play.endpoint(reachable=True)) == [("tunis", Health.UP)]
    assert changes(play.tries("c2", "noanswer", 0)) == [("tunis", Health.DOWN)]


def test_reachable_again_while_open(play: Play) -> None:
    """A breaker that calls opened closes on trial when the endpoint comes back."""
    play.endpoint(reachable=True)
    fail(play, site="tunis")
    play.endpoint(reachable=False)
    assert changes(play.endpoint(reachable=True)) == [("tunis", Health.UP)]
    assert fail(play, 1, "tunis") == [("tunis", Health.DOWN)]


def test_endpoint_that_nothing_watches(play: Play) -> None:
    """Without qualify only calls tell; before the first, nothing is known."""
    assert changes(play.endpoint(reachable=None)) == []
    assert play.site("tunis").health is Health.UNKNOWN
    assert changes(play.tries("c1", "busy", 17)) == [("tunis", Health.UP)]


def test_other_endpoints_are_no_sites(play: Play) -> None:
    """Telephones are endpoints too, and change no site."""
    assert play.endpoint(reachable=False, name="PJSIP/agent1") == []


def test_endpoint_seen_from_two_pabxs(play: Play) -> None:
    """A site that one PABX reaches is up; one whose link is lost is not asked as long as another knows."""
    play.endpoint(reachable=True)
    play.pabx = "pabx2"
    play.link_up()
    assert changes(play.endpoint(reachable=False)) == []
    play.pabx = "pabx1"
    assert changes(play.link_lost()) == [("tunis", Health.DOWN)]
    play.pabx = "pabx2"
    assert changes(play.link_lost()) == [("tunis", Health.UP)]


def test_reload_keeps_what_is_known(play: Play) -> None:
    """A site that stays keeps its health; one that goes is forgotten, but not its calls; a new one is looked up."""
    fail(play)
    play.routed("c1", TUNIS)
    play.endpoint(reachable=False, name="PJSIP/trunk-new")
    play.state.configure([SITES[3], SiteLimits("sousse", endpoint="PJSIP/trunk-new")])
    assert changes(play.tick()) == [("sousse", Health.DOWN)]
    sites = play.state.snapshot(play.at).sites
    assert {name: (site.calls, site.health) for name, site in sites.items()} == {
        "backup": (0, Health.DOWN),
        "sousse": (0, Health.DOWN),
        "tunis": (1, Health.UNKNOWN),
    }
    play.hung_up("c1")
    assert set(play.state.snapshot(play.at).sites) == {"backup", "sousse"}


def test_in_house_health_is_that_of_its_positions(play: Play) -> None:
    """An in-house site is up when somebody is logged in on any PABX, down when nobody is, unknown without its queue."""
    assert play.site("paris").health is Health.DOWN
    play.position(paused=True)
    assert play.site("paris").health is Health.UP
    play.state.configure([*SITES, SiteLimits("nice", queue="unheard")])
    play.tick()
    assert play.site("nice").health is Health.UNKNOWN
