// A peer that writes anything anywhere: whatever the calls answer, they answer.
using System;
using System.IO;
using {{ view.namespace }};

namespace ConformancePeer
{
    /// <summary>The ring's file, written to behind everyone's back.</summary>
    public sealed class Saboteur : IDisposable
    {
        /// <summary>Bytes of the rings that are written to.</summary>
        public const int Capacity = 4096;

        /// <summary>What the state of a side says that is there, and of one that has closed.</summary>
        private const uint Attached = 1;
        private const uint Closed = 2;

        /// <summary>The fields of the ring header that some code reads.</summary>
        private static readonly int[] Fields =
        {
{%- for role in view.ring_roles %}
            RingHeaderLayout.{{ role }},
{%- endfor %}
        };

        private readonly FileStream _file;
        private readonly byte[] _word = new byte[8];
        private long _at;
        private ulong _old;
        private int _width = 8;

        public Saboteur(string path)
        {
            _file = new FileStream(
                path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 1);
        }

        /// <summary>Overwrites an aligned word with something that could be meant.</summary>
        public void Mutate(Rng rng)
        {
            _width = (rng.Next() & 1) == 0 ? 4 : 8;
            _at = Place(rng) / _width * _width;
            _old = Read(_at);
            Write(Pick(rng));
        }

        /// <summary>Puts back what the last mutation overwrote.</summary>
        public void Undo() => Write(_old);

        /// <summary>
        /// Who closes waits up to 5 s for another side that seems to be closing, too: here nobody is.
        /// </summary>
        public void LetClose()
        {
            _width = sizeof(uint);
            foreach (int at in new[] { RingHeaderLayout.ProducerState, RingHeaderLayout.ConsumerState })
            {
                _at = at;
                if ((uint)Read(at) == Closed)
                {
                    Write(Attached);
                }
            }
        }

        public void Dispose() => _file.Dispose();

        private ulong Pick(Rng rng)
        {
            switch (rng.Next() % 9)
            {
                case 0: return 0;
                case 1: return 1;
                case 2: return ulong.MaxValue;
                case 3: return rng.Next() % 64;
                case 4: return Capacity - 32 + (rng.Next() % 64);
                case 5: return _old ^ (1UL << (int)(rng.Next() % 64));
                case 6: return Read(Place(rng) / 8 * 8);
                case 7: return (rng.Next() % 600) | ((rng.Next() % 3) << 32);
                default: return rng.Next();
            }
        }

        /// <summary>
        /// Half of the places are fields of the header, the other half lies in the data area, with
        /// a preference for the record that is read next.
        /// </summary>
        private long Place(Rng rng)
        {
            ulong kind = rng.Next() % 8;
            if (kind < 4)
            {
                return Fields[rng.Next() % (ulong)Fields.Length];
            }

            ulong position = kind == 4
                ? Read(RingHeaderLayout.ReadPosition) + (rng.Next() % 16)
                : rng.Next();
            return RingHeaderLayout.Size + (long)(position % Capacity);
        }

        private ulong Read(long at)
        {
            Array.Clear(_word, 0, _word.Length);
            _ = _file.Seek(at, System.IO.SeekOrigin.Begin);
            // The last aligned word of 4 bytes has nothing behind it.
            if (_file.Read(_word, 0, _word.Length) < 4)
            {
                throw new Failure("the ring's file cannot be read");
            }

            return BitConverter.ToUInt64(_word, 0);
        }

        private void Write(ulong value)
        {
            _ = _file.Seek(_at, System.IO.SeekOrigin.Begin);
            _file.Write(BitConverter.GetBytes(value), 0, _width);
            _file.Flush();
        }
    }

    /// <summary>Everyone who has the ring mapped.</summary>
    public sealed class Victims : IDisposable
    {
        /// <summary>How long a call waits that waits.</summary>
        private static readonly TimeSpan Brief = TimeSpan.FromTicks(500);

