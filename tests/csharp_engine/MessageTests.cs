// What goes in comes out: sizes, texts, structs, batches, claims and pieces.
using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.IO;
using System.Threading;
using BitRPC.SharedMemory;
using BitRPC.SharedMemory.Messages;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class MessageTests
    {
        internal static void AddTo(Action<string, Action> add)
        {
            add("random_sizes_come_in_order_over_many_laps", RandomSizes);
            add("texts_come_as_they_were_and_others_are_refused", Texts);
            add("a_refused_struct_stays_until_it_is_skipped", RefusedStructs);
            add("type_zero_and_what_is_too_large_are_refused", RefusedSends);
            add("a_batch_is_seen_as_a_whole", Batches);
            add("a_batch_that_does_not_fit_sends_a_prefix", BatchPrefix);
            add("an_uncommitted_batch_is_dropped", DroppedBatches);
            add("another_send_goes_behind_what_a_batch_holds", SendsInBatch);
            add("a_batch_that_is_disposed_of_leaves_no_trace", DisposedBatch);
            add("a_claim_is_sent_once_or_never", Claims);
            add("a_message_in_pieces_comes_whole", Pieces);
            add("a_drain_gives_room_back_on_the_way", Drains);
            add("what_a_handler_throws_at_comes_again", Thrown);
            add("use_after_dispose_throws", Disposed);
        }

        private static void RandomSizes() => Both(4096, (producer, consumer) =>
        {
            var random = new Random(42);
            var sent = new Queue<byte[]>();
            uint id = 0;
            for (int i = 0; i < 100000; i++)
            {
                if (random.Next(2) == 0)
                {
                    var bytes = new byte[random.Next(random.Next(producer.LargestPayload + 1) + 1)];
                    random.NextBytes(bytes);
                    Status status = producer.TrySend((MessageType)(1 + (i % 7)), bytes);
                    That(status || status == ErrorCode.Full, "send: " + status);
                    if (status)
                    {
                        sent.Enqueue(bytes);
                    }
                }
                else if (consumer.TryReceive(out ReceivedMessage message))
                {
                    That(message.Payload.SequenceEqual(sent.Dequeue()), "content at " + i);
                    Is(id++, message.MessageId, "id");
                }
                else
                {
                    Is(0, sent.Count, "left when empty");
                }
            }

            Is(0UL, consumer.Snapshot.ReceiveErrors, "errors");
        });

        private static void Texts() => Both(4096, (producer, consumer) =>
        {
            string[] texts = { string.Empty, "a", "数据环 ¥", "🚀🛰️", new string('x', 999) };
            foreach (string text in texts)
            {
                That(producer.SendString(text), "send");
                Is(text, consumer.ReceiveString(0), "text");
            }

            Refused(ErrorCode.InvalidUtf8, () => producer.SendString("a\uD800"));
            That(producer.Send(new byte[] { 0xFF, 0xFE }), "send");
            Refused(ErrorCode.InvalidUtf8, () => consumer.ReceiveString(0));
            That(consumer.TryReceive(out ReceivedMessage message), "it stays");
            Is(2, message.Payload.Length, "length");
        });

        private static void RefusedStructs() => Both(4096, (producer, consumer) =>
        {
            That(producer.Send(new byte[17]), "send");
            TestData data;
            SharedMemoryException error =
                Refused(ErrorCode.SizeMismatch, () => consumer.ReceiveTyped(out data, 0));
            Is(17UL, error.Found, "found");
            That(consumer.Skip(), "skip");
            That(producer.Send(MessageType.Control, new byte[88]), "send");
            Is((Status)ErrorCode.TypeMismatch, consumer.TryReceiveTyped(out data), "type");
            That(consumer.Peek(out ReceivedMessage message), "it stays");
            Is(MessageType.Control, message.MessageType, "type");
            That(consumer.Skip(), "skip");
            Is((Status)ErrorCode.Empty, consumer.Skip(), "nothing left");
            Is(2UL, consumer.Statistics.MessagesReceived, "received");
        });

        private static void RefusedSends() => Both(4096, (producer, consumer) =>
        {
            Refused(ErrorCode.InvalidType, () => producer.Send(0, new byte[1]));
            int most = producer.LargestPayload;
            Is(2048 - 16, most, "largest payload");
            Is((Status)ErrorCode.TooLarge, producer.TrySend(new byte[most + 1]), "too large");
            Is((ulong)most, producer.LastError.Expected, "most");
            That(producer.TrySend(new byte[most]), "the largest");
            That(consumer.TryReceive(out ReceivedMessage message), "receive");
            Is(most, message.Payload.Length, "length");
            Is(0UL, producer.Snapshot.SendFailures, "only full rings count");
        });

        private static void Batches() => Both(1024, (producer, consumer) =>
        {
            BatchWriter batch = producer.Batch();
            for (int round = 0; round < 300; round++)
            {
                for (byte i = 0; i < 5; i++)
                {
                    That(batch.Push(MessageType.Data, new[] { i }), "add");
                }

                Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "before the commit");
                batch.Commit();
                for (byte i = 0; i < 5; i++)
                {
                    That(consumer.TryReceive(out ReceivedMessage message), "receive");
                    Is(i, message.Payload[0], "content");
                }
            }

            That(batch.Push(MessageType.Data, new byte[1]), "add");
            That(batch.Push(MessageType.Data, new byte[2], MessageFlags.Urgent), "add");
            That(consumer.Skip() && consumer.Skip(), "urgent publishes what is pending");
        });

        private static void DroppedBatches()
        {
            string path = null;
            Both(4096, (producer, consumer) =>
            {
                path = producer.Path;
                BatchWriter batch = producer.Batch();
                That(batch.Push(MessageType.Data, new byte[1]), "add");
                _ = producer.Batch();
                That(producer.SendString("another"), "another send");
                bool isEnded = false;
                try
                {
                    batch.Commit();
                }
                catch (InvalidOperationException)
                {
                    isEnded = true;
                }

                That(isEnded, "a commit behind another batch");
                Is("another", consumer.ReceiveString(0), "what is sent");
                Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "nothing else");
                Throws<Failure>(() => FailInBatch(producer), "the body");
                batch = producer.Batch();
                That(batch.Push(MessageType.Data, new byte[3]), "add to the next one");
                batch.Commit();
                That(batch.Push(MessageType.Data, new byte[4]), "add behind the commit");
                batch.Discard();
                That(consumer.TryReceive(out ReceivedMessage message), "receive");
                Is(3, message.Payload.Length, "what was committed");
                Is(1U, message.MessageId, "what was dropped has no number");
                Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "what was abandoned");
                batch = producer.Batch();
                That(batch.Push(MessageType.Data, new byte[5]), "add");
                producer.Close();
                Is((Status)ErrorCode.Closed, consumer.TryReceive(out _), "behind closing");
                Is(2UL, consumer.Statistics.MessagesSent, "counted");
            });
            That(!File.Exists(path), "nothing is left in it");
        }

        /// <summary>
        /// Whatever is sent while a batch is open, the batch so far is published before it, and
        /// goes on.
        /// </summary>
        private static void SendsInBatch() => Both(4096, (producer, consumer) =>
        {
            var message = new SharedMemoryMessage(MessageType.Data, new byte[2]);
            var others = new List<Action>
            {
                () => That(producer.Send(new byte[2]), "send"),
                () => That(producer.TrySend(new byte[2]), "try"),
                () => That(producer.SendMessage(message), "message"),
                () => That(producer.SendBatch(new[] { message }, out _), "many"),
                () => That(producer.SendFragmented(MessageType.Data, new byte[2]), "small pieces"),
                () => ClaimAndCommit(producer),
                () => That(producer.SendAsync(MessageType.Data, new byte[2]).Result, "later"),
            };
            BatchWriter batch = producer.Batch();
            foreach (Action sendAnother in others)
            {
                That(batch.Push(MessageType.Data, new byte[1]), "add");
                Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "before another send");
                sendAnother();
                That(batch.Push(MessageType.Data, new byte[3]), "go on");
                batch.Commit();
                for (int size = 1; size <= 3; size++)
                {
                    That(consumer.TryReceive(out ReceivedMessage found), "receive");
                    Is(size, found.Payload.Length, "in order");
                }
            }

            That(batch.Push(MessageType.Data, new byte[1]), "add");
            That(producer.TryClaim(MessageType.Data, 2, out Claim claim), "claim");
            That(consumer.Skip(), "published by the claim");
            claim.Abandon();
            batch.Commit();
            Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "nothing else");
            Is(0UL, consumer.Snapshot.ReceiveErrors, "no number is missing");
        });

        private static void ClaimAndCommit(SharedMemoryProducer producer)
        {
            That(producer.Claim(MessageType.Data, 2, out Claim claim), "claim");
            claim.Commit();
        }

        private static void DisposedBatch() => Both(1024, (producer, consumer) =>
        {
            Throws<Failure>(() => FailInDisposedBatch(producer), "the body");
            That(producer.SendString("behind"), "send");
            Is("behind", consumer.ReceiveString(0), "what is sent then");
            Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "nothing else");
            Is(1UL, consumer.Statistics.MessagesSent, "counted");
        });

        private static void FailInDisposedBatch(SharedMemoryProducer producer)
        {
            BatchWriter batch = producer.Batch();
            try
            {
                That(batch.Push(MessageType.Data, new byte[2]), "add");
                throw new Failure("in the middle");
            }
            finally
            {
                batch.Dispose();
            }
        }

        private static void FailInBatch(SharedMemoryProducer producer)
        {
            BatchWriter batch = producer.Batch();
            That(batch.Push(MessageType.Data, new byte[2]), "add");
            throw new Failure("in the middle");
        }

        private static void BatchPrefix() => Both(1024, (producer, consumer) =>
        {
            var messages = new SharedMemoryMessage[30];
            for (int i = 0; i < messages.Length; i++)
            {
                messages[i] = new SharedMemoryMessage(
                    MessageType.Control, new byte[i * 4], MessageFlags.Encrypted);
            }

            Is((Status)ErrorCode.Full, producer.TrySendBatch(messages, out int sent), "full");
            That(sent > 5 && sent < 30, "a prefix, not " + sent);
            for (int i = 0; i < sent; i++)
            {
                That(consumer.ReceiveMessage(out SharedMemoryMessage message, 0), "receive");
                Is(i * 4, message.Payload.Length, "length");
                Is(MessageFlags.Encrypted, message.Flags, "flags");
            }

            Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "no more");
            That(producer.TrySendBatch(Array.Empty<SharedMemoryMessage>(), out sent), "none");
        });

        private static void Claims() => Both(1024, (producer, consumer) =>
        {
            That(producer.Claim(MessageType.Data, 100, out Claim claim), "claim");
            claim.Payload.Fill(9);
            claim.Commit(50, MessageFlags.Compressed);
            bool isStale = false;
            try
            {
                claim.Commit();
            }
            catch (InvalidOperationException)
            {
                isStale = true;
            }

            That(isStale, "a second commit");
            That(consumer.TryReceive(out ReceivedMessage message), "receive");
            That(message.Payload.Length == 50 && message.Payload[49] == 9, "content");
            Is(MessageFlags.Compressed, message.Flags, "flags");
            That(producer.Claim(MessageType.Data, 10, out claim), "claim");
            claim.Abandon();
            Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "abandoned");
            That(producer.Claim(MessageType.Data, 10, out claim), "claim");
            That(producer.SendString("in between"), "send");
            Is("in between", consumer.ReceiveString(0), "what takes its place");
            Is((Status)ErrorCode.Empty, consumer.TryReceive(out _), "taken back");
        });

        private static void Pieces() => Both(4096, (producer, consumer) =>
        {
            var random = new Random(5);
            var bytes = new byte[producer.LargestPayload + 1];
            random.NextBytes(bytes);
            // Two pieces fit beside each other, the rest waits for the receiver.
            bool isSent = false;
            var sender = new Thread(() => isSent = producer.SendFragmented(
                (MessageType)77, bytes, MessageFlags.Compressed));
            sender.Start();
            That(consumer.Receive(out ReceivedMessage message, 60000), "receive");
            That(message.Payload.SequenceEqual(bytes), "content");
            Is((MessageType)77, message.MessageType, "type");
            Is(MessageFlags.Compressed, message.Flags, "flags");
            sender.Join();
            That(isSent, "send");
            Is(0UL, consumer.Snapshot.ReceiveErrors, "errors");
        });

        private static void Drains() => Both(4096, (producer, consumer) =>
        {
            var payload = new byte[100];
            int sent = 0;
            while (producer.TrySend(payload))
            {
                sent++;
            }

            int more = 0;
            Status status = consumer.Drain(
                (in ReceivedMessage message) => more += producer.TrySend(payload) ? 1 : 0,
                out int count,
                sent);
            That(status, "drain");
            Is(sent, count, "drained");
            That(more > sent / 2, "room came back late: " + more + " of " + sent);
        });

        private static void Thrown() => Both(4096, (producer, consumer) =>
        {
            That(producer.SendString("one") && producer.SendString("two"), "send");
            MessageHandler handler = (in ReceivedMessage message) =>
            {
                if (message.GetText() == "two")
                {
                    throw new Failure("two");
                }
            };
            Throws<Failure>(() => consumer.Drain(handler, out _), "the handler");
            Is("two", consumer.ReceiveString(0), "it was not received");
            That(producer.SendString("three"), "send");
            var full = new ReadOnlyCollection<SharedMemoryMessage>(new SharedMemoryMessage[0]);
            Throws<NotSupportedException>(() => consumer.ReceiveBatch(full, 5, 0), "the list");
            Is("three", consumer.ReceiveString(0), "it was not received");
        });

        private static void Disposed() => Both(4096, (producer, consumer) =>
        {
            producer.Dispose();
            producer.Dispose();
            Throws<ObjectDisposedException>(() => producer.TrySend(new byte[1]), "send");
            Throws<ObjectDisposedException>(
                () => producer.Batch().Push(MessageType.Data, new byte[1]), "batch");
            Is((Status)ErrorCode.Closed, consumer.Receive(out _), "the other side");
            consumer.Dispose();
            Throws<ObjectDisposedException>(() => consumer.TryReceive(out _), "receive");
            Is(PeerState.Closed, consumer.PeerState, "what was known last");
        });
    }
}
