"""Exhaustive check of sleeping and waking as spec/PROTOCOL.md has it, under TSO.

Each thread's stores go to a FIFO buffer, which drains at any time.

A waker sends N messages, a sleeper takes them, and an interrupter may end a wait. Memory is the
ring (messages published), the sleeper's control word (waiting, sequence slept on, can-membarrier),
the waker's sequence, and two words of the sleeper's process: whether an interrupt was raised, and
whether the sleeper sleeps or is about to. The bound of every sleep is left out: what only the bound
would end is lost, and shows as a state in which nobody can step and something is left to do.
"""

import sys
from collections import deque
from typing import NamedTuple

N = 3
RING, CONTROL, SEQUENCE, RAISED, ASLEEP = range(5)


class Control(NamedTuple):
    waiting: bool = False
    sequence: int = 0
    can: bool = False  # its owner issues a membarrier before it sleeps


class Rules(NamedTuple):
    """How the threads behave; what is broken on purpose says so."""

    membarrier: bool = True
    works: int = 9  # membarriers that the kernel allows before it refuses them
    interrupts: int = 0
    removal: bool = False  # the sleeper finds the file removed in the end, and says so
    # Broken, where they are not as here:
    waker_fences: bool = True
    sleeper_fences: bool = True
    naps: bool = True
    naps_only_at_once: bool = False
    takes_bit_back: bool = True
    tells_removal: bool = True
    raises_first: bool = True
    wakes_until_awake: bool = True
    looks_at_flag: bool = True
    # Merely more expensive:
    checks_sequence: bool = True


class Waker(NamedTuple):
    step: str = "publish"
    sent: int = 0
    control: Control = Control()
    sequence: int = 0
    late: bool = False  # this send began when the removal had been told


class Sleeper(NamedTuple):
    step: str = "take"
    taken: int = 0
    sequence: int = 0
    registered: bool = True
    barriers: int = 0  # membarriers issued
    napping: bool = False  # the next sleep is a nap: what was published before a refusal is coming
    drains: int = -1  # of the waker's buffer, before a nap may end; -1: no nap
    got: int = 0  # interrupts that ended a wait


class State(NamedTuple):
    memory: tuple
    waker_buffer: tuple
    sleeper_buffer: tuple
    waker: Waker
    sleeper: Sleeper
    interrupter: str
    in_kernel: bool
    unseen: bool  # a send went by after the removal was told, and noticed nothing


def load(memory, buffer, variable):
    for name, value in reversed(buffer):
        if name == variable:
            return value
    return memory[variable]


def stored(memory, variable, value):
    return memory[:variable] + (value,) + memory[variable + 1 :]


def waker_steps(s, rules):
    w, buffer = s.waker, s.waker_buffer
    if w.step == "publish" and w.sent < N:
        told = rules.removal and s.sleeper.step == "done" and not s.sleeper_buffer
        w = w._replace(step="look", sent=w.sent + 1, late=told)
        yield s._replace(waker=w, waker_buffer=buffer + ((RING, w.sent),))
    elif w.step == "look":
        control = load(s.memory, buffer, CONTROL)
        settled = rules.membarrier and control.can
        quiet = settled and not control.waiting
        w = w._replace(control=control, step="decide" if settled else "fence")
        yield s._replace(waker=w, unseen=s.unseen or (w.late and quiet))
    elif w.step == "fence" and (not buffer or not rules.waker_fences):
        control = load(s.memory, buffer, CONTROL)
        yield s._replace(waker=w._replace(control=control, step="decide"))
    elif w.step == "decide":
        c = w.control
        if c.waiting and (c.sequence == w.sequence or not rules.checks_sequence):
            w = w._replace(sequence=w.sequence + 1, step="wake")
            yield s._replace(waker=w, waker_buffer=buffer + ((SEQUENCE, w.sequence),))
        else:
            yield s._replace(waker=w._replace(step="publish"))
    elif w.step == "wake" and not buffer:  # a system call drains the buffer
        yield s._replace(waker=w._replace(step="publish"), in_kernel=False)


def sleeper_steps(s, rules):
    p, buffer, memory = s.sleeper, s.sleeper_buffer, s.memory

    def at(step, **changes):
        return p._replace(step=step, **changes)

    def push(control):
        return buffer + ((CONTROL, control),)

    has_message = load(memory, buffer, RING) > p.taken
    if p.step == "take":
        if has_message:
            yield s._replace(sleeper=at("take", taken=p.taken + 1))
        elif memory[RAISED]:  # nothing there, and the wait is to end
            yield s._replace(
                sleeper=at("take", got=p.got + 1), memory=stored(memory, RAISED, False)
            )
        elif rules.removal:
            # It looks at the file instead of sleeping on, and takes back that it issues barriers.
            can = not rules.tells_removal
            yield s._replace(sleeper=at("done"), sleeper_buffer=push(Control(can=can)))
        elif p.taken < N or p.got < rules.interrupts:
            yield s._replace(sleeper=at("read"))
    elif p.step == "read":
        yield s._replace(sleeper=at("lie down", sequence=load(memory, buffer, SEQUENCE)))
    elif p.step == "lie down" and not buffer:  # the flag of this process is stored with a fence
        yield s._replace(
            sleeper=at("fence", napping=p.napping and not rules.naps_only_at_once),
            memory=stored(memory, ASLEEP, True),
            sleeper_buffer=push(Control(True, p.sequence, p.registered)),
        )
    elif p.step == "fence" and (not buffer or not rules.sleeper_fences):
        yield s._replace(sleeper=at("barrier" if p.registered else "look"))
    elif p.step == "barrier" and p.barriers < rules.works:
        if not buffer and not s.waker_buffer:  # the waker executes a fence
            yield s._replace(sleeper=at("look", barriers=p.barriers + 1))
    elif p.step == "barrier":
        control = Control(True, p.sequence, not rules.takes_bit_back)
        refused = at("refused", registered=False, napping=rules.naps)
        yield s._replace(sleeper=refused, sleeper_buffer=push(control))
    elif p.step == "refused" and not buffer:
        yield s._replace(sleeper=at("look"))
    elif p.step == "look":
        leaves = has_message or (memory[RAISED] and rules.looks_at_flag)
        yield s._replace(sleeper=at("get up" if leaves else "wait"))
    elif p.step == "wait" and not buffer:
        if memory[SEQUENCE] != p.sequence:
            yield s._replace(sleeper=at("get up"))
        else:
            # What is in the waker's buffer now is visible before a nap is over.
            drains = len(s.waker_buffer) if p.napping else -1
            yield s._replace(sleeper=at("sleep", drains=drains), in_kernel=True)
    elif p.step == "sleep" and (not s.in_kernel or p.drains == 0):
        # A nap that was cut short is still to be had.
        is_rested = p.drains <= 0
        up = at("get up", drains=-1, napping=p.napping and not is_rested)
        yield s._replace(sleeper=up, in_kernel=False)
    elif p.step == "get up":
        can = p.registered or not rules.takes_bit_back
        yield s._replace(sleeper=at("awake"), sleeper_buffer=push(Control(can=can)))
    elif p.step == "awake" and not buffer:
        yield s._replace(sleeper=at("take"), memory=stored(memory, ASLEEP, False))


