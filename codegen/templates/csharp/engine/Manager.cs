{% include "csharp/engine_head.cs" %}

using System;
using System.Collections.Generic;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// One side of a ring with what programs need around it: sends from any thread, handlers by
    /// message type, heartbeats.
    /// </summary>
    /// <remarks>
    /// <para>Threads: all members from any thread, also from within handlers. Handlers run on the
    /// manager's own thread after <see cref="Start"/>, or on the caller's in
    /// <see cref="Poll(int)"/>.</para>
    /// <para><see cref="Start"/> runs one background thread. It stores a heartbeat at every
    /// interval, for which no message is sent; a consumer's receives and dispatches, and goes on
    /// with the next message, or the next producer, whatever happens.</para>
    /// <para>Deliveries: a message is given back when its handler has returned. If the process is
    /// killed before, it comes again to the next consumer.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using (var manager = new SharedMemoryManager("prices", isProducer: false))
    /// {
    ///     manager.SetHandler(MessageType.Data, (in ReceivedMessage m) =&gt; Show(m.Payload));
    ///     manager.Start();
    ///     Console.ReadLine();
    /// }
    /// </code>
    /// </example>
    public sealed partial class SharedMemoryManager : IDisposable
    {
        private readonly SharedMemoryProducer _producer;
        private readonly SharedMemoryConsumer _consumer;

        /// <summary>Nanoseconds between two heartbeats.</summary>
        private readonly long _heartbeatNs;

        /// <summary>Held by whoever uses the producer or consumer.</summary>
        private readonly object _side = new object();

        /// <summary>Guards the handlers and the life of the thread.</summary>
        private readonly object _state = new object();

        private Dictionary<MessageType, MessageHandler> _handlers =
            new Dictionary<MessageType, MessageHandler>();

        private MessageHandler _defaultHandler;
        private Thread _thread;
        private bool _isStopping;
        private bool _isDisposed;

        /// <summary>Whether the thread closes when it ends.</summary>
        private bool _closesItself;

        /// <summary>
        /// Attaches as one side of a ring. Nothing runs before <see cref="Start"/>.
        /// </summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="isProducer">Whether to send or to receive.</param>
        /// <param name="options">How to attach and behave; null for the defaults.</param>
        /// <param name="heartbeat">The time between two heartbeats; null for
        /// <see cref="DefaultHeartbeat"/>. Without bound: one, when it starts.</param>
        /// <exception cref="ArgumentOutOfRangeException">A time that is not positive, or an option
        /// that cannot be.</exception>
        /// <exception cref="SharedMemoryException">The ring cannot be made or opened, or the role
        /// is taken.</exception>
        public SharedMemoryManager(
            string name,
            bool isProducer,
            SharedMemoryOptions options = null,
            TimeSpan? heartbeat = null)
        {
            _heartbeatNs = RingTime.Of(heartbeat ?? DefaultHeartbeat);
            if (_heartbeatNs == 0)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(heartbeat), heartbeat, "not positive");
            }

            SharedMemoryOptions chosen = options ?? new SharedMemoryOptions();
            if (isProducer)
            {
                _producer = new SharedMemoryProducer(name, chosen);
            }
            else
            {
                _consumer = new SharedMemoryConsumer(name, chosen);
            }
        }

        /// <summary>The time between two heartbeats unless asked otherwise: a second.</summary>
        public static TimeSpan DefaultHeartbeat =>
            TimeSpan.FromTicks(RingConstants.HeartbeatNs / 100);

        /// <summary>Whether this side sends.</summary>
        public bool IsProducer => _producer != null;

        /// <summary>The ring: its name, size and counters.</summary>
        public RingBuffer Ring => _producer != null ? _producer.Ring : _consumer.Ring;

        /// <summary>Whether the thread runs.</summary>
        public bool IsRunning
        {
            get
            {
                lock (_state)
                {
                    return _thread != null;
                }
            }
        }

        /// <summary>
        /// Takes, once for each event, why receiving on the manager's thread failed (the producer
        /// closed or died, the file was removed, the ring is corrupt, a message was dropped) and
        /// what handlers throw there. Without it they are logged; what handlers throw, and what
        /// loses messages, goes to the standard error output if there is no
        /// <see cref="SharedMemoryLog.Sink"/> either. In any case the thread goes on.
        /// </summary>
        public Action<Exception> ErrorHandler { get; set; }

        /// <summary>All that the ring's header says.</summary>
        public Snapshot Snapshot => Ring.Snapshot;

        /// <summary>The counters of both sides.</summary>
        public Statistics Statistics => Ring.Statistics;

        /// <summary>
        /// The other side's life: stalled when its heartbeat is older than three intervals. A side
        /// without a manager beats only when it attaches, unless its program does it.
        /// </summary>
        public PeerState PeerState
        {
            get
            {
                const long Beats = RingConstants.StalledBeats;
                bool isLong = _heartbeatNs < 0 || _heartbeatNs > long.MaxValue / Beats;
                return Ring.GetPeerState(isLong ? RingTime.Forever : Beats * _heartbeatNs);
            }
        }

        /// <summary>Why the last send or receive failed; null if none has.</summary>
        public SharedMemoryException LastError =>
            _producer != null ? _producer.LastError : _consumer.LastError;

        /// <summary>Sends a message, waiting for room if need be.</summary>
        /// <param name="messageType">What it is.</param>
        /// <param name="payload">Its bytes.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="SharedMemoryException">As for the producer's Send.</exception>
        /// <exception cref="InvalidOperationException">This side receives.</exception>
        /// <exception cref="ObjectDisposedException">The manager was closed.</exception>
        public Status Send(
            MessageType messageType,
            ReadOnlySpan<byte> payload,
            MessageFlags flags = default(MessageFlags))
        {
            lock (_side)
            {
                return RequireProducer().Send(messageType, payload, flags);
            }
        }

        /// <summary>Sends text as plain data, waiting for room if need be.</summary>
        /// <param name="text">The text.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="SharedMemoryException">As for the producer's SendString.</exception>
        /// <exception cref="InvalidOperationException">This side receives.</exception>
        /// <exception cref="ObjectDisposedException">The manager was closed.</exception>
        public Status SendString(string text)
        {
            lock (_side)
            {
                return RequireProducer().SendString(text);
            }
        }

        /// <summary>Sends a struct under its own type, waiting for room if need be.</summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="SharedMemoryException">As for the producer's Send.</exception>
        /// <exception cref="InvalidOperationException">This side receives.</exception>
        /// <exception cref="ObjectDisposedException">The manager was closed.</exception>
        public Status SendTyped<T>(in T value)
            where T : struct, IPayload
        {
            lock (_side)
            {
                return RequireProducer().SendTyped(in value);
            }
        }

        /// <summary>Sends a message, waiting for room if need be.</summary>
        /// <param name="message">The message.</param>
        /// <returns>True; false for Timeout, or Full without waiting.</returns>
        /// <exception cref="SharedMemoryException">As for the producer's Send.</exception>
        /// <exception cref="InvalidOperationException">This side receives.</exception>
        /// <exception cref="ObjectDisposedException">The manager was closed.</exception>
        public Status SendMessage(SharedMemoryMessage message)
        {
            lock (_side)
            {
                return RequireProducer().SendMessage(message);
            }
        }

        /// <summary>
        /// Sets what is called for messages of a type; null for nothing any more.
        /// </summary>
        /// <param name="messageType">The type.</param>
        /// <param name="handler">Gets each message, which is valid for the call only.</param>
        public void SetHandler(MessageType messageType, MessageHandler handler)
        {
            lock (_state)
            {
                // A copy, so that dispatching needs no lock.
                var handlers = new Dictionary<MessageType, MessageHandler>(_handlers);
                _ = handlers.Remove(messageType);
                if (handler != null)
                {
                    handlers.Add(messageType, handler);
                }

                Volatile.Write(ref _handlers, handlers);
            }
        }

        /// <summary>
        /// Sets what is called for messages of all other types; null for nothing.
        /// </summary>
        /// <param name="handler">Gets each message, which is valid for the call only.</param>
        public void SetDefaultHandler(MessageHandler handler) =>
            Volatile.Write(ref _defaultHandler, handler);

        /// <summary>
        /// Receives one message and calls its handler. What that throws comes through; the message
        /// counts as received.
        /// </summary>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>True; false for Timeout and Closed.</returns>
        /// <exception cref="SharedMemoryException">As for the consumer's Receive.</exception>
        /// <exception cref="InvalidOperationException">This side sends, or the thread
        /// runs.</exception>
        /// <exception cref="ObjectDisposedException">The manager was closed.</exception>
        public Status Poll(int timeoutMs = -1) => PollWithin(RingTime.OfMs(timeoutMs));

        /// <summary>Receives one message and calls its handler.</summary>
        /// <param name="timeout">How long to wait.</param>
        /// <returns>As <see cref="Poll(int)"/>.</returns>
        /// <exception cref="SharedMemoryException">As for the consumer's Receive.</exception>
        /// <exception cref="InvalidOperationException">This side sends, or the thread
        /// runs.</exception>
        /// <exception cref="ObjectDisposedException">The manager was closed.</exception>
        public Status Poll(TimeSpan timeout) => PollWithin(RingTime.Of(timeout));

        /// <summary>Starts the thread. Again: no effect.</summary>
        /// <exception cref="ObjectDisposedException">The manager was closed.</exception>
        public void Start()
        {
            lock (_state)
            {
                CheckOpen();
                if (_thread == null)
                {
                    _isStopping = false;
                    _thread = new Thread(Run) { IsBackground = true, Name = "ring " + Ring.Name };
                    _thread.Start();
                }
            }
        }

        /// <summary>
        /// Stops the thread and waits for its end; a handler that calls this is not waited for, and
        /// is the last that is called. Again: no effect.
        /// </summary>
        public void Stop()
        {
            Thread thread;
            lock (_state)
            {
                thread = _thread;
                if (thread == null)
                {
                    return;
                }

                _isStopping = true;
                Monitor.PulseAll(_state);
            }

            _consumer?.Interrupt();
            if (thread != Thread.CurrentThread)
            {
                thread.Join();
            }
        }

        /// <summary>
        /// Stops, and closes this side of the ring; from within a handler, once that has returned.
        /// Calls of other threads that wait end with an <see cref="ObjectDisposedException"/>.
        /// Again: no effect.
        /// </summary>
        public void Close()
        {
            lock (_state)
            {
                if (_isDisposed)
                {
                    return;
                }

                _isDisposed = true;
                _closesItself = _thread == Thread.CurrentThread;
            }

            Stop();
            if (!_closesItself)
            {
                CloseSide();
            }
        }

        /// <summary>The same as <see cref="Close"/>.</summary>
        public void Dispose() => Close();

        private void CloseSide()
        {
            _producer?.BeginClose();
            _consumer?.BeginClose();
            lock (_side)
            {
                _producer?.Dispose();
                _consumer?.Dispose();
            }
        }

        private void CheckOpen()
        {
            if (Volatile.Read(ref _isDisposed))
            {
                throw new ObjectDisposedException(nameof(SharedMemoryManager));
            }
        }

        private SharedMemoryProducer RequireProducer()
        {
            CheckOpen();
            return _producer ?? throw new InvalidOperationException("this manager receives");
        }
    }
}
