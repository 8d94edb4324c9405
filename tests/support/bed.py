"""A PABX without a router: at any instant, under any load that a PABX can have, asked where its calls go."""

import itertools
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ccrouter.outlook.loads import Load, QueueLoad, SiteLoad
from ccrouter.routing.destinations import External, InHouse
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import Health
from phones import Call as Dialled
from phones import Callers
from small_pabx import Layout, SmallPabx, free_port
from support.listener import Event, Listener, ListenerError
from support.quiet_sites import QuietSites

FALLBACK: Final = "ccrouter_fallback.conf"
"""Beside the PABX's own configuration."""

SECRET: Final = secrets.token_hex(8)
RING_S: Final = 600

QUALIFY_S: Final = (86400, 3.0)
"""Looks at the trunks are asked for. A far end has time to answer, however busy the machine is."""

LOOKS: Final = 5
"""How often a trunk is looked at until it is found as it is."""

KEPT: Final = re.compile(r"\b(CCROUTER_(?:LATCH|TURN)\w*)=")
"""Globals of the compiled rules that outlast a call."""

READING: Final = re.compile(r".*(?:WARNING|ERROR)\[.*\] (?:pbx\w*|config|ael\w*|ast_expr2\w*)\.c.*")
"""Lines of the log about the dialplan; the end of a call before may be told meanwhile."""

EXTENSIONS: Final = """
#tryinclude "{folder}/conf/ccrouter_fallback.conf"

; One question: which plan have the compiled rules for this number and caller, and in which second?
[bed-ask]
exten => _[+0-9]!,1,Set(CALLERID(num)=${{BED_CALLER}})
 same => n,Set(CALLERID(num-pres)=${{BED_PRES}})
 same => n,ExecIf($["${{BED_LANGUAGE}}" != ""]?Set(CHANNEL(language)=${{BED_LANGUAGE}}))
 same => n,Set(CCROUTER_NUMBER=${{EXTEN}})
 same => n,Set(BED_AT=${{EPOCH}})
 same => n,Set(CCROUTER_PLAN=none)
 same => n,GotoIf($[0${{DIALPLAN_EXISTS(ccrouter-fallback,${{EXTEN}},1)}} = 0]?told)
 same => n,Gosub(ccrouter-fallback,${{EXTEN}},1)
 same => n(told),UserEvent(BedPlan,Question: ${{BED_QUESTION}},Seconds: ${{BED_AT}} ${{EPOCH}},Plan: ${{CCROUTER_PLAN}})
 same => n,Hangup()

; Parties of a load. However far the clock is put ahead, they stay: no time limit has an end here.
[bed-waits]
exten => _[a-z]!,1,UserEvent(BedIn)
 same => n,Progress()
 same => n,Queue(${{EXTEN}})
 same => n,Hangup()

[bed-at-site]
exten => _[a-z]!,1,Set(GROUP(ccrouter)=${{URIENCODE(${{BED_SITE}})}})
 same => n,UserEvent(BedIn)
 same => n,Progress()
 same => n(on),Wait(600)
 same => n,Goto(on)

[bed-position]
exten => _[a-z]!,1,Ringing()
 same => n(on),Wait(600)
 same => n,Goto(on)

[bed-far-end]
exten => s,1,Wait(600)
 same => n,Goto(1)
"""

MANAGER: Final = f"""
[bed]
secret = {SECRET}
read = user,call,agent,system
write = all
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A call about which the compiled rules are asked; `caller` None stands for a hidden number."""

    number: str
    caller: str | None = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the compiled rules said.

    Attributes:
        plan: its text; `none` where they have no such number.
        seconds: since 1970, in which they were asked: one, or two where it passed meanwhile.

    """

    plan: str
    seconds: frozenset[float]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a real call.

    Attributes:
        plan: that its channel carried in its first step.
        step: kind and target of that step, as the dialplan's runner told.
        entry: where the plan came from.

    """

    plan: str
    step: tuple[str, str]
    entry: str