def interrupter_steps(s, rules):
    step, memory = s.interrupter, s.memory
    if step == "idle" and not memory[RAISED] and s.sleeper.got < rules.interrupts:
        yield s._replace(interrupter="raise" if rules.raises_first else "nudge")
    elif step == "raise":
        after = "nudge" if rules.raises_first else "idle"
        yield s._replace(memory=stored(memory, RAISED, True), interrupter=after)
    elif step == "nudge":
        goes_on = memory[ASLEEP] and (memory[RAISED] or not rules.raises_first)
        yield s._replace(interrupter="wake" if goes_on else "nudged")
    elif step == "wake":
        again = rules.wakes_until_awake and rules.raises_first
        yield s._replace(in_kernel=False, interrupter="nudge" if again else "nudged")
    elif step == "nudged":
        yield s._replace(interrupter="idle" if rules.raises_first else "raise")


def drains(s):
    if s.waker_buffer:
        p = s.sleeper
        if p.drains > 0:
            p = p._replace(drains=p.drains - 1)
        memory = stored(s.memory, *s.waker_buffer[0])
        yield s._replace(memory=memory, waker_buffer=s.waker_buffer[1:], sleeper=p)
    if s.sleeper_buffer:
        memory = stored(s.memory, *s.sleeper_buffer[0])
        yield s._replace(memory=memory, sleeper_buffer=s.sleeper_buffer[1:])


def is_over(s, rules):
    if rules.removal:
        return s.sleeper.step == "done" and s.waker.sent == N and s.waker.step == "publish"
    return s.sleeper.taken == N and s.sleeper.got >= rules.interrupts


def explore(rules):
    """The number of states, and what is wrong in one of them, if anything is."""
    first = State(
        memory=(0, Control(can=rules.membarrier), 0, False, False),
        waker_buffer=(),
        sleeper_buffer=(),
        waker=Waker(),
        sleeper=Sleeper(registered=rules.membarrier),
        interrupter="idle",
        in_kernel=False,
        unseen=False,
    )
    seen, queue, wrong = {first}, deque([first]), None
    while queue:
        s = queue.popleft()
        following = [*drains(s), *waker_steps(s, rules), *sleeper_steps(s, rules)]
        following += interrupter_steps(s, rules)
        if s.unseen:
            wrong = "a removal was told and not seen"
        if not following and not is_over(s, rules):
            wrong = "a wake-up or an interrupt is lost"
        for state in following:
            if state not in seen:
                seen.add(state)
                queue.append(state)
    return len(seen), wrong


CASES = [
    ("membarrier, the waker without fence", Rules(), False),
    ("no membarrier on either side: fences on both", Rules(membarrier=False), False),
    ("without the stale-sequence test: more wakes", Rules(checks_sequence=False), False),
    ("broken: the waker has no fence", Rules(membarrier=False, waker_fences=False), True),
    ("broken: the sleeper has no fence", Rules(membarrier=False, sleeper_fences=False), True),
    *((f"membarrier is refused after {k}", Rules(works=k), False) for k in range(3)),
    *((f"broken: refused after {k}, no nap", Rules(works=k, naps=False), True) for k in range(2)),
    ("broken: no nap later, if not at once", Rules(works=0, naps_only_at_once=True), True),
    ("broken: refused, and says that it is not", Rules(works=0, takes_bit_back=False), True),
    ("one interrupt", Rules(interrupts=1), False),
    ("two interrupts", Rules(interrupts=2), False),
    ("interrupts without membarrier", Rules(membarrier=False, interrupts=2), False),
    ("an interrupt, and a refusal", Rules(works=1, interrupts=1), False),
    ("broken: wakes first, then raises", Rules(interrupts=1, raises_first=False), True),
    ("broken: wakes only once", Rules(interrupts=1, wakes_until_awake=False), True),
    ("a removal that the sleeper tells of", Rules(removal=True), False),
    ("broken: the sleeper keeps it to itself", Rules(removal=True, tells_removal=False), True),
]


def main():
    good = True
    for name, rules, is_broken in CASES:
        states, wrong = explore(rules)
        is_right = (wrong is not None) == is_broken
        good &= is_right
        print(f"{'ok ' if is_right else 'BAD'} {name}: {states} states, {wrong or 'all is well'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
