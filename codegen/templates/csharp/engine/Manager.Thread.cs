{% include "csharp/engine_head.cs" %}

using System;
using System.Collections.Generic;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <content>The manager's thread, and how messages come to handlers.</content>
    public sealed partial class SharedMemoryManager
    {
        /// <summary>
        /// How often a consumer looks again whose ring is bad or was removed.
        /// </summary>
        private const int EndPauseMs = 100;

        private const ulong NsPerMs = 1000000;

        /// <summary>What lasts and was reported: Removed or Corrupt; else Ok.</summary>
        private ErrorCode _told;

        private Status PollWithin(long timeoutNs)
        {
            CheckOpen();
            if (IsRunning)
            {
                throw new InvalidOperationException("the manager's thread receives");
            }

            if (_consumer == null)
            {
                throw new InvalidOperationException("this manager sends");
            }

            return _consumer.Require(ReceiveAndDispatch(timeoutNs).Code);
        }

        private Status ReceiveAndDispatch(long timeoutNs)
        {
            lock (_side)
            {
                Status status = _consumer.Take(timeoutNs, out ReceivedMessage message);
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
                    CloseSide(); // closed by one of its own handlers
                }
            }
        }

        /// <summary>
        /// Waits, at most so long; true once the thread has to end.
        /// </summary>
        private bool StopsWithin(int ms)
        {
            lock (_state)
            {
                return _isStopping || (Monitor.Wait(_state, ms) && _isStopping);
            }
        }

        private void RunProducer()
        {
            ulong ms = ((RingTime.AsAge(_heartbeatNs) - 1) / NsPerMs) + 1;
            do
            {
                _producer.Heartbeat();
            }
            while (!StopsWithin((int)Math.Min(ms, int.MaxValue)));
        }

        private void RunConsumer()
        {
            ulong interval = RingTime.AsAge(_heartbeatNs);
            ulong beaten = Platform.Current.MonotonicNs();
            _consumer.Heartbeat();
            while (!Volatile.Read(ref _isStopping))
            {
                ulong now = Platform.Current.MonotonicNs();
                if (now - beaten >= interval)
                {
                    beaten = now;
                    _consumer.Heartbeat();
                }

                ulong left = Math.Min(interval - (now - beaten), long.MaxValue);
                ReceiveOnThread((long)left);
            }
        }

        /// <summary>One round of a consumer's thread.</summary>
        private void ReceiveOnThread(long timeoutNs)
        {
            Status status;
            try
            {
                status = ReceiveAndDispatch(timeoutNs);
            }
            catch (Exception error)
            {
                // Whatever a handler throws: one bad message must not end the program.
                Report(LogLevel.Error, "a handler failed: " + error, error, true);
                return;
            }

            if (status || status.WouldBlock)
            {
                _told = ErrorCode.Ok;
            }
            else
            {
                Report(status.Code);
            }
        }

        /// <summary>
        /// Tells why receiving failed; what every call says until something changes only once.
        /// </summary>
        private void Report(ErrorCode code)
        {
            bool isEnd = code == ErrorCode.Closed || code == ErrorCode.PeerDied;
            bool lasts = !isEnd && code != ErrorCode.MessageTooLarge;
            if (!lasts || code != _told)
            {
                SharedMemoryException error = LastError;
                LogLevel level = isEnd ? LogLevel.Information : LogLevel.Warning;
                Report(level, error.Message, error, !isEnd);
            }

            if (lasts)
            {
                _told = code;
                _ = StopsWithin(EndPauseMs);
            }
        }

        /// <summary>Tells the error handler and the log, or whoever there is.</summary>
        private void Report(LogLevel level, string what, Exception error, bool mustBeSeen)
        {
            string line = "ring '" + Ring.Name + "': " + what;
            Action<Exception> handler = ErrorHandler;
            if (handler == null && mustBeSeen)
            {
                SharedMemoryLog.Tell(level, line);
                return;
            }

            SharedMemoryLog.Write(level, line);
            try
            {
                handler?.Invoke(error);
            }
            catch (Exception failure)
            {
                SharedMemoryLog.Tell(
                    LogLevel.Error,
                    "ring '" + Ring.Name + "': the error handler failed: " + failure);
            }
        }
    }
}
