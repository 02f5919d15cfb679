// Waiting and waking, interruptions, and what all of it costs.
using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using BitRPC.SharedMemory;
using BitRPC.SharedMemory.Messages;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class WaitTests
    {
        private const int Hang = 60000;

        internal static void AddTo(Action<string, Action> add)
        {
            add("a_receive_ends_by_its_timeout_or_an_interrupt", Timeouts);
            add("random_gaps_miss_no_wake_up", Gaps);
            add("a_full_small_ring_misses_no_wake_up", Pressure);
            add("a_refused_membarrier_falls_back_to_fences", RefusedMembarrier);
            add("every_sleep_soon_after_a_refused_membarrier_is_short", Naps);
            add("a_message_found_after_the_bound_is_returned_at_once", FoundAfterBound);
            add("an_interrupt_is_never_lost", Interrupts);
            add("an_idle_receiver_uses_no_processor_time", Idle);
            add("a_million_messages_allocate_nothing", Allocations);
            add("numbers_that_wrap_go_on", Wraps);
            add("a_line_is_logged_once_for_each_event", Logged);
        }

        private static SharedMemoryOptions Diagnosed(long capacity) => new SharedMemoryOptions
        {
            Capacity = capacity,
            Spin = TimeSpan.Zero,
            DiagnoseWakeups = true,
        };

        private static void Timeouts() => Both(4096, (producer, consumer) =>
        {
            Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 0), "at once");
            var time = Stopwatch.StartNew();
            Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 150), "after a while");
            That(time.ElapsedMilliseconds >= 149, "too early");
            time.Restart();
            TimeSpan half = TimeSpan.FromMilliseconds(50.5);
            Is((Status)ErrorCode.Timeout, consumer.TryReceive(out _, half), "as a TimeSpan");
            That(time.Elapsed >= TimeSpan.FromMilliseconds(50), "too early");
            var interrupt = new Thread(consumer.Interrupt);
            interrupt.Start();
            Is((Status)ErrorCode.Timeout, consumer.Receive(out _), "interrupted");
            interrupt.Join();
        });

        private static void Spin(long microseconds)
        {
            long end = Stopwatch.GetTimestamp() + (microseconds * Stopwatch.Frequency / 1000000);
            while (Stopwatch.GetTimestamp() < end)
            {
            }
        }

        private static void Gaps() => Both(Diagnosed(4096), (producer, consumer) =>
        {
            const int Count = 5000;
            int received = 0;
            var receiver = new Thread(() =>
            {
                while (received < Count && consumer.Receive(out _, Hang))
                {
                    received++;
                }
            });
            receiver.Start();
            var random = new Random(9);
            for (int i = 0; i < Count; i++)
            {
                Spin(random.Next(200));
                That(producer.Send(new byte[8]), "send");
            }

            receiver.Join();
            Is(Count, received, "received");
            Is(0UL, consumer.Snapshot.Consumer.MissedWakeups, "missed wake-ups");
        });

        private static void Pressure() => Both(Diagnosed(1024), (producer, consumer) =>
        {
            const int Count = 20000;
            int wrong = 0;
            var receiver = new Thread(() =>
            {
                var expected = new Random(8);
                for (int i = 0; i < Count; i++)
                {
                    bool isThere = consumer.Receive(out ReceivedMessage message, Hang);
                    wrong += isThere && message.Payload.Length == expected.Next(497) ? 0 : 1;
                }
            });
            receiver.Start();
            var random = new Random(8);
            for (int i = 0; i < Count; i++)
            {
                That(producer.Send(new byte[random.Next(497)]), "send");
            }

            receiver.Join();
            Snapshot snapshot = consumer.Snapshot;
            Is(0, wrong, "wrong messages");
            Is(0UL, snapshot.Producer.MissedWakeups, "the producer's missed wake-ups");
            Is(0UL, snapshot.Consumer.MissedWakeups, "the consumer's missed wake-ups");
        });

        private static void RefusedMembarrier()
        {
            if (!Sandbox.IsKnown)
            {
                return;
            }

            Both(Diagnosed(4096), (producer, consumer) =>
            {
                const int Count = 3000;
                int received = 0;
                var receiver = new Thread(() => Sandbox.Run(
                    () =>
                    {
                        while (received < Count && consumer.Receive(out _, Hang))
                        {
                            received++;
                        }
                    },
                    Sandbox.Deny(Sandbox.Membarrier, Sandbox.NotPermitted)));
                receiver.Start();
                var random = new Random(4);
                for (int i = 0; i < Count; i++)
                {
                    Spin(random.Next(150));
                    That(producer.Send(new byte[8]), "send");
                }

                receiver.Join();
                Is(Count, received, "received");
                Is(0UL, consumer.Snapshot.Consumer.MissedWakeups, "missed wake-ups");
                ulong control = Look(consumer.Path, RingHeaderLayout.ConsumerControl);
                Is(0UL, control & 2, "can-membarrier");
            });
        }

        private static void Naps()
        {
            if (!Sandbox.IsKnown)
            {
                return;
            }

            const ulong Second = 1000000000;
            const ulong Nap = 1000000;
            // Until this thread is fast enough.
            for (bool isEarly = false; !isEarly;)
            {
                using (var consumer = new SharedMemoryConsumer(NewName(), Sized(4096)))
                {
                    RingAttachment attachment = consumer.Attachment;
                    That(attachment.IsRegistered, "the kernel has no membarrier");
                    Is(Second, attachment.Shorten(Second), "before");
                    ulong first = 0;
                    ulong second = 0;
                    Sandbox.Run(
                        () =>
                        {
                            ulong start = Platform.Current.MonotonicNs();
                            attachment.FenceWaker();
                            first = attachment.Shorten(Second);
                            second = attachment.Shorten(Second);
                            isEarly = Platform.Current.MonotonicNs() - start <= Nap;
                        },
                        Sandbox.Deny(Sandbox.Membarrier, Sandbox.NotPermitted));
                    That(!isEarly || (first == Nap && second == Nap), "a long sleep");
                    Eventually(() => attachment.Shorten(Second) == Second, "its end");
                }
            }
        }

        /// <summary>
        /// A peer that writes a record into the file and wakes nobody: the bound finds it.
        /// </summary>
        private static void FoundAfterBound()
        {
            foreach (bool diagnoses in new[] { false, true })
            {
                string name = NewName();
                var options = Diagnosed(4096);
                options.DiagnoseWakeups = diagnoses;
                using (var consumer = new SharedMemoryConsumer(name, options))
                {
                    string path = consumer.Path;
                    bool isThere = false;
                    var time = new Stopwatch();
                    var receiver = new Thread(() =>
                    {
                        isThere = consumer.Receive(out _, Hang);
                        time.Stop();
                    });
                    receiver.Start();
                    Eventually(
                        () => (Look(path, RingHeaderLayout.ConsumerControl) & 1) != 0,
                        "the receiver's sleep");
                    time.Start();
                    Poke(path, RingHeaderLayout.Size, (1UL << 32) | 24);
                    receiver.Join();
                    That(isThere, "receive");
                    Is(0UL, consumer.Snapshot.Consumer.MissedWakeups, "nobody missed it");
                    // No waker's lock is held, so there is nothing to diagnose: 100 ms, not more
                    // than a second.
                    That(time.ElapsedMilliseconds < 900, "after " + time.ElapsedMilliseconds);
                    _ = consumer.Clear();
                }

                _ = SharedMemoryFactory.RemoveRing(name);
            }
        }

        private static void Interrupts()
        {
            Both(Diagnosed(4096), (producer, consumer) =>
            {
                int ended = 0;
                var receiver = new Thread(() =>
                {
                    for (; ended < 3000; Volatile.Write(ref ended, ended + 1))
                    {
                        Is((Status)ErrorCode.Timeout, consumer.Receive(out _), "interrupted");
                    }
                });
                receiver.Start();
                var time = new Stopwatch();
                long longest = 0;
                for (int i = 0; i < 3000; i++)
                {
                    Spin(i % 60);
                    time.Restart();
                    consumer.Interrupt();
                    Eventually(() => Volatile.Read(ref ended) > i, "the end of wait " + i);
                    longest = Math.Max(longest, time.ElapsedMilliseconds);
                }

                receiver.Join();
                Is(0UL, consumer.Snapshot.Consumer.MissedWakeups, "missed wake-ups");
                // Nobody waits: the next call that would have to is ended.
                consumer.Interrupt();
                consumer.Interrupt();
                Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "a try does not wait");
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 0), "nor does this");
                That(producer.SendString("in between"), "send");
                Is("in between", consumer.ReceiveString(), "nor does one that finds something");
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _), "this does");
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 20), "and that was all");
            });
            Both(Diagnosed(1024), (producer, consumer) =>
            {
                while (producer.TrySend(new byte[400]))
                {
                }

                producer.Interrupt();
                Is((Status)ErrorCode.Timeout, producer.Send(new byte[400]), "a send");
                consumer.Clear();
            });
        }

        private static void Idle() => Both(4096, (producer, consumer) =>
        {
            // The runtime's own threads are quiet by the second time.
            double best = double.MaxValue;
            for (int attempt = 0; attempt < 10 && best >= 20; attempt++)
            {
                double before = ProcessorMs();
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 2000), "receive");
                best = Math.Min(best, ProcessorMs() - before);
            }

            That(best < 20, best + " ms of processor time in 2 s");
        });

        internal static double ProcessorMs() =>
            Process.GetCurrentProcess().TotalProcessorTime.TotalMilliseconds;

        private static void Allocations() => Both(65536, (producer, consumer) =>
        {
            long drained = 0;
            MessageHandler handler = (in ReceivedMessage message) => drained++;
            SendAndReceive(producer, consumer, handler, 100000); // compiles what it calls
            int collections = GC.CollectionCount(0);
            long before = GC.GetAllocatedBytesForCurrentThread();
            SendAndReceive(producer, consumer, handler, 1000000);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Is(0L, allocated, "bytes allocated");
            Is(collections, GC.CollectionCount(0), "collections");
        });

        private static void SendAndReceive(
            SharedMemoryProducer producer,
            SharedMemoryConsumer consumer,
            MessageHandler handler,
            int count)
        {
            var data = new TestData { Id = 1 };
            // Is not counted: it lies on the stack.
            Span<byte> payload = stackalloc byte[64];
            bool isFine = true;
            for (int i = 0; i < count; i++)
            {
                switch (i % 4)
                {
                    case 0:
                        isFine &= producer.Send(MessageType.Data, payload);
                        break;
                    case 1:
                        isFine &= producer.SendTyped(in data);
                        break;
                    case 2:
                        isFine &= producer.SendString("hello, ring");
                        break;
                    default:
                        isFine &= producer.Claim(MessageType.Data, 40, out Claim claim);
                        claim.Payload.Clear();
                        claim.Commit();
                        break;
                }

                switch (i % 4)
                {
                    case 0:
                        isFine &= consumer.Receive(out ReceivedMessage message);
                        isFine &= message.Payload.Length == 64;
                        break;
                    case 1:
                        isFine &= consumer.ReceiveTyped(out TestData back) && back.Id == 1;
                        break;
                    case 2:
                        isFine &= consumer.TryReceive(out message) && message.Payload.Length == 11;
                        break;
                    default:
                        isFine &= consumer.Drain(handler, out int drained) && drained == 1;
                        break;
                }
            }

            That(isFine, "a call failed");
        }

        private static void Wraps()
        {
            string name = NewName();
            var first = new SharedMemoryProducer(name, Diagnosed(1024));
            That(first.Send(new byte[1]), "so that the file stays");
            string path = first.Path;
            first.Close();
            Poke(path, RingHeaderLayout.MessagesSent, uint.MaxValue);
            Poke(path, RingHeaderLayout.BytesSent, ulong.MaxValue);
            Poke(path, RingHeaderLayout.SendFailures, ulong.MaxValue);
            Poke(path, RingHeaderLayout.ReceiveErrors, ulong.MaxValue);
            Poke(path, RingHeaderLayout.MessagesReceived, ulong.MaxValue);
            Poke(path, RingHeaderLayout.BytesReceived, ulong.MaxValue);
            foreach (int field in new[]
            {
                RingHeaderLayout.DataSequence, RingHeaderLayout.SpaceSequence,
                RingHeaderLayout.ProducerEpoch, RingHeaderLayout.ConsumerEpoch,
            })
            {
                Poke(path, field, uint.MaxValue, 4);
            }

            using (var producer = new SharedMemoryProducer(name, Diagnosed(1024)))
            using (var consumer = new SharedMemoryConsumer(name, Diagnosed(1024)))
            {
                Is(1L, consumer.Clear(), "the first one");
                var receiver = new Thread(() =>
                {
                    for (int i = 0; i < 2000; i++)
                    {
                        That(consumer.Receive(out _, Hang), "receive");
                    }
                });
                receiver.Start();
                for (int i = 0; i < 2000; i++)
                {
                    That(producer.Send(new byte[i % 300]), "send");
                }

                receiver.Join();
                while (producer.TrySend(new byte[100]))
                {
                }

                That(consumer.Receive(out ReceivedMessage message, 0), "receive");
                That(message.MessageId < 3000, "the number went on at 0");
                Is(0UL, consumer.Snapshot.Consumer.MissedWakeups, "missed wake-ups");
                _ = consumer.Statistics.Errors + consumer.Snapshot.UsedBytes;
                _ = consumer.Clear();
            }
        }

        private static void Logged()
        {
            int lines = 0;
            SharedMemoryLog.Sink = (level, line) => Interlocked.Increment(ref lines);
            try
            {
                string name = NewName();
                using (var consumer = new SharedMemoryConsumer(name, Sized(1024)))
                {
                    new SharedMemoryProducer(name, Sized(1024)).Close();
                    int before = lines;
                    for (int i = 0; i < 1000; i++)
                    {
                        _ = consumer.TryReceive(out _);
                    }

                    Poke(consumer.Path, RingHeaderLayout.Size, ulong.MaxValue);
                    for (int i = 0; i < 1000; i++)
                    {
                        Is((Status)ErrorCode.Corrupt, consumer.TryReceive(out _), "bad");
                    }

                    That(lines - before <= 2, (lines - before) + " lines");
                }

                _ = SharedMemoryFactory.RemoveRing(name);
            }
            finally
            {
                SharedMemoryLog.Sink = null;
            }
        }
    }
}
