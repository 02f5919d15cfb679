{% include "csharp/engine_head.cs" %}

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// The one thread that waits for all asynchronous calls of the process. It starts with the
    /// first of them and ends when there was none for a while.
    /// </summary>
    internal static unsafe class RingPatience
    {
        private const int IdleMs = 10000;

        private static readonly List<RingCall> Calls = new List<RingCall>();

        /// <summary>
        /// A word that is moved on to wake the thread, as a ring's sequence is to wake a side.
        /// </summary>
        private static readonly uint* OwnWord = NewWord();

        private static readonly RingWakePoints OwnPoints = Platform.Current.OwnWakePoints();

        private static readonly WaitCallback GoOn = call => ((RingCall)call).GoOn();

        private static RingWord[] _words = new RingWord[8];
        private static Thread _thread;

        /// <summary>Lets the thread wait for a call, which it then has to itself.</summary>
        internal static void Add(RingCall call)
        {
            lock (Calls)
            {
                Calls.Add(call);
                if (_thread == null)
                {
                    _thread = new Thread(Run) { IsBackground = true, Name = "ring waits" };
                    _thread.Start();
                }

                LookAgain();
            }
        }

        /// <summary>
        /// Takes a call away; false if it goes on already. Afterwards the thread does not touch its
        /// ring any more.
        /// </summary>
        internal static bool Remove(RingCall call)
        {
            lock (Calls)
            {
                bool isThere = Calls.Remove(call);
                if (isThere)
                {
                    call.Retract();
                }

                return isThere;
            }
        }

        /// <summary>Lets the thread look at this call, if it is one of its calls.</summary>
        internal static void Kick(RingCall call)
        {
            if (call != null)
            {
                lock (Calls)
                {
                    LookAgain();
                }
            }
        }

        private static void LookAgain()
        {
            Monitor.Pulse(Calls);
            Volatile.Write(ref *OwnWord, unchecked(*OwnWord + 1));
            OwnPoints.Wake(OwnWord, isSpace: false);
        }

        private static void Run()
        {
            int count;
            ulong bound;
            while (Prepare(out count, out bound))
            {
                Platform.Current.WaitAny(_words, count, bound);
            }
        }

        /// <summary>
        /// Lets go on what can, and says what the rest waits for; false if nothing has come for a
        /// while.
        /// </summary>
        private static bool Prepare(out int count, out ulong bound)
        {
            lock (Calls)
            {
                do
                {
                    _ = ReleaseThoseThatAreOver();
                    while (Calls.Count == 0)
                    {
                        if (!Monitor.Wait(Calls, IdleMs) && Calls.Count == 0)
                        {
                            _thread = null;
                            count = 0;
                            bound = 0;
                            return false;
                        }
                    }

                    bound = AnnounceAll();
                }
                while (ReleaseThoseThatAreOver());
                count = CollectWords();
                return true;
            }
        }

        /// <summary>Whether there were any.</summary>
        private static bool ReleaseThoseThatAreOver()
        {
            ulong now = Platform.Current.MonotonicNs();
            bool isAny = false;
            for (int i = Calls.Count - 1; i >= 0; i--)
            {
                RingCall call = Calls[i];
                if (call.IsOver(now))
                {
                    isAny = true;
                    Calls.RemoveAt(i);
                    call.Retract();
                    _ = ThreadPool.QueueUserWorkItem(GoOn, call);
                }
            }

            return isAny;
        }

        /// <summary>Returns how long the thread may sleep.</summary>
        private static ulong AnnounceAll()
        {
            ulong now = Platform.Current.MonotonicNs();
            ulong bound = RingConstants.LivenessNs;
            bool isAnyNew = false;
            bool needsMembarrier = false;
            foreach (RingCall call in Calls)
            {
                bound = Math.Max(call.Left(now, bound), 1);
                isAnyNew |= call.Announce();
                needsMembarrier |= call.NeedsMembarrier;
            }

            if (isAnyNew)
            {
                // Pairs with the wakers': their own fences, or none because of the membarrier. One
                // is enough for all that was announced before it.
                Interlocked.MemoryBarrier();
                if (needsMembarrier && !Platform.Current.Membarrier())
                {
                    Calls.ForEach(call => call.MembarrierRefused());
                }
            }

            foreach (RingCall call in Calls)
            {
                bound = call.Shorten(bound);
            }

            return bound;
        }

        private static int CollectWords()
        {
            int count = Calls.Count + 1;
            if (count > _words.Length)
            {
                _words = new RingWord[2 * count];
            }

            _words[0] = new RingWord { Address = OwnWord, Seen = *OwnWord, Points = OwnPoints };
            for (int i = 1; i < count; i++)
            {
                _words[i] = Calls[i - 1].Word;
            }

            return count;
        }

        private static uint* NewWord()
        {
            var word = (uint*)Marshal.AllocHGlobal(sizeof(uint));
            *word = 0;
            return word;
        }
    }
}
