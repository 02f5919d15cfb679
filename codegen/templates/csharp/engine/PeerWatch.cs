{% include "csharp/engine_head.cs" %}

using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// What one side knows of the other, and of the file: whether the peer closed or died, which is
    /// told once for each peer, and whether the file lost its name, which is told for ever.
    /// </summary>
    internal sealed unsafe class RingPeerWatch
    {
        private readonly RingAttachment _attachment;
        private readonly Role _peer;
        private ulong _checkedNs;
        private ulong _namedNs;
        private uint _looks;

        /// <summary>What was noticed and not told: Closed, PeerDied or Removed; else Ok.</summary>
        private ErrorCode _noticed;
        private uint _noticedEpoch;

        /// <summary>The last peer whose end was told; -1 before the first.</summary>
        private long _toldEpoch = -1;

        /// <summary>Begins to watch, before this side announces itself.</summary>
        /// <param name="attachment">This side.</param>
        /// <param name="heedsEarlierEnds">Whether an end that lay before counts: for a consumer
        /// that found something to receive. To every other side it is as if nobody had been
        /// there.</param>
        internal RingPeerWatch(RingAttachment attachment, bool heedsEarlierEnds)
        {
            _attachment = attachment;
            _peer = attachment.Role.Peer;
            _checkedNs = Platform.Current.MonotonicNs();
            _namedNs = _checkedNs;
            SeenSequence = Sequence;
            if (!heedsEarlierEnds && HasEnded(out uint epoch))
            {
                _toldEpoch = epoch;
            }

            LookAtState(SeenSequence);
        }

        /// <summary>The peer's sequence at the last look at its state.</summary>
        internal uint SeenSequence { get; private set; }

        /// <summary>Whether the file was found to have lost its name.</summary>
        internal bool IsRemoved => _noticed == ErrorCode.Removed;

        /// <summary>The peer's sequence: pairs with its store in RingAttachment.RingBell.</summary>
        internal uint Sequence => Volatile.Read(ref _attachment.Word32(_peer.Sequence));

        /// <summary>Whether there is a peer, and it lives.</summary>
        internal bool HasLivePeer =>
            Volatile.Read(ref _attachment.Word32(_peer.State)) == RingConstants.StateAttached
                && _attachment.IsPeerAlive();

        /// <summary>
        /// To be called after each look at the ring in vain: notices a close at once, and now and
        /// then looks at the clock and checks whether the peer lives. If it says that waiting is
        /// over, the caller looks at the ring once more before it believes it.
        /// </summary>
        internal ErrorCode Look()
        {
            uint sequence = Sequence;
            if (sequence != SeenSequence)
            {
                LookAtState(sequence);
            }

            _looks = unchecked(_looks + 1);
            if (_noticed == ErrorCode.Ok && _looks % RingConstants.PollLooks != 0)
            {
                return ErrorCode.Ok;
            }

            return CheckIfDue(Platform.Current.MonotonicNs());
        }

        /// <summary>Checks liveness, and the file's name, if that is long enough ago.</summary>
        internal ErrorCode CheckIfDue(ulong now)
        {
            if (now - _checkedNs >= RingConstants.LivenessNs)
            {
                _checkedNs = now;
                CheckLife();
                CheckName(now);
            }

            return _noticed;
        }

        /// <summary>Checks the file's name alone if that is long enough ago.</summary>
        internal ErrorCode CheckNameIfDue(ulong now)
        {
            if (now - _namedNs >= RingConstants.LivenessNs)
            {
                CheckName(now);
            }

            return IsRemoved ? ErrorCode.Removed : ErrorCode.Ok;
        }

        /// <summary>
        /// What the caller is to be told of what was noticed. An end is an event: it counts as told
        /// from now on.
        /// </summary>
        internal ErrorCode Tell()
        {
            // A file that nobody can open has no next peer to wait for.
            CheckName(Platform.Current.MonotonicNs());
            ErrorCode what = _noticed;
            if (!IsRemoved)
            {
                _toldEpoch = _noticedEpoch;
                _noticed = ErrorCode.Ok;
                LookAtState(SeenSequence); // the next one may have ended, too
            }

            return what;
        }

        private void CheckName(ulong now)
        {
            _namedNs = now;
            if (!IsRemoved && _attachment.Segment.IsRemoved())
            {
                _noticed = ErrorCode.Removed;
                if (!_attachment.Role.IsProducer)
                {
                    _attachment.Unregister(); // which makes a producer look that has room
                }
            }
        }

        private void CheckLife()
        {
            uint epoch = Volatile.Read(ref _attachment.Word32(_peer.Epoch));
            if (_noticed == ErrorCode.Ok && epoch != _toldEpoch && IsDead(epoch))
            {
                _noticed = ErrorCode.PeerDied;
                _noticedEpoch = epoch;
            }
        }

        /// <summary>Whether the peer of this epoch ended without closing.</summary>
        private bool IsDead(uint epoch)
        {
            if (Volatile.Read(ref _attachment.Word32(_peer.State)) != RingConstants.StateAttached
                || _attachment.IsPeerAlive())
            {
                return false;
            }

            // The lock is free. Did the peer close, or a new one attach, between the two looks?
            return Volatile.Read(ref _attachment.Word32(_peer.State)) == RingConstants.StateAttached
                && Volatile.Read(ref _attachment.Word32(_peer.Epoch)) == epoch;
        }

        private bool HasEnded(out uint epoch)
        {
            epoch = Volatile.Read(ref _attachment.Word32(_peer.Epoch));
            return Volatile.Read(ref _attachment.Word32(_peer.State)) == RingConstants.StateClosed
                || IsDead(epoch);
        }

        private void LookAtState(uint sequence)
        {
            SeenSequence = sequence;
            uint epoch = Volatile.Read(ref _attachment.Word32(_peer.Epoch));
            // Pairs with RingAttachment.Close: what a closed peer published is visible.
            uint state = Volatile.Read(ref _attachment.Word32(_peer.State));
            bool isOfOne = Volatile.Read(ref _attachment.Word32(_peer.Epoch)) == epoch;
            if (state == RingConstants.StateClosed && isOfOne
                && _noticed == ErrorCode.Ok && epoch != _toldEpoch)
            {
                _noticed = ErrorCode.Closed;
                _noticedEpoch = epoch;
            }
        }
    }
}
