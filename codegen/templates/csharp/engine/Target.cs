{% include "csharp/engine_head.cs" %}

using System;
using System.IO;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// A ring's name and where its file is; made only from a name that was checked.
    /// </summary>
    internal sealed class RingTarget
    {
        private const string FolderVariable = "BITRPC_SHM_DIR";
        private const string Rule =
            ": a ring's name is 1 to 200 of A-Z a-z 0-9 . _ - and does not start with a dot";

        private static int _nonce;

        /// <exception cref="SharedMemoryException">InvalidName; FolderMissing.</exception>
        internal RingTarget(string name, SharedMemoryOptions options)
        {
            CheckName(name);
            Name = name;
            FileName = Layout.FilePrefix + name;
            Folder = FindFolder(options);
            FilePath = Path.Combine(Folder, FileName);
            PathBytes = RingUtf8.ZeroTerminated(FilePath);
        }

        /// <summary>As the caller gave it.</summary>
        internal string Name { get; }

        /// <summary>Prefix and name.</summary>
        internal string FileName { get; }

        internal string Folder { get; }

        /// <summary>Folder and file name.</summary>
        internal string FilePath { get; }

        /// <summary>The same as libc takes it: it is asked for again and again.</summary>
        internal byte[] PathBytes { get; }

        /// <summary>A hidden sibling for a ring in the making; another one at each call.</summary>
        internal string NewTemporaryPath()
        {
            // The clock keeps the processes apart that had the same id, the counter the calls.
            int count = Interlocked.Increment(ref _nonce);
            uint nonce = unchecked((uint)Platform.Current.MonotonicNs() ^ (uint)(count << 16));
            string process = RingText.Of(Platform.Current.ProcessId);
            string suffix = RingText.Hex(nonce, 8, prefix: false) + ".tmp";
            return Path.Combine(Folder, "." + FileName + "." + process + "." + suffix);
        }

        /// <summary>Whether a ring of this name is or was made under a temporary name.</summary>
        internal bool IsTemporary(string fileName)
        {
            string prefix = "." + FileName + ".";
            const int Rest = 13; // a dot, the nonce's eight digits, and .tmp
            int digits = fileName.Length - prefix.Length - Rest;
            return digits >= 1
                && fileName.StartsWith(prefix, StringComparison.Ordinal)
                && fileName.EndsWith(".tmp", StringComparison.Ordinal)
                && fileName[prefix.Length + digits] == '.'
                && AllAreDigits(fileName, prefix.Length, digits);
        }

        private static bool AllAreDigits(string text, int start, int count)
        {
            bool areDigits = true;
            for (int i = start; i < start + count; i++)
            {
                areDigits &= text[i] >= '0' && text[i] <= '9';
            }

            return areDigits;
        }

        private static void CheckName(string name)
        {
            if (string.IsNullOrEmpty(name))
            {
                throw new SharedMemoryException(ErrorCode.InvalidName, "the name is empty" + Rule);
            }

            if (name.Length > RingConstants.MaxNameLength)
            {
                throw new SharedMemoryException(
                    ErrorCode.InvalidName,
                    "the name has " + RingText.Of(name.Length) + " characters" + Rule,
                    RingConstants.MaxNameLength,
                    (ulong)name.Length);
            }

            for (int i = 0; i < name.Length; i++)
            {
                char c = name[i];
                bool isFine = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
                    || (c >= '0' && c <= '9') || c == '_' || c == '-' || (c == '.' && i != 0);
                if (!isFine)
                {
                    string what = "character " + RingText.Hex(c, 2) + " at " + RingText.Of(i);
                    throw new SharedMemoryException(
                        ErrorCode.InvalidName, what + " of the name" + Rule, 0, c);
                }
            }
        }

        private static string FindFolder(SharedMemoryOptions options)
        {
            string folder = options.Directory;
            if (string.IsNullOrEmpty(folder))
            {
                folder = Environment.GetEnvironmentVariable(FolderVariable);
            }

            if (string.IsNullOrEmpty(folder))
            {
                folder = Platform.Current.DefaultFolder();
            }

            if (string.IsNullOrEmpty(folder))
            {
                throw new SharedMemoryException(
                    ErrorCode.FolderMissing,
                    "there is no folder for rings: set " + FolderVariable);
            }

            return folder;
        }
    }
}
