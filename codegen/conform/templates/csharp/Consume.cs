// The receiving side: every message is compared with what the script says it has to be.
using System;
using System.Diagnostics;
using System.IO;
using {{ view.namespace }};

namespace ConformancePeer
{
    public sealed class Consuming
    {
        private readonly Arguments _arguments;
        private readonly SharedMemoryConsumer _consumer;
        private readonly Report _report = new Report();
        private readonly Stopwatch _time = new Stopwatch();
        private readonly MessageHandler _verify;

        private long? _sleepsBefore;

        /// <summary>Number of the message that has to come next.</summary>
        private long _next;

        private Consuming(Arguments arguments, SharedMemoryConsumer consumer)
        {
            _arguments = arguments;
            _consumer = consumer;
            _verify = Verify;
        }

        public static Report Run(Arguments arguments)
        {
            using (var consumer = new SharedMemoryConsumer(arguments.Name, arguments.RingOptions()))
            {
                var run = new Consuming(arguments, consumer);
                switch (arguments.Script.Plan)
                {
                    case Plan.Records:
                        run.Records();
                        break;
                    case Plan.Mixed:
                        run.Mixed();
                        break;
                    default:
                        run.Stream();
                        break;
                }

                return run.Conclude();
            }
        }

        private Report Conclude()
        {
            Snapshot snapshot = _consumer.Snapshot;
            _report.Seconds = _time.Elapsed.TotalSeconds;
            _report.MissedWakeups = snapshot.Consumer.MissedWakeups;
            _report.Errors = snapshot.ReceiveErrors;
            if (_report.Errors != 0 && _arguments.Script.Plan != Plan.Records)
            {
                throw new Failure(_report.Errors + " receive errors were counted");
            }

            return _report;
        }

        /// <summary>Receives in every way there is, in turn.</summary>
        private void Mixed()
        {
            while (_next < _arguments.Count)
            {
                switch (_next % 5)
                {
                    case 0:
                        Drained();
                        break;
                    case 1:
                        Copied();
                        break;
                    case 2:
                        Peeked();
                        break;
                    case 3:
                        Typed();
                        break;
                    default:
                        Borrowed();
                        break;
                }
            }

            ExpectClosed();
        }

        private void Borrowed()
        {
            Require(_consumer.Receive(out ReceivedMessage message, _arguments.TimeoutMs));
            Verify(in message);
        }

        private void Copied()
        {
            Require(_consumer.ReceiveMessage(out SharedMemoryMessage message, _arguments.TimeoutMs));
            Check(message.MessageId, message.MessageType, message.Flags, message.Payload);
        }

        private void Peeked()
        {
            Status status = _consumer.Peek(out ReceivedMessage ahead);
            byte[] shown = status ? ahead.Payload.ToArray() : null;
            Require(_consumer.Receive(out ReceivedMessage message, _arguments.TimeoutMs));
            if (shown != null && !Program.Same(shown, message.Payload))
            {
                throw new Failure("message " + _next + ": peek showed another payload");
            }

            Verify(in message);
        }

        /// <summary>A typed receive of the expected struct; other messages in the plain way.</summary>
        private void Typed()
        {
            Planned wanted = _arguments.Script.Message(_next, _consumer.Ring.LargestPayload);
            if (wanted.Kind != Kind.Typed)
            {
                Borrowed();
                return;
            }

            TimeSpan timeout = TimeSpan.FromMilliseconds(_arguments.TimeoutMs);
            Status status = Samples.Receive(wanted.Number, _consumer, timeout, out byte[] again);
            Require(status);
            if (!Program.Same(again, wanted.Payload))
            {
                throw new Failure("message " + _next + ": another struct");
            }

            Count(wanted.Payload.Length);
        }

        private void Drained()
        {
            Status status = _consumer.Drain(_verify, out int count, 16);
            if (count == 0)
            {
                Require(status.WouldBlock ? ErrorCode.Ok : status);
                Borrowed();
            }
        }

        /// <summary>After the last message the producer closes: anything else is an error.</summary>
        private void ExpectClosed()
        {
            Status status = _consumer.Receive(out ReceivedMessage message, _arguments.TimeoutMs);
            if (status != ErrorCode.Closed)
            {
                throw new Failure(status ? "message " + message.MessageId + " after the last" : status.ToString());
            }
        }

