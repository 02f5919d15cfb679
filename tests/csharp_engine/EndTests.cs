// How sides come and go: closing, dying, and who comes next.
using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using BitRPC.SharedMemory;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class EndTests
    {
        private const int Hang = 60000;

        internal static void AddTo(Action<string, Action> add)
        {
            add(
                "closed_is_told_once_and_then_the_consumer_waits_for_the_next_producer",
                ClosedOnceToConsumer);
            add(
                "closed_is_told_once_and_then_the_producer_waits_for_the_next_consumer",
                ClosedOnceToProducer);
            add("a_side_that_starts_after_a_closed_pair_waits", StartAfterPair);
            add("what_was_left_is_read_and_then_closed_is_told", LeftBehind);
            add("an_end_that_a_call_held_back_is_still_told", HeldBack);
            add("a_killed_producer_is_told_once_and_replaced", ProducerKilled);
            add("a_killed_consumer_ends_a_wait_for_room", ConsumerKilled);
            add("a_message_that_was_not_released_comes_again", NotReleased);
            add("a_role_that_is_being_given_back_is_waited_for", RoleInTransition);
            add("role_taken_names_the_holder", RoleTaken);
            add("wait_for_peer_ends_when_one_attaches_or_the_time_is_over", WaitForPeer);
            add("a_monitor_only_reads", Monitored);
        }

        private static void ClosedOnceToConsumer()
        {
            string name = NewName();
            using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                for (int round = 0; round < 3; round++)
                {
                    using (var producer = new SharedMemoryProducer(name, Sized(4096)))
                    {
                        That(producer.SendString("last"), "send");
                    }

                    Is("last", consumer.ReceiveString(Hang), "what was left");
                    That(!consumer.Receive(out _, Hang), "the end");
                    Is((Status)ErrorCode.Closed, consumer.LastStatus, "why");
                    Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 20), "told once");
                    Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "not even by a try");
                    Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 120), "nor any more");
                }

                var next = new SharedMemoryProducer(name, Sized(4096));
                var sender = new Thread(() =>
                {
                    Thread.Sleep(50); // the receive below is to wait already
                    next.SendString("of the next one");
                });
                sender.Start();
                Is("of the next one", consumer.ReceiveString(Hang), "it waits");
                sender.Join();
                next.Close();
            }
        }

        private static void ClosedOnceToProducer()
        {
            string name = NewName();
            var options = Sized(1024);
            options.SendTimeout = TimeSpan.FromMilliseconds(20);
            using (var producer = new SharedMemoryProducer(name, options))
            {
                Fill(producer);
                for (int round = 0; round < 3; round++)
                {
                    new SharedMemoryConsumer(name, Sized(1024)).Close();
                    Refused(ErrorCode.Closed, () => producer.Send(new byte[100]));
                    Is((Status)ErrorCode.Timeout, producer.Send(new byte[100]), "told once");
                    Is((Status)ErrorCode.Full, producer.TrySend(new byte[100]), "nor by a try");
                }

                using (var consumer = new SharedMemoryConsumer(name, Sized(1024)))
                {
                    That(consumer.Skip() && consumer.Skip(), "make room");
                    That(producer.Send(new byte[100]), "a next one has come");
                    _ = consumer.Clear();
                }
            }
        }

        private static void Fill(SharedMemoryProducer producer)
        {
            while (producer.TrySend(new byte[100]))
            {
            }
        }

        /// <summary>A ring whose sides have closed, which nobody has removed.</summary>
        private static string MakeClosedPair(int messages, bool isDrained)
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(1024)))
            {
                new SharedMemoryConsumer(name, Sized(1024)).Close();
                for (int i = 0; i < messages; i++)
                {
                    That(producer.Send(new byte[100]), "send");
                }
            }

            string path = SharedMemoryFactory.RingPath(name);
            if (isDrained)
            {
                ulong end = Look(path, RingHeaderLayout.WritePosition);
                Poke(path, RingHeaderLayout.ReadPosition, end);
            }

            return name;
        }

        private static void StartAfterPair()
        {
            string name = MakeClosedPair(1, isDrained: true);
            using (var consumer = new SharedMemoryConsumer(name, Sized(1024)))
            {
                Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "as if nobody was there");
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 120), "the consumer waits");
            }

            name = MakeClosedPair(8, isDrained: false);
            using (var producer = new SharedMemoryProducer(name, Sized(1024)))
            {
                Fill(producer);
                Is((Status)ErrorCode.Full, producer.TrySend(new byte[100]), "the producer waits");
            }

            That(SharedMemoryFactory.RemoveRing(name), "remove");
            name = NewName();
            var both = new SharedMemoryConsumer(name, Sized(1024));
            new SharedMemoryProducer(name, Sized(1024)).Close();
            both.Close();
            using (both = new SharedMemoryConsumer(name, Sized(1024)))
            {
                Is((Status)ErrorCode.Timeout, both.Receive(out _, 20), "a new ring");
            }
        }

        private static void LeftBehind()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            {
                That(producer.SendString("one") && producer.SendString("two"), "send");
            }

            using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                Is("one", consumer.ReceiveString(), "first");
                Is("two", consumer.ReceiveString(), "second");
                Is((Status)ErrorCode.Closed, consumer.Receive(out _), "and then");
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 20), "told once");
            }
        }

        private static void HeldBack() => Both(4096, (producer, consumer) =>
        {
            That(producer.SendString("one") && producer.SendString("two"), "send");
            producer.Close();
            That(consumer.Drain((in ReceivedMessage message) => { }, out int count), "drain");
            Is(2, count, "handed out");
            Is((Status)ErrorCode.Closed, consumer.TryReceive(out _), "still to be told");
            Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "once");
        });

        private static void ProducerKilled()
        {
            string name = NewName();
            Process child = StartHolder("producer", name);
            using (var consumer = new SharedMemoryConsumer(name))
            {
                Is(PeerState.Alive, consumer.PeerState, "before");
                child.Kill();
                child.WaitForExit();
                SharedMemoryException error =
                    Refused(ErrorCode.PeerDied, () => consumer.Receive(out _, Hang));
                That(error.Message.Contains(name), error.Message);
                Is(PeerState.Died, consumer.PeerState, "after");
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 250), "told once");
                using (var next = new SharedMemoryProducer(name))
                {
                    That(next.SendString("go on"), "send");
                    Is("go on", consumer.ReceiveString(Hang), "the next producer's");
                }
            }
        }

        private static void ConsumerKilled()
        {
            string name = NewName();
            Process child = StartHolder("consumer", name);
            using (var producer = new SharedMemoryProducer(name))
            {
                while (producer.TrySend(new byte[producer.LargestPayload]))
                {
                }

                child.Kill();
                child.WaitForExit();
                Refused(
                    ErrorCode.PeerDied, () => producer.Send(new byte[producer.LargestPayload]));
            }

            That(SharedMemoryFactory.RemoveRing(name), "remove");
        }

        private static void NotReleased()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            {
                That(producer.SendString("one") && producer.SendString("two"), "send");
                var consumer = new SharedMemoryConsumer(name, Sized(4096));
                That(consumer.Peek(out _), "peek");
                consumer.Dispose();
                using (consumer = new SharedMemoryConsumer(name, Sized(4096)))
                {
                    Is("one", consumer.ReceiveString(0), "first");
                    Is("two", consumer.ReceiveString(0), "second");
                }
            }
        }

        private static void RoleInTransition()
        {
            string name = NewName();
            var first = new SharedMemoryProducer(name, Sized(4096));
            Poke(first.Path, RingHeaderLayout.ProducerState, 2, 4);
            bool isThere = false;
            var second = new Thread(() =>
            {
                using (new SharedMemoryProducer(name, Sized(4096)))
                {
                    Volatile.Write(ref isThere, true);
                }
            });
            second.Start();
            // Longer than a role of somebody who is attached is tried again.
            Thread.Sleep(200);
            That(!Volatile.Read(ref isThere), "it has the role already");
            first.Dispose();
            second.Join();
            That(isThere, "it never got the role");
        }

        private static void RoleTaken()
        {
            string name = NewName();
            using (var first = new SharedMemoryProducer(name, Sized(4096)))
            {
                int own = Process.GetCurrentProcess().Id;
                SharedMemoryException error = Refused(
                    ErrorCode.RoleTaken, () => new SharedMemoryProducer(name, Sized(4096)));
                That(
                    error.Message.EndsWith("the producer role is taken by process " + own),
                    error.Message);
                Is((ulong)own, error.Found, "found");
                // As where a process has ended, and a child that it forked lives on.
                Poke(first.Path, RingHeaderLayout.ProducerPid, 0x3FFFFFFF, 4);
                error = Refused(
                    ErrorCode.RoleTaken, () => new SharedMemoryProducer(name, Sized(4096)));
                That(error.Message.Contains("process 1073741823, which has ended"), error.Message);
                That(error.Message.Contains("a child that it forked"), error.Message);
            }

            new SharedMemoryProducer(name, Sized(4096)).Dispose();
        }

        private static void WaitForPeer()
        {
            string name = NewName();
            using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                That(!consumer.WaitForPeer(0) && !consumer.WaitForPeer(30), "nobody is there");
                bool isThere = false;
                var waiter = new Thread(() => isThere = consumer.WaitForPeer());
                waiter.Start();
                using (var producer = new SharedMemoryProducer(name, Sized(4096)))
                {
                    waiter.Join();
                    That(isThere, "it was not noticed");
                    That(producer.WaitForPeer(0), "the other way round");
                    That(consumer.WaitForPeer(TimeSpan.Zero), "still there");
                }

                That(!consumer.WaitForPeer(30), "gone again");
                Is((Status)ErrorCode.Closed, consumer.TryReceive(out _), "which is still told");
                consumer.Interrupt();
                That(!consumer.WaitForPeer(), "interrupted");
                waiter = new Thread(() => isThere = consumer.WaitForPeer());
                waiter.Start();
                consumer.Interrupt();
                waiter.Join();
                That(!isThere, "interrupted while it waits");
                _ = SharedMemoryFactory.RemoveRing(name);
                Refused(ErrorCode.Removed, () => consumer.WaitForPeer());
            }
        }

        private static void Monitored()
        {
            string name = NewName();
            Refused(ErrorCode.NotFound, () => new SharedMemoryMonitor(name));
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            using (var monitor = new SharedMemoryMonitor(name))
            {
                That(producer.Send(new byte[10]) && producer.Send(new byte[30]), "send");
                Snapshot snapshot = monitor.Snapshot;
                Is(2UL, snapshot.Statistics.MessagesSent, "messages");
                Is(40UL, snapshot.Statistics.BytesSent, "bytes");
                Is(20.0, snapshot.Statistics.AvgMessageSize, "average");
                Is(PeerState.Alive, snapshot.Producer.State, "producer");
                Is(PeerState.Never, snapshot.Consumer.State, "consumer");
                monitor.Close();
                Throws<ObjectDisposedException>(() => _ = monitor.Snapshot, "a closed one");
            }

            That(File.Exists(SharedMemoryFactory.RingPath(name)), "what it holds stays");
            That(SharedMemoryFactory.RemoveRing(name), "remove");
        }
    }
}
