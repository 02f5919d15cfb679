{% include "csharp/head.cs" %}

using System;
using System.Globalization;
using System.IO;
using System.Threading;

namespace {{ view.namespace }}
{
    /// <summary>
    /// A ring's name and where its file is; made only from a name that was checked.
    /// </summary>
    internal sealed class RingTarget
    {
        private const int LongestName = 200;
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
        }

        /// <summary>As the caller gave it.</summary>
        internal string Name { get; }

        /// <summary>Prefix and name.</summary>
        internal string FileName { get; }

        internal string Folder { get; }

        /// <summary>Folder and file name.</summary>
        internal string FilePath { get; }

        /// <summary>A hidden sibling for a ring in the making; another one at each call.</summary>
        internal string NewTemporaryPath()
        {
            // The clock keeps the processes apart that had the same id, the counter the calls.
            uint count = (uint)Interlocked.Increment(ref _nonce);
            uint nonce = (uint)Platform.Current.MonotonicNs() ^ (count << 16);
            string process = RingText.Of(Platform.Current.ProcessId);
            string suffix = RingText.Hex(nonce, 8, prefix: false) + ".tmp";
            return Path.Combine(Folder, "." + FileName + "." + process + "." + suffix);
        }

        /// <summary>
        /// The process that makes or made this ring under the temporary name
        /// <paramref name="fileName"/>; 0 for every other file.
        /// </summary>
        internal uint CreatorOf(string fileName)
        {
            string prefix = "." + FileName + ".";
            const int Rest = 13; // a dot, the nonce's eight digits, and .tmp
            int digits = fileName.Length - prefix.Length - Rest;
            if (digits < 1
                || !fileName.StartsWith(prefix, StringComparison.Ordinal)
                || !fileName.EndsWith(".tmp", StringComparison.Ordinal)
                || fileName[prefix.Length + digits] != '.')
            {
                return 0;
            }

            string process = fileName.Substring(prefix.Length, digits);
            NumberStyles style = NumberStyles.None;
            return uint.TryParse(process, style, CultureInfo.InvariantCulture, out uint id) ? id : 0;
        }

