{% include "csharp/engine_head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <summary>
    /// Looks at a ring without taking part: reads counters and states, writes nothing, takes no
    /// role. Any number may watch a ring. Any thread.
    /// </summary>
    /// <example>
    /// <code>
    /// using (var monitor = new SharedMemoryMonitor("prices"))
    /// {
    ///     Console.WriteLine(monitor.Snapshot.UsedBytes);
    /// }
    /// </code>
    /// </example>
    public sealed unsafe class SharedMemoryMonitor : IDisposable
    {
        private readonly Segment _segment;

        /// <summary>Held while the ring is looked at, and while it is closed.</summary>
        private readonly object _lock = new object();
        private bool _isOpen = true;

        /// <summary>Opens a ring that exists, for reading.</summary>
        /// <param name="name">1 to 200 of A-Z a-z 0-9 . _ -, not starting with a dot.</param>
        /// <param name="options">For the folder and the checks; may be null.</param>
        /// <exception cref="SharedMemoryException">The ring cannot be opened.</exception>
        public SharedMemoryMonitor(string name, SharedMemoryOptions options = null)
        {
            RingLayoutChecks.Run();
            SharedMemoryOptions copy = (options ?? new SharedMemoryOptions()).Checked();
            _segment = Segment.Open(new RingTarget(name, copy), copy, writable: false);
        }

        /// <summary>The ring's name, without folder and prefix.</summary>
        public string Name => _segment.Target.Name;

        /// <summary>The ring's file.</summary>
        public string Path => _segment.Target.FilePath;

        /// <summary>Size of the data area in bytes.</summary>
        public ulong Capacity => _segment.Identity.Capacity;

        /// <summary>Whether the ring's file was removed.</summary>
        /// <exception cref="ObjectDisposedException">The monitor was closed.</exception>
        public bool IsRemoved
        {
            get
            {
                lock (_lock)
                {
                    CheckOpen();
                    return _segment.IsRemoved();
                }
            }
        }

        /// <summary>The counters of both sides.</summary>
        /// <exception cref="ObjectDisposedException">The monitor was closed.</exception>
        public Statistics Statistics
        {
            get
            {
                lock (_lock)
                {
                    CheckOpen();
                    return new Statistics(_segment.Base);
                }
            }
        }

        /// <summary>All that the header says.</summary>
        /// <exception cref="ObjectDisposedException">The monitor was closed.</exception>
        public Snapshot Snapshot
        {
            get
            {
                Platform platform = Platform.Current;
                lock (_lock)
                {
                    CheckOpen();
                    return new Snapshot(
                        _segment.Base,
                        Capacity,
                        role => platform.IsLocked(_segment.File, role.LockOffset));
                }
            }
        }

        /// <summary>Closes. Again: no effect.</summary>
        public void Close()
        {
            lock (_lock)
            {
                _isOpen = false;
                _segment.Dispose();
            }
        }

        /// <summary>The same as <see cref="Close"/>.</summary>
        public void Dispose() => Close();

        private void CheckOpen()
        {
            if (!_isOpen)
            {
                throw new ObjectDisposedException(nameof(SharedMemoryMonitor));
            }
        }
    }
}