@dataclass(slots=True)
class Bed:
    """A running PABX of this kind.

    Attributes:
        pabx: it runs, and nobody answers at its router's port.
        asker: an AMI session with all rights.
        sites: far ends of its trunks; each has the name of its trunk.
        folder: takes SIPp's logs.
        agi_port: where it asks for a router.

    """

    pabx: SmallPabx
    asker: Listener
    sites: QuietSites
    folder: Path
    agi_port: int
    _names: Iterator[int] = field(default_factory=itertools.count)
    _members: dict[str, QueueLoad] = field(default_factory=dict)
    _contacts: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The file of compiled rules that the PABX's dialplan includes."""
        return self.pabx.conf / FALLBACK

    def reload(self) -> None:
        """Have the PABX read its dialplan again."""
        self.asker.ask("Command", Command="dialplan reload")

    def install(self, text: str) -> list[str]:
        """Take compiled rules into the dialplan, and return what Asterisk warns of as it reads them."""
        before = len(self.pabx.log.read_text(errors="replace"))
        self.file.write_text(text)
        self.reload()
        return READING.findall(self.pabx.log.read_text(errors="replace")[before:])

    def show(self, at: float) -> None:
        """Put the PABX's clock at an instant, seconds since 1970; what it knows of its trunks stays true."""
        self.pabx.show(at)
        self.find_trunks()

    # --- questions ----------------------------------------------------------------------------------------------------

    def ask(self, questions: Sequence[Question]) -> list[Answered]:
        """Return what the compiled rules say to each."""
        since = len(self.asker.events)
        names = [f"q{next(self._names)}" for _ in questions]
        for name, question in zip(names, questions, strict=True):
            self._originate(
                f"Local/{question.number}@bed-ask/n",
                BED_QUESTION=name,
                BED_CALLER=question.caller or "",
                BED_PRES="prohib" if question.caller is None else "allowed",
                BED_LANGUAGE=question.language,
            )
        self.asker.wait_for(_told("BedPlan"), since=since, count=len(questions))
        met = filter(_told("BedPlan"), self.asker.events[since:])
        told = {event["Question"]: Answered(event["Plan"], _seconds(event)) for event in met}
        return [told[name] for name in names]

    def call(self, question: Question) -> Taken:
        """Place a real SIP call over the carrier's trunk, hang it up in its first step, and return what it had."""
        since, name = len(self.asker.events), f"caller{next(self._names)}"
        headers: tuple[str, ...] = ()
        if question.caller is None:
            headers = ("P-Asserted-Identity: <sip:33698000001@carrier.example>", "Privacy: id")
        caller = "anonymous" if question.caller is None else question.caller or "0999000001"
        dialled = Dialled(caller=caller, number=question.number, headers=headers)
        with Callers(self.pabx, self.folder, [dialled], name=name):
            begun = self.asker.wait_for(_told("CCRouterStep"), since=since)
            plan = self.asker.ask("Getvar", Channel=begun["Channel"], Variable="CCROUTER_PLAN")
            self.asker.ask("Hangup", Channel=begun["Channel"])
            ended = self.asker.wait_for(_told("CCRouterEnd"), since=since)
            self.asker.wait_for(_hung_up(begun["Uniqueid"]), since=since)
        return Taken(plan["Value"], (begun["Kind"], begun["Target"]), ended["Entry"])

    # --- load ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def under(self, load: Load, rules: Rules, *, forgetting: bool = True) -> Iterator[None]:
        """Put the PABX under a load, as far as a PABX can show it, for as long as the block lasts.

        Unless `forgetting` is False, the compiled rules have seen nothing before.
        """
        since = len(self.asker.events)
        queues = sorted({site.queue for site in rules.sites.values() if isinstance(site, InHouse)})
        outside = [site for site in rules.sites.values() if isinstance(site, External)]
        for queue in queues:
            self._seat(queue, load.queues.get(queue, QueueLoad()))
        health = {_trunk(site): load.sites.get(site.name, SiteLoad()).health for site in outside}
        self.sites.silent = {trunk for trunk in health if health[trunk] is Health.DOWN}
        self.find_trunks()
        waiting = [queue for queue in queues for _ in range(load.queues.get(queue, QueueLoad()).waiting)]
        at_sites = [site.name for site in outside for _ in range(load.sites.get(site.name, SiteLoad()).calls)]
        self._bring(waiting, at_sites)
        if forgetting:
            self.forget()
        try:
            yield
        finally:
            self.clear(since)

    def clear(self, since: int) -> None:
        """End all calls; none of them was there before the event with the index `since`."""
        while channels := self.asker.listed("CoreShowChannels"):
            self.asker.ask("Hangup", Channel="/.*/")
            for channel in channels:
                self.asker.wait_for(_hung_up(channel["Uniqueid"]), since=since)

    def forget(self) -> None:
        """Empty the globals in which the compiled rules keep what they have seen."""
        name = self.asker.ask("Command", Command="dialplan show globals")["ActionID"]
        told = next(text for text in reversed(self.asker.raw) if f"ActionID: {name}\r\n" in text)
        for name in KEPT.findall(told):
            self.asker.ask("Setvar", Variable=name, Value="")

    def _bring(self, queues: Sequence[str], sites: Sequence[str]) -> None:
        """Have a caller wait in each of the queues, and a call be at each of the sites."""
        since = len(self.asker.events)
        for queue in queues:
            self._originate(f"Local/{queue}@bed-waits/n")
        for site in sites:
            self._originate("Local/in@bed-at-site/n", BED_SITE=site)
        if queues or sites:
            self.asker.wait_for(_told("BedIn"), since=since, count=len(queues) + len(sites))
        if queues:
            self.asker.wait_for(lambda event: event.get("Event") == "QueueCallerJoin", since=since, count=len(queues))

    def _originate(self, channel: str, **variables: str) -> None:
        """Run a channel through the dialplan; its first sound sets its other end free of any time limit."""
        written = ",".join(f"{name}={value}" for name, value in variables.items())
        about = {"EarlyMedia": "true", "Async": "true", "Variable": written}
        self.asker.send("Originate", Channel=channel, Context="bed-far-end", Exten="s", Priority="1", **about)

    def _seat(self, queue: str, wanted: QueueLoad) -> None:
        """Log positions in: `ready` of them free, then those that talk, then those in a pause, all others gone."""
        if self._members.get(queue) == wanted:
            return
        was = self._members.get(queue, QueueLoad(logged_in=0))
        for n in range(was.logged_in):
            self.asker.ask("QueueRemove", Queue=queue, Interface=f"Local/{queue}{n}@bed-position/n")
        for n in range(wanted.logged_in):
            interface, device = f"Local/{queue}{n}@bed-position/n", f"Custom:{queue}{n}"
            paused = n >= wanted.logged_in - wanted.paused
            state = "INUSE" if n >= wanted.ready and not paused else "NOT_INUSE"
            self.asker.ask("Setvar", Variable=f"DEVICE_STATE({device})", Value=state)
            self.asker.ask(
                "QueueAdd",
                Queue=queue,
                Interface=interface,
                StateInterface=device,
                Paused="true" if paused else "false",
            )
        self._members[queue] = wanted

    def find_trunks(self) -> None:
        """Have qualify find each trunk up or down, as its far end is.

        On a busy machine a look may get no answer in time, and find a trunk down that is up.

        Raises:
            ListenerError: a trunk was looked at several times, and not found as it is.

        """
        wrong: dict[str, str] = {}
        for _ in range(LOOKS):
            since = len(self.asker.events)
            wrong = {
                trunk: wanted for trunk in self.sites.ports if self._status(trunk) != (wanted := self._wanted(trunk))
            }
            if not wrong:
                return
            for trunk in wrong:
                self.asker.ask("PJSIPQualify", Endpoint=trunk)
            for trunk, wanted in wrong.items():
                with suppress(ListenerError):
                    self.asker.wait_for(_found(trunk, wanted), within_s=QUALIFY_S[1] + 1, since=since)
        raise ListenerError(f"looked at {LOOKS} times, and still not as it is: {wrong}")

    def _wanted(self, trunk: str) -> str:
        return "Unreachable" if trunk in self.sites.silent else "Reachable"

    def _status(self, trunk: str) -> str:
        """Return what the compiled rules read of a trunk."""
        if trunk not in self._contacts:
            self._contacts[trunk] = self.asker.ask("Getvar", Variable=f"PJSIP_AOR({trunk},contact)")["Value"]
        return self.asker.ask("Getvar", Variable=f"PJSIP_CONTACT({self._contacts[trunk]},status)")["Value"]


