{% include "csharp/head.cs" %}

using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace {{ view.namespace }}
{
    /// <content>Receiving without holding up the caller's thread.</content>
    public sealed partial class SharedMemoryConsumer
    {
        private int _isAwaiting;

        /// <summary>
        /// Receives a message as a copy. If there is none yet, a thread of the pool waits for it:
        /// rings have no event that a scheduler could wait on. Until the task is done this consumer
        /// must not be used otherwise, nor disposed.
        /// </summary>
        /// <param name="cancellationToken">Ends the wait; no message is lost.</param>
        /// <returns>The message; null once all were received and the producer has closed.</returns>
        /// <exception cref="InvalidOperationException">A call of this kind is under
        /// way.</exception>
        /// <exception cref="SharedMemoryException">The producer died, the file was removed, the
        /// ring is corrupt, or a message was dropped.</exception>
        /// <exception cref="OperationCanceledException">The wait was ended.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public Task<SharedMemoryMessage> ReceiveAsync(
            CancellationToken cancellationToken = default(CancellationToken))
        {
            if (Interlocked.Exchange(ref _isAwaiting, 1) != 0)
            {
                throw new InvalidOperationException("a receive is under way already");
            }

            var source = new TaskCompletionSource<SharedMemoryMessage>(
                TaskCreationOptions.RunContinuationsAsynchronously);
            Status status;
            SharedMemoryMessage message;
            try
            {
                status = TryReceiveMessage(out message);
            }
            catch
            {
                Volatile.Write(ref _isAwaiting, 0);
                throw;
            }

            if (status.WouldBlock)
            {
                _ = Task.Run(() => AwaitMessage(source, cancellationToken), CancellationToken.None);
            }
            else
            {
                Conclude(source, status, message);
            }

            return source.Task;
        }

#if NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
        /// <summary>
        /// The messages as copies, until the producer closes. See <see cref="ReceiveAsync"/>.
        /// </summary>
        /// <param name="cancellationToken">Ends the wait; no message is lost.</param>
        /// <returns>The messages.</returns>
        /// <exception cref="SharedMemoryException">While iterating: the producer died, the file was
        /// removed, the ring is corrupt, or a message was dropped.</exception>
        /// <exception cref="OperationCanceledException">While iterating: the wait was
        /// ended.</exception>
        public IAsyncEnumerable<SharedMemoryMessage> MessagesAsync(
            CancellationToken cancellationToken = default(CancellationToken)) =>
            new MessageStream(this, cancellationToken);

        /// <summary>Written out, because iterators of this kind are newer than C# 7.2.</summary>
        private sealed class MessageStream :
            IAsyncEnumerable<SharedMemoryMessage>, IAsyncEnumerator<SharedMemoryMessage>
        {
            private readonly SharedMemoryConsumer _consumer;
            private readonly CancellationToken _token;

            internal MessageStream(SharedMemoryConsumer consumer, CancellationToken token)
            {
                _consumer = consumer;
                _token = token;
            }

            public SharedMemoryMessage Current { get; private set; }

            public IAsyncEnumerator<SharedMemoryMessage> GetAsyncEnumerator(
                CancellationToken cancellationToken) =>
                new MessageStream(
                    _consumer, cancellationToken.CanBeCanceled ? cancellationToken : _token);

            public async ValueTask<bool> MoveNextAsync()
            {
                Current = await _consumer.ReceiveAsync(_token).ConfigureAwait(false);
                return Current != null;
            }

            public ValueTask DisposeAsync() => default(ValueTask);
        }
#endif

        private void AwaitMessage(
            TaskCompletionSource<SharedMemoryMessage> source, CancellationToken token)
        {
            Status status = ErrorCode.Timeout;
            SharedMemoryMessage message = null;
            try
            {
                using (token.Register(Interrupt))
                {
                    while (status.WouldBlock && !token.IsCancellationRequested)
                    {
                        status = ReceiveMessage(out message);
                    }
                }
            }
            catch (Exception error)
            {
                Volatile.Write(ref _isAwaiting, 0);
                _ = source.TrySetException(error);
                return;
            }

            if (token.IsCancellationRequested)
            {
                _waiter.ClearInterrupt(); // it is not for the next wait
            }

            if (status.WouldBlock)
            {
                Volatile.Write(ref _isAwaiting, 0);
                _ = source.TrySetCanceled(token);
            }
            else
            {
                Conclude(source, status, message);
            }
        }

        private void Conclude(
            TaskCompletionSource<SharedMemoryMessage> source,
            Status status,
            SharedMemoryMessage message)
        {
            Volatile.Write(ref _isAwaiting, 0);
            _ = status || status == ErrorCode.Closed
                ? source.TrySetResult(message)
                : source.TrySetException(LastError);
        }
    }
}
