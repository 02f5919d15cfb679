"""Exhaustive check of making, taking, leaving and removing a ring as spec/PROTOCOL.md has it.

Producers and consumers open a ring or make it, take their role, send or receive, and close; each
step is one that the kernel or the memory does at once, and any process may be killed before any
step. Found has to be: whoever sends into a file, or loses one, that another side has removed; a
file that the last one out has left, or that a killed creator has left and the next one did not
sweep; and whoever waits for ever. The 5 s for which a side that closes is waited for are endless.
"""

import sys
from collections import deque
from typing import NamedTuple, Optional

PRODUCER, CONSUMER, REMOVER = range(3)
NEVER, ATTACHED, CLOSED = range(3)


class Rules(NamedTuple):
    """How processes behave; what is broken on purpose says so."""

    checks_name: bool = True  # after it got its role
    gives_own_back: bool = True  # a producer that waits for the consumer's role
    waits_for_closing: bool = True
    takes_peer: bool = True
    looks_again: bool = True  # with both roles: whether the ring is drained
    unlinks_own: bool = True  # only if the name leads to its file
    replaces: bool = False  # a name that is taken
    sweeps: bool = True
    spares_makers: bool = True


class File(NamedTuple):
    locks: tuple = (None, None)  # who has each role
    states: tuple = (NEVER, NEVER)
    maker: Optional[int] = None
    left: int = 0  # messages that nobody has received
    is_temporary: bool = True
    is_removed: bool = False  # by hand: then it does not matter who sends into it


class Process(NamedTuple):
    kind: int
    step: str = "open"
    file: int = -1
    seen: tuple = ()  # temporary files of creators that seem to be gone


class World(NamedTuple):
    name: Optional[int]
    files: tuple
    processes: tuple
    deaths: int


class Broken(Exception):
    pass


def forget(world):
    """The same without files that nobody can ever see again, and with the others in one order."""
    used = [process.file for process in world.processes]
    used += [at for process in world.processes for at in process.seen]
    used += [world.name] + [at for at, file in enumerate(world.files) if file.is_temporary]
    order = [at for at in dict.fromkeys(used) if at is not None and at >= 0]
    new = {at: number for number, at in enumerate(order)} | {-1: -1, None: None}
    processes = tuple(
        process._replace(file=new[process.file], seen=tuple(sorted(new[at] for at in process.seen)))
        for process in world.processes
    )
    files = tuple(world.files[at] for at in order)
    return World(new[world.name], files, processes, world.deaths)


def put(items, at, item):
    return items[:at] + (item,) + items[at + 1 :]


