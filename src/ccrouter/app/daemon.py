"""The daemon: built here, started in order (what can fail first), stopped in reverse."""

import asyncio
import faulthandler
import gc
import itertools
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from ccrouter.agi.server import AgiServer
from ccrouter.agi.session import Desk
from ccrouter.ami.link import PabxLink
from ccrouter.app.addresses import pabx_address
from ccrouter.app.archive import Archive
from ccrouter.app.controls import Control
from ccrouter.app.entry import Entry
from ccrouter.app.fallback import FallbackFile, Said
from ccrouter.app.http import serve_control, serve_http
from ccrouter.app.journal import Recorder
from ccrouter.app.lines import Lines
from ccrouter.app.modes import ModeSwitch
from ccrouter.app.overflow import Overflow
from ccrouter.app.overrides import OverrideSwitch
from ccrouter.app.phones import Telephones
from ccrouter.app.rules_file import RulesFile
from ccrouter.app.standing import StandingOrders
from ccrouter.app.versions import VersionBook
from ccrouter.app.watch import Watch
from ccrouter.app.writer import Writer
from ccrouter.clock import Clock, SystemClock
from ccrouter.config.settings import Settings
from ccrouter.errors import StoreError
from ccrouter.fallback.compile import VERSION_GLOBAL
from ccrouter.live.effects import Relist
from ccrouter.live.events import Listing, Ticked
from ccrouter.live.sites import SiteLimits
from ccrouter.live.state import State
from ccrouter.router import Router
from ccrouter.routing.rules import External, Rules
from ccrouter.store.audit import Audit
from ccrouter.store.claim import claimed
from ccrouter.store.decisions import Decisions
from ccrouter.store.keepers import kept_modes, kept_overrides
from ccrouter.store.modes import Modes
from ccrouter.store.overrides import Overrides
from ccrouter.store.schema import journal_database, state_database
from ccrouter.store.versions import Versions
from ccrouter.telemetry.lag import watch_loop
from ccrouter.telemetry.live import LiveCollector, Sources
from ccrouter.telemetry.logs import Logs
from ccrouter.telemetry.metrics import Metrics, new_registry
from ccrouter.telemetry.notify import Supervisor
from ccrouter.web.facts import facts
from ccrouter.web.journal import journal
from ccrouter.web.overrides import overrides
from ccrouter.web.public import pages
from ccrouter.web.steering import steering
from ccrouter.web.unix_socket import check_alone
from ccrouter.web.versions import versions

TICK_S: Final = 0.5
"""How often time is looked at: hold times, waits that grow, reservations that expire, the watchdog of systemd."""

SWITCH_S: Final = 0.0005
"""How long a thread that compiles a routing file may keep a call waiting at each of its steps; Python's own is 5 ms."""


