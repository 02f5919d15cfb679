// Dropping what is stale, and looking at what is there.
using System;
using BitRPC.SharedMemory;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class SkipTests
    {
        internal static void AddTo(Action<string, Action> add)
        {
            add("start_newest_skips_what_was_there", StartNewest);
            add("skip_to_latest_keeps_the_last_whole_message", SkipToLatest);
            add("skip_to_latest_keeps_a_whole_message_in_pieces", SkipToLatestPieces);
            add("skip_to_latest_reads_no_header_behind_the_mapping", SkipToLatestAtTheEnd);
            add("clear_discards_all", Clear);
            add("clear_discards_the_rest_of_a_message_in_pieces", ClearPieces);
            add("a_drain_ends_where_its_visitor_says", DrainWhile);
            add("a_failure_behind_drained_messages_is_told_next", Postponed);
            add("free_bytes_and_has_message_tell_what_a_call_would_find", Looks);
        }

        private static void StartNewest()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            {
                That(producer.SendString("old") && producer.SendString("older"), "send");
                var options = Sized(4096);
                options.Start = StartAt.Newest;
                using (var consumer = new SharedMemoryConsumer(name, options))
                {
                    Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "nothing old");
                    Is(2UL, consumer.Statistics.MessagesReceived, "counted as received");
                    That(producer.SendString("new"), "send");
                    Is("new", consumer.ReceiveString(0), "what came then");
                    Is(0UL, consumer.Snapshot.ReceiveErrors, "errors");
                }
            }
        }

        private static void SkipToLatest() => Both(1024, (producer, consumer) =>
        {
            Is(0L, consumer.SkipToLatest(), "of an empty ring");
            for (int round = 0; round < 200; round++)
            {
                int count = 1 + (round % 7);
                for (int i = 0; i < count; i++)
                {
                    That(producer.SendString(round + "." + i), "send");
                }

                Is((long)count - 1, consumer.SkipToLatest(), "dropped");
                Is(0L, consumer.SkipToLatest(), "again");
                Is(round + "." + (count - 1), consumer.ReceiveString(0), "the last");
            }

            Is(0UL, consumer.Snapshot.ReceiveErrors, "errors");
            Is(consumer.Statistics.MessagesSent, consumer.Statistics.MessagesReceived, "received");
        });

        /// <summary>
        /// The last words of a lap are padding in which no header has room; what lies behind the
        /// mapping may not be read.
        /// </summary>
        private static void SkipToLatestAtTheEnd()
        {
            if (!Sandbox.IsKnown)
            {
                return;
            }

            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(4096)))
            using (SharedMemoryConsumer consumer = Guarded(name, producer))
            {
                // Records of 24 bytes leave 16 of a lap, those of 32 after one of 24 leave 8.
                for (int first = 0; first < 16; first++)
                {
                    for (int sent = 0; sent < 400; sent++)
                    {
                        That(producer.Send(MessageType.Data, new byte[first]), "send");
                        That(producer.Send(MessageType.Data, new byte[8]), "send");
                        Is(1L, consumer.SkipToLatest(), "dropped");
                        That(consumer.Skip(), "the last");
                    }
                }
            }
        }

        /// <summary>A consumer behind whose mapping no memory is.</summary>
        private static unsafe SharedMemoryConsumer Guarded(
            string name, SharedMemoryProducer producer)
        {
            byte* guard = null;
            for (int attempt = 0; attempt < 100; attempt++)
            {
                var consumer = new SharedMemoryConsumer(name, Sized(4096));
                That(producer.SendString("where"), "send");
                That(consumer.Receive(out ReceivedMessage message, 0), "receive");
                ulong length = (ulong)RingHeaderLayout.Size + 4096;
                ReadOnlySpan<byte> bytes = message.Payload;
                fixed (byte* payload = &bytes[0])
                {
                    // The mapping starts at a page, and the first record lies in its second one.
                    byte* start = (byte*)((ulong)payload & ~4095UL) - RingHeaderLayout.Size;
                    if (start + length == guard || Sandbox.Guard(start + length))
                    {
                        return consumer;
                    }
                }

                consumer.Dispose();
                guard = Sandbox.Fill(length);
            }

            throw new InvalidOperationException("something lies behind each mapping");
        }

        private static void SkipToLatestPieces()
        {
            var options = new SharedMemoryOptions { Capacity = 4096, FragmentSize = 200 };
            Both(options, (producer, consumer) =>
            {
                var large = new byte[1000];
                large[999] = 3;
                That(producer.SendString("old"), "send");
                That(producer.SendFragmented(MessageType.Data, large), "send");
                BrokenTests.SendPiece(producer, 0, 5, false); // the rest has not come yet
                Is(1L, consumer.SkipToLatest(), "dropped");
                That(consumer.Peek(out ReceivedMessage message), "peek");
                Is(1000, message.Payload.Length, "the whole one");
                Is(0L, consumer.SkipToLatest(), "of a message that was put together");
                That(consumer.Receive(out message, 0) && message.Payload[999] == 3, "receive");
                That(producer.SendFragmented(MessageType.Data, large), "send");
                That(producer.SendFragmented(MessageType.Data, large), "send");
                That(producer.SendString("newest"), "send");
                Is(2L, consumer.SkipToLatest(), "dropped");
                Is("newest", consumer.ReceiveString(0), "the last");
            });
        }

        private static void Clear() => Both(1024, (producer, consumer) =>
        {
            Is(0L, consumer.Clear(), "of an empty ring");
            for (int round = 0; round < 100; round++)
            {
                int count = round % 9;
                for (int i = 0; i < count; i++)
                {
                    That(producer.Send(new byte[i * 3]), "send");
                }

                Is((long)count, consumer.Clear(), "dropped");
                Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "nothing is left");
            }

            That(producer.SendString("on"), "send");
            Is("on", consumer.ReceiveString(0), "what follows");
            Is(0UL, consumer.Snapshot.ReceiveErrors, "errors");
        });

        private static void ClearPieces() => Both(4096, (producer, consumer) =>
        {
            That(producer.SendString("old"), "send");
            BrokenTests.SendPiece(producer, 0, 3, false);
            Is(1L, consumer.Clear(), "whole messages that were dropped");
            BrokenTests.SendPiece(producer, 1, 3, false);
            BrokenTests.SendPiece(producer, 2, 3, true);
            Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "its rest is dropped, too");
            That(producer.SendString("new"), "send");
            Is("new", consumer.ReceiveString(0), "what follows");
            Is(0UL, consumer.Snapshot.ReceiveErrors, "nobody made a mistake");
        });

        private static void DrainWhile() => Both(4096, (producer, consumer) =>
        {
            for (int i = 0; i < 10; i++)
            {
                That(producer.SendString("m" + i), "send");
            }

            string last = null;
            MessageVisitor visitor = (in ReceivedMessage message) =>
            {
                last = message.GetText();
                return last != "m3";
            };
            That(consumer.DrainWhile(visitor, out int count), "drain");
            Is(4, count, "handed out");
            Is("m3", last, "the one at which it ended");
            Is("m4", consumer.ReceiveString(0), "it was taken");
            That(consumer.DrainWhile(visitor, out count, 2), "drain");
            Is(2, count, "at most");
            That(!consumer.Drain((in ReceivedMessage m) => { }, out count, 0), "none");
        });

        private static void Postponed()
        {
            var options = new SharedMemoryOptions { Capacity = 65536, MaxMessageSize = 1000 };
            Both(options, (producer, consumer) =>
            {
                That(producer.SendString("first"), "send");
                That(producer.SendFragmented(MessageType.Data, new byte[40000]), "send");
                That(producer.SendString("last"), "send");
                int texts = 0;
                MessageHandler handler = (in ReceivedMessage message) => texts++;
                That(consumer.Drain(handler, out int count), "the first");
                Is(1, count, "handed out");
                Refused(ErrorCode.MessageTooLarge, () => consumer.Drain(handler, out count));
                Is("last", consumer.ReceiveString(0), "what follows");
                That(producer.SendString("first"), "send");
                That(producer.SendFragmented(MessageType.Data, new byte[40000]), "send");
                That(consumer.Drain(handler, out count), "once more");
                Is((Status)ErrorCode.MessageTooLarge, consumer.TryReceive(out _), "told");
                producer.Close();
                That(!consumer.Drain(handler, out count), "the end");
                Is((Status)ErrorCode.Closed, consumer.LastStatus, "is what it says");
            });
        }

        private static void Looks() => Both(1024, (producer, consumer) =>
        {
            Is(1024L - 8, producer.FreeBytes, "of an empty ring");
            var random = new Random(3);
            for (int round = 0; round < 2000; round++)
            {
                bool has = consumer.HasMessage;
                Is(has, consumer.TryReceive(out _).IsOk, "a message");
                long free = producer.FreeBytes;
                long room = Math.Min(free - SharedMemoryProducer.HeaderSize, 496) & ~7L;
                if (room >= 0 && random.Next(3) > 0)
                {
                    That(producer.TrySend(new byte[room]), room + " bytes fit");
                    That(consumer.HasMessage, "there is one");
                }

                That(producer.FreeBytes <= free, "it has become less");
            }
        });
    }
}
