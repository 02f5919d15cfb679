{% include "csharp/engine_head.cs" %}

using System;

namespace {{ view.namespace }}
{
    /// <summary>
    /// What an operation came to. <see cref="Full"/>, <see cref="Empty"/> and <see cref="Timeout"/>
    /// are results, not errors: call again.
    /// </summary>
    public enum ErrorCode : byte
    {
        /// <summary>Done.</summary>
        Ok = 0,

        /// <summary>
        /// No room for the message now: what Try operations answer instead of waiting.
        /// </summary>
        Full,

        /// <summary>No message now: what Try operations answer instead of waiting.</summary>
        Empty,

        /// <summary>Waited as long as asked, or until the wait was interrupted.</summary>
        Timeout,

        /// <summary>
        /// The name is empty, too long, starts with a dot or has a forbidden character.
        /// </summary>
        InvalidName,

        /// <summary>The asked capacity is 0, negative or above the largest.</summary>
        InvalidCapacity,

        /// <summary>The ring exists and has another capacity than the asked one.</summary>
        CapacityMismatch,

        /// <summary>There is no ring of this name.</summary>
        NotFound,

        /// <summary>There is a ring of this name already.</summary>
        AlreadyExists,

        /// <summary>The folder that rings live in does not exist.</summary>
        FolderMissing,

        /// <summary>A directory, link, pipe or device has the ring's file name.</summary>
        NotRegularFile,

        /// <summary>The file belongs to another user.</summary>
        WrongOwner,

        /// <summary>The system does not let this process open or make the file.</summary>
        PermissionDenied,

        /// <summary>The file is shorter than its header says.</summary>
        TooShort,

        /// <summary>The file is no ring of this protocol.</summary>
        BadMagic,

        /// <summary>The ring was made on a machine of the other byte order.</summary>
        WrongEndianness,

        /// <summary>The ring has another major version.</summary>
        VersionMismatch,

        /// <summary>The ring's header has another size.</summary>
        HeaderSizeMismatch,

        /// <summary>The ring's headers are laid out in another way.</summary>
        LayoutMismatch,

        /// <summary>
        /// The ring's message types or structs differ, although its version is the same.
        /// </summary>
        SchemaMismatch,

        /// <summary>
        /// The file system, or a memory limit, has no room for the ring.
        /// </summary>
        NoSpace,

        /// <summary>Another live process, or another object of this one, has this role.</summary>
        RoleTaken,

        /// <summary>
        /// The ring's file was removed while attached: nobody can join any more. Told for ever.
        /// </summary>
        Removed,

        /// <summary>The other side has closed. Told once for each of them.</summary>
        Closed,

        /// <summary>The other side ended without closing. Told once for each death.</summary>
        PeerDied,

        /// <summary>The payload is larger than any that fits into the ring.</summary>
        TooLarge,

        /// <summary>
        /// A message in pieces is larger than <see cref="SharedMemoryOptions.MaxMessageSize"/>; it
        /// was dropped.
        /// </summary>
        MessageTooLarge,

        /// <summary>The ring holds bytes that no correct peer writes.</summary>
        Corrupt,

        /// <summary>Message type 0, which is reserved for padding.</summary>
        InvalidType,

        /// <summary>The text is not UTF-8.</summary>
        InvalidUtf8,

        /// <summary>
        /// The message is of another type than the struct that was asked for, or type 0 was sent.
        /// </summary>
        TypeMismatch,

        /// <summary>
        /// The payload is of another size than the struct that was asked for, or larger than the
        /// buffer.
        /// </summary>
        SizeMismatch,

        /// <summary>The object was closed.</summary>
        Disposed,

        /// <summary>The process has forked: only the one that attached may use the ring.</summary>
        Forked,

        /// <summary>A system call failed.</summary>
        Io,

        /// <summary>This platform cannot do it.</summary>
        Unsupported,
    }

