"""Which commands bring a fault about, and which undo it. Nothing here runs anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from fairlead.errors import InputError

_MARK = ("-m", "comment", "--comment", "fairlead-fault")
_ENGINE_PID = "/run/docker.pid"
RELAY = "/run/fairlead-relay.py"
_RELAY_PID = "/run/fairlead-relay.pid"
# The ports of a server, and where the relay stands in for each.
_RELAYED = {22: 7022, 80: 7080, 443: 7443}


class Fault(StrEnum):
    """A fault by name."""

    KILL = "kill"
    PAUSE = "pause"
    PARTITION = "partition"
    SLOW = "slow"
    REGISTRY = "registry"
    DISK = "disk"
    CLOCK = "clock"
    ENGINE = "engine"
    HOST = "host"


MEANINGS = {
    Fault.KILL: "SIGKILL to the agent, a container or a process of this machine",
    Fault.PAUSE: "the server stands still: every process frozen, connections open",
    Fault.PARTITION: "no packet passes between the client and the server; the registry stays reachable",
    Fault.SLOW: "packets of the server are held back, or its connections are by a relay",
    Fault.REGISTRY: "the server's connections to the registry are refused; or the registry is down for all",
    Fault.DISK: "no space is left below /srv/fairlead",
    Fault.CLOCK: "the clock of the agent, and of every Python program of the server, steps ahead or back",
    Fault.ENGINE: "the engine of the server is restarted, or killed, and comes back by itself",
    Fault.HOST: "power cut: the server and all in it is gone at once, then boots again",
}


@dataclass(frozen=True)
class Step:
    """One command to the local engine.

    Attributes:
        tolerant: it may fail: what it undoes may not be there.
        attempts: how often it is tried before it has failed.
    """

    words: tuple[str, ...]
    stdin: bytes = b""
    tolerant: bool = False
    attempts: int = 1


@dataclass(frozen=True)
class Facts:
    """What the commands depend on: looked up once, before.

    Attributes:
        server: the container of the server.
        registry: the container of the registry.
        gateway: the address from which clients reach the server.
        registry_address: where the server finds the registry (port 5080).
        has_netem: whether the kernel can hold packets back.
    """

    server: str
    registry: str
    gateway: str
    registry_address: str
    has_netem: bool


@dataclass(frozen=True)
class Options:
    """What a fault can be told besides its name.

    Attributes:
        container: kill this container of the server.
        agent: kill the host agent on the server.
        delay_ms: slow: how long a packet (or, by the relay, a piece of a stream) is held back.
        rate: slow: bits a second as ``tc`` writes them, such as ``1mbit``; empty for no limit.
        everywhere: registry: down for all, not for this server only.
        hard: engine: SIGKILL, as a crash would, instead of SIGTERM, as an upgrade would.
        left: disk: bytes that stay free.
        size: disk: bytes of the small file system that takes the place of /srv/fairlead.
        skew: clock: seconds by which it is ahead, or behind where negative.
    """

    container: str = ""
    agent: bool = False
    delay_ms: int = 200
    rate: str = ""
    everywhere: bool = False
    hard: bool = False
    left: int = 0
    size: int = 128 << 20
    skew: float = 3600.0


@dataclass(frozen=True)
class FaultPlan:
    """``apply`` in order; ``undo`` in order, each step harmless when there is nothing to undo.

    Attributes:
        lasts: whether the fault holds until it is undone; another is over when it is applied.
        reboots: whether the server, or its engine, has to come up again afterwards.
    """

    apply: tuple[Step, ...]
    undo: tuple[Step, ...] = ()
    lasts: bool = True
    reboots: bool = False


def plan_fault(fault: Fault, facts: Facts, options: Options) -> FaultPlan:
    """The commands of a fault.

    Raises:
        InputError: the options do not say what to do.
    """
    return _PLANS[fault](facts, options)


def plan_clear(facts: Facts) -> tuple[Step, ...]:
    """What undoes every fault of a server, whichever it has."""
    plans = [
        plan_fault(fault, facts, options)
        for fault, options in (
            (Fault.PAUSE, Options()),
            (Fault.HOST, Options()),
            (Fault.PARTITION, Options()),
            (Fault.SLOW, Options(rate="1mbit")),
            (Fault.REGISTRY, Options()),
            (Fault.REGISTRY, Options(everywhere=True)),
            (Fault.DISK, Options()),
            (Fault.CLOCK, Options()),
        )
    ]
    return tuple(dict.fromkeys(step for plan in plans for step in plan.undo))


def _plan_kill(facts: Facts, options: Options) -> FaultPlan:
    if options.agent == bool(options.container):
        raise InputError("say whom to kill", fix="--agent, --container NAME, or --pid NUMBER of this machine")
    if options.agent:
        words: tuple[str, ...] = ("exec", facts.server, "python3", "-c", _script("kill_agent.py"))
    else:
        words = ("exec", facts.server, "docker", "kill", "--signal", "KILL", options.container)
    return FaultPlan((Step(words),), lasts=False)


def _plan_pause(facts: Facts, _: Options) -> FaultPlan:
    # A group of processes in which one is being born cannot be frozen at that moment.
    freeze = Step(("pause", facts.server), attempts=3)
    return FaultPlan((freeze,), (Step(("unpause", facts.server), tolerant=True),))


def _plan_partition(facts: Facts, _: Options) -> FaultPlan:
    """Before any address is translated, so that published ports of containers are cut off as well."""
    return _rules(
        facts,
        ("mangle", ("PREROUTING", "-s", facts.gateway), ("DROP",)),
        ("mangle", ("POSTROUTING", "-d", facts.gateway), ("DROP",)),
    )


def _plan_slow(facts: Facts, options: Options) -> FaultPlan:
    undo = (Step(("exec", facts.server, "tc", "qdisc", "del", "dev", "eth0", "root"), tolerant=True),)
    shape: tuple[str, ...] = ("exec", facts.server, "tc", "qdisc", "replace", "dev", "eth0", "root")
    if options.rate:
        apply = (Step((*shape, "tbf", "rate", options.rate, "burst", "32kb", "latency", "400ms")),)
    elif facts.has_netem:
        apply = (Step((*shape, "netem", "delay", f"{options.delay_ms}ms")),)
    else:
        return _plan_relay(facts, options)
    return FaultPlan(apply, (*undo, *_plan_relay(facts, options).undo))


def _plan_relay(facts: Facts, options: Options) -> FaultPlan:
    """Where the kernel holds nothing back: a relay in the server takes new connections and delays what they carry."""
    ports = ",".join(f"{port}:{stand_in}" for port, stand_in in _RELAYED.items())
    rules = _rules(
        facts,
        *(
            (
                "nat",
                ("PREROUTING", "-i", "eth0", "-s", facts.gateway, "-p", "tcp", "--dport", str(port)),
                ("REDIRECT", "--to-ports", str(stand_in)),
            )
            for port, stand_in in _RELAYED.items()
        ),
    )
    start = (
        Step(("exec", "-i", facts.server, "sh", "-c", f"cat > {RELAY}"), stdin=_script("relay.py").encode()),
        Step(("exec", "--detach", facts.server, "python3", RELAY, str(options.delay_ms), ports, _RELAY_PID)),
        Step(("exec", facts.server, "sh", "-c", f"until [ -s {_RELAY_PID} ]; do sleep 0.05; done")),
    )
    stop = Step(
        ("exec", facts.server, "sh", "-c", f"kill $(cat {_RELAY_PID}); rm -f {_RELAY_PID}"), tolerant=True
    )
    return FaultPlan((*start, *rules.apply), (*rules.undo, stop))


def _plan_registry(facts: Facts, options: Options) -> FaultPlan:
    if options.everywhere:
        return FaultPlan((Step(("kill", facts.registry)),), (Step(("start", facts.registry), tolerant=True),))
    match = ("OUTPUT", "-p", "tcp", "-d", facts.registry_address, "--dport", "5080")
    return _rules(facts, ("filter", match, ("REJECT", "--reject-with", "tcp-reset")))


def _plan_disk(facts: Facts, options: Options) -> FaultPlan:
    script = ("exec", facts.server, "python3", "-c", _script("disk.py"))
    fill = Step((*script, "fill", str(options.size), str(options.left)))
    return FaultPlan((fill,), (Step((*script, "free"), tolerant=True),))


def plan_small_disk(facts: Facts, options: Options) -> FaultPlan:
    """Put a small file system in the place of /srv/fairlead, for apps that come afterwards; it stays."""
    words = ("exec", facts.server, "python3", "-c", _script("disk.py"), "small", str(options.size))
    return FaultPlan((Step(words),), lasts=False)


def _plan_clock(facts: Facts, options: Options) -> FaultPlan:
    script = ("exec", facts.server, "python3", "-c", _script("clock.py"))
    return FaultPlan(
        (Step((*script, "set", f"{options.skew:g}")),), (Step((*script, "clear"), tolerant=True),)
    )


def plan_clock_ready(server: str) -> tuple[Step, ...]:
    """Let the clock be set under programs that start from now on, and run when it is."""
    return (Step(("exec", server, "python3", "-c", _script("clock.py"), "install")),)


def _plan_engine(facts: Facts, options: Options) -> FaultPlan:
    """Its server's first process starts it again; the step ends when it has gone."""
    number = "KILL" if options.hard else "TERM"
    words = f"pid=$(cat {_ENGINE_PID}); kill -{number} $pid; while [ -d /proc/$pid ]; do sleep 0.05; done"
    kill = Step(("exec", facts.server, "sh", "-c", words))
    return FaultPlan((kill,), lasts=False, reboots=True)