        private readonly SharedMemoryProducer _producer;
        private readonly SharedMemoryConsumer _consumer;
        private readonly SharedMemoryMonitor _monitor;
        private readonly MessageHandler _use;
        private ulong _used;

        /// <summary>Attaches all; none if one is refused.</summary>
        public Victims(string name, CreateMode mode)
        {
            var options = new SharedMemoryOptions
            {
                Capacity = Saboteur.Capacity,
                Mode = mode,
                SendTimeout = Brief,
                MaxMessageSize = 65536,
                Spin = TimeSpan.FromMilliseconds(0.05),
                DiagnoseWakeups = true,
            };
            _use = Use;
            try
            {
                _producer = new SharedMemoryProducer(name, options);
                options.Mode = CreateMode.OpenOnly;
                _consumer = new SharedMemoryConsumer(name, options);
                _monitor = new SharedMemoryMonitor(name, options);
            }
            catch (SharedMemoryException)
            {
                Dispose();
                throw;
            }
        }

        public string FilePath => _producer.Path;

        /// <summary>Any call; false if it failed.</summary>
        public bool Call(Rng rng)
        {
            try
            {
                return CallAny(rng);
            }
            catch (SharedMemoryException)
            {
                return false;
            }
        }

        /// <summary>
        /// Ends laps with padding of every size: a ring that nobody overwrites, read to its last
        /// byte, where the mapping ends.
        /// </summary>
        public void March()
        {
            for (int size = 0; size <= 64; size++)
            {
                byte[] payload = new byte[size];
                for (int sent = 0; sent < 2 * Saboteur.Capacity; sent += 2 * MessageHeaderLayout.Size)
                {
                    bool isSent = _producer.TrySend((MessageType)7, payload)
                        && _producer.TrySend((MessageType)7, payload);
                    if (!isSent || _consumer.SkipToLatest() != 1 || !_consumer.Skip())
                    {
                        throw new Failure("of two messages of " + size + " bytes not one is skipped");
                    }
                }
            }
        }

        private bool CallAny(Rng rng)
        {
            switch (rng.Next() % 22)
            {
                case 17:
                    _producer.Heartbeat();
                    _consumer.Heartbeat();
                    return true;
                case 18:
                    _used += (ulong)_producer.PeerState;
                    _used += (ulong)_consumer.PeerStateAfter(TimeSpan.FromMilliseconds(1));
                    return true;
                case 20:
                    _used += (ulong)(rng.Next() % 2 == 0 ? _consumer.SkipToLatest() : _consumer.Clear());
                    return true;
                case 21:
                    _used += (ulong)_producer.FreeBytes + (_consumer.HasMessage ? 1UL : 0UL);
                    return true;
                case 19:
                    _used += _producer.Snapshot.UsedBytes;
                    _used += _consumer.Statistics.MessagesSent + _monitor.Snapshot.UsedBytes;
                    return true;
                default:
                    Status status = rng.Next() % 2 == 0 ? Send(rng) : Receive(rng);
                    return status || status.WouldBlock;
            }
        }

        public void Dispose()
        {
            _producer?.Dispose();
            _consumer?.Dispose();
            _monitor?.Dispose();
        }

        private Status Send(Rng rng)
        {
            const MessageType Type = (MessageType)7;
            byte[] payload = new byte[rng.Next() % 700];
            switch (rng.Next() % 6)
            {
                case 0:
                case 1:
                    return _producer.TrySend(Type, payload);
                case 2:
                    return _producer.Send(Type, payload);
                case 3:
                    var one = new SharedMemoryMessage(Type, new byte[payload.Length / 4]);
                    return _producer.SendBatch(new[] { one, one, one, one }, out _);
                case 4:
                    return _producer.SendFragmented(Type, new byte[payload.Length * 6]);
                default:
                    Status status = _producer.Claim(Type, payload.Length, out Claim claim);
                    if (status)
                    {
                        claim.Payload.Fill(2);
                        if (rng.Next() % 2 == 0)
                        {
                            claim.Commit();
                        }
                    }

                    return status;
            }
        }

