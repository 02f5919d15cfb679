"""The end of the interpreter, with threads of the engine still running."""

from __future__ import annotations

import unittest

from support import RingTestCase, run_python

PRELUDE = """
import asyncio, sys, threading, time
from shared_memory_api import *
"""

ENDINGS = {
    "a_receiving_manager": """
manager = SharedMemoryManager("ring", is_producer=False, capacity=4096)
manager.start()
""",
    "a_sending_manager": """
manager = SharedMemoryManager("ring", is_producer=True, capacity=4096)
manager.start(None)
""",
    "a_manager_whose_handler_runs": """
manager = SharedMemoryManager("ring", is_producer=False, capacity=4096)
running = threading.Event()
manager.on_any(lambda message: (running.set(), time.sleep(0.3)))
manager.start()
producer = SharedMemoryProducer("ring")
producer.send(b"1")
running.wait()
""",
    "a_manager_that_was_forgotten": """
manager = SharedMemoryManager("ring", is_producer=False, capacity=4096)
manager.start()
del manager
""",
    "a_manager_in_a_cycle": """
class Holder: pass
holder = Holder()
holder.manager = SharedMemoryManager("ring", is_producer=False, capacity=4096)
holder.itself = holder
holder.manager.start()
del holder
""",
    "a_wait_of_asyncio": """
consumer = SharedMemoryConsumer("ring", 4096)
async def main():
    task = asyncio.create_task(consumer.receive_async())
    await asyncio.sleep(0.05)
asyncio.run(main())
""",
    "a_thread_that_waits": """
consumer = SharedMemoryConsumer("ring", 4096)
threading.Thread(target=consumer.receive, daemon=True).start()
while not consumer._link._asleep: time.sleep(0.001)
""",
    "an_exception": """
manager = SharedMemoryManager("ring", is_producer=False, capacity=4096)
manager.start()
sys.exit(7)
""",
}


class ExitTest(RingTestCase):
    def test_the_interpreter_ends_though_nobody_closed(self) -> None:
        for name, code in ENDINGS.items():
            with self.subTest(name=name):
                ended = run_python(PRELUDE + code)
                self.assertEqual(ended.returncode, 7 if name == "an_exception" else 0, ended.stderr)

    def test_a_forked_child_ends_though_its_parent_had_a_thread(self) -> None:
        code = """
import os
manager = SharedMemoryManager("ring", is_producer=False, capacity=4096)
manager.start()
child = os.fork()
if child == 0:
    manager.close()
    sys.exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
assert manager.is_running
"""
        # Python warns of forks beside threads since 3.12.
        ended = run_python("import warnings; warnings.simplefilter('ignore')\n" + PRELUDE + code)
        self.assertEqual(ended.returncode, 0, ended.stderr)


if __name__ == "__main__":
    unittest.main()