def run_daemon(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; return the exit code.

    Raises:
        ConfigError: the routing file is bad, and no older one was ever accepted.
        CcrouterError: an address, a socket or a folder can't be used.

    """
    check_alone(settings.control)
    sys.setswitchinterval(SWITCH_S)
    faulthandler.enable()  # the watchdog of systemd ends a hung daemon with SIGABRT: this shows where it hung
    clock = SystemClock()
    with (
        Logs(
            clock, sys.stderr, level=settings.log.level, form=settings.log.form, mask_callers=settings.log.mask_callers
        ) as logs,
        claimed(settings.state_dir, settings.router) as obstacle,
    ):
        if obstacle:
            logs.logger.warning("a second router of this rank would not be noticed", reason=obstacle)
        daemon = Daemon(settings, clock, logs)
        # What was built so far lasts: looking through it for garbage again and again would make calls wait.
        gc.collect()
        gc.freeze()
        with Supervisor(os.environ, os.getpid()) as supervisor:
            asyncio.run(daemon.run(supervisor))
    return 0


def decision_ids() -> Iterator[str]:
    """Return ids that are unique over restarts: six random digits of this run, then a count."""
    run = secrets.token_hex(3)
    return (f"{run}-{n:x}" for n in itertools.count(1))


class Daemon:
    """All parts of one run, put together."""

    def __init__(self, settings: Settings, clock: Clock, logs: Logs) -> None:
        log = logs.logger
        self._settings = settings
        self._clock = clock
        self._log = log
        self._registry = new_registry()
        self._metrics = Metrics(self._registry)
        database = state_database(settings.state_dir, clock)
        audit = Audit(database)
        kept = Versions(database)
        self._rules_file = RulesFile(
            settings.routing,
            kept,
            audit=audit,
            clock=clock,
            metrics=self._metrics,
            log=log,
        )
        self._state = State(_limits(self._rules_file.rules), [pabx.name for pabx in settings.pabxs])
        self._modes = Modes(kept_modes(database))
        self._overrides = Overrides(kept_overrides(database))
        self._recorder = Recorder(
            _journal(settings, clock),
            keep_s=settings.journal.keep_days * 86400,
            clock=clock,
            counts=self._metrics.journal,
            log=log,
        )
        self._writer = Writer(self._state, self._metrics, log, self._relist, self._recorder.note)
        self._router = Router(
            self._rules_file.rules,
            self._state,
            apply=self._writer.apply,
            clock=clock,
            modes=self._modes.on,
            overrides=self._overrides.current,
            ids=decision_ids(),
        )
        self._entry = Entry(self._router, clock, self._metrics, log, self._recorder.note)
        self._archive = Archive(_journal(settings, clock), audit, lambda: self._router.rules, clock)
        self._links = {
            pabx.name: PabxLink(
                pabx_address(pabx),
                sink=self._writer.apply,
                trunks=lambda: _endpoints(self._router.rules),
                lamps=lambda: self._phones.lamps(),  # noqa: PLW0108 - they are made below, with these links
                clock=clock,
                log=log,
                watches=self._metrics.links,
                rank=settings.router,
            )
            for pabx in settings.pabxs
        }
        self._override_switch = OverrideSwitch(self._overrides, lambda: self._router.rules, clock, log)
        self._mode_switch = ModeSwitch(self._modes, lambda: self._router.rules, clock, log, self._modes_changed)
        self._standing = StandingOrders([self._mode_switch, self._override_switch], database.mark, log)
        self._phones = Telephones(
            switch=self._mode_switch,
            rules=lambda: self._router.rules,
            modes_on=self._modes.on,
            links=self._links,
            keep=audit.append,
            counts=self._metrics.codes,
            clock=clock,
            log=log,
        )
        self._fallback = self._compiled(settings)
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
            started_at=clock.now(),
            rank=settings.router,
            fallback=self._fallback,
        )
        self._book = VersionBook(self._rules_file, kept, settings.pabxs[0].name, self._take)
        self._watch = Watch(
            self._rules_file,
            self._saved if settings.reload_on_save else None,
            failed=self._metrics.rules.not_followed,
            clock=clock,
            log=log,
        )
        LiveCollector(
            self._registry,
            clock,
            Sources(
                snapshot=lambda: self._router.facts().snapshot,
                rules=lambda: self._router.rules,
                modes=self._modes.ends,
                overrides=self._override_switch.active,
                log_lines_dropped=lambda: logs.dropped,
                rank=settings.router,
                on_duty=lambda: {name: link.on_duty for name, link in self._links.items()},
            ),
        )

    async def run(self, supervisor: Supervisor) -> None:
        """Serve until told to stop."""
        stop, reload = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, reload.set)
        self._load_kept()
        settings = self._settings
        agi = AgiServer(
            Desk(frozenset(self._links), self._entry, self._phones, self._metrics.agi, self._clock, self._log),
            [(settings.agi.host, settings.agi.port)],
        )
        async with AsyncExitStack() as stack:
            tables = (
                steering(self._control),
                versions(self._book),
                overrides(self._override_switch),
                journal(self._archive),
                facts(self._router),
            )
            open_pages = pages(self._registry, self._control.readiness)
            await stack.enter_async_context(serve_control(settings, self._log, tables))
            await stack.enter_async_context(serve_http(settings.http, self._clock, self._log, open_pages, tables))
            await agi.start()
            stack.push_async_callback(agi.stop)
            self._control.listening = True
            overflow = self._overflow()
            async with asyncio.TaskGroup() as tasks:
                running = [
                    *(tasks.create_task(link.run(), name=f"link {name}") for name, link in self._links.items()),
                    tasks.create_task(self._tick(supervisor), name="tick"),
                    tasks.create_task(watch_loop(self._metrics.loop.seen), name="loop lag"),
                    tasks.create_task(self._standing.end_due(), name="ends of modes and overrides"),
                    tasks.create_task(self._standing.follow(), name="the other router's switches"),
                    tasks.create_task(self._recorder.run(), name="journal"),
                    tasks.create_task(self._phones.run(), name="telephones"),
                    tasks.create_task(overflow.run(), name="overflow"),
                    tasks.create_task(self._lines().run(), name="lines"),
                    *([tasks.create_task(self._fallback.run(), name="fallback")] if self._fallback else []),
                    tasks.create_task(self._reload_on(reload), name="reload"),
                    tasks.create_task(self._watch.run(), name="watch"),
                ]
                supervisor.ready()
                self._log.info("ccrouter runs", rules=self._router.rules.version, pabxs=sorted(self._links))
                await stop.wait()
                supervisor.stopping()
                self._log.info("ccrouter stops")
                # The PABXs hear it first, ask no more, and leave callers who wait to another router; then those who
                # already asked are answered, and the orders under way are waited for.
                await asyncio.gather(*(link.farewell() for link in self._links.values()))
                await asyncio.gather(agi.stop(), overflow.settle())
                for task in running:
                    task.cancel()

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

    def _compiled(self, settings: Settings) -> FallbackFile | None:
        if settings.fallback is None:
            return None
        return FallbackFile(
            settings.fallback,
            lambda at: Said(self._router.rules, self._modes.ends(at), self._overrides.current(at)),
            {name: partial(link.variable, "", VERSION_GLOBAL) for name, link in self._links.items()},
            self._clock,
            self._metrics.fallback,
            self._log,
        )

    def _overflow(self) -> Overflow:
        return Overflow(self._router, self._links, self._entry, self._writer, self._clock, self._metrics, self._log)

    def _load_kept(self) -> None:
        try:
            self._modes.load()
        except StoreError as error:
            self._log.error("modes could not be read, none is on", error=str(error))
        try:
            self._overrides.load()
        except StoreError as error:
            self._log.error("overrides could not be read, none counts", error=str(error))
        self._override_switch.check()

    async def _tick(self, supervisor: Supervisor) -> None:
        while True:
            try:
                self._writer.apply(Ticked(at=self._clock.now()))
                self._router.watch()
            except Exception:  # noqa: BLE001 - the next tick comes in a moment; ending here would end the daemon
                self._metrics.fault("tick")
                self._log.exception("the passing of time could not be followed")
            supervisor.beat()
            await asyncio.sleep(TICK_S)

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
        self._state.configure(_limits(rules))
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


def _journal(settings: Settings, clock: Clock) -> Decisions:
    return Decisions(journal_database(settings.state_dir, clock), mask_callers=settings.journal.mask_callers)


def _endpoints(rules: Rules) -> set[str]:
    return {site.endpoint for site in rules.sites.values() if isinstance(site, External) and site.endpoint}


def _limits(rules: Rules) -> list[SiteLimits]:
    return [
        SiteLimits(site.name, endpoint=site.endpoint, max_calls=site.max_calls)
        if isinstance(site, External)
        else SiteLimits(site.name, queue=site.queue)
        for site in rules.sites.values()
    ]
