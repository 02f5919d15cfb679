"""Random check of in-band publication and recovery of spec/PROTOCOL.md: the producer may die before
any store, also while it recovers.

Every 8-byte word is a cell; memory starts as zeros and is never cleared by the reader. Exactly
the published records must come out, once, in order.
"""

import random, sys

HEADER = 16


class Dead(Exception):
    pass


def simulate(seed, capacity=256, records=120, zero_next=True, walk=True, sent_first=True):
    rnd = random.Random(seed)
    cells = [None] * (capacity // 8)  # None reads as 0; a value is (length, type, id) or garbage
    mem = {"write": 0, "read": 0, "sent": 0}
    published = []
    got = []
    free_of_death = [rnd.randrange(1, 60)]

    def word(pos):
        return cells[(pos % capacity) // 8]

    def put(pos, v):
        cells[(pos % capacity) // 8] = v

    def death():  # called before every store
        free_of_death[0] -= 1
        if free_of_death[0] <= 0:
            free_of_death[0] = rnd.randrange(1, 80)
            raise Dead

    def stride(n):
        return (HEADER + n + 7) & ~7

    class Producer:
        def attach(self):
            w, sent = mem["write"], mem["sent"]
            if walk:
                start = w
                while word(w) is not None:
                    length, kind, ident = word(w)
                    step = (length + 7) & ~7
                    assert step <= capacity and w - start < capacity, "walk left the lap"
                    w += step
                    if kind:
                        sent = ident + 1
                death()
                mem["sent"] = sent
                death()
                mem["write"] = w
            self.w, self.sent = w, sent

        def place(self, n, first):
            """Returns (position of the record, padding position or None) or None when full."""
            s = stride(n)
            off = self.w % capacity
            rem = capacity - off
            need = s if s <= rem else rem + s
            return (
                None if self.w + need + 8 > mem["read"] + capacity else (s, rem if s > rem else 0)
            )

        def send(self, sizes):
            """One batch: all records written, the first word published last."""
            w, sent, first = self.w, self.sent, None
            plan = []
            for n in sizes:
                s = stride(n)
                off = w % capacity
                rem = capacity - off
                pad = rem if s > rem else 0
                if w + pad + s + 8 > mem["read"] + capacity:
                    break
                if pad:
                    death()
                    put(w + pad, None)
                    plan.append((w, (pad, 0, 0)))
                    w += pad
                for p in range(w + 8, w + s, 8):
                    death()
                    put(p, ("garbage", rnd.random()))
                if zero_next:
                    death()
                    put(w + s, None)
                plan.append((w, (HEADER + n, 1, sent)))
                w += s
                sent += 1
            for pos, v in plan[1:]:
                death()
                put(pos, v)
            if plan:
                death()
                put(*plan[0])
                published.extend(v[2] for _, v in plan if v[1])
                first, second = (
                    (("sent", sent), ("write", w))
                    if sent_first
                    else (("write", w), ("sent", sent))
                )
                death()
                mem[first[0]] = first[1]
                death()
                mem[second[0]] = second[1]
                self.w, self.sent = w, sent

    producer = None
    r = 0
    rounds = 0
    while len(got) < records:
        rounds += 1
        assert rounds < 20000, "stuck"
        for _ in range(rnd.randrange(1, 4)):
            try:
                if producer is None:
                    p = Producer()
                    p.attach()
                    producer = p
                producer.send(
                    [
                        rnd.choice(
                            [0, 1, 8, 20, 40, 100, capacity // 2 - HEADER][
                                : None if capacity > 64 else 4
                            ]
                        )
                        for _ in range(rnd.choice([1, 1, 1, 2, 3]))
                    ]
                )
            except Dead:
                producer = None
        for _ in range(rnd.randrange(0, 5)):
            v = word(r)
            if v is None:
                break
            length, kind, ident = v
            assert isinstance(length, int), "reader saw unpublished bytes"
            if kind:
                got.append(ident)
            r += (length + 7) & ~7
            mem["read"] = r
    assert got == list(range(len(got))), "lost, repeated or out of order"
    assert got == published[: len(got)]


def tries(n, **kw):
    bad = 0
    why = {}
    for seed in range(n):
        try:
            simulate(seed, **kw)
        except (AssertionError, TypeError, ValueError) as e:
            bad += 1
            why.setdefault(str(e)[:50], seed)
    return bad, why


n = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
for name, kw, broken in [
    ("as designed", {}, False),
    ("capacity 64", dict(capacity=64), False),
    ("broken: next word not zeroed", dict(zero_next=False), True),
    ("broken: no walk", dict(walk=False), True),
    ("broken: write_position stored before messages_sent", dict(sent_first=False), True),
]:
    bad, why = tries(n, **kw)
    print(
        f"{'ok ' if bool(bad) == broken else 'BAD'} {name}: "
        f"{bad} of {n} runs wrong {why if bad else ''}"
    )
