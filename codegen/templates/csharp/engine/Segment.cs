{% include "csharp/engine_head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <summary>
    /// An open, checked and mapped ring: one file. Disposing unmaps and closes it.
    /// </summary>
    internal sealed unsafe partial class Segment : IDisposable
    {
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

        /// <summary>Whether the name leads to this very file.</summary>
        internal bool HasItsName()
        {
            return Platform.Current.GetFacts(File, out RingFileFacts own) == 0
                && own.Links != 0
                && Platform.Current.GetFacts(Target, out RingFileFacts named) == 0
                && own.IsSameFile(in named);
        }

        /// <summary>Whether nobody can open the ring any more; no in doubt.</summary>
        /// <remarks>
        /// The count of names alone does not tell: a creator that was killed at the wrong moment
        /// leaves a second one.
        /// </remarks>
        internal bool IsRemoved()
        {
            Platform platform = Platform.Current;
            if (platform.GetFacts(File, out RingFileFacts own) != 0)
            {
                return false;
            }

            int error = platform.GetFacts(Target, out RingFileFacts named);
            return own.Links == 0 || (error == 0
                ? !own.IsSameFile(in named)
                : platform.Classify(error) == ErrorCode.NotFound);
        }

        public void Dispose()
        {
            Mapping.Vacate();
            File.Dispose();
        }

        internal static SharedMemoryException Failed(string operation, string path, int error)
        {
            ErrorCode code = Platform.Current.Classify(error);
            string text = operation + " '" + path + "': " + Platform.Current.ErrorText(error);
            return new SharedMemoryException(code, text, error);
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
    }
}
