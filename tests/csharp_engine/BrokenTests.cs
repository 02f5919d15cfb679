// What another process may have written: records, positions and pieces that cannot be.
using System;
using BitRPC.SharedMemory;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class BrokenTests
    {
        internal static void AddTo(Action<string, Action> add)
        {
            add("a_word_that_starts_no_record_is_corrupt", Words);
            add("padding_ends_with_the_lap_and_is_at_most_half_of_it", Padding);
            add("a_reader_ahead_of_the_writer_attaches_only_over_records", ReaderAhead);
            add("a_producer_refuses_a_reader_that_is_off_by_laps", ReaderOff);
            add("a_broken_message_in_pieces_counts_once", BrokenPieces);
            add("a_message_above_the_limit_is_dropped_and_counted", TooLarge);
        }

        private static void Words()
        {
            ulong[] words =
            {
                0xFFFFFFFF, 0x1_FFFFFFFF, 8, 0x1_0000000F, 0x1_00000800, 0x1_80000000, 0x5_FFFFFFF9,
            };
            foreach (ulong word in words)
            {
                string name = NewName();
                using (var producer = new SharedMemoryProducer(name, Sized(1024)))
                using (var consumer = new SharedMemoryConsumer(name, Sized(1024)))
                {
                    Poke(producer.Path, RingHeaderLayout.Size, word);
                    for (int i = 0; i < 3; i++)
                    {
                        Status status = consumer.TryReceive(out _);
                        Is((Status)ErrorCode.Corrupt, status, word.ToString("x"));
                        Is(word, consumer.LastError.Found, "found");
                    }

                    Refused(ErrorCode.Corrupt, () => consumer.Receive(out _));
                    Is(1UL, consumer.Snapshot.ReceiveErrors, "counted once");
                    Poke(producer.Path, RingHeaderLayout.Size, 0);
                    That(producer.SendString("on"), "send");
                    Is("on", consumer.ReceiveString(0), "the ring was not advanced");
                }
            }
        }

        private static void Padding()
        {
            foreach (ulong length in new ulong[] { 1024, 512, 24 })
            {
                string name = NewName();
                using (var producer = new SharedMemoryProducer(name, Sized(1024)))
                using (var consumer = new SharedMemoryConsumer(name, Sized(1024)))
                {
                    Poke(producer.Path, RingHeaderLayout.Size, length);
                    Status status = consumer.TryReceive(out _);
                    Is((Status)ErrorCode.Corrupt, status, "padding of " + length);
                }
            }
        }

        private static void ReaderAhead()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(1024)))
            {
                string path = producer.Path;
                That(producer.Send(new byte[8]) && producer.Send(new byte[8]), "send");
                // As if the producer had died before it counted, and its consumer had received.
                Poke(path, RingHeaderLayout.WritePosition, 0);
                Poke(path, RingHeaderLayout.ReadPosition, 48);
                new SharedMemoryConsumer(name, Sized(1024)).Dispose();
                Poke(path, RingHeaderLayout.ReadPosition, 32);
                Refused(ErrorCode.Corrupt, () => new SharedMemoryConsumer(name, Sized(1024)));
                Poke(path, RingHeaderLayout.ReadPosition, 31);
                Refused(ErrorCode.Corrupt, () => new SharedMemoryConsumer(name, Sized(1024)));
            }

            That(SharedMemoryFactory.RemoveRing(name), "remove");
        }

        private static void ReaderOff()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(1024)))
            {
                Poke(producer.Path, RingHeaderLayout.ReadPosition, 8192);
                Status status = ErrorCode.Ok;
                for (int i = 0; i < 100 && status; i++)
                {
                    status = producer.TrySend(new byte[100]);
                }

                Is((Status)ErrorCode.Corrupt, status, "send");
                Is(8192UL, producer.LastError.Found, "found");
            }

            That(SharedMemoryFactory.RemoveRing(name), "remove");
        }

        /// <summary>Sends a piece by hand; its flag is set behind the producer's back.</summary>
        internal static void SendPiece(
            SharedMemoryProducer producer, uint index, uint count, bool isLast)
        {
            string path = producer.Path;
            ulong start = Look(path, RingHeaderLayout.WritePosition) % producer.Ring.Capacity;
            var payload = new byte[16];
            BitConverter.GetBytes(index).CopyTo(payload, 0);
            BitConverter.GetBytes(count).CopyTo(payload, 4);
            That(producer.Send(payload), "send");
            MessageFlags flags =
                isLast ? MessageFlags.Fragment | MessageFlags.LastFragment : MessageFlags.Fragment;
            // The record is at that place: none of these tests comes to the end of the lap.
            Poke(
                path,
                RingHeaderLayout.Size + (long)start + MessageHeaderLayout.Flags,
                (ulong)flags,
                1);
        }

        private static ulong ErrorsOf(Action<SharedMemoryProducer> send)
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            {
                send(producer);
                That(producer.SendString("after"), "send");
                using (var consumer = new SharedMemoryConsumer(name, Sized(4096)))
                {
                    Is("after", consumer.ReceiveString(0), "what follows");
                    return consumer.Snapshot.ReceiveErrors;
                }
            }
        }

        private static void BrokenPieces()
        {
            Is(1UL, ErrorsOf(p => SendPiece(p, 0, 3, false)), "the rest never came");
            ulong orphans = ErrorsOf(p =>
            {
                SendPiece(p, 7, 10, false);
                SendPiece(p, 8, 10, false);
                SendPiece(p, 9, 10, true);
            });
            Is(1UL, orphans, "the start never came");
            ulong gap = ErrorsOf(p =>
            {
                SendPiece(p, 0, 4, false);
                SendPiece(p, 2, 4, false);
                SendPiece(p, 3, 4, true);
            });
            Is(1UL, gap, "a piece is missing");
            ulong two = ErrorsOf(p =>
            {
                SendPiece(p, 0, 3, false);
                SendPiece(p, 0, 3, false);
            });
            Is(2UL, two, "two that were begun");
            Is(1UL, ErrorsOf(p => SendPiece(p, 0, 0, true)), "no pieces at all");
        }

        private static void TooLarge()
        {
            string name = NewName();
            var options = new SharedMemoryOptions { Capacity = 65536, MaxMessageSize = 10000 };
            using (var producer = new SharedMemoryProducer(name, options))
            using (var consumer = new SharedMemoryConsumer(name, options))
            {
                That(producer.SendFragmented(MessageType.Data, new byte[40000]), "send");
                That(producer.SendString("after"), "send");
                SharedMemoryException error =
                    Refused(ErrorCode.MessageTooLarge, () => consumer.Receive(out _, 0));
                Is(10000UL, error.Expected, "limit");
                Is("after", consumer.ReceiveString(0), "what follows");
                Is(1UL, consumer.Snapshot.ReceiveErrors, "counted");
            }
        }
    }
}