class Model:
    def __init__(self, kinds, deaths, rules):
        self.rules = rules
        self.kinds, self.deaths = kinds, deaths

    def run(self):
        """How many states there are, and what is wrong in one of them."""
        start = World(None, (), tuple(Process(kind) for kind in self.kinds), self.deaths)
        seen, queue = {start}, deque([start])
        while queue:
            world = queue.popleft()
            try:
                after = self.after(world)
                if not after:
                    self.judge(world)
            except Broken as why:
                return len(seen), str(why)
            for other in map(forget, after):
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
        return len(seen), None

    def after(self, world):
        worlds = []
        for me, process in enumerate(world.processes):
            if process.step in ("end", "dead"):
                continue
            worlds += getattr(self, "do_" + process.step)(world, me, process)
            if world.deaths and process.kind != REMOVER:
                dead = self.let_go(world, me)._replace(deaths=world.deaths - 1)
                worlds.append(self.goes(dead, me, "dead"))
        return worlds

    def judge(self, world):
        """When nobody can do anything any more."""
        if any(process.step not in ("end", "dead") for process in world.processes):
            raise Broken("somebody waits for ever")
        if world.deaths == self.deaths:
            if self.is_left(world) or any(file.is_temporary for file in world.files):
                raise Broken("a file is left behind")
        elif world.name is None and self.kinds[-1] != REMOVER:
            # One more, who has to make it.
            process = Process(PRODUCER)
            world = world._replace(processes=world.processes + (process,), deaths=0)
            me = len(world.processes) - 1
            while world.processes[me].step not in ("lock", "end"):
                (world,) = getattr(self, "do_" + world.processes[me].step)(
                    world, me, world.processes[me]
                )
            if any(file.is_temporary for file in world.files):
                raise Broken("what a creator left behind is not swept")

    def is_left(self, world):
        if world.name is None or world.files[world.name].left:
            return False
        # A producer that holds the consumer's role to tidy up may be taken for a consumer by the
        # next producer, if there never was one: then neither is the last one out, and the ring
        # stays, drained, for whoever comes next.
        has_met = world.files[world.name].states[CONSUMER] != NEVER
        return has_met or self.kinds.count(PRODUCER) == 1

    # What a step is made of

    def goes(self, world, me, step, **changes):
        if step in ("open", "end", "dead"):
            changes = {"file": -1, "seen": ()}
        process = world.processes[me]._replace(step=step, **changes)
        return world._replace(processes=put(world.processes, me, process))

    def change(self, world, at, **changes):
        return world._replace(files=put(world.files, at, world.files[at]._replace(**changes)))

    def lock(self, world, at, role, who):
        return self.change(world, at, locks=put(world.files[at].locks, role, who))

    def let_go(self, world, me):
        for at, file in enumerate(world.files):
            locks = tuple(None if who == me else who for who in file.locks)
            maker = None if file.maker == me else file.maker
            world = self.change(world, at, locks=locks, maker=maker)
        return world

    def unname(self, world, me):
        """The file loses its name, which its sides must not need any more."""
        at = world.name
        for other, process in enumerate(world.processes):
            if other != me and process.file == at and process.step in ("work", "say_closed"):
                raise Broken("a file is removed that somebody uses")
        if world.files[at].left:
            raise Broken("messages are removed")
        return world._replace(name=None)

    # Making

    def do_open(self, world, me, process):
        if process.kind == REMOVER:
            if world.name is None:
                return [self.goes(world, me, "end")]
            removed = self.change(world, world.name, is_removed=True)._replace(name=None)
            return [self.goes(removed, me, "end")]
        if world.name is not None:
            return [self.goes(world, me, "lock", file=world.name)]
        return [self.goes(world, me, "look_for_litter")]

    def do_look_for_litter(self, world, me, process):
        litter = tuple(
            at
            for at, file in enumerate(world.files)
            if file.is_temporary and (file.maker is None or not self.rules.spares_makers)
        )
        return [self.goes(world, me, "sweep", seen=litter if self.rules.sweeps else ())]

    def do_sweep(self, world, me, process):
        for at in process.seen:
            world = self.change(world, at, is_temporary=False)
        return [self.goes(world, me, "make", seen=())]

    def do_make(self, world, me, process):
        world = world._replace(files=world.files + (File(),))
        return [self.goes(world, me, "lock_made", file=len(world.files) - 1)]

    def do_lock_made(self, world, me, process):
        return [self.goes(self.change(world, process.file, maker=me), me, "give_name")]

    def do_give_name(self, world, me, process):
        at = process.file
        made = self.change(world, at, maker=None, is_temporary=False)
        if not world.files[at].is_temporary:  # it was swept
            return [self.goes(made, me, "open")]
        if world.name is not None and not self.rules.replaces:
            return [self.goes(made, me, "open")]
        if world.name is not None:
            made = self.unname(made, me)
        return [self.goes(made._replace(name=at), me, "lock")]

    # Attaching

    def do_lock(self, world, me, process):
        file = world.files[process.file]
        if file.locks[process.kind] is None:
            return [self.goes(self.lock(world, process.file, process.kind, me), me, "check_name")]
        if file.states[process.kind] == ATTACHED:
            return [self.goes(world, me, "end")]  # the role is taken
        return []

    def do_check_name(self, world, me, process):
        if self.rules.checks_name and world.name != process.file:
            return [self.goes(self.let_go(world, me), me, "open")]
        return [self.goes(world, me, "attach")]

    def do_attach(self, world, me, process):
        return [self.goes(self.says(world, process, ATTACHED), me, "work")]

    def says(self, world, process, state):
        states = put(world.files[process.file].states, process.kind, state)
        return self.change(world, process.file, states=states)

    def do_work(self, world, me, process):
        """Sends a message, receives all, or does nothing."""
        file = world.files[process.file]
        if world.name != process.file and not file.is_removed:
            raise Broken("somebody is attached to a file that nobody can open")
        left = file.left + 1 if process.kind == PRODUCER else 0
        worked = self.change(world, process.file, left=left)
        return [self.goes(one, me, "say_closed") for one in (world, worked)]

    # Closing

    def do_say_closed(self, world, me, process):
        return [self.goes(self.says(world, process, CLOSED), me, "look")]

    def do_look(self, world, me, process):
        if world.files[process.file].left:
            return [self.goes(world, me, "leave")]
        if process.kind == PRODUCER and self.rules.gives_own_back:
            world = self.lock(world, process.file, PRODUCER, None)
        return [self.goes(world, me, "lock_peer" if self.rules.takes_peer else "look_again")]

    def do_lock_peer(self, world, me, process):
        file, peer = world.files[process.file], 1 - process.kind
        if file.locks[peer] is None:
            is_producer = process.kind == PRODUCER and self.rules.gives_own_back
            step = "lock_own" if is_producer else "look_again"
            return [self.goes(self.lock(world, process.file, peer, me), me, step)]
        if not file.left and file.states[peer] == CLOSED and self.rules.waits_for_closing:
            return []
        return [self.goes(world, me, "leave")]

    def do_lock_own(self, world, me, process):
        if world.files[process.file].locks[PRODUCER] is not None:
            return [self.goes(world, me, "leave")]
        return [self.goes(self.lock(world, process.file, PRODUCER, me), me, "look_again")]

    def do_look_again(self, world, me, process):
        is_drained = not world.files[process.file].left or not self.rules.looks_again
        is_named = world.name == process.file or not self.rules.unlinks_own
        return [self.goes(world, me, "unlink" if is_drained and is_named else "leave")]

    def do_unlink(self, world, me, process):
        if world.name is not None and (world.name == process.file or not self.rules.unlinks_own):
            world = self.unname(world, me)
        return [self.goes(world, me, "leave")]

    def do_leave(self, world, me, process):
        return [self.goes(self.let_go(world, me), me, "end")]


