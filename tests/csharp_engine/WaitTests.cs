// Waiting, waking, threads of its own, and what all of it costs.
using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using BitRPC.SharedMemory;
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
            add("an_idle_receiver_uses_no_processor_time", Idle);
            add("a_million_messages_allocate_nothing", Allocations);
            add("asynchronous_receives_wait_and_can_be_cancelled", Asynchronous);
            add("a_manager_dispatches_beats_and_stops", Managers);
            add("a_manager_tells_of_each_end_and_goes_on", Ends);
        }

        private static void Timeouts()
        {
            string name = NewName();
            using (new SharedMemoryProducer(name, Sized(4096)))
            using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 0), "at once");
                var time = Stopwatch.StartNew();
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 150), "after a while");
                That(time.ElapsedMilliseconds >= 149, "too early");
                var interrupt = new Thread(consumer.Interrupt);
                interrupt.Start();
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _), "interrupted");
                interrupt.Join();
            }
        }

        private static void Gaps()
        {
            const int Count = 5000;
            string name = NewName();
            var options = new SharedMemoryOptions { Capacity = 4096, SpinMicroseconds = 0 };
            using (var producer = new SharedMemoryProducer(name, options))
            using (var consumer = new SharedMemoryConsumer(name, options))
            {
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
                    long gap = random.Next(200) * Stopwatch.Frequency / 1000000;
                    long end = Stopwatch.GetTimestamp() + gap;
                    while (Stopwatch.GetTimestamp() < end)
                    {
                    }

                    That(producer.Send(new byte[8]), "send");
                }

                receiver.Join();
                Is(Count, received, "received");
                Is(0UL, consumer.Ring.GetSnapshot().Consumer.MissedWakeups, "missed wake-ups");
            }
        }

        private static void Pressure()
        {
            const int Count = 20000;
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(1024)))
            using (var consumer = new SharedMemoryConsumer(name, Sized(1024)))
            {
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
                Snapshot snapshot = consumer.Ring.GetSnapshot();
                Is(0, wrong, "wrong messages");
                Is(0UL, snapshot.Producer.MissedWakeups, "the producer's missed wake-ups");
                Is(0UL, snapshot.Consumer.MissedWakeups, "the consumer's missed wake-ups");
            }
        }

        private static void Idle()
        {
            string name = NewName();
            using (new SharedMemoryProducer(name, Sized(4096)))
            using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
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
            }
        }

        private static double ProcessorMs() =>
            Process.GetCurrentProcess().TotalProcessorTime.TotalMilliseconds;

        private static void Allocations()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(65536)))
            using (var consumer = new SharedMemoryConsumer(name, Sized(65536)))
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
            }
        }

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

        private static void Asynchronous()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                Task<SharedMemoryMessage> task = consumer.ReceiveAsync();
                Throws<InvalidOperationException>(() => consumer.ReceiveAsync(), "a second one");
                That(producer.SendString("later"), "send");
                That(task.Wait(Hang), "it came");
                Is("later", task.Result.GetText(), "text");
                var cancel = new CancellationTokenSource();
                task = consumer.ReceiveAsync(cancel.Token);
                cancel.Cancel();
                Throws<AggregateException>(() => task.Wait(Hang), "a cancelled one");
                That(producer.SendString("behind it"), "send");
                Is("behind it", consumer.ReceiveString(Hang), "after the cancelled one");
                producer.Dispose();
                task = consumer.ReceiveAsync();
                That(task.Wait(Hang) && task.Result == null, "the end");
                consumer.Dispose();
                Throws<ObjectDisposedException>(() => consumer.ReceiveAsync(), "a closed one");
                Throws<ObjectDisposedException>(() => consumer.ReceiveAsync(), "once more");
            }
        }

        private static void Ends()
        {
            string name = NewName();
            int received = 0;
            var told = new ConcurrentQueue<ErrorCode>();
            using (var receiver = new SharedMemoryManager(name, false, Sized(65536)))
            {
                receiver.SetDefaultHandler(
                    (in ReceivedMessage message) => Interlocked.Increment(ref received));
                receiver.ErrorHandler = error => told.Enqueue(((SharedMemoryException)error).Code);
                receiver.Start();
                for (int round = 1; round <= 3; round++)
                {
                    using (var producer = new SharedMemoryProducer(name, Sized(65536)))
                    {
                        That(producer.SendString("then close"), "send");
                    }

                    Eventually(() => told.Count == round, "the end of round " + round);
                    Is(round, received, "received");
                }

                Poke(receiver.Ring.FilePath, RingHeaderLayout.Size + (3 * 32), ulong.MaxValue);
                Eventually(() => told.Count == 4, "the bad word");
                That(receiver.IsRunning, "the thread goes on");
                ErrorCode[] expected =
                {
                    ErrorCode.Closed, ErrorCode.Closed, ErrorCode.Closed, ErrorCode.Corrupt,
                };
                Is(string.Join(" ", expected), string.Join(" ", told.ToArray()), "told");
            }
        }

        private static void Managers()
        {
            string name = NewName();
            int data = 0;
            int others = 0;
            int beats = 0;
            int errors = 0;
            using (var receiver = new SharedMemoryManager(name, false, Sized(65536), 20))
            using (var sender = new SharedMemoryManager(name, true, Sized(65536), 20))
            {
                receiver.SetHandler(MessageType.Data, (in ReceivedMessage message) =>
                {
                    if (message.GetText() == "boom")
                    {
                        throw new Failure("boom");
                    }

                    Interlocked.Increment(ref data);
                });
                MessageHandler beat = (in ReceivedMessage m) => Interlocked.Increment(ref beats);
                receiver.SetHandler(MessageType.Heartbeat, beat);
                MessageHandler other = (in ReceivedMessage m) => Interlocked.Increment(ref others);
                receiver.SetDefaultHandler(other);
                receiver.ErrorHandler = error => Interlocked.Increment(ref errors);
                That(sender.SendString("one") && receiver.Poll(Hang), "by hand");
                receiver.Start();
                sender.Start();
                Throws<InvalidOperationException>(() => receiver.Poll(0), "poll beside the thread");
                That(sender.SendString("boom") && sender.SendString("two"), "send");
                That(sender.Send(MessageType.Control, new byte[3]), "send");
                Eventually(() => Volatile.Read(ref beats) >= 3, "heartbeats");
                // They may have come before, and between, what was sent.
                Eventually(() => Volatile.Read(ref data) == 2, "data");
                Eventually(() => Volatile.Read(ref others) == 1, "others");
                Is(1, errors, "what handlers threw");
                Eventually(() => receiver.PeerState == PeerState.Alive, "the sender");
                receiver.Stop();
                That(!receiver.IsRunning, "stopped");
            }
        }
    }
}
