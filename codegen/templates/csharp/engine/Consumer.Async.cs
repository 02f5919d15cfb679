{% include "csharp/engine_head.cs" %}

using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
#if NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
using RingMessageTask =
    System.Threading.Tasks.ValueTask<{{ view.namespace }}.SharedMemoryMessage>;
using RingTextTask = System.Threading.Tasks.ValueTask<string>;
#else
using RingMessageTask =
    System.Threading.Tasks.Task<{{ view.namespace }}.SharedMemoryMessage>;
using RingTextTask = System.Threading.Tasks.Task<string>;
#endif

namespace {{ view.namespace }}
{
    /// <content>Receiving without holding up a thread.</content>
    public sealed partial class SharedMemoryConsumer
    {
        private static readonly Taking<SharedMemoryMessage> TakeMessage =
            (SharedMemoryConsumer consumer, out SharedMemoryMessage message) =>
                consumer.TryReceiveMessage(out message);

        private static readonly Taking<string> TakeText =
            (SharedMemoryConsumer consumer, out string text) =>
                consumer.TryReceiveString(out text);

        /// <summary>Takes something if it is there.</summary>
        private delegate Status Taking<T>(SharedMemoryConsumer consumer, out T value);

        /// <summary>
        /// Receives a message as a copy. If there is none yet, one thread of the process waits for
        /// it, together with all other calls of this kind. Until the task is done the consumer must
        /// not be used otherwise; <c>Interrupt</c> and <c>Close</c> end the wait.
        /// </summary>
        /// <param name="cancellationToken">Ends the wait; no message is lost.</param>
        /// <returns>The message; null once all were received and the producer has closed, and when
        /// the wait was interrupted: <see cref="LastStatus"/> says Closed or Timeout. The task
        /// fails with a <see cref="SharedMemoryException"/> as Receive does, with an
        /// <see cref="OperationCanceledException"/> when it was cancelled, and with an
        /// <see cref="ObjectDisposedException"/> when the consumer was closed meanwhile.</returns>
        /// <exception cref="InvalidOperationException">A call of this kind is under
        /// way.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public RingMessageTask ReceiveAsync(
            CancellationToken cancellationToken = default(CancellationToken)) =>
            RingTasks.Of(Begin(TakeMessage, cancellationToken));

        /// <summary>
        /// Receives a message as text, of whatever type it is; see <see cref="ReceiveAsync"/>.
        /// </summary>
        /// <param name="cancellationToken">Ends the wait; no message is lost.</param>
        /// <returns>The text; null for Closed and Timeout. The task fails as that of ReceiveAsync,
        /// and with InvalidUtf8, and the message stays in the ring.</returns>
        /// <exception cref="InvalidOperationException">A call of this kind is under
        /// way.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public RingTextTask ReceiveStringAsync(
            CancellationToken cancellationToken = default(CancellationToken)) =>
            RingTasks.Of(Begin(TakeText, cancellationToken));

        /// <summary>
        /// Receives a message as a struct; see <see cref="ReceiveAsync"/>.
        /// </summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="cancellationToken">Ends the wait; no message is lost.</param>
        /// <returns>The struct; null for Closed and Timeout. The task fails as that of
        /// ReceiveAsync, and with TypeMismatch, SizeMismatch and InvalidUtf8, and the message stays
        /// in the ring.</returns>
        /// <exception cref="InvalidOperationException">A call of this kind is under
        /// way.</exception>
        /// <exception cref="ObjectDisposedException">The consumer was closed.</exception>
        public
#if NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
            ValueTask<T?>
#else
            Task<T?>
#endif
            ReceiveTypedAsync<T>(CancellationToken cancellationToken = default(CancellationToken))
            where T : struct, IPayload
            => RingTasks.Of(Begin(TakingOf<T>.Take, cancellationToken));

#if NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
        /// <summary>
        /// The messages as copies, until the producer closes or a wait is interrupted. See
        /// <see cref="ReceiveAsync"/>.
        /// </summary>
        /// <param name="cancellationToken">Ends the wait; no message is lost. So does the token
        /// that is given to the enumeration (<c>WithCancellation</c>).</param>
        /// <returns>The messages.</returns>
        /// <exception cref="SharedMemoryException">While iterating: the producer died, the file was
        /// removed, the ring is corrupt, or a message was dropped.</exception>
        /// <exception cref="OperationCanceledException">While iterating: the wait was
        /// ended.</exception>
        public IAsyncEnumerable<SharedMemoryMessage> MessagesAsync(
            CancellationToken cancellationToken = default(CancellationToken)) =>
            new MessageStream(this, cancellationToken);

        /// <summary>Written out, because iterators of this kind are newer than C# 7.2.</summary>
        private sealed class MessageStream : IAsyncEnumerable<SharedMemoryMessage>
        {
            private readonly SharedMemoryConsumer _consumer;
            private readonly CancellationToken _token;

            internal MessageStream(SharedMemoryConsumer consumer, CancellationToken token)
            {
                _consumer = consumer;
                _token = token;
            }

            public IAsyncEnumerator<SharedMemoryMessage> GetAsyncEnumerator(
                CancellationToken cancellationToken) =>
                new MessageEnumerator(
                    _consumer,
                    CancellationTokenSource.CreateLinkedTokenSource(_token, cancellationToken));
        }

        private sealed class MessageEnumerator : IAsyncEnumerator<SharedMemoryMessage>
        {
            private readonly SharedMemoryConsumer _consumer;
            private readonly CancellationTokenSource _cancel;

            internal MessageEnumerator(
                SharedMemoryConsumer consumer, CancellationTokenSource cancel)
            {
                _consumer = consumer;
                _cancel = cancel;
            }

            public SharedMemoryMessage Current { get; private set; }

            public async ValueTask<bool> MoveNextAsync()
            {
                Current = await _consumer.ReceiveAsync(_cancel.Token).ConfigureAwait(false);
                return Current != null;
            }

            public ValueTask DisposeAsync()
            {
                _cancel.Dispose();
                return default(ValueTask);
            }
        }
#endif

        private RingOutcome<T> Begin<T>(Taking<T> take, CancellationToken token)
        {
            CheckFree();
            if (token.IsCancellationRequested)
            {
                return new RingOutcome<T>(Task.FromCanceled<T>(token));
            }

            try
            {
                Status status = take(this, out T value);
                return status.WouldBlock
                    ? Await(take, token)
                    : RingTasks.Conclude(this, status, value);
            }
            catch (Exception error)
            {
                return new RingOutcome<T>(Task.FromException<T>(error));
            }
        }

        private RingOutcome<T> Await<T>(Taking<T> take, CancellationToken token)
        {
            RingAttempt<T> attempt = (out T value) => take(this, out value);
            var call = new RingCall<T>(this, attempt, RingTime.Forever, default(T), token);
            call.Start();
            return new RingOutcome<T>(call.Task);
        }

        /// <summary>Takes one kind of struct.</summary>
        private static class TakingOf<T>
            where T : struct, IPayload
        {
            internal static readonly Taking<T?> Take =
                (SharedMemoryConsumer consumer, out T? found) =>
                {
                    Status status = consumer.TryReceiveTyped(out T value);
                    found = status ? value : (T?)null;
                    return status;
                };
        }
    }
}
