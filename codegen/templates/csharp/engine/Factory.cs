{% include "csharp/engine_head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <summary>
    /// Makes producers, consumers and managers without exceptions: null says that it failed, and
    /// <see cref="LastError"/> why. Any thread.
    /// </summary>
    /// <example>
    /// <code>
    /// var producer = SharedMemoryFactory.CreateProducer("prices", 1024 * 1024);
    /// if (producer == null) { Console.Error.WriteLine(SharedMemoryFactory.LastError.Message); }
    /// </code>
    /// </example>
    public static class SharedMemoryFactory
    {
        [ThreadStatic]
        private static SharedMemoryException _lastError;

        /// <summary>
        /// Why the last call on this thread that returned null failed; else null.
        /// </summary>
        public static SharedMemoryException LastError => _lastError;

        /// <summary>Attaches as the producer of a ring, which is made if it is not there.</summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="size">Bytes in the data area, rounded up to a power of two.</param>
        /// <returns>The producer; null if it failed.</returns>
        public static SharedMemoryProducer CreateProducer(string name, long size) =>
            CreateProducer(name, new SharedMemoryOptions { Capacity = size });

        /// <summary>Attaches as the producer of a ring.</summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="options">How to attach and behave; null for the defaults.</param>
        /// <returns>The producer; null if it failed.</returns>
        public static SharedMemoryProducer CreateProducer(
            string name, SharedMemoryOptions options = null)
        {
            try
            {
                return new SharedMemoryProducer(name, options ?? new SharedMemoryOptions());
            }
            catch (SharedMemoryException error)
            {
                _lastError = error;
                return null;
            }
        }

        /// <summary>Attaches as the consumer of a ring, which is made if it is not there.</summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="size">Bytes in the data area, rounded up to a power of two.</param>
        /// <returns>The consumer; null if it failed.</returns>
        public static SharedMemoryConsumer CreateConsumer(string name, long size) =>
            CreateConsumer(name, new SharedMemoryOptions { Capacity = size });

        /// <summary>Attaches as the consumer of a ring.</summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="options">How to attach and behave; null for the defaults.</param>
        /// <returns>The consumer; null if it failed.</returns>
        public static SharedMemoryConsumer CreateConsumer(
            string name, SharedMemoryOptions options = null)
        {
            try
            {
                return new SharedMemoryConsumer(name, options ?? new SharedMemoryOptions());
            }
            catch (SharedMemoryException error)
            {
                _lastError = error;
                return null;
            }
        }

        /// <summary>Attaches as one side of a ring, with handlers and heartbeats.</summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="isProducer">Whether to send or to receive.</param>
        /// <param name="size">Bytes in the data area, rounded up to a power of two.</param>
        /// <returns>The manager, not started; null if it failed.</returns>
        public static SharedMemoryManager CreateManager(string name, bool isProducer, long size) =>
            CreateManager(name, isProducer, new SharedMemoryOptions { Capacity = size });

        /// <summary>Attaches as one side of a ring, with handlers and heartbeats.</summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="isProducer">Whether to send or to receive.</param>
        /// <param name="options">How to attach and behave; null for the defaults.</param>
        /// <returns>The manager, not started; null if it failed.</returns>
        public static SharedMemoryManager CreateManager(
            string name, bool isProducer, SharedMemoryOptions options = null)
        {
            try
            {
                return new SharedMemoryManager(
                    name, isProducer, options ?? new SharedMemoryOptions());
            }
            catch (SharedMemoryException error)
            {
                _lastError = error;
                return null;
            }
        }

        /// <summary>Removes a ring's file at any time.</summary>
        /// <remarks>
        /// Whoever is attached keeps the memory, and finds out at the next liveness check.
        /// </remarks>
        /// <param name="name">The ring.</param>
        /// <param name="options">For the folder; may be null.</param>
        /// <returns>False if there was none.</returns>
        /// <exception cref="SharedMemoryException">InvalidName, PermissionDenied, NotRegularFile,
        /// Io.</exception>
        public static bool RemoveRing(string name, SharedMemoryOptions options = null) =>
            Segment.Remove(new RingTarget(name, options ?? new SharedMemoryOptions()));

        /// <summary>The file that a ring of this name has, or would have.</summary>
        /// <param name="name">The ring.</param>
        /// <param name="options">For the folder; may be null.</param>
        /// <returns>The path.</returns>
        /// <exception cref="SharedMemoryException">InvalidName, FolderMissing.</exception>
        public static string RingPath(string name, SharedMemoryOptions options = null) =>
            new RingTarget(name, options ?? new SharedMemoryOptions()).FilePath;
    }
}