def _trunk(site: External) -> str:
    return site.endpoint.removeprefix("PJSIP/")


def _found(trunk: str, status: str) -> Callable[[Event], bool]:
    return lambda event: (
        event.get("Event") == "ContactStatus" and event["AOR"] == trunk and event["ContactStatus"] == status
    )


def _told(name: str) -> Callable[[Event], bool]:
    return lambda event: event.get("UserEvent") == name


def _hung_up(uniqueid: str) -> Callable[[Event], bool]:
    return lambda event: event.get("Event") == "Hangup" and event["Uniqueid"] == uniqueid


def _seconds(event: Event) -> frozenset[float]:
    return frozenset(float(second) for second in event["Seconds"].split())


@contextmanager
def bed(version: int, files: Iterable[Rules]) -> Iterator[Bed]:
    """Bring up a PABX with the queues and trunks of these routing files, whose clock can be moved."""
    sites = [site for rules in files for site in rules.sites.values()]
    trunks = {_trunk(site) for site in sites if isinstance(site, External)}
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
        stack.callback(shutil.rmtree, folder)
        far = stack.enter_context(QuietSites(sorted(trunks)))
        agi_port = free_port(socket.SOCK_STREAM)
        layout = Layout(
            version=version,
            queues=sorted({site.queue for site in sites if isinstance(site, InHouse)}),
            sites={trunk.removeprefix("trunk-"): port for trunk, port in far.ports.items()},
            statics={"": "play|static|all-circuits-busy-now"},
            agi=f"agi://127.0.0.1:{agi_port}/route",
            ring_s=RING_S,
            qualify_s=QUALIFY_S,
            extra={"extensions.conf": EXTENSIONS.format(folder=folder), "manager.conf": MANAGER},
            movable_clock=True,
        )
        pabx = stack.enter_context(SmallPabx(layout, folder))
        asker = stack.enter_context(Listener(pabx.ami_port, "bed", SECRET))
        made = Bed(pabx, asker, far, folder / "sipp", agi_port)
        made.find_trunks()
        yield made
