{% include "csharp/engine_head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <summary>How far a consumer stays behind its producer in a stream.</summary>
    /// <remarks>
    /// A consumer as fast as its producer polls the very line that is being written, and both slow
    /// down to a transfer of that line for every message or two. Pausing a little whenever the
    /// ring is found empty lets several lines gather. It also makes messages wait. So a pause has
    /// to pay, in bytes for each unit of time, or it is not made; whether it does, only a
    /// comparison can tell: stretches of the stream with the pause against stretches without it.
    /// PROTOCOL.md, section 7, has the rule, which all engines share.
    /// </remarks>
    internal struct RingDistance
    {
        /// <summary>The shortest pause, and the longest.</summary>
        internal const ulong ShortestPauseNs = 800;
        internal const ulong LongestPauseNs = 25600;

        /// <summary>
        /// With a distance, a run shorter than this (or a quarter of the ring) doubles the pause,
        /// and one longer than that takes a quarter off.
        /// </summary>
        internal const ulong ShortRun = 64 << 10;
        internal const ulong LongRun = 256 << 10;

        /// <summary>
        /// So many runs of a single message in a row say that nothing gathers in the pauses.
        /// </summary>
        internal const int LoneRuns = 3;

        /// <summary>
        /// Runs between two looks at the clock while there is no distance. A try may begin if
        /// these took no longer than so many nanoseconds.
        /// </summary>
        internal const int RunsNear = 64;
        internal const ulong FastNs = 64000;

        /// <summary>
        /// The pause that is tried is as long as these took, divided by this, but not longer than
        /// that.
        /// </summary>
        internal const ulong PausePart = 4;
        internal const ulong LongestTryNs = 6400;

        /// <summary>
        /// A stretch is at least this long, and so many runs with the pause or a multiple of so
        /// many without it.
        /// </summary>
        internal const ulong StretchNs = 16000;
        internal const int RunsWith = 4;
        internal const int RunsWithout = 16;

        /// <summary>
        /// A stretch without the pause that took longer than this was no part of a busy stream.
        /// </summary>
        internal const ulong LongestStretchNs = 64000;

        /// <summary>
        /// With the pause, a stretch has to carry so many tenths of what the one before carried.
        /// </summary>
        internal const ulong GainTenths = 11;

        /// <summary>
        /// A try, which leads to the distance, takes so many better stretches before so many worse.
        /// </summary>
        internal const int TryWins = 6;
        internal const int TryLosses = 2;

        /// <summary>A check, which follows now and then, takes so many of each.</summary>
        internal const int CheckWins = 4;
        internal const int CheckLosses = 4;

        /// <summary>
        /// A check begins as long after the last comparison as that one was after the try began,
        /// at most this long.
        /// </summary>
        internal const ulong CheckNs = 10000000;

        /// <summary>
        /// After a failure, no try begins for this many times as long as it took, nor for less
        /// than twice as long as after the last failure, but at most for so long.
        /// </summary>
        internal const ulong Cost = 100;
        internal const ulong LongestWaitNs = 1000000000;

        /// <summary>Spin-loop hints between two looks at the clock in a pause.</summary>
        private const int Hints = 4;

        private readonly bool _isAdaptive;
        private readonly ulong _shortRun;
        private Phase _phase;

        /// <summary>The messages and the position when the ring was last found empty.</summary>
        private ulong _messages;
        private ulong _position;
        private ulong _runBytes;

        /// <summary>
        /// Where and when the stretch began, the runs since, and those of a single message at its
        /// end.
        /// </summary>
        private ulong _stretchPosition;
        private ulong _stretchNs;
        private int _runs;
        private int _loneRuns;

        /// <summary>The comparison: when it began, and how it stands.</summary>
        private ulong _comparedNs;
        private ulong _rateWithout;
        private int _winsLeft;
        private int _lossesLeft;

        /// <summary>When the try began that led to the distance.</summary>
        private ulong _triedNs;

        /// <summary>When the next comparison may begin.</summary>
        private ulong _dueNs;

        internal RingDistance(Distance distance, ulong capacity, ulong messages, ulong position)
            : this()
        {
            _isAdaptive = distance == Distance.Adaptive;
            _shortRun = Math.Min(ShortRun, capacity / 4);
            _messages = messages;
            _position = position;
            PauseNs = ShortestPauseNs;
        }

        /// <summary>What the consumer does at each empty.</summary>
        private enum Phase
        {
            /// <summary>Looks again at once.</summary>
            Near,

            /// <summary>
            /// The same for a single run, which no stretch contains: in a stream of bursts, the
            /// stretch before it ended with a burst, and it begins with the silence up to the next.
            /// </summary>
            Between,

            /// <summary>
            /// The same for a stretch, which shows what the stream carries without the pause.
            /// </summary>
            Without,

            /// <summary>Pauses for a stretch, which shows what it carries with it.</summary>
            With,

            /// <summary>Pauses.</summary>
            Far,
        }

        /// <summary>Whether the consumer pauses at each empty.</summary>
        internal bool IsFar => _phase == Phase.Far;

        /// <summary>The pause of a stretch with one, or of the distance.</summary>
        internal ulong PauseNs { get; private set; }

        /// <summary>
        /// How long the last failure put off the next try; 0 if none did since the pause paid.
        /// </summary>
        internal ulong WaitNs { get; private set; }

        /// <summary>Waits by the clock: how long a hint takes depends on the processor.</summary>
        internal static void Pause(ulong ns)
        {
            Platform platform = Platform.Current;
            ulong start = platform.MonotonicNs();
            while (platform.MonotonicNs() - start < ns)
            {
                RingCpu.Pause(Hints);
            }
        }

        /// <summary>
        /// The ring was found empty after so many messages and at this position. True asks for
        /// <see cref="Advance"/>; false: no pause.
        /// </summary>
        internal bool OnEmpty(ulong messages, ulong position)
        {
            ulong run = unchecked(messages - _messages);
            if (run == 0 || !_isAdaptive)
            {
                return false;
            }

            _runBytes = unchecked(position - _position);
            _messages = messages;
            _position = position;
            _runs = unchecked(_runs + 1);
            _loneRuns = run == 1 ? unchecked(_loneRuns + 1) : 0;
            switch (_phase)
            {
                case Phase.Near:
                    return _runs == RunsNear;
                case Phase.Without:
                    return _runs % RunsWithout == 0;
                default:
                    return true;
            }
        }

        /// <summary>For how many nanoseconds to pause before the next look.</summary>
        internal ulong Advance(ulong nowNs)
        {
            switch (_phase)
            {
                case Phase.Near:
                    Consider(nowNs);
                    break;
                case Phase.Between:
                    Enter(Phase.Without, nowNs);
                    break;
                case Phase.Without:
                    GoOnWithout(nowNs);
                    break;
                case Phase.With:
                    GoOnWith(nowNs);
                    break;
                default:
                    Keep(nowNs);
                    break;
            }

            return _phase == Phase.With || _phase == Phase.Far ? PauseNs : 0;
        }

        /// <summary>
        /// Begins a try if the ring is found empty often enough, and the last failure is long ago.
        /// </summary>
        private void Consider(ulong nowNs)
        {
            ulong took = nowNs - _stretchNs;
            if (took > FastNs || nowNs < _dueNs)
            {
                Enter(Phase.Near, nowNs);
                return;
            }

            PauseNs = Math.Max(Math.Min(took / PausePart, LongestTryNs), ShortestPauseNs);
            _triedNs = nowNs;
            Begin(TryWins, TryLosses, nowNs);
        }

        private void Begin(int wins, int losses, ulong nowNs)
        {
            _winsLeft = wins;
            _lossesLeft = losses;
            _comparedNs = nowNs;
            Enter(Phase.Between, nowNs);
        }

        private void Enter(Phase phase, ulong nowNs)
        {
            _phase = phase;
            _stretchPosition = _position;
            _stretchNs = nowNs;
            _runs = 0;
            _loneRuns = 0;
        }

        private void GoOnWithout(ulong nowNs)
        {
            ulong took = nowNs - _stretchNs;
            if (took > LongestStretchNs)
            {
                Fail(nowNs);
            }
            else if (took >= StretchNs)
            {
                _rateWithout = Rate(took);
                Enter(Phase.With, nowNs);
            }
        }

        private void GoOnWith(ulong nowNs)
        {
            ulong took = nowNs - _stretchNs;
            if (_loneRuns == LoneRuns)
            {
                Fail(nowNs);
            }
            else if (_runs >= RunsWith && took >= StretchNs)
            {
                bool isBetter = Rate(took) * 10 >= _rateWithout * GainTenths;
                Count(isBetter, nowNs);
            }
        }

        private void Count(bool isBetter, ulong nowNs)
        {
            if (isBetter && --_winsLeft == 0)
            {
                Succeed(nowNs);
            }
            else if (!isBetter && --_lossesLeft == 0)
            {
                Fail(nowNs);
            }
            else
            {
                Enter(Phase.Between, nowNs);
            }
        }

        /// <summary>Bytes of the stretch for each 1024 ns.</summary>
        private ulong Rate(ulong tookNs) => (_position - _stretchPosition) * 1024 / tookNs;

        private void Succeed(ulong nowNs)
        {
            if (_comparedNs != _triedNs)
            {
                WaitNs = 0; // not for the first time: it has paid for some time
            }

            _dueNs = nowNs + Math.Min(nowNs - _triedNs, CheckNs);
            Enter(Phase.Far, nowNs);
        }

        private void Fail(ulong nowNs)
        {
            ulong cost = (nowNs - _comparedNs) * Cost;
            WaitNs = Math.Min(Math.Max(cost, WaitNs * 2), LongestWaitNs);
            _dueNs = nowNs + WaitNs;
            Enter(Phase.Near, nowNs);
        }

        /// <summary>Fits the pause to the run that it brought.</summary>
        private void Keep(ulong nowNs)
        {
            if (_runBytes < _shortRun)
            {
                PauseNs = Math.Min(PauseNs * 2, LongestPauseNs);
            }
            else if (_runBytes > LongRun)
            {
                PauseNs = Math.Max(PauseNs - (PauseNs / 4), ShortestPauseNs);
            }

            if (_loneRuns == LoneRuns)
            {
                Enter(Phase.Near, nowNs);
            }
            else if (nowNs >= _dueNs)
            {
                Begin(CheckWins, CheckLosses, nowNs);
            }
        }
    }
}