    /// <summary>
    /// The result of a send or receive: true when it was done. One byte, free to copy.
    /// </summary>
    /// <example>
    /// <code>
    /// Status status = producer.TrySend(bytes);
    /// if (status == ErrorCode.Full) { Drop(bytes); } else { status.ThrowIfFailed(); }
    /// </code>
    /// </example>
    public readonly struct Status : IEquatable<Status>
    {
        private readonly ErrorCode _code;

        /// <summary>A result with this code.</summary>
        /// <param name="code">What the operation came to.</param>
        public Status(ErrorCode code)
        {
            _code = code;
        }

        /// <summary>What the operation came to.</summary>
        public ErrorCode Code => _code;

        /// <summary>True when the operation was done.</summary>
        public bool IsOk => _code == ErrorCode.Ok;

        /// <summary>
        /// True for <see cref="ErrorCode.Full"/>, <see cref="ErrorCode.Empty"/> and
        /// <see cref="ErrorCode.Timeout"/>: nothing is wrong, it may work later.
        /// </summary>
        public bool WouldBlock =>
            _code == ErrorCode.Full || _code == ErrorCode.Empty || _code == ErrorCode.Timeout;

        /// <summary>True when the operation was done: so that a result is a condition.</summary>
        /// <param name="status">The result.</param>
        public static implicit operator bool(Status status) => status._code == ErrorCode.Ok;

        /// <summary>A result with this code: so that results and codes compare.</summary>
        /// <param name="code">What the operation came to.</param>
        public static implicit operator Status(ErrorCode code) => new Status(code);

        /// <summary>Whether two results are the same.</summary>
        /// <param name="left">One result.</param>
        /// <param name="right">The other result.</param>
        public static bool operator ==(Status left, Status right) => left._code == right._code;

        /// <summary>Whether two results differ.</summary>
        /// <param name="left">One result.</param>
        /// <param name="right">The other result.</param>
        public static bool operator !=(Status left, Status right) => left._code != right._code;

        /// <summary>Turns a failure into an exception.</summary>
        /// <remarks>
        /// The object that failed knows more: its <c>LastError</c> names what was expected and
        /// found.
        /// </remarks>
        /// <exception cref="SharedMemoryException">The operation was not done.</exception>
        public void ThrowIfFailed()
        {
            if (_code != ErrorCode.Ok)
            {
                throw new SharedMemoryException(_code, ToString());
            }
        }

        /// <inheritdoc/>
        public bool Equals(Status other) => _code == other._code;

        /// <inheritdoc/>
        public override bool Equals(object obj) => obj is Status other && Equals(other);

        /// <inheritdoc/>
        public override int GetHashCode() => (int)_code;

        /// <summary>The result in English, as in "the peer died".</summary>
        public override string ToString() => Describe(_code);

        internal static string Describe(ErrorCode code)
        {
            switch (code)
            {
                case ErrorCode.Ok: return "ok";
                case ErrorCode.Full: return "the ring is full";
                case ErrorCode.Empty: return "the ring is empty";
                case ErrorCode.Timeout: return "the time to wait is over";
                case ErrorCode.Removed: return "the ring's file was removed";
                case ErrorCode.Closed: return "the peer closed";
                case ErrorCode.PeerDied: return "the peer died";
                case ErrorCode.TooLarge: return "the payload is too large";
                case ErrorCode.MessageTooLarge: return "the fragmented message is too large";
                case ErrorCode.InvalidType: return "message type 0 is reserved for padding";
                case ErrorCode.Corrupt: return "the ring is corrupt";
                case ErrorCode.InvalidUtf8: return "the text is not UTF-8";
                case ErrorCode.TypeMismatch: return "the message is of another type";
                case ErrorCode.SizeMismatch: return "the payload is of another size";
                case ErrorCode.Disposed: return "the object was disposed";
                case ErrorCode.Forked: return "this process was forked; attach anew in the child";
                default: return code.ToString();
            }
        }
    }