        private Status Receive(Rng rng)
        {
            TimeSpan timeout = rng.Next() % 16 == 0 ? Brief : TimeSpan.Zero;
            Status status;
            switch (rng.Next() % 8)
            {
                case 0:
                case 1:
                    status = _consumer.Receive(out ReceivedMessage message, timeout);
                    Use(in message);
                    return status;
                case 2:
                    status = _consumer.Peek(out ReceivedMessage ahead);
                    Use(in ahead);
                    return status;
                case 3:
                    return _consumer.Drain(_use, out _, 8);
                case 4:
                    return _consumer.ReceiveMessage(out _, timeout);
                case 5:
                    return _consumer.ReceiveString(out _, timeout);
                case 6:
                    return Samples.Names.Length == 0
                        ? default(Status)
                        : Samples.Receive(
                            (int)(rng.Next() % (ulong)Samples.Names.Length), _consumer, timeout, out _);
                default:
                    return _consumer.Skip();
            }
        }

        /// <summary>Reading every byte is what finds one that is not there.</summary>
        private void Use(in ReceivedMessage message)
        {
            foreach (byte one in message.Payload)
            {
                _used += one;
            }
        }
    }

    /// <summary>Overwrites words of live rings, over and over.</summary>
    public sealed class Hostile
    {
        private const long MutationsOfARing = 64;

        /// <summary>Most errors in a row before a ring counts as useless.</summary>
        private const int Useless = 24;

        private readonly string _name;
        private readonly Rng _rng;
        private long _mutations;
        private long _calls;
        private long _errors;

        public Hostile(string name, ulong seed)
        {
            _name = name;
            _rng = new Rng(seed, 0);
        }

        /// <summary>Goes on until so many are done, and says what was done as JSON.</summary>
        public string Run(long mutations)
        {
            _ = SharedMemoryFactory.RemoveRing(_name);
            using (var victims = new Victims(_name, CreateMode.CreateOnly))
            {
                victims.March();
            }

            while (_mutations < mutations)
            {
                Disturb(Math.Min(mutations - _mutations, MutationsOfARing));
            }

            _ = SharedMemoryFactory.RemoveRing(_name);
            return "{\"ok\":true,\"mutations\":" + _mutations + ",\"calls\":" + _calls
                + ",\"errors\":" + _errors + "}";
        }

        /// <summary>One ring, from a sound start to its end.</summary>
        private void Disturb(long mutations)
        {
            _ = SharedMemoryFactory.RemoveRing(_name);
            using (var victims = new Victims(_name, CreateMode.CreateOnly))
            using (var saboteur = new Saboteur(victims.FilePath))
            {
                int useless = 0;
                for (long i = 0; i < mutations && useless <= Useless; i++)
                {
                    _mutations++;
                    saboteur.Mutate(_rng);
                    for (ulong calls = 1 + (_rng.Next() % 3); calls > 0; calls--)
                    {
                        useless = Call(victims) ? 0 : useless + 1;
                    }

                    // Else most rings are of no use after a few mutations.
                    if (_rng.Next() % 2 == 0)
                    {
                        saboteur.Undo();
                    }
                }

                saboteur.LetClose();
            }

            if (_rng.Next() % 8 == 0)
            {
                AttachAgain();
            }
        }

        /// <summary>
        /// Attaches to a ring in whatever state it is; any refusal is fine. What can be attached to
        /// is used.
        /// </summary>
        private void AttachAgain()
        {
            _calls += 3;
            try
            {
                using (var victims = new Victims(_name, CreateMode.OpenOnly))
                {
                    for (int i = 0; i < 16; i++)
                    {
                        _ = Call(victims);
                    }
                }
            }
            catch (SharedMemoryException)
            {
                _errors++;
            }
        }

        private bool Call(Victims victims)
        {
            bool isFine = victims.Call(_rng);
            _calls++;
            _errors += isFine ? 0 : 1;
            return isFine;
        }
    }
}
