"""Exhaustive check of the sleep/wake handshake of spec/PROTOCOL.md under TSO (a FIFO store buffer a
thread).

Memory: ring (messages published), ctl (waiting bit, sequence slept on), seq. Waker sends N
messages; sleeper takes N. A lost wake-up is a state in which nobody can step, the sleeper sleeps
and messages are left. Each thread is a generator-free program: (pc, registers); stores go to the
thread's buffer, which drains at any time.
"""

import sys
from collections import deque

N = 3


def run(
    membarrier=True,
    sleeper_fence=True,
    waker_fence=False,
    stale_seq_check=True,
    read_seq_late=False,
):
    # state: mem(ring, ctl_wait, ctl_seq, seq), bufW, bufS, wpc, wregs(sent, c_wait, c_seq,
    # seq_local), spc, sregs(taken, s), asleep, wakes
    init = ((0, 0, 0, 0), (), (), 0, (0, 0, 0, 0), 0, (0, 0), False, 0)
    seen = {init: None}
    q = deque([init])
    most_wakes = 0
    lost = None

    def load(mem, buf, v):
        for var, val in reversed(buf):
            if var == v:
                return val
        return mem[v]

    RING, CW, CS, SEQ = range(4)
    while q:
        st = q.popleft()
        mem, bw, bs, wpc, wr, spc, sr, asleep, wakes = st
        nxt = []

        def setm(m, v, x):
            m = list(m)
            m[v] = x
            return tuple(m)

        # buffers drain
        if bw:
            nxt.append((setm(mem, *bw[0]), bw[1:], bs, wpc, wr, spc, sr, asleep, wakes))
        if bs:
            nxt.append((setm(mem, *bs[0]), bw, bs[1:], wpc, wr, spc, sr, asleep, wakes))
        sent, cw, cs, seq = wr
        # waker: 0 publish; 1 fence?; 2 load ctl; 3 decide, store seq+1; 4 futex_wake
        if wpc == 0 and sent < N:
            nxt.append(
                (
                    mem,
                    bw + ((RING, sent + 1),),
                    bs,
                    1,
                    (sent + 1, cw, cs, seq),
                    spc,
                    sr,
                    asleep,
                    wakes,
                )
            )
        elif wpc == 1:
            if not waker_fence or not bw:
                nxt.append((mem, bw, bs, 2, wr, spc, sr, asleep, wakes))
        elif (
            wpc == 2
        ):  # one 32-bit word: both parts are read at once (they are always stored together)
            nxt.append(
                (
                    mem,
                    bw,
                    bs,
                    3,
                    (sent, load(mem, bw, CW), load(mem, bw, CS), seq),
                    spc,
                    sr,
                    asleep,
                    wakes,
                )
            )
        elif wpc == 3:
            if cw and (cs == seq or not stale_seq_check):
                nxt.append(
                    (
                        mem,
                        bw + ((SEQ, seq + 1),),
                        bs,
                        4,
                        (sent, cw, cs, seq + 1),
                        spc,
                        sr,
                        asleep,
                        wakes,
                    )
                )
            else:
                nxt.append((mem, bw, bs, 0, wr, spc, sr, asleep, wakes))
        elif wpc == 4:  # a system call: drains the buffer first
            if not bw:
                nxt.append((mem, bw, bs, 0, wr, spc, sr, False, wakes + 1))
        taken, s = sr
        # sleeper: 0 take or go on; 1 read seq; 2 store ctl; 3 fence; 4 membarrier; 5 look
        # again; 6 futex_wait; 7 asleep; 8 clear ctl
        if spc == 0 and taken < N:
            if load(mem, bs, RING) > taken:
                nxt.append((mem, bw, bs, wpc, wr, 0, (taken + 1, s), asleep, wakes))
            else:
                nxt.append((mem, bw, bs, wpc, wr, 2 if read_seq_late else 1, sr, asleep, wakes))
        elif spc == 1:
            nxt.append((mem, bw, bs, wpc, wr, 2, (taken, load(mem, bs, SEQ)), asleep, wakes))
        elif (
            spc == 2
        ):  # ctl is one word in truth: stored as one step of two entries that drain together
            v = load(mem, bs, SEQ) if read_seq_late else s
            nxt.append((mem, bw, bs + ((CS, v), (CW, 1)), wpc, wr, 3, (taken, v), asleep, wakes))
        elif spc == 3:
            if not sleeper_fence or not bs:
                nxt.append((mem, bw, bs, wpc, wr, 4, sr, asleep, wakes))
        elif spc == 4:
            if not membarrier or (not bw and not bs):
                nxt.append((mem, bw, bs, wpc, wr, 5, sr, asleep, wakes))
        elif spc == 5:
            nxt.append(
                (mem, bw, bs, wpc, wr, 8 if load(mem, bs, RING) > taken else 6, sr, asleep, wakes)
            )
        elif (
            spc == 6
        ):  # futex_wait: a system call; compares in memory, atomically with going to sleep
            if not bs:
                if mem[SEQ] == s:
                    nxt.append((mem, bw, bs, wpc, wr, 7, sr, True, wakes))
                else:
                    nxt.append((mem, bw, bs, wpc, wr, 8, sr, asleep, wakes))
        elif spc == 7 and not asleep:
            nxt.append((mem, bw, bs, wpc, wr, 8, sr, asleep, wakes))
        elif spc == 8:
            nxt.append((mem, bw, bs + ((CW, 0),), wpc, wr, 0, sr, asleep, wakes))
        most_wakes = max(most_wakes, wakes)
        if not nxt and sr[0] < N:
            lost = st
        for t in nxt:
            if t not in seen:
                seen[t] = st
                q.append(t)
    return len(seen), lost, most_wakes


ok = True
for name, kw, want_lost in [
    ("as designed: membarrier, waker without fence", dict(), False),
    ("no membarrier on either side: fences both", dict(membarrier=False, waker_fence=True), False),
    ("broken: neither membarrier nor waker fence", dict(membarrier=False), True),
    (
        "broken: membarrier, sleeper's own store not drained",
        dict(sleeper_fence=False, membarrier=False, waker_fence=True),
        True,
    ),
    (
        "without the stale-sequence test (correct, but more wakes)",
        dict(stale_seq_check=False),
        False,
    ),
]:
    n, lost, wakes = run(**kw)
    good = bool(lost) == want_lost
    ok &= good
    print(
        f"{'ok ' if good else 'BAD'} {name}: {n} states, "
        f"lost wake-up: {'yes' if lost else 'no'}, most wakes {wakes}"
    )
sys.exit(not ok)
