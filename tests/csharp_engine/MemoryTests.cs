// That no safe code reaches memory that is not there, whoever closes whatever, and when.
using System;
using System.Collections.Generic;
using System.Threading;
using BitRPC.SharedMemory;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class MemoryTests
    {
        private const int Hang = 60000;
        private const int Rounds = 2500;

        internal static void AddTo(Action<string, Action> add)
        {
            add("what_is_looked_at_too_late_reads_as_zero", TooLate);
            add("a_message_put_together_outlives_the_next_one", Assembled);
            add("closing_while_another_thread_receives_is_no_crash", CloseBesideReceive);
            add("closing_while_another_thread_reads_a_message_is_no_crash", CloseBesideReader);
            add("closing_while_another_thread_sends_is_no_crash", CloseBesideSend);
            add("closing_while_others_look_at_the_ring_is_no_crash", CloseBesideLooks);
            add("addresses_are_used_again", Addresses);
        }

        private static int Sum(ReadOnlySpan<byte> bytes)
        {
            int sum = 0;
            foreach (byte one in bytes)
            {
                sum += one;
            }

            return sum;
        }

        private static void TooLate()
        {
            string name = NewName();
            var producer = new SharedMemoryProducer(name, Sized(65536));
            var consumer = new SharedMemoryConsumer(name, Sized(65536));
            var payload = new byte[1000];
            payload[500] = 7;
            That(producer.Send(payload), "send");
            That(consumer.Receive(out ReceivedMessage message), "receive");
            That(producer.Claim(MessageType.Data, 100, out Claim claim), "claim");
            Span<byte> room = claim.Payload;
            room[0] = 1;
            Is(7, Sum(message.Payload), "in time");
            consumer.Close();
            producer.Close();
            Collect();
            Is(0, Sum(message.Payload), "too late");
            Is(0U, message.MessageId, "its number, too");
            room[0] = 2; // nobody else sees it
            bool isRefused = false;
            try
            {
                claim.Commit();
            }
            catch (InvalidOperationException)
            {
                isRefused = true;
            }

            That(isRefused, "a claim on what was closed");
            Throws<ObjectDisposedException>(() => producer.TrySend(payload), "send");
        }

        private static void Collect()
        {
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }

        private static void Assembled()
        {
            var options = new SharedMemoryOptions { Capacity = 65536, FragmentSize = 1000 };
            Both(options, (producer, consumer) =>
            {
                var small = new byte[2000];
                small[1999] = 5;
                That(producer.SendFragmented(MessageType.Data, small), "send");
                That(consumer.Receive(out ReceivedMessage message), "receive");
                Is(5, Sum(message.Payload), "content");
                That(producer.SendFragmented(MessageType.Data, new byte[40000]), "send");
                That(consumer.Receive(out ReceivedMessage larger), "receive");
                consumer.Close();
                Collect();
                _ = Sum(message.Payload) + Sum(larger.Payload); // whatever they are now
                Is(MessageType.Data, message.MessageType, "type");
                _ = message.Flags;
            });
        }

        /// <summary>
        /// Closes beside what another thread does, over and over; both meet each time.
        /// </summary>
        private static void Race(
            Action<SharedMemoryProducer, SharedMemoryConsumer> work,
            Action<SharedMemoryProducer, SharedMemoryConsumer> close)
        {
            var random = new Random(5);
            for (int round = 0; round < Rounds; round++)
            {
                string name = NewName();
                var producer = new SharedMemoryProducer(name, Sized(4096));
                var consumer = new SharedMemoryConsumer(name, Sized(4096));
                using (var meet = new ManualResetEventSlim())
                {
                    Exception failure = null;
                    var worker = new Thread(() =>
                    {
                        meet.Set();
                        try
                        {
                            work(producer, consumer);
                        }
                        catch (ObjectDisposedException)
                        {
                            // As it has to be.
                        }
                        catch (SharedMemoryException error) when (error.Code == ErrorCode.NotFound)
                        {
                            // The ring was gone before this thread came to it.
                        }
                        catch (Exception error)
                        {
                            failure = error;
                        }
                    });
                    worker.Start();
                    meet.Wait();
                    Thread.SpinWait(random.Next(3000));
                    close(producer, consumer);
                    That(worker.Join(Hang), "it goes on for ever");
                    That(failure == null, "failed: " + failure);
                }

                producer.Close();
                consumer.Close();
                _ = SharedMemoryFactory.RemoveRing(name);
            }
        }

        private static void CloseBesideReceive() => Race(
            (producer, consumer) =>
            {
                That(producer.SendString("one"), "send");
                while (true)
                {
                    _ = consumer.ReceiveString();
                }
            },
            (producer, consumer) => consumer.Close());

        private static void CloseBesideReader() => Race(
            (producer, consumer) =>
            {
                That(producer.Send(new byte[2000]), "send");
                That(consumer.Receive(out ReceivedMessage message), "receive");
                int sum = 0;
                for (int i = 0; i < 50; i++)
                {
                    sum += Sum(message.Payload) + (int)message.Flags;
                }

                That(sum >= 0, "read");
            },
            (producer, consumer) => consumer.Close());

        private static void CloseBesideSend() => Race(
            (producer, consumer) =>
            {
                while (true)
                {
                    _ = producer.Send(new byte[300]);
                }
            },
            (producer, consumer) => producer.Close());

        private static void CloseBesideLooks() => Race(
            (producer, consumer) =>
            {
                using (var monitor = new SharedMemoryMonitor(producer.Name))
                {
                    for (int i = 0; i < 200; i++)
                    {
                        consumer.Heartbeat();
                        consumer.Interrupt();
                        _ = consumer.Statistics.Errors + producer.Statistics.Errors;
                        _ = consumer.PeerState;
                        _ = producer.PeerStateAfter(TimeSpan.FromSeconds(1));
                        _ = producer.Snapshot.UsedBytes;
                        _ = monitor.Snapshot.UsedBytes;
                    }
                }
            },
            (producer, consumer) =>
            {
                consumer.Close();
                producer.Close();
            });

        private static void Addresses()
        {
            var seen = new HashSet<long>();
            for (int round = 0; round < 300; round++)
            {
                using (var producer = new SharedMemoryProducer(NewName(), Sized(1 << 20)))
                {
                    That(producer.Claim(MessageType.Data, 8, out Claim claim), "claim");
                    _ = seen.Add(AddressOf(claim.Payload));
                }

                if (round % 10 == 0)
                {
                    Collect();
                }
            }

            That(seen.Count < 100, seen.Count + " ranges of addresses");
        }

        private static unsafe long AddressOf(Span<byte> bytes)
        {
            fixed (byte* start = &System.Runtime.InteropServices.MemoryMarshal.GetReference(bytes))
            {
                return (long)start;
            }
        }
    }
}
