// How sides come and go: roles, closing, dying, removing.
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
        internal static void AddTo(Action<string, Action> add)
        {
            add("a_taken_role_names_its_holder", RoleTaken);
            add("a_role_that_is_being_given_back_is_waited_for", RoleInTransition);
            add("a_full_ring_says_that_the_consumer_closed", FullAndClosed);
            add("a_killed_producer_is_told_once_and_replaced", ProducerKilled);
            add("a_killed_consumer_ends_a_wait_for_room", ConsumerKilled);
            add("a_message_that_was_not_released_comes_again", NotReleased);
            add("the_consumer_of_a_drained_closed_ring_removes_it", TidyUp);
            add("a_removed_file_is_noticed", Removed);
            add("identities_are_checked", Identities);
            add("a_monitor_only_reads", Monitored);
        }

        private static void RoleTaken()
        {
            string name = NewName();
            using (new SharedMemoryProducer(name, Sized(4096)))
            {
                SharedMemoryException error = Refused(
                    ErrorCode.RoleTaken, () => new SharedMemoryProducer(name, Sized(4096)));
                string pid = Process.GetCurrentProcess().Id.ToString();
                That(error.Message.Contains(pid), error.Message);
            }

            new SharedMemoryProducer(name, Sized(4096)).Dispose();
        }

        private static void RoleInTransition()
        {
            string name = NewName();
            var first = new SharedMemoryProducer(name, Sized(4096));
            Poke(first.Ring.FilePath, RingHeaderLayout.ProducerState, 2, 4);
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

        private static void FullAndClosed()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(1024)))
            {
                while (producer.TrySend(new byte[100]))
                {
                }

                Is((Status)ErrorCode.Full, producer.TrySend(new byte[100]), "nobody was there");
                new SharedMemoryConsumer(name, Sized(1024)).Dispose();
                Is((Status)ErrorCode.Closed, producer.TrySend(new byte[100]), "try");
                Is((Status)ErrorCode.Closed, producer.Send(new byte[100]), "wait");
                Is(4UL, producer.Ring.GetSnapshot().SendFailures, "failures");
            }
        }

        private static void ProducerKilled()
        {
            string name = NewName();
            Process child = StartHolder("producer", name);
            using (var consumer = new SharedMemoryConsumer(name))
            {
                Is(PeerState.Alive, consumer.GetPeerState(), "before");
                child.Kill();
                child.WaitForExit();
                Is((Status)ErrorCode.PeerDied, consumer.Receive(out _, 60000), "after");
                Is(PeerState.Died, consumer.GetPeerState(), "after");
                Is((Status)ErrorCode.Timeout, consumer.Receive(out _, 250), "told once");
                using (var next = new SharedMemoryProducer(name))
                {
                    That(next.SendString("go on"), "send");
                    Is("go on", consumer.ReceiveString(60000), "the next producer's");
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
                Status status = producer.Send(new byte[producer.LargestPayload]);
                Is((Status)ErrorCode.PeerDied, status, "after");
            }

            That(RingBuffer.Remove(name), "remove");
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

        private static void TidyUp()
        {
            string name = NewName();
            var producer = new SharedMemoryProducer(name, Sized(4096));
            var consumer = new SharedMemoryConsumer(name, Sized(4096));
            string path = producer.Ring.FilePath;
            That(producer.SendString("x"), "send");
            producer.Dispose();
            consumer.Dispose();
            That(File.Exists(path), "a message is left, so it stays");
            using (consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                Is("x", consumer.ReceiveString(0), "what was left");
            }

            That(!File.Exists(path), "drained and closed, so it goes");
        }

        private static void Removed()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
            {
                That(producer.SendString("last"), "send");
                That(RingBuffer.Remove(name) && !RingBuffer.Remove(name), "remove");
                Is("last", consumer.ReceiveString(60000), "what was sent");
                Is((Status)ErrorCode.Removed, consumer.Receive(out _, 60000), "then");
            }
        }

        private static void Identities()
        {
            string name = NewName();
            Refused(ErrorCode.InvalidName, () => new SharedMemoryProducer("../x"));
            Refused(ErrorCode.InvalidCapacity, () => new SharedMemoryProducer(name, Sized(0)));
            Refused(ErrorCode.InvalidCapacity, () => new SharedMemoryProducer(name, Sized(-1)));
            var openOnly = new SharedMemoryOptions { Mode = CreateMode.OpenOnly };
            Refused(ErrorCode.NotFound, () => new SharedMemoryProducer(name, openOnly));
            using (var producer = new SharedMemoryProducer(name, Sized(1000)))
            {
                Is(1024UL, producer.Ring.Capacity, "rounded up");
                Refused(
                    ErrorCode.CapacityMismatch, () => new SharedMemoryConsumer(name, Sized(4096)));
                string path = producer.Ring.FilePath;
                Poke(path, RingHeaderLayout.LayoutHash, 1);
                Refused(ErrorCode.LayoutMismatch, () => new SharedMemoryConsumer(name, openOnly));
                Poke(path, RingHeaderLayout.Magic, 0, 4);
                Refused(ErrorCode.BadMagic, () => new SharedMemoryConsumer(name, openOnly));
            }

            That(SharedMemoryFactory.CreateProducer("a/b", 4096) == null, "null");
            Is(ErrorCode.InvalidName, SharedMemoryFactory.LastError.Code, "and why");
            That(RingBuffer.Remove(name), "remove");
        }

        private static void Monitored()
        {
            string name = NewName();
            Refused(ErrorCode.NotFound, () => new SharedMemoryMonitor(name));
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            using (var monitor = new SharedMemoryMonitor(name))
            {
                That(producer.Send(new byte[10]) && producer.Send(new byte[30]), "send");
                Snapshot snapshot = monitor.GetSnapshot();
                Is(2UL, snapshot.Statistics.MessagesSent, "messages");
                Is(40UL, snapshot.Statistics.BytesSent, "bytes");
                Is(20.0, snapshot.Statistics.AvgMessageSize, "average");
                Is(PeerState.Alive, snapshot.Producer.State, "producer");
                Is(PeerState.Never, snapshot.Consumer.State, "consumer");
            }
        }
    }
}
