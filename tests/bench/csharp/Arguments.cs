// The command line.
using System;
using System.Globalization;

namespace Bench
{
    /// <summary>The caller's mistake: exit code 2.</summary>
    public sealed class WrongUsageException : Exception
    {
        public WrongUsageException(string message)
            : base(message)
        {
        }
    }

    /// <summary>What to do.</summary>
    public sealed class Arguments
    {
        public const string Usage =
            "usage: bench send|receive|ask|answer|wake|sleep --transport NAME --size BYTES\n"
            + "             --warm-up N --count N --wait polling|blocking\n"
            + "       bench pace|arrive --transport NAME --size BYTES --wait polling|blocking\n"
            + "             --gap NS --burst N --work NS --warm-up-us N --timed-us N\n"
            + "       bench turn|return --transport NAME --size BYTES --wait polling|blocking\n"
            + "             --turn N --warm-up-us N --timed-us N";

        public Arguments(string[] words)
        {
            if (words.Length == 0)
            {
                throw new WrongUsageException("no part is given");
            }

            Part = words[0];
            for (int i = 1; i < words.Length; i += 2)
            {
                if (i + 1 == words.Length)
                {
                    throw new WrongUsageException(words[i] + " needs a value");
                }

                Take(words[i], words[i + 1]);
            }

            Folder = Environment.GetEnvironmentVariable("BITRPC_SHM_DIR") ?? "/dev/shm";
        }

        public string Part { get; }

        public string Transport { get; private set; } = string.Empty;

        public int Size { get; private set; }

        /// <summary>Messages that are not timed.</summary>
        public long WarmUp { get; private set; }

        /// <summary>Messages that are.</summary>
        public long Count { get; private set; }

        /// <summary>
        /// From the start of one burst to that of the next, in nanoseconds; 0: as fast as it goes.
        /// </summary>
        public long Gap { get; private set; }

        /// <summary>Messages of a burst.</summary>
        public long Burst { get; private set; } = 1;

        /// <summary>What the receiver spends on each message, in nanoseconds.</summary>
        public long Work { get; private set; }

        /// <summary>Messages of a question, and of its answer.</summary>
        public long Turn { get; private set; } = 1;

        /// <summary>How long a part of the grid is not timed, in microseconds.</summary>
        public long WarmUpUs { get; private set; }

        /// <summary>How long it is timed, in microseconds.</summary>
        public long TimedUs { get; private set; }

        /// <summary>Whether waiting sides never sleep.</summary>
        public bool IsPolling { get; private set; }

        /// <summary>Where both sides find each other.</summary>
        public string Folder { get; }

        private static long Number(string option, string text)
        {
            CultureInfo culture = CultureInfo.InvariantCulture;
            if (long.TryParse(text, NumberStyles.None, culture, out long number))
            {
                return number;
            }

            throw new WrongUsageException(option + ": " + text + " is not a number in range");
        }

        private void Take(string option, string value)
        {
            switch (option)
            {
                case "--transport":
                    Transport = value;
                    break;
                case "--size":
                    Size = (int)Number(option, value);
                    break;
                case "--warm-up":
                    WarmUp = Number(option, value);
                    break;
                case "--count":
                    Count = Number(option, value);
                    break;
                case "--gap":
                    Gap = Number(option, value);
                    break;
                case "--burst":
                    Burst = Number(option, value);
                    break;
                case "--work":
                    Work = Number(option, value);
                    break;
                case "--turn":
                    Turn = Number(option, value);
                    break;
                case "--warm-up-us":
                    WarmUpUs = Number(option, value);
                    break;
                case "--timed-us":
                    TimedUs = Number(option, value);
                    break;
                case "--wait":
                    IsPolling = value == "polling";
                    break;
                default:
                    throw new WrongUsageException("unknown option " + option);
            }
        }
    }
}
