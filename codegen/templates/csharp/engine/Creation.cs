{% include "csharp/engine_head.cs" %}

using System;
using System.IO;

namespace {{ view.namespace }}
{
    /// <content>
    /// Making a ring: under a temporary name, so that nobody ever sees a half-made one.
    /// </content>
    internal sealed unsafe partial class Segment
    {
        /// <summary>How often a ring in the making that somebody swept is begun anew.</summary>
        private const int MostSwept = 100;

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

            for (int attempt = 0; attempt < MostSwept; attempt++)
            {
                Sweep(target);
                Segment segment = TryCreate(target, options, identity);
                if (segment != null)
                {
                    SharedMemoryLog.Write(LogLevel.Debug, "created " + target.FilePath);
                    return segment;
                }
            }

            throw new SharedMemoryException(
                ErrorCode.Removed,
                "'" + target.FilePath + "' is removed again and again while it is made");
        }

        /// <summary>One attempt; null if somebody took the unfinished file away.</summary>
        private static Segment TryCreate(
            RingTarget target, SharedMemoryOptions options, RingIdentity identity)
        {
            Platform platform = Platform.Current;
            string temporary = CreateTemporary(target, options, out RingFile file);
            Segment segment = null;
            try
            {
                // From here on nobody takes it for the leftover of a creator that died.
                int error = platform.TryLock(file, RingConstants.MakingLock, out _);
                if (error != 0)
                {
                    throw Failed("lock", temporary, error);
                }

                Reserve(target, file, identity.FileSize);
                segment = Map(target, file, identity, writable: true);
                identity.Write(segment.Base);
                error = platform.Publish(temporary, target.FilePath);
                if (error == 0)
                {
                    platform.Unlock(file, RingConstants.MakingLock);
                    return segment;
                }

                if (platform.Classify(error) != ErrorCode.NotFound)
                {
                    throw NotPublished(target, error);
                }
            }
            catch
            {
                GiveUp(segment, file, temporary);
                throw;
            }

            GiveUp(segment, file, temporary);
            return null;
        }

        private static void GiveUp(Segment segment, RingFile file, string temporary)
        {
            segment?.Dispose();
            file.Dispose();
            _ = Platform.Current.Remove(temporary);
        }

        private static void Reserve(RingTarget target, RingFile file, ulong size)
        {
            Platform platform = Platform.Current;
            ulong free = platform.FreeBytes(target.Folder) ?? ulong.MaxValue;
            if (free < size)
            {
                throw NoSpace(target, size, free, string.Empty);
            }

            int error = platform.Allocate(file, size);
            if (error != 0)
            {
                free = platform.FreeBytes(target.Folder) ?? 0;
                string why = size <= free ? ", a memory limit or a quota is lower: " : ": ";
                throw platform.Classify(error) == ErrorCode.NoSpace
                    ? NoSpace(target, size, free, why + platform.ErrorText(error))
                    : Failed("allocate", target.FilePath, error);
            }
        }

        /// <summary>
        /// Removes what creators of this ring left behind who died before they could publish it:
        /// the system has dropped their locks.
        /// </summary>
        private static void Sweep(RingTarget target)
        {
            Platform platform = Platform.Current;
            try
            {
                foreach (string path in Directory.GetFiles(target.Folder, ".*.tmp"))
                {
                    if (target.IsTemporary(Path.GetFileName(path)) && IsAbandoned(path))
                    {
                        _ = platform.Remove(path);
                    }
                }
            }
            catch (Exception e) when (e is IOException || e is UnauthorizedAccessException)
            {
                // Whatever it is, creating the ring comes upon it, too, or does not mind.
                return;
            }
        }

        private static bool IsAbandoned(string path)
        {
            if (Platform.Current.Open(path, writable: false, file: out RingFile file) != 0)
            {
                return false;
            }

            using (file)
            {
                return !Platform.Current.IsLocked(file, RingConstants.MakingLock);
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

                if (code == ErrorCode.NoSpace)
                {
                    throw new SharedMemoryException(
                        ErrorCode.NoSpace,
                        "the file system of '" + target.Folder + "' has no room for another file: "
                            + Platform.Current.ErrorText(error),
                        error);
                }

                if (code != ErrorCode.AlreadyExists || attempt == 100)
                {
                    throw Failed("create", path, error);
                }
            }
        }

        private static SharedMemoryException NotPublished(RingTarget target, int error)
        {
            string missing = Platform.Current.MissingToPublish(error);
            return missing == null
                ? Failed("create", target.FilePath, error)
                : new SharedMemoryException(
                    ErrorCode.Unsupported,
                    "the file system of '" + target.Folder + "' knows neither " + missing
                        + ": a ring cannot be given its name there without a risk for another one",
                    error);
        }

        private static SharedMemoryException NoSpace(
            RingTarget target, ulong needed, ulong free, string why) =>
            new SharedMemoryException(
                ErrorCode.NoSpace,
                "'" + target.FilePath + "': no space for the ring: " + RingText.Of(needed)
                    + " bytes needed, " + RingText.Of(free) + " free" + why,
                needed,
                free);
    }
}