PAIR = (PRODUCER, CONSUMER)
ok = True
for words, kinds, deaths, rules, is_broken in [
    ("a pair", PAIR, 0, Rules(), False),
    ("a pair, and one of it is killed", PAIR, 1, Rules(), False),
    ("two producers", PAIR + (PRODUCER,), 0, Rules(), False),
    ("two consumers", PAIR + (CONSUMER,), 0, Rules(), False),
    ("two producers, and one of all is killed", PAIR + (PRODUCER,), 1, Rules(), False),
    ("two consumers, and one of all is killed", PAIR + (CONSUMER,), 1, Rules(), False),
    ("a pair, and a removal by hand", PAIR + (REMOVER,), 0, Rules(), False),
    ("a pair, a death, and a removal by hand", PAIR + (REMOVER,), 1, Rules(), False),
    ("broken: does not look at the name", PAIR, 0, Rules(checks_name=False), True),
    ("broken: waits with its own role", PAIR, 0, Rules(gives_own_back=False), True),
    ("broken: does not wait", PAIR, 0, Rules(waits_for_closing=False), True),
    ("broken: does not take the peer's role", PAIR, 0, Rules(takes_peer=False), True),
    ("broken: does not look once more", PAIR + (PRODUCER,), 0, Rules(looks_again=False), True),
    ("broken: removes what has its name now", PAIR + (REMOVER,), 0, Rules(unlinks_own=False), True),
    ("broken: names over another one", PAIR, 0, Rules(replaces=True), True),
    ("broken: does not sweep", PAIR, 1, Rules(sweeps=False), True),
]:
    count, why = Model(kinds, deaths, rules).run()
    good = (why is not None) == is_broken
    ok &= good
    print(f"{'ok ' if good else 'BAD'} {words}: {count} states, {why or 'all is well'}", flush=True)
sys.exit(not ok)
