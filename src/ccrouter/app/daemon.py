"""The daemon: built here, started in order (what can fail first), stopped in reverse."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from itertools import chain

from ccrouter.agi.desk import Desk
from ccrouter.agi.lock import Lock
from ccrouter.agi.server import AgiServer
from ccrouter.ami.link import PabxLink
from ccrouter.app.addresses import pabx_address, warn_of_clear_links
from ccrouter.app.archive import Archive, journal_of
from ccrouter.app.board import BoardView
from ccrouter.app.call_control import CallControl
from ccrouter.app.clock_watch import ClockWatch, SetClock
from ccrouter.app.collecting import collect
from ccrouter.app.controls import Control
from ccrouter.app.day import Day
from ccrouter.app.deeds import Deeds
from ccrouter.app.entry import Entry, decision_ids
from ccrouter.app.fallback import Said, kept_fallback
from ccrouter.app.foresight import Foresight, Sight
from ccrouter.app.happenings import Happenings
from ccrouter.app.holidays import Holidays
from ccrouter.app.http import serve_control, serve_http
from ccrouter.app.journal import Recorder
from ccrouter.app.leaving import Leaving
from ccrouter.app.lines import Lines
from ccrouter.app.load_watch import LoadWatch
from ccrouter.app.modes import ModeSwitch
from ccrouter.app.overflow import Overflow
from ccrouter.app.overrides import OverrideSwitch
from ccrouter.app.phones import Telephones
from ccrouter.app.places import PlacesView
from ccrouter.app.questions import Questions
from ccrouter.app.rules_file import RulesFile
from ccrouter.app.sites import endpoints_of, limits_of
from ccrouter.app.standing import StandingOrders
from ccrouter.app.streaming import Streaming
from ccrouter.app.ticking import Ticking
from ccrouter.app.tokens import TokensFile
from ccrouter.app.trial import StateTrial
from ccrouter.app.troubles import Troubles
from ccrouter.app.upkeep import Upkeep
from ccrouter.app.versions import VersionBook
from ccrouter.app.watch import Watch
from ccrouter.app.webhooks import webhooks_of
from ccrouter.app.whys import whys_of
from ccrouter.app.writer import Writer
from ccrouter.config.settings import Settings
from ccrouter.live.effects import Relist
from ccrouter.live.events import Listing
from ccrouter.live.state import State
from ccrouter.router import Router
from ccrouter.routing.rules import Rules
from ccrouter.store.audit import Audit
from ccrouter.store.keepers import kept_modes, kept_overrides
from ccrouter.store.key import kept_key
from ccrouter.store.modes import Modes
from ccrouter.store.overrides import Overrides
from ccrouter.store.schema import journal_database, state_database
from ccrouter.store.versions import Versions
from ccrouter.telemetry.degraded import DegradedStates
from ccrouter.telemetry.lag import watch_loop
from ccrouter.telemetry.live import LiveCollector, Sources
from ccrouter.telemetry.logs import Logs
from ccrouter.telemetry.metrics import Metrics, new_registry
from ccrouter.telemetry.notify import Supervisor
from ccrouter.web.facts import facts
from ccrouter.web.foresight import foresight
from ccrouter.web.journal import journal
from ccrouter.web.me import me
from ccrouter.web.openapi import described
from ccrouter.web.operations import Operation
from ccrouter.web.overrides import overrides
from ccrouter.web.pages import screens
from ccrouter.web.places import places
from ccrouter.web.public import pages
from ccrouter.web.steering import steering
from ccrouter.web.versions import versions
from ccrouter.web.webhooks import webhooks


class Daemon:
    """All parts of one run, put together."""

    def __init__(self, settings: Settings, clock: SetClock, logs: Logs) -> None:  # noqa: PLR0915 - all parts, once
        log = logs.logger
        self._settings = settings
        self._clock = clock
        self._log = log
        self._registry = new_registry()
        self._metrics = Metrics(self._registry, [pabx.name for pabx in settings.pabxs])
        self._upkeep = Upkeep(self._metrics.fault, clock, log)
        self._hour = ClockWatch(clock)
        self._load = LoadWatch(clock, self._metrics.loop, lambda: self._agi.shed)
        states = DegradedStates(self._registry, [pabx.name for pabx in settings.pabxs], clock, log)
        database = state_database(settings.state_dir, clock)
        audit = Audit(database)
        deeds = Deeds(audit.append, log)
        kept = Versions(database)
        self._rules_file = RulesFile(settings.routing, kept, audit=audit, clock=clock, metrics=self._metrics, log=log)
        self._state = State(limits_of(self._rules_file.rules), [pabx.name for pabx in settings.pabxs])
        self._modes = Modes(kept_modes(database))
        self._overrides = Overrides(kept_overrides(database))
        self._recorder = Recorder(
            journal_of(settings, journal_database(settings.state_dir, clock)),
            keep_s=settings.journal.keep_s,
            clock=clock,
            counts=self._metrics.journal,
            log=log,
            sure=lambda: self._hour.proven,
        )
        self._writer = Writer(
            self._state, self._metrics, log, relist=self._relist, note=self._recorder.note, steady=clock.steady
        )
        self._router = Router(
            self._rules_file.rules,
            self._state,
            apply=self._writer.apply,
            clock=clock,
            modes=self._modes.on,
            overrides=self._overrides.current,
            ids=decision_ids(),
        )
        self._entry = Entry(self._router, clock, self._metrics, log)
        self._entry.listeners.append(self._recorder.note)
        self._happenings = Happenings(
            lambda: self._router.rules, self._metrics.names.overflow, self._metrics.fault, log
        )
        self._webhooks = webhooks_of(settings, clock, self._registry, log, lambda: not self._load.why)
        self._happenings.follow(self._webhooks.note, self._webhooks.wants)
        self._writer.listeners.append(self._happenings.effect)
        self._entry.listeners.append(self._happenings.decided)
        key, why_not = kept_key(settings.state_dir)
        if why_not:
            log.error("the key of FastAGI is of this run only: after the next start it takes a moment", reason=why_not)
        lock = Lock(key, clock, log)
        questions = Questions()
        past = journal_database(settings.state_dir, clock)
        self._day = Day(
            self._rules_file.rules,
            journal=past,
            questions=questions,
            fresh=lambda pabx: self._router.facts().fresh(pabx),
            clock=clock,
            fault=self._metrics.fault,
            log=log,
        )
        self._happenings.follow(self._day.happened, lambda kind: kind == "overflowed")
        self._writer.listeners.append(self._day.effect)
        self._archive = Archive(journal_of(settings, past), audit, lambda: self._router.rules, clock, questions)
        self._links = {
            pabx.name: PabxLink(
                pabx_address(pabx),
                sink=self._writer.apply,
                trunks=lambda: endpoints_of(self._router.rules),
                lamps=lambda: self._phones.lamps(),  # noqa: PLW0108 - they are made below, with these links
                clock=clock,
                log=log,
                watches=self._metrics.links,
                key=key,
                rank=settings.router,
                able=lambda: self._load.able,
            )
            for pabx in settings.pabxs
        }
        self._override_switch = OverrideSwitch(self._overrides, lambda: self._router.rules, clock, log)
        self._mode_switch = ModeSwitch(self._modes, lambda: self._router.rules, clock, log, self._modes_changed)
        self._standing = StandingOrders(
            [self._mode_switch, self._override_switch], database.mark, log, lambda: self._hour.clears_from
        )
        self._phones = Telephones(
            switch=self._mode_switch,
            rules=lambda: self._router.rules,
            modes_on=self._modes.on,
            links=self._links,
            note=deeds.note,
            counts=self._metrics.codes,
            clock=clock,
            log=log,
        )
        self._fallback = kept_fallback(
            settings,
            lambda at: Said(self._router.rules, self._modes.ends(at), self._overrides.current(at)),
            self._links,
            counts=self._metrics.fallback,
            clock=clock,
            log=log,
        )
        self._control = Control(
            router=self._router,
            state=self._state,
            rules_file=self._rules_file,
            mode_switch=self._mode_switch,
            override_switch=self._override_switch,
            links=self._links,
            entry=self._entry,
            writer=self._writer,
            take=self._take,
            degraded=states.now,
            started_at=clock.now(),
            rank=settings.router,
            fallback=self._fallback,
            unkeyed=lock.refused_at,
            webhooks=self._webhooks.states,
        )
        self._agi = AgiServer(
            Desk(frozenset(self._links), self._entry, self._phones, self._metrics.agi, clock, log, lock),
            [(settings.agi.host, settings.agi.port)],
        )
        self._trial = StateTrial(database, clock)
        tokens = settings.http.tokens
        self._tokens = None if tokens is None else TokensFile(tokens, clock, log)
        parts = self._load, self._rules_file, self._trial, self._recorder, self._hour
        told = whys_of(*parts, fallback=self._fallback, tokens=self._tokens)
        self._ticking = Ticking(
            clock=clock,
            hour=self._hour,
            apply=self._writer.apply,
            router=self._router,
            links=(*self._links.values(), self._day),
            troubles=Troubles(states, self._links, self._router.facts, told, settings.router, clock, clock.steady()),
            fault=self._metrics.fault,
            log=log,
        )
        board = BoardView(self._router, self._state, self._control, self._entry, self._day)
        mask_callers = settings.journal.mask_callers
        self._places = PlacesView(board, self._state, lambda: self._router.rules, self._archive, mask_callers)
        self._streaming = Streaming(
            board,
            happenings=self._happenings,
            changed=self._writer.changed,
            registry=self._registry,
            metrics=self._metrics,
            clock=clock,
            log=log,
        )
        self._overflow = Overflow(self._router, self._links, self._entry, self._writer, clock, self._metrics, log)
        self._call_control = CallControl(
            settings,
            router=self._router,
            state=self._state,
            links=self._links,
            overflow=self._overflow,
            entry=self._entry,
            writer=self._writer,
            streams=self._streaming.streams,
            tokens=lambda: self._tokens.positions if self._tokens else (),
            note=deeds.note,
            clock=clock,
            log=log,
        )
        self._leaving = Leaving(log, self._left_behind)
        self._book = VersionBook(self._rules_file, kept, settings.pabxs[0].name, self._take, questions)
        sight = Sight(
            *(lambda: self._router.rules, str(settings.routing), settings.pabxs[0].name),
            facts=self._router.facts,
            ends=self._modes.ends,
            waiting=self._state.waiting,
        )
        self._foresight = Foresight(sight, clock)
        saved, not_followed = self._saved if settings.reload_on_save else None, self._metrics.rules.not_followed
        self._watch = Watch(self._rules_file, saved, failed=not_followed, clock=clock, log=log)
        self._holidays = Holidays(lambda: self._router.rules, clock)
        self._gauges(logs)

    async def run(self, supervisor: Supervisor) -> None:
        """Serve until told to stop."""
        stop, reload = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, reload.set)
        self._standing.load({"modes": self._modes.load, "overrides": self._overrides.load})
        self._override_switch.check()
        settings, agi, overflow = self._settings, self._agi, self._overflow
        warn_of_clear_links(settings.pabxs, self._log)
        lasting: dict[str, Callable[[], Awaitable[object]]] = {
            **{f"link {name}": link.run for name, link in self._links.items()},
            "tick": partial(self._ticking.run, supervisor),
            "loop lag": partial(watch_loop, self._load.seen),
            "ends of modes and overrides": self._standing.end_due,
            "the other router's switches": self._standing.follow,
            "state": self._trial.run,
            "telephones": self._phones.run,
            "overflow": overflow.run,
            "streams": self._streaming.streams.run,
            "day": self._day.run,
            "positions": self._call_control.run,
            "lines": self._lines().run,
            "reload": partial(self._reload_on, reload),
            "watch": self._watch.run,
            "holidays": self._holidays.run,
            "garbage": partial(collect, lambda: not self._agi.sessions),
            **({"webhooks": self._webhooks.run} if settings.webhooks else {}),
            **({"fallback": self._fallback.run} if self._fallback else {}),
            **({"tokens": self._tokens.run} if self._tokens else {}),
        }
        async with AsyncExitStack() as stack:
            operations = self.operations()
            open_pages = [*pages(self._registry, self._control.readiness), *screens(served=self._tokens is not None)]
            await stack.enter_async_context(serve_control(settings, self._log, operations))
            served = serve_http(
                *(settings.http, self._tokens, self._clock, self._log, self._metrics.http),
                pages=open_pages,
                operations=operations,
            )
            await stack.enter_async_context(served)
            await agi.start()
            stack.push_async_callback(agi.stop)
            self._control.listening = True
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(self._upkeep.keep(name.split()[0], work), name=name)
                    for name, work in (*lasting.items(), ("journal", self._recorder.run))
                ]
                supervisor.ready()
                self._log.info("ccrouter runs", rules=self._router.rules.version, pabxs=sorted(self._links))
                await stop.wait()
                supervisor.stopping()
                self._leaving.begin()
                self._log.info("ccrouter stops")
                # The PABXs hear it first, ask no more, and leave callers who wait to another router; then those who
                # already asked are answered, and the orders under way are waited for.
                await asyncio.gather(*(link.farewell() for link in self._links.values()))
                await asyncio.gather(agi.stop(), overflow.settle())
                for task in running:
                    task.cancel()

    def _gauges(self, logs: Logs) -> None:
        LiveCollector(
            self._registry,
            self._clock,
            Sources(
                snapshot=lambda: self._router.facts().snapshot,
                rules=lambda: self._router.rules,
                names=self._metrics.names,
                calls=self._state.calls,
                positions=self._state.positions,
                desks=self._state.desks,
                modes=self._modes.all,
                overrides=self._overrides.current,
                unplanned=self._holidays.unplanned,
                log_lines=lambda: (logs.waiting, logs.dropped),
                agi_waiting=lambda: self._agi.waiting,
                ami_pending=lambda: {name: link.pending for name, link in self._links.items()},
                rank=self._settings.router,
                on_duty=lambda: {name: link.on_duty for name, link in self._links.items()},
            ),
        )

    def operations(self) -> list[Operation]:
        """Return all that the API offers, over HTTP and at the control socket."""
        tables = (
            steering(self._control),
            versions(self._book),
            overrides(self._override_switch),
            journal(self._archive),
            facts(self._router),
            self._streaming.board,
            foresight(self._foresight),
            webhooks(self._webhooks),
            places(self._places),
            self._call_control.operations,
            me(),
        )
        return described(chain(*tables))

    def _lines(self) -> Lines:
        return Lines(
            self._links,
            rules=lambda: self._router.rules,
            snapshot=lambda: self._state.snapshot(self._clock.now()),
            tell=self._writer.apply,
            stamps=decision_ids(),
            clock=self._clock,
            metrics=self._metrics,
            log=self._log,
        )

    def _left_behind(self) -> str:
        return "; ".join(filter(None, (self._recorder.left, self._trial.why))) or "nothing that counts"

    async def _reload_on(self, asked: asyncio.Event) -> None:
        while True:
            await asked.wait()
            asked.clear()
            await self._control.reload("SIGHUP")

    async def _saved(self, author: str) -> None:
        await self._rules_file.reload(author, self._take, asked=False)

    def _take(self, rules: Rules) -> None:
        self._router.replace(rules)
        self._override_switch.check()
        self._state.configure(limits_of(rules))
        self._holidays.look()
        self._day.configure(rules)
        for link in self._links.values():
            link.relist(Listing.ENDPOINTS)
            link.light()

    def _modes_changed(self) -> None:
        self._writer.changed.set()
        for link in self._links.values():
            link.light()

    def _relist(self, effect: Relist) -> None:
        link = self._links.get(effect.pabx)
        if link is not None:
            link.relist(effect.listing, effect.queue)
