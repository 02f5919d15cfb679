{% include "csharp/engine_head.cs" %}

using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// One side of a ring: what a <see cref="SharedMemoryProducer"/> and a
    /// <see cref="SharedMemoryConsumer"/> have in common.
    /// </summary>
    public abstract class SharedMemorySide : IRingAwaited
    {
        /// <summary>This side's hold on the ring.</summary>
        private protected readonly RingAttachment _attachment;

        /// <summary>How it was asked to behave.</summary>
        private protected readonly SharedMemoryOptions _options;

        /// <summary>Wakes the peer.</summary>
        private protected readonly RingWaker _waker;

        /// <summary>What is known of the peer.</summary>
        private protected RingPeerWatch _watch;

        /// <summary>The asynchronous call that is under way.</summary>
        private protected RingCall _call;

        /// <summary>Why the last call that failed did so.</summary>
        private protected ErrorCode _failure;

        private readonly RingWaiter _waiter;

        /// <summary>Held by a thread that waits, and by the one that closes.</summary>
        private readonly object _gate = new object();
        private ulong _failureExpected;
        private ulong _failureFound;
        private int _isClosing;

        /// <summary>Attaches; the peer is to be told by <see cref="Start"/>.</summary>
        private protected SharedMemorySide(string name, SharedMemoryOptions options, Role role)
        {
            _options = (options ?? throw new ArgumentNullException(nameof(options))).Checked();
            _attachment = RingAttachment.Open(name, _options, role);
            Ring = new RingBuffer(_attachment);
            _waiter = new RingWaiter(_attachment, _options);
            _waker = new RingWaker(_attachment);
        }

        /// <summary>The ring: its name, size and counters. Any thread.</summary>
        public RingBuffer Ring { get; }

        /// <summary>The ring's name, without folder and prefix. Any thread.</summary>
        public string Name => Ring.Name;

        /// <summary>The ring's file. Any thread.</summary>
        public string Path => Ring.Path;

        /// <summary>Size of the data area in bytes. Any thread.</summary>
        public ulong Capacity => Ring.Capacity;

        /// <summary>Largest payload of one message, in bytes. Any thread.</summary>
        public int LargestPayload => Ring.LargestPayload;

        /// <summary>
        /// False if the ring was made from a spec with other message types or structs. Any thread.
        /// </summary>
        public bool SchemaMatches => Ring.SchemaMatches;

        /// <summary>Whether this side was not closed yet. Any thread.</summary>
        public bool IsOpen => Ring.IsOpen;

        /// <summary>The counters of both sides. Any thread.</summary>
        public Statistics Statistics => Ring.Statistics;

        /// <summary>All that the ring's header says. Any thread.</summary>
        public Snapshot Snapshot => Ring.Snapshot;

        /// <summary>The other side's life: heartbeats do not count. Any thread.</summary>
        public PeerState PeerState => Ring.GetPeerState(RingTime.Forever);

        /// <summary>
        /// Why the last call that failed did so, with what was expected and found; null if none
        /// has.
        /// </summary>
        public SharedMemoryException LastError => _failure == ErrorCode.Ok
            ? null
            : RingFailure.Describe(_failure, Ring.Name, _failureExpected, _failureFound);

        internal RingAttachment Attachment => _attachment;

        internal RingWaiter Waiter => _waiter;

        internal RingPeerWatch Watch => _watch;

        /// <summary>Held while a call goes on, and while the side closes.</summary>
        internal object Gate => _gate;

        /// <summary>What an asynchronous call of this side is called.</summary>
        internal abstract string CallName { get; }

        /// <summary>The other side's life.</summary>
        /// <param name="stallAfter">How old a heartbeat may be before the other side counts as
        /// stalled. A side beats when it attaches, and by its manager or <see cref="Heartbeat"/>
        /// only.</param>
        /// <returns>What is known.</returns>
        public PeerState PeerStateAfter(TimeSpan stallAfter) =>
            Ring.GetPeerState(RingTime.Of(stallAfter));

        /// <summary>
        /// Stores the time as a sign of life, which a manager's peer looks at. Any thread.
        /// </summary>
        public void Heartbeat() => _attachment.Beat();

        /// <summary>Waits until a live side is attached on the other end.</summary>
        /// <param name="timeoutMs">How long to wait, in milliseconds; -1 without bound.</param>
        /// <returns>Whether there is one; false when the time was over or the wait was
        /// interrupted.</returns>
        /// <exception cref="SharedMemoryException">The file was removed: nobody can come.
        /// Forked.</exception>
        /// <exception cref="ObjectDisposedException">This side was closed.</exception>
        public bool WaitForPeer(int timeoutMs = -1) => AwaitPeer(RingTime.OfMs(timeoutMs));

        /// <summary>Waits until a live side is attached on the other end.</summary>
        /// <param name="timeout">How long to wait.</param>
        /// <returns>Whether there is one; false when the time was over or the wait was
        /// interrupted.</returns>
        /// <exception cref="SharedMemoryException">The file was removed: nobody can come.
        /// Forked.</exception>
        /// <exception cref="ObjectDisposedException">This side was closed.</exception>
        public bool WaitForPeer(TimeSpan timeout) => AwaitPeer(RingTime.Of(timeout));

        /// <summary>
        /// Ends a wait in another thread with Timeout; if none is under way, the next call that
        /// would have to wait. Any thread.
        /// </summary>
        public void Interrupt()
        {
            _waiter.Interrupt();
            RingPatience.Kick(Volatile.Read(ref _call));
        }

        /// <summary>
        /// Closes: releases the message that was received last, or drops a batch that was not
        /// committed, and tells the other side; ends waits of other threads and asynchronous ones
        /// with an <see cref="ObjectDisposedException"/>. What was sent stays readable, and a
        /// successor may go on from there. The last side that closes a ring in which nothing is
        /// left removes its file; this waits for up to 5 s for a peer that is about to let go of
        /// it. Again: no effect. Any thread.
        /// </summary>
        public void Close()
        {
            BeginClose();
            lock (_gate)
            {
                if (_attachment.IsOpen)
                {
                    AbandonCall();
                    FinishClose();
                }
            }
        }

        bool IRingAwaited.IsReady() => IsReady();

        /// <summary>Ends waits, and refuses calls from now on.</summary>
        internal void BeginClose()
        {
            if (Interlocked.Exchange(ref _isClosing, 1) == 0)
            {
                _waiter.InterruptForEver();
            }
        }

        internal void ClearInterrupt() => _waiter.ClearInterrupt();

        /// <summary>Sets the asynchronous call that is under way; null for none.</summary>
        internal void SetCall(RingCall call)
        {
            Volatile.Write(ref _call, call);
            OnCallChanged();
        }

        /// <exception cref="ObjectDisposedException">The side is closed.</exception>
        internal void CheckOpen()
        {
            if (Volatile.Read(ref _isClosing) != 0)
            {
                throw new ObjectDisposedException(GetType().Name);
            }
        }

        /// <summary>
        /// Whether a code is an answer; every other one is thrown as an exception.
        /// </summary>
        internal abstract bool IsAnswer(ErrorCode code);

        /// <summary>Counts an asynchronous call that ran out of time.</summary>
        internal abstract void NoteTimeout();

        /// <summary>Whether what this side waits for is there.</summary>
        internal abstract bool IsReady();

        /// <summary>Shuts or opens the fast path.</summary>
        internal abstract void OnCallChanged();

        /// <summary>The rest of closing; whoever waited has left.</summary>
        internal abstract void FinishClose();

        /// <summary>Keeps in mind what a call came to that had nothing to give.</summary>
        internal virtual void Note(ErrorCode code)
        {
        }

        /// <summary>Tells the peer that this side is there, and begins to watch it.</summary>
        private protected void Start(bool heedsEarlierEnds)
        {
            _watch = new RingPeerWatch(_attachment, heedsEarlierEnds);
            _attachment.Announce();
        }

        /// <summary>Refuses a call beside an asynchronous one.</summary>
        private protected void CheckFree()
        {
            CheckOpen();
            if (_call != null)
            {
                throw new InvalidOperationException(
                    "an asynchronous " + CallName + " is under way");
            }
        }

        /// <summary>Turns what is no answer into an exception.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        internal Status Require(ErrorCode code) => IsAnswer(code) ? code : throw LastError;

        /// <summary>Takes note of a failure.</summary>
        private protected ErrorCode Refuse(ErrorCode code, ulong expected = 0, ulong found = 0)
        {
            _failure = code;
            _failureExpected = expected;
            _failureFound = found;
            Note(code);
            return code;
        }

        /// <summary>Waits as <see cref="RingWaiter"/> does, while nobody can close this.</summary>
        private protected RingWaited Wait(ref RingDeadline deadline, out ErrorCode end)
        {
            lock (_gate)
            {
                CheckOpen();
                RingWaited waited = _waiter.Wait(this, _watch, ref deadline, out end);
                CheckOpen();
                return waited;
            }
        }

        private bool AwaitPeer(long timeoutNs)
        {
            CheckFree();
            var deadline = new RingDeadline(timeoutNs);
            lock (_gate)
            {
                while (true)
                {
                    CheckOpen();
                    uint seen = _watch.Sequence;
                    if (_watch.HasLivePeer)
                    {
                        return true;
                    }

                    ErrorCode code = _attachment.IsForked
                        ? ErrorCode.Forked
                        : _watch.CheckNameIfDue(Platform.Current.MonotonicNs());
                    if (code != ErrorCode.Ok)
                    {
                        _ = Refuse(code);
                        throw LastError;
                    }

                    if (!_waiter.AwaitBell(seen, ref deadline))
                    {
                        CheckOpen();
                        Note(ErrorCode.Timeout);
                        return false;
                    }
                }
            }
        }

        /// <summary>Ends the asynchronous call that is under way.</summary>
        private void AbandonCall()
        {
            RingCall call = _call;
            if (call != null && RingPatience.Remove(call))
            {
                _call = null;
                call.Abandon(new ObjectDisposedException(GetType().Name));
            }
        }
    }
}
