// Managers: their thread, their handlers, and what becomes of failures.
using System;
using System.Collections.Concurrent;
using System.IO;
using System.Threading;
using BitRPC.SharedMemory;
using BitRPC.SharedMemory.Messages;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class ManagerTests
    {
        private const int Hang = 60000;

        private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(20);

        internal static void AddTo(Action<string, Action> add)
        {
            add("a_manager_dispatches_and_stops", Managers);
            add("a_manager_sends_no_heartbeat_messages", Heartbeats);
            add("a_manager_tells_of_each_end_and_goes_on", Ends);
            add("stop_and_close_inside_a_handler_work", StopInside);
            add("close_inside_a_handler_of_a_poll_works", CloseInPoll);
            add("a_throwing_handler_is_seen", Throwing);
            add("close_ends_a_send_that_waits", CloseEndsSend);
            add("idle_managers_use_no_processor_time", Idle);
        }

        private static void Managers()
        {
            string name = NewName();
            int data = 0;
            int others = 0;
            int errors = 0;
            using (var receiver = new SharedMemoryManager(name, false, Sized(65536), Beat))
            using (var sender = new SharedMemoryManager(name, true, Sized(65536), Beat))
            {
                receiver.SetHandler(MessageType.Data, (in ReceivedMessage message) =>
                {
                    if (message.GetText() == "boom")
                    {
                        throw new Failure("boom");
                    }

                    Interlocked.Increment(ref data);
                });
                MessageHandler other = (in ReceivedMessage m) => Interlocked.Increment(ref others);
                receiver.SetDefaultHandler(other);
                receiver.ErrorHandler = error => Interlocked.Increment(ref errors);
                That(sender.SendString("one") && receiver.Poll(Hang), "by hand");
                Is((Status)ErrorCode.Timeout, receiver.Poll(TimeSpan.Zero), "nothing more");
                receiver.Start();
                sender.Start();
                Throws<InvalidOperationException>(() => receiver.Poll(0), "poll beside the thread");
                Throws<InvalidOperationException>(() => receiver.SendString("x"), "a receiver");
                That(sender.SendString("boom") && sender.SendString("two"), "send");
                That(sender.Send(MessageType.Control, new byte[3]), "send");
                Eventually(() => Volatile.Read(ref data) == 2, "data");
                Eventually(() => Volatile.Read(ref others) == 1, "others");
                Is(1, errors, "what handlers threw");
                Eventually(() => receiver.PeerState == PeerState.Alive, "the sender");
                receiver.Stop();
                That(!receiver.IsRunning, "stopped");
                receiver.Start();
                That(sender.SendTyped(new TestData { Id = 1 }), "send");
                Eventually(() => Volatile.Read(ref others) == 2, "started again");
            }
        }

        private static void Heartbeats()
        {
            string name = NewName();
            using (var sender = new SharedMemoryManager(name, true, Sized(4096), Beat))
            using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                sender.Start();
                ulong first = consumer.Snapshot.Producer.HeartbeatNs;
                ulong last = first;
                for (int beats = 0; beats < 4; beats++)
                {
                    ulong now = last;
                    Eventually(
                        () => (now = consumer.Snapshot.Producer.HeartbeatNs) != last,
                        "a beat");
                    last = now;
                }

                Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "no message for it");
                Is(0UL, sender.Statistics.MessagesSent, "sent");
                Is(PeerState.Alive, consumer.PeerStateAfter(TimeSpan.FromMinutes(1)), "it beats");
                sender.Stop();
                var stall = TimeSpan.FromMilliseconds(30);
                Eventually(
                    () => consumer.PeerStateAfter(stall) == PeerState.Stalled,
                    "that it has stopped");
                Is(PeerState.Alive, consumer.PeerState, "heartbeats do not count");
                That(sender.SendTyped(new TestData { Id = 3 }), "send");
                That(consumer.ReceiveTyped(out TestData data) && data.Id == 3, "receive");
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

                Poke(receiver.Ring.Path, RingHeaderLayout.Size + (3 * 32), ulong.MaxValue);
                Eventually(() => told.Count == 4, "the bad word");
                Thread.Sleep(300); // several looks at it
                Poke(receiver.Ring.Path, RingHeaderLayout.Size + (3 * 32), 0);
                That(SharedMemoryFactory.RemoveRing(name), "remove");
                Eventually(() => told.Count == 5, "the removal");
                Thread.Sleep(300);
                That(receiver.IsRunning, "the thread goes on");
                ErrorCode[] expected =
                {
                    ErrorCode.Closed, ErrorCode.Closed, ErrorCode.Closed, ErrorCode.Corrupt,
                    ErrorCode.Removed,
                };
                Is(string.Join(" ", expected), string.Join(" ", told.ToArray()), "told once each");
            }
        }

        private static void StopInside()
        {
            foreach (bool closes in new[] { false, true })
            {
                string name = NewName();
                using (var producer = new SharedMemoryProducer(name, Sized(4096)))
                {
                    var receiver = new SharedMemoryManager(name, false, Sized(4096));
                    int handled = 0;
                    bool isAfter = false;
                    receiver.SetDefaultHandler((in ReceivedMessage message) =>
                    {
                        Interlocked.Increment(ref handled);
                        receiver.SetHandler(MessageType.Control, null);
                        receiver.Stop();
                        if (closes)
                        {
                            receiver.Close();
                        }

                        Volatile.Write(ref isAfter, true);
                    });
                    receiver.Start();
                    That(producer.SendString("one") && producer.SendString("two"), "send");
                    Eventually(() => Volatile.Read(ref isAfter), "the return from the calls");
                    Eventually(() => !receiver.IsRunning, "the end of the thread");
                    Is(1, handled, "it is the last that is called");
                    Eventually(() => receiver.Ring.IsOpen == !closes, "closing");
                    receiver.Close();
                    using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
                    {
                        Is("two", consumer.ReceiveString(0), "what was not handled");
                    }
                }
            }
        }

        private static void CloseInPoll()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            {
                var receiver = new SharedMemoryManager(name, false, Sized(4096));
                int sum = 0;
                receiver.SetDefaultHandler((in ReceivedMessage message) =>
                {
                    ReadOnlySpan<byte> payload = message.Payload;
                    receiver.Close();
                    foreach (byte one in payload)
                    {
                        sum += one;
                    }
                });
                That(producer.Send(new byte[] { 1, 2, 3 }), "send");
                That(receiver.Poll(Hang), "poll");
                Is(0, sum, "what was closed reads as zero");
                Throws<ObjectDisposedException>(() => receiver.Poll(0), "closed");
            }
        }

        private static void Throwing()
        {
            string name = NewName();
            TextWriter before = Console.Error;
            var seen = new StringWriter();
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            using (var receiver = new SharedMemoryManager(name, false, Sized(4096)))
            {
                int handled = 0;
                receiver.SetDefaultHandler((in ReceivedMessage message) =>
                {
                    Interlocked.Increment(ref handled);
                    throw new Failure("about " + message.GetText());
                });
                Console.SetError(TextWriter.Synchronized(seen));
                try
                {
                    receiver.Start();
                    That(producer.SendString("one") && producer.SendString("two"), "send");
                    Eventually(() => Volatile.Read(ref handled) == 2, "the next message");
                    receiver.Stop();
                }
                finally
                {
                    Console.SetError(before);
                }

                string text = seen.ToString();
                That(text.Contains("about one") && text.Contains("about two"), "seen: " + text);
                That(text.Contains(name), "whose: " + text);
                var told = new ConcurrentQueue<string>();
                receiver.ErrorHandler = error => told.Enqueue(error.Message);
                receiver.Start();
                That(producer.SendString("three"), "send");
                Eventually(() => told.Count == 1, "the error handler");
                told.TryDequeue(out string message3);
                Is("about three", message3, "what it gets");
            }
        }

        private static void CloseEndsSend()
        {
            string name = NewName();
            var sender = new SharedMemoryManager(name, true, Sized(1024));
            sender.Start();
            bool isEnded = false;
            var thread = new Thread(() =>
            {
                try
                {
                    while (sender.Send(MessageType.Data, new byte[100]))
                    {
                    }
                }
                catch (ObjectDisposedException)
                {
                    isEnded = true;
                }
            });
            thread.Start();
            Eventually(() => sender.Snapshot.UsedBytes > 800, "a full ring");
            That(!thread.Join(20), "it waits");
            sender.Close();
            thread.Join();
            That(isEnded, "closed");
            That(SharedMemoryFactory.RemoveRing(name), "remove");
        }

        private static void Idle()
        {
            string name = NewName();
            using (var receiver = new SharedMemoryManager(name, false, Sized(4096)))
            using (var sender = new SharedMemoryManager(name, true, Sized(4096)))
            {
                receiver.Start();
                sender.Start();
                double best = double.MaxValue;
                for (int attempt = 0; attempt < 10 && best >= 20; attempt++)
                {
                    double before = WaitTests.ProcessorMs();
                    Thread.Sleep(2000);
                    best = Math.Min(best, WaitTests.ProcessorMs() - before);
                }

                That(best < 20, best + " ms of processor time in 2 s");
            }
        }
    }
}