def _plan_host(facts: Facts, _: Options) -> FaultPlan:
    return FaultPlan(
        (Step(("kill", facts.server)),), (Step(("start", facts.server), tolerant=True),), reboots=True
    )


def _rules(facts: Facts, *rules: tuple[str, tuple[str, ...], tuple[str, ...]]) -> FaultPlan:
    """Packet filter rules (table, chain and match, target), put in first place and taken out again."""

    def words(action: str, table: str, match: tuple[str, ...], target: tuple[str, ...]) -> tuple[str, ...]:
        chain, *where = match
        return (
            "exec", facts.server, "iptables", "-w", "-t", table, action, chain, *where, *_MARK, "-j", *target,
        )  # fmt: skip

    return FaultPlan(
        tuple(Step(words("-I", *rule)) for rule in rules),
        tuple(Step(words("-D", *rule), tolerant=True) for rule in rules),
    )


def _script(name: str) -> str:
    return resources.files("lab.fault").joinpath("scripts", name).read_text()


_PLANS: dict[Fault, Callable[[Facts, Options], FaultPlan]] = {
    Fault.KILL: _plan_kill,
    Fault.PAUSE: _plan_pause,
    Fault.PARTITION: _plan_partition,
    Fault.SLOW: _plan_slow,
    Fault.REGISTRY: _plan_registry,
    Fault.DISK: _plan_disk,
    Fault.CLOCK: _plan_clock,
    Fault.ENGINE: _plan_engine,
    Fault.HOST: _plan_host,
}
