{% include "csharp/engine_head.cs" %}

using System;
using System.Threading;
using System.Threading.Tasks;
#if NETSTANDARD2_1_OR_GREATER || NETCOREAPP3_0_OR_GREATER
using RingStatusTask = System.Threading.Tasks.ValueTask<{{ view.namespace }}.Status>;
#else
using RingStatusTask = System.Threading.Tasks.Task<{{ view.namespace }}.Status>;
#endif

namespace {{ view.namespace }}
{
    /// <content>Sending without holding up a thread.</content>
    public sealed unsafe partial class SharedMemoryProducer
    {
        /// <summary>
        /// Sends a message. If there is no room, one thread of the process waits for it, together
        /// with all other calls of this kind, up to <see cref="SharedMemoryOptions.SendTimeout"/>.
        /// Until the task is done the producer must not be used otherwise; <c>Interrupt</c>
        /// and <c>Close</c> end the wait.
        /// </summary>
        /// <param name="messageType">What it is: not 0.</param>
        /// <param name="payload">Its bytes, at most <c>LargestPayload</c>; not to be changed
        /// until the task is done.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <param name="cancellationToken">Ends the wait; nothing was sent then.</param>
        /// <returns>As Send: true; false for Timeout, or Full without waiting. The task fails with
        /// what Send throws, with an <see cref="OperationCanceledException"/> when it was
        /// cancelled, and with an <see cref="ObjectDisposedException"/> when the producer was
        /// closed meanwhile.</returns>
        /// <exception cref="InvalidOperationException">A call of this kind is under
        /// way.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public RingStatusTask SendAsync(
            MessageType messageType,
            ReadOnlyMemory<byte> payload,
            MessageFlags flags = default(MessageFlags),
            CancellationToken cancellationToken = default(CancellationToken))
        {
            CheckFree();
            byte* record = TryAcquire(messageType, payload.Length);
            return record != null && !cancellationToken.IsCancellationRequested
                ? RingTasks.Of(
                    new RingOutcome<Status>(Emit(record, messageType, payload.Span, flags)))
                : RingTasks.Of(SendLater(messageType, payload, flags, cancellationToken));
        }

        /// <summary>Sends text as plain data in UTF-8; see <see cref="SendAsync"/>.</summary>
        /// <param name="text">The text.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <param name="cancellationToken">Ends the wait; nothing was sent then.</param>
        /// <returns>As SendAsync; the task also fails with InvalidUtf8.</returns>
        /// <exception cref="ArgumentNullException">No text.</exception>
        /// <exception cref="InvalidOperationException">A call of this kind is under
        /// way.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public RingStatusTask SendStringAsync(
            string text,
            MessageFlags flags = default(MessageFlags),
            CancellationToken cancellationToken = default(CancellationToken))
        {
            if (text == null)
            {
                throw new ArgumentNullException(nameof(text));
            }

            RingAttempt<Status> attempt = (out Status status) =>
                status = SendString(text, flags, RingWish.Look);
            return RingTasks.Of(Begin(attempt, cancellationToken));
        }

        /// <summary>
        /// Sends a copy of a struct under its own type; see <see cref="SendAsync"/>.
        /// </summary>
        /// <typeparam name="T">The struct.</typeparam>
        /// <param name="value">The struct.</param>
        /// <param name="flags">How it is to be treated.</param>
        /// <param name="cancellationToken">Ends the wait; nothing was sent then.</param>
        /// <returns>As SendAsync.</returns>
        /// <exception cref="InvalidOperationException">A call of this kind is under
        /// way.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public RingStatusTask SendTypedAsync<T>(
            in T value,
            MessageFlags flags = default(MessageFlags),
            CancellationToken cancellationToken = default(CancellationToken))
            where T : struct, IPayload
        {
            var box = new RingBox<T> { Value = value };
            RingAttempt<Status> attempt = (out Status status) =>
                status = SendTyped(box, flags, RingWish.Look);
            return RingTasks.Of(Begin(attempt, cancellationToken));
        }

        /// <summary>
        /// Sends a message with its type, flags and header fields; see <see cref="SendAsync"/>.
        /// </summary>
        /// <param name="message">The message, not to be changed until the task is done.</param>
        /// <param name="cancellationToken">Ends the wait; nothing was sent then.</param>
        /// <returns>As SendAsync.</returns>
        /// <exception cref="ArgumentNullException">No message.</exception>
        /// <exception cref="InvalidOperationException">A call of this kind is under
        /// way.</exception>
        /// <exception cref="ObjectDisposedException">The producer was closed.</exception>
        public RingStatusTask SendMessageAsync(
            SharedMemoryMessage message,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            if (message == null)
            {
                throw new ArgumentNullException(nameof(message));
            }

            RingAttempt<Status> attempt = (out Status status) =>
                status = SendMessage(message, RingWish.Look);
            return RingTasks.Of(Begin(attempt, cancellationToken));
        }

        /// <summary>In a method of its own: its closure is made only where one is needed.</summary>
        private RingOutcome<Status> SendLater(
            MessageType type,
            ReadOnlyMemory<byte> payload,
            MessageFlags flags,
            CancellationToken token)
        {
            RingAttempt<Status> attempt = (out Status status) =>
                status = Attempt(type, payload.Span, flags);
            return Begin(attempt, token);
        }

        private Status Attempt(MessageType type, ReadOnlySpan<byte> payload, MessageFlags flags) =>
            SendSlowly(type, payload, flags, RingWish.Look);

        private RingOutcome<Status> Begin(RingAttempt<Status> attempt, CancellationToken token)
        {
            CheckFree();
            if (token.IsCancellationRequested)
            {
                return new RingOutcome<Status>(Task.FromCanceled<Status>(token));
            }

            try
            {
                Status status = attempt(out Status value);
                if (status != ErrorCode.Full)
                {
                    return RingTasks.Conclude(this, status, value);
                }

                if (_sendTimeoutNs == 0)
                {
                    _writer.CountFailure();
                    return new RingOutcome<Status>(status);
                }

                // The last thing that was looked for is what there was no room for.
                var call = new RingCall<Status>(
                    this, attempt, _sendTimeoutNs, ErrorCode.Timeout, token);
                call.Start();
                return new RingOutcome<Status>(call.Task);
            }
            catch (Exception error)
            {
                return new RingOutcome<Status>(Task.FromException<Status>(error));
            }
        }
    }
}
