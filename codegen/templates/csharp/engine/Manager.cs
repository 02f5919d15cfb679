{% include "csharp/head.cs" %}

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
    /// <para>Threads: all members from any thread. Handlers run on the manager's own thread after
    /// <see cref="Start"/>, or on the caller's in <see cref="Poll"/>.</para>
    /// <para><see cref="Start"/> runs one background thread. It stores a heartbeat at every
    /// interval; a producer's also sends an empty heartbeat message if nothing else was sent in the
    /// interval, a consumer's receives and dispatches.</para>
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
    public sealed class SharedMemoryManager : IDisposable
    {
        /// <summary>Milliseconds between two heartbeats unless asked otherwise.</summary>
        public const int DefaultHeartbeatMs = 1000;

        /// <summary>
        /// How often a consumer looks again whose producer has closed, or whose ring is bad.
        /// </summary>
        private const int EndPauseMs = 50;

        private readonly SharedMemoryProducer _producer;
        private readonly SharedMemoryConsumer _consumer;
        private readonly int _heartbeatMs;

        /// <summary>Held by whoever uses the producer or consumer.</summary>
        private readonly object _side = new object();

        /// <summary>Guards the handlers and the life of the thread.</summary>
        private readonly object _state = new object();

        private readonly ManualResetEventSlim _stop = new ManualResetEventSlim();
        private Dictionary<MessageType, MessageHandler> _handlers =
            new Dictionary<MessageType, MessageHandler>();

        private MessageHandler _defaultHandler;
        private Thread _thread;
        private ulong _sentAtBeat;
        private ErrorCode _told;
        private bool _isDisposed;

        /// <summary>Whether the thread closes when it ends.</summary>
        private bool _closesItself;

        /// <summary>
        /// Attaches as one side of a ring. Nothing runs before <see cref="Start"/>.
        /// </summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="isProducer">Whether to send or to receive.</param>
        /// <param name="options">How to attach and behave; null for the defaults.</param>
        /// <param name="heartbeatMs">Milliseconds between two heartbeats.</param>
        /// <exception cref="ArgumentOutOfRangeException">No interval.</exception>
        /// <exception cref="SharedMemoryException">The ring cannot be made or opened, or the role
        /// is taken.</exception>
        public SharedMemoryManager(
            string name,
            bool isProducer,
            SharedMemoryOptions options = null,
            int heartbeatMs = DefaultHeartbeatMs)
        {
            if (heartbeatMs <= 0)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(heartbeatMs), heartbeatMs, "not positive");
            }

            _heartbeatMs = heartbeatMs;
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
        /// Takes, once for each, why receiving on the manager's thread failed (the producer closed
        /// or died, the ring is corrupt, a message was dropped) and what handlers throw there.
        /// Without it they are only logged. It must not throw. The thread goes on, and waits for
        /// the next producer.
        /// </summary>
        public Action<Exception> ErrorHandler { get; set; }

        /// <summary>The counters of both sides.</summary>
        public Statistics Statistics
        {
            get
            {
                lock (_state)
                {
                    return Ring.Statistics;
                }
            }
        }

        /// <summary>
        /// The other side's life: stalled when its heartbeat is older than three intervals.
        /// </summary>
        public PeerState PeerState
        {
            get
            {
                lock (_state)
                {
                    return Ring.GetPeerState(3 * _heartbeatMs);
                }
            }
        }

        /// <summary>Why the last send or receive failed; null if none has.</summary>
        public SharedMemoryException LastError =>
            _producer != null ? _producer.LastError : _consumer.LastError;

        /// <summary>Sends a message, waiting for room if need be.</summary>
        /// <param name="messageType">What it is.</param>
        /// <param name="payload">Its bytes.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <returns>As <see cref="SharedMemoryProducer.Send(MessageType, ReadOnlySpan{byte},
        /// MessageFlags)"/>.</returns>
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
        /// <returns>As
        /// <see cref="SharedMemoryProducer.SendString(string, MessageFlags)"/>.</returns>
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
        /// <returns>As
        /// <see cref="SharedMemoryProducer.SendTyped{T}(in T, MessageFlags)"/>.</returns>
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
        /// <returns>As
        /// <see cref="SharedMemoryProducer.SendMessage(SharedMemoryMessage)"/>.</returns>
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

        /// <summary>Receives one message and calls its handler.</summary>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>As <see cref="SharedMemoryConsumer.Receive"/>.</returns>
        /// <exception cref="InvalidOperationException">This side sends, or the thread
        /// runs.</exception>
        /// <exception cref="ObjectDisposedException">The manager was closed.</exception>
        public Status Poll(int timeoutMs = -1)
        {
            if (IsRunning)
            {
                throw new InvalidOperationException("the manager's thread receives");
            }

            return ReceiveAndDispatch(timeoutMs);
        }

        /// <summary>Starts the thread. Again: no effect.</summary>
        /// <exception cref="ObjectDisposedException">The manager was closed.</exception>
        public void Start()
        {
            lock (_state)
            {
                CheckOpen();
                if (_thread == null)
                {
                    _stop.Reset();
                    _thread = new Thread(Run) { IsBackground = true, Name = "ring " + Ring.Name };
                    _thread.Start();
                }
            }
        }

        /// <summary>
        /// Stops the thread and waits for its end; a handler that calls this is not waited for.
        /// Again: no effect.
        /// </summary>
        public void Stop()
        {
            Thread thread;
            lock (_state)
            {
                thread = _thread;
            }

            if (thread == null)
            {
                return;
            }

            _stop.Set();
            _consumer?.Interrupt();
            if (thread != Thread.CurrentThread)
            {
                thread.Join();
            }
        }

        /// <summary>
        /// Stops, and closes this side of the ring; from within a handler, once that has returned.
        /// Ends calls of other threads that wait. Again: no effect.
        /// </summary>
        public void Dispose()
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
                Close();
            }
        }

        private void Close()
        {
            _producer?.Interrupt();
            _consumer?.Interrupt();
            lock (_side)
            {
                lock (_state)
                {
                    _producer?.Dispose();
                    _consumer?.Dispose();
                }
            }

            _stop.Dispose();
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

        private Status ReceiveAndDispatch(int timeoutMs)
        {
            if (_consumer == null)
            {
                throw new InvalidOperationException("this manager sends");
            }

            lock (_side)
            {
                CheckOpen();
                Status status = _consumer.Receive(out ReceivedMessage message, timeoutMs);
                if (status)
                {
                    try
                    {
                        Dispatch(in message);
                    }
                    finally
                    {
                        _consumer.Release();
                    }
                }

                return status;
            }
        }

        private void Dispatch(in ReceivedMessage message)
        {
            Dictionary<MessageType, MessageHandler> handlers = Volatile.Read(ref _handlers);
            if (!handlers.TryGetValue(message.MessageType, out MessageHandler handler))
            {
                handler = Volatile.Read(ref _defaultHandler);
            }

            handler?.Invoke(in message);
        }

        private void Run()
        {
            try
            {
                if (_producer != null)
                {
                    RunProducer();
                }
                else
                {
                    RunConsumer();
                }
            }
            finally
            {
                _consumer?.ClearInterrupt();
                lock (_state)
                {
                    _thread = null;
                }

                if (_closesItself)
                {
                    Close(); // disposed by one of its own handlers
                }
            }
        }

        private void RunProducer()
        {
            do
            {
                _producer.Heartbeat();
                if (Monitor.TryEnter(_side))
                {
                    try
                    {
                        SendHeartbeatIfSilent();
                    }
                    finally
                    {
                        Monitor.Exit(_side);
                    }
                }
            }
            while (!_stop.Wait(_heartbeatMs));
        }

        private void SendHeartbeatIfSilent()
        {
            ulong sent = _producer.Statistics.MessagesSent;
            if (sent == _sentAtBeat)
            {
                // A full ring needs no sign of life besides the one in the header.
                _ = _producer.TrySend(Layout.TypeHeartbeat, default(ReadOnlySpan<byte>));
                sent = _producer.Statistics.MessagesSent;
            }

            _sentAtBeat = sent;
        }

        private void RunConsumer()
        {
            ulong interval = (ulong)_heartbeatMs * 1000000;
            ulong beaten = 0;
            while (!_stop.IsSet)
            {
                ulong now = Platform.Current.MonotonicNs();
                if (beaten == 0 || now - beaten >= interval)
                {
                    beaten = now;
                    _consumer.Heartbeat();
                }

                int left = (int)((interval - Math.Min(now - beaten, interval)) / 1000000) + 1;
                ReceiveOnThread(left);
            }
        }

        /// <summary>One round of a consumer's thread.</summary>
        private void ReceiveOnThread(int timeoutMs)
        {
            try
            {
                Status status = ReceiveAndDispatch(timeoutMs);
                if (status || status.WouldBlock)
                {
                    _told = ErrorCode.Ok;
                }
                else
                {
                    Report(status.Code);
                }
            }
            catch (Exception error)
            {
                // Whatever a handler throws: one bad message must not end the program.
                Report(LogLevel.Error, error);
            }
        }

        /// <summary>
        /// Tells why receiving failed; what every call says until something changes only once.
        /// </summary>
        private void Report(ErrorCode code)
        {
            bool isLasting = code != ErrorCode.PeerDied && code != ErrorCode.MessageTooLarge;
            if (!isLasting || code != _told)
            {
                Report(LogLevel.Warning, LastError);
            }

            _told = code;
            if (isLasting)
            {
                _ = _stop.Wait(EndPauseMs);
            }
        }

        private void Report(LogLevel level, Exception error)
        {
            SharedMemoryLog.Write(level, "ring " + Ring.Name + ": " + error.Message);
            ErrorHandler?.Invoke(error);
        }
    }
}