        private static void CheckName(string name)
        {
            if (string.IsNullOrEmpty(name))
            {
                throw new SharedMemoryException(ErrorCode.InvalidName, "the name is empty" + Rule);
            }

            if (name.Length > LongestName)
            {
                throw new SharedMemoryException(
                    ErrorCode.InvalidName,
                    "the name has " + RingText.Of(name.Length) + " characters" + Rule,
                    LongestName,
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

    /// <summary>
    /// An open, checked and mapped ring: one file. Disposing unmaps and closes it.
    /// </summary>
    internal sealed unsafe class Segment : IDisposable
    {
        /// <summary>
        /// Age at which the temporary file of a process that is gone counts as abandoned.
        /// </summary>
        private const int AbandonedSeconds = 10;

        private Segment(
            RingTarget target, RingFile file, RingMapping mapping, RingIdentity identity)
        {
            Target = target;
            File = file;
            Mapping = mapping;
            Identity = identity;
            WakePoints = Platform.Current.OpenWakePoints(target.FileName, identity.CreatedUnixNs);
        }

        internal RingTarget Target { get; }

        internal RingFile File { get; }

        internal RingMapping Mapping { get; }

        internal RingIdentity Identity { get; }

        internal RingWakePoints WakePoints { get; }

        internal byte* Base => Mapping.Address;

        /// <summary>
        /// Makes a ring under a temporary name, and gives it its own when it is whole.
        /// </summary>
        /// <exception cref="SharedMemoryException">AlreadyExists and all that concerns
        /// files.</exception>
        internal static Segment Create(RingTarget target, SharedMemoryOptions options)
        {
            Platform platform = Platform.Current;
            RingIdentity identity = RingIdentity.ForNew(options);
            if (platform.GetFacts(target.FilePath, out RingFileFacts facts) == 0)
            {
                // Publishing would find out too, after all the work.
                throw InTheWay(target, in facts);
            }

            Sweep(target);
            string temporary = CreateTemporary(target, options, out RingFile file);
            Segment segment = null;
            try
            {
                ulong free = platform.FreeBytes(target.Folder) ?? ulong.MaxValue;
                if (free < identity.FileSize)
                {
                    throw NoSpace(target, identity.FileSize, free);
                }

                int error = platform.Allocate(file, identity.FileSize);
                if (error != 0)
                {
                    throw platform.Classify(error) == ErrorCode.NoSpace
                        ? NoSpace(target, identity.FileSize, platform.FreeBytes(target.Folder) ?? 0)
                        : Failed("allocate", temporary, error);
                }

                segment = Map(target, file, identity, writable: true);
                identity.Write(segment.Base);
                error = platform.Publish(temporary, target.FilePath);
                if (error != 0)
                {
                    throw Failed("create", target.FilePath, error);
                }

                SharedMemoryLog.Write(LogLevel.Debug, "created " + target.FilePath);
                return segment;
            }
            catch
            {
                segment?.Dispose();
                file.Dispose();
                _ = platform.Remove(temporary);
                throw;
            }
        }

        /// <summary>Opens a ring and checks all that its file and header say.</summary>
        /// <exception cref="SharedMemoryException">NotFound and all that concerns files and
        /// identities.</exception>
        internal static Segment Open(RingTarget target, SharedMemoryOptions options, bool writable)
        {
            if (options.Capacity.HasValue)
            {
                _ = RingIdentity.RoundCapacity(options.Capacity.Value);
            }

            Platform platform = Platform.Current;
            int error = platform.Open(target.FilePath, writable, out RingFile file);
            if (error != 0)
            {
                throw OpenFailed(target, error);
            }

            try
            {
                error = platform.GetFacts(file, out RingFileFacts facts);
                if (error != 0)
                {
                    throw Failed("look at", target.FilePath, error);
                }

                CheckFacts(target, options, in facts);
                RingIdentity identity = ReadIdentity(target, options, file, facts.Size);
                return Map(target, file, identity, writable);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }

        /// <summary>Removes a ring's file; false if there was none.</summary>
        /// <exception cref="SharedMemoryException">NotRegularFile, PermissionDenied,
        /// Io.</exception>
        internal static bool Remove(RingTarget target)
        {
            Platform platform = Platform.Current;
            int error = platform.GetFacts(target.FilePath, out RingFileFacts facts);
            if (error == 0 && facts.NotRegular != null)
            {
                throw InTheWay(target, in facts);
            }

            error = error != 0 ? error : platform.Remove(target.FilePath);
            if (error == 0 || platform.Classify(error) == ErrorCode.NotFound)
            {
                return error == 0;
            }

            throw Failed("remove", target.FilePath, error);
        }

        /// <summary>Whether the name still leads to this very file.</summary>
        internal bool HasItsName()
        {
            return Platform.Current.GetFacts(File, out RingFileFacts own) == 0
                && Platform.Current.GetFacts(Target.FilePath, out RingFileFacts named) == 0
                && own.Links != 0
                && own.IsSameFile(in named);
        }

        /// <summary>Whether no name leads to the file any more.</summary>
        internal bool IsRemoved() =>
            Platform.Current.GetFacts(File, out RingFileFacts facts) == 0 && facts.Links == 0;

        public void Dispose()
        {
            WakePoints.Dispose();
            Mapping.Dispose();
            File.Dispose();
        }

        internal static SharedMemoryException Failed(string operation, string path, int error)
        {
            ErrorCode code = Platform.Current.Classify(error);
            string text = operation + " '" + path + "': " + Platform.Current.ErrorText(error);
            return new SharedMemoryException(code, text, error);
        }

        /// <summary>
        /// Removes what creators of this ring left behind who died before they could publish it.
        /// </summary>
        /// <remarks>
        /// A process id means nothing in another container that shares the folder, so a file is
        /// left alone until nobody can be working on it any more.
        /// </remarks>
        private static void Sweep(RingTarget target)
        {
            try
            {
                foreach (string path in Directory.GetFiles(target.Folder, ".*.tmp"))
                {
                    uint creator = target.CreatorOf(Path.GetFileName(path));
                    TimeSpan age = DateTime.UtcNow - System.IO.File.GetLastWriteTimeUtc(path);
                    bool isAbandoned = creator != 0 && age.TotalSeconds > AbandonedSeconds;
                    if (isAbandoned && !Platform.Current.ProcessExists(creator))
                    {
                        Platform.Current.Remove(path);
                    }
                }
            }
            catch (Exception e) when (e is IOException || e is UnauthorizedAccessException)
            {
                // Whatever it is, creating the ring comes upon it, too, or does not mind.
                return;
            }
        }

        private static string CreateTemporary(
            RingTarget target, SharedMemoryOptions options, out RingFile file)
        {
            for (int attempt = 0; ; attempt++)
            {
                string path = target.NewTemporaryPath();
                int error = Platform.Current.CreateNew(path, options.Permissions, out file);
                if (error == 0)
                {
                    return path;
                }

                ErrorCode code = Platform.Current.Classify(error);
                if (code == ErrorCode.NotFound)
                {
                    throw FolderMissing(target);
                }

                if (code != ErrorCode.AlreadyExists || attempt == 100)
                {
                    throw Failed("create", path, error);
                }
            }
        }

        private static Segment Map(
            RingTarget target, RingFile file, RingIdentity identity, bool writable)
        {
            int error = Platform.Current.Map(
                file, identity.FileSize, writable, out RingMapping mapping);
            if (error != 0)
            {
                throw Failed("map", target.FilePath, error);
            }

            return new Segment(target, file, mapping, identity);
        }

        private static void CheckFacts(
            RingTarget target, SharedMemoryOptions options, in RingFileFacts facts)
        {
            if (facts.NotRegular != null)
            {
                throw InTheWay(target, in facts);
            }

            uint? user = Platform.Current.UserId;
            if (user.HasValue && user.Value != facts.Owner && !options.AnyOwner)
            {
                string text = "'" + target.FilePath + "' belongs to user "
                    + RingText.Of(facts.Owner) + ", expected user " + RingText.Of(user.Value);
                throw new SharedMemoryException(
                    ErrorCode.WrongOwner, text, user.Value, facts.Owner);
            }
        }

        private static RingIdentity ReadIdentity(
            RingTarget target, SharedMemoryOptions options, RingFile file, ulong fileSize)
        {
            byte[] header = new byte[RingHeaderLayout.Size];
            int error = Platform.Current.ReadStart(file, header, out int done);
            if (error != 0)
            {
                throw Failed("read", target.FilePath, error);
            }

            if (done < header.Length)
            {
                throw RingIdentity.Mismatch(
                    ErrorCode.TooShort,
                    target.FilePath,
                    "the file size",
                    (ulong)header.Length,
                    (ulong)done);
            }

            return RingIdentity.Check(header, target.FilePath, fileSize, options);
        }

        private static SharedMemoryException OpenFailed(RingTarget target, int error)
        {
            if (Platform.Current.Classify(error) == ErrorCode.NotFound)
            {
                int folder = Platform.Current.GetFacts(target.Folder, out _);
                return folder == 0 ? Failed("open", target.FilePath, error) : FolderMissing(target);
            }

            // Systems have many codes for "not a file".
            bool isThere = Platform.Current.GetFacts(target.FilePath, out RingFileFacts facts) == 0;
            return isThere && facts.NotRegular != null
                ? InTheWay(target, in facts)
                : Failed("open", target.FilePath, error);
        }

        private static SharedMemoryException FolderMissing(RingTarget target) =>
            new SharedMemoryException(
                ErrorCode.FolderMissing, "the folder '" + target.Folder + "' does not exist");

        private static SharedMemoryException InTheWay(RingTarget target, in RingFileFacts facts)
        {
            return facts.NotRegular == null
                ? new SharedMemoryException(
                    ErrorCode.AlreadyExists, "there is a ring at '" + target.FilePath + "' already")
                : new SharedMemoryException(
                    ErrorCode.NotRegularFile,
                    "expected a regular file at '" + target.FilePath + "', found "
                        + facts.NotRegular);
        }

        private static SharedMemoryException NoSpace(RingTarget target, ulong needed, ulong free) =>
            new SharedMemoryException(
                ErrorCode.NoSpace,
                "'" + target.FilePath + "' needs " + RingText.Of(needed) + " bytes, "
                    + RingText.Of(free) + " are free",
                needed,
                free);
    }
}