        private void Stream()
        {
            while (_next < _arguments.Count)
            {
                Status status = _consumer.Receive(out ReceivedMessage message, _arguments.TimeoutMs);
                if (!status)
                {
                    Require(status);
                }

                ReadOnlySpan<byte> payload = message.Payload;
                ulong index = 0;
                for (int i = 0; i < Math.Min(payload.Length, 8); i++)
                {
                    index |= (ulong)payload[i] << (8 * i);
                }

                int bits = 8 * Math.Min(_arguments.Script.Size, 8);
                ulong expected = bits == 64 ? (ulong)_next : (ulong)_next & ((1UL << bits) - 1);
                if (payload.Length != _arguments.Script.Size || index != expected)
                {
                    Verify(in message);
                }

                if (_next == 0)
                {
                    _time.Start();
                    _sleepsBefore = Sleeps.Count();
                }

                _next++;
                _arguments.SlowDown(_next - 1);
            }

            _time.Stop();
            _report.Sleeps = Sleeps.Count() - _sleepsBefore;
            _report.Messages = _next;
            _report.Bytes = _next * _arguments.Script.Size;
            ExpectClosed();
        }

        /// <summary>One record a message; the ledger tells what an earlier run has received.</summary>
        private void Records()
        {
            FileStream ledger = _arguments.Ledger == null ? null : OpenLedger(_arguments.Ledger);
            long known = ledger == null ? 0 : ReadLedger(ledger);
            bool isFirst = true;
            // An earlier run that had received all may have been killed before it ended: then
            // nobody sends any more.
            TimeSpan timeout =
                TimeSpan.FromMilliseconds(known == _arguments.Count ? 0 : _arguments.TimeoutMs);
            while (_next < _arguments.Count)
            {
                Status status = _consumer.TryReceive(out ReceivedMessage message, timeout);
                if (known == _arguments.Count && (status.WouldBlock || status == ErrorCode.Closed))
                {
                    break;
                }

                if (status == ErrorCode.PeerDied || status == ErrorCode.Closed)
                {
                    // The next producer goes on where this one died, or has nothing left to send.
                    continue;
                }

                Require(status);
                if (isFirst)
                {
                    isFirst = false;
                    _next = message.MessageId;
                    if (ledger != null)
                    {
                        CheckResume(_next, known);
                    }
                }

                Verify(in message);
                if (ledger != null)
                {
                    WriteLedger(ledger, _next);
                }

                _consumer.Release();
            }

            ledger?.Dispose();
        }

        private static FileStream OpenLedger(string path) => new FileStream(
            path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, 1);

        private static long ReadLedger(FileStream ledger)
        {
            var bytes = new byte[8];
            ledger.Position = 0;
            return ledger.Read(bytes, 0, 8) == 8 ? BitConverter.ToInt64(bytes, 0) : 0;
        }

        private static void WriteLedger(FileStream ledger, long value)
        {
            ledger.Position = 0;
            ledger.Write(BitConverter.GetBytes(value), 0, 8);
            ledger.Flush();
        }

        /// <summary>A restarted consumer begins right after what it had released.</summary>
        private static void CheckResume(long first, long known)
        {
            if (first > known)
            {
                throw new Failure("lost: message " + known + " never came, " + first + " did");
            }

            if (first + 1 < known)
            {
                throw new Failure("repeated: message " + first + " was released before " + known);
            }
        }

        private void Verify(in ReceivedMessage message) =>
            Check(message.MessageId, message.MessageType, message.Flags, message.Payload);

        private void Check(uint id, MessageType type, MessageFlags flags, ReadOnlySpan<byte> payload)
        {
            Planned wanted = _arguments.Script.Message(_next, _consumer.Ring.LargestPayload);
            bool isRecord = _arguments.Script.Plan != Plan.Mixed;
            if (isRecord && id != unchecked((uint)_next))
            {
                throw new Failure("message " + _next + ": id " + id);
            }

            Differs("type", (uint)type, (uint)wanted.MessageType);
            Differs("flags", (uint)flags, (uint)wanted.Flags);
            Differs("length", (uint)payload.Length, (uint)wanted.Payload.Length);
            if (!Program.Same(payload, wanted.Payload))
            {
                throw new Failure("message " + _next + ": another payload");
            }

            if (wanted.Kind == Kind.Typed && !Program.Same(Samples.Recoded(wanted.Number, payload), payload))
            {
                throw new Failure("message " + _next + ": decoding " + Samples.Names[wanted.Number] + " changes it");
            }

            Count(payload.Length);
        }

        private void Differs(string what, uint found, uint expected)
        {
            if (found != expected)
            {
                throw new Failure("message " + _next + ": " + what + " " + found + ", expected " + expected);
            }
        }

        private void Count(int bytes)
        {
            if (_report.Messages == 0)
            {
                _time.Start();
                _sleepsBefore = Sleeps.Count();
            }

            _next++;
            if (_next == _arguments.Count)
            {
                _report.Sleeps = Sleeps.Count() - _sleepsBefore;
            }

            _report.Messages++;
            _report.Bytes += bytes;
            _arguments.SlowDown(_next - 1);
        }

        private void Require(Status status)
        {
            if (!status)
            {
                throw new Failure("message " + _next + ": " + status);
            }
        }
    }
}