    /// <summary>
    /// Why a ring could not be used: the one exception of this library. <see cref="Code"/> tells
    /// the kinds apart, the message names what was expected and what was found.
    /// </summary>
    /// <example>
    /// <code>
    /// try { producer = new SharedMemoryProducer("prices"); }
    /// catch (SharedMemoryException e) when (e.Code == ErrorCode.RoleTaken)
    /// {
    ///     Console.Error.WriteLine("process " + e.Found + " is the producer already");
    /// }
    /// </code>
    /// </example>
    public sealed class SharedMemoryException : Exception
    {
        /// <summary>An exception without details.</summary>
        public SharedMemoryException()
            : this(ErrorCode.Io, "the ring failed")
        {
        }

        /// <summary>An exception with a message.</summary>
        /// <param name="message">What happened.</param>
        public SharedMemoryException(string message)
            : this(ErrorCode.Io, message)
        {
        }

        /// <summary>An exception with a message and a cause.</summary>
        /// <param name="message">What happened.</param>
        /// <param name="innerException">What caused it.</param>
        public SharedMemoryException(string message, Exception innerException)
            : base(message, innerException)
        {
            Code = ErrorCode.Io;
        }

        /// <summary>An exception of a kind, with a message.</summary>
        /// <param name="code">The kind of failure.</param>
        /// <param name="message">What happened.</param>
        public SharedMemoryException(ErrorCode code, string message)
            : base(message)
        {
            Code = code;
        }

        internal SharedMemoryException(ErrorCode code, string message, ulong expected, ulong found)
            : base(message)
        {
            Code = code;
            Expected = expected;
            Found = found;
        }

        internal SharedMemoryException(ErrorCode code, string message, int systemError)
            : base(message)
        {
            Code = code;
            SystemError = systemError;
        }

        /// <summary>The kind of failure.</summary>
        public ErrorCode Code { get; }

        /// <summary>
        /// The expected number, where there is one: a size, hash, version or capacity; the largest
        /// payload for <see cref="ErrorCode.TooLarge"/>, the bytes needed for
        /// <see cref="ErrorCode.NoSpace"/>, the position for <see cref="ErrorCode.Corrupt"/>.
        /// </summary>
        public ulong Expected { get; }

        /// <summary>
        /// The found number, where there is one; the bytes free for
        /// <see cref="ErrorCode.NoSpace"/>, the word for <see cref="ErrorCode.Corrupt"/>, the
        /// holder's process id for <see cref="ErrorCode.RoleTaken"/>.
        /// </summary>
        public ulong Found { get; }

        /// <summary>The system's own error code (errno, GetLastError); 0 if none.</summary>
        public int SystemError { get; }
    }

    /// <summary>The words for failures of attached rings.</summary>
    internal static class RingFailure
    {
        internal static SharedMemoryException Describe(
            ErrorCode code, string ring, ulong expected, ulong found)
        {
            string text = "ring '" + ring + "': " + Sentence(code, expected, found);
            return new SharedMemoryException(code, text, expected, found);
        }

        private static string Sentence(ErrorCode code, ulong expected, ulong found)
        {
            string wanted = RingText.Of(expected);
            string got = RingText.Of(found);
            switch (code)
            {
                case ErrorCode.TooLarge:
                    return "a payload of " + got + " bytes exceeds the largest of this ring, "
                        + wanted;
                case ErrorCode.MessageTooLarge:
                    return "a fragmented message of " + got + " bytes exceeds the limit of "
                        + wanted;
                case ErrorCode.InvalidUtf8:
                    return "expected UTF-8, found another byte at " + got;
                case ErrorCode.SizeMismatch:
                    return "expected a payload of " + wanted + " bytes, found " + got;
                case ErrorCode.TypeMismatch:
                    return "expected message type " + wanted + ", found " + got;
                case ErrorCode.Corrupt:
                    return "corrupt ring at " + wanted + ": found " + RingText.Hex(found, 1);
                default:
                    return Status.Describe(code);
            }
        }
    }
}
