// ---------------------------------------------------------------------------------------------
// Results and errors
// ---------------------------------------------------------------------------------------------

/// What an operation came to. kFull, kEmpty and kTimeout are results, not errors: call again.
enum class Errc : std::uint8_t {
    /// Done.
    kOk = 0,
    /// No room for the message now: what try_ operations answer instead of waiting.
    kFull,
    /// No message now: what try_ operations answer instead of waiting.
    kEmpty,
    /// Waited as long as asked, or was interrupted.
    kTimeout,
    /// A time is negative (and not -1 milliseconds) or not a number.
    kInvalidArgument,
    /// The name is empty, longer than 200 bytes, starts with a dot or has a forbidden character.
    kInvalidName,
    /// The asked capacity is 0, negative or above the largest.
    kInvalidCapacity,
    /// The ring exists and has another capacity than the asked one.
    kCapacityMismatch,
    /// There is no ring of this name.
    kNotFound,
    /// There is a ring of this name already.
    kAlreadyExists,
    /// The folder that rings live in does not exist.
    kFolderMissing,
    /// A directory, link, pipe or device has the ring's file name.
    kNotRegularFile,
    /// The file belongs to another user.
    kWrongOwner,
    /// The system does not let this process open or make the file.
    kPermissionDenied,
    /// The file is shorter than its header says.
    kTooShort,
    /// The file is no ring of this protocol.
    kBadMagic,
    /// The ring was made on a machine of the other byte order.
    kWrongEndianness,
    /// The ring has another major version.
    kVersionMismatch,
    /// The ring's header has another size.
    kHeaderSizeMismatch,
    /// The ring's headers are laid out in another way.
    kLayoutMismatch,
    /// The ring has the same version, but other message types or structs.
    kSchemaMismatch,
    /// The file system, or a limit of this process, has no room for the ring.
    kNoSpace,
    /// Another live process has this role.
    kRoleTaken,
    /// The ring's file was removed while attached: nobody else can come to it any more.
    kRemoved,
    /// The other side has closed. Told once for each time; after that, its successor is waited for.
    kClosed,
    /// The other side ended without closing. Told once for each time, as kClosed is.
    kPeerDied,
    /// The payload is larger than any that fits into the ring.
    kTooLarge,
    /// A message in pieces is larger than Options::max_message_size; it was dropped.
    kMessageTooLarge,
    /// There is no memory to put a message in pieces together; it was dropped.
    kNoMemory,
    /// Message type 0 marks padding: nobody can send it.
    kInvalidType,
    /// The ring holds bytes that no correct peer writes.
    kCorrupt,
    /// The text is not UTF-8.
    kInvalidUtf8,
    /// The message is of another type than the struct that was asked for.
    kTypeMismatch,
    /// The payload is no version of the struct that was asked for.
    kSizeMismatch,
    /// The object was closed with close().
    kDisposed,
    /// The process has forked: only the one that attached may use the ring.
    kForked,
    /// An earlier claim is neither committed nor abandoned, or this is called inside a handler that
    /// it would call.
    kBusy,
    /// A handler of a manager threw.
    kHandlerFailed,
    /// A system call failed.
    kIo,
    /// This platform, file system or side of a ring cannot do it.
    kUnsupported,
};

/// The name of a result in English, as in "role taken".
[[nodiscard]] constexpr const char* to_string(Errc code) noexcept {
    switch (code) {
        case Errc::kOk: return "ok";
        case Errc::kFull: return "full";
        case Errc::kEmpty: return "empty";
        case Errc::kTimeout: return "timeout";
        case Errc::kInvalidArgument: return "invalid argument";
        case Errc::kInvalidName: return "invalid name";
        case Errc::kInvalidCapacity: return "invalid capacity";
        case Errc::kCapacityMismatch: return "capacity mismatch";
        case Errc::kNotFound: return "not found";
        case Errc::kAlreadyExists: return "already exists";
        case Errc::kFolderMissing: return "folder missing";
        case Errc::kNotRegularFile: return "not a regular file";
        case Errc::kWrongOwner: return "wrong owner";
        case Errc::kPermissionDenied: return "permission denied";
        case Errc::kTooShort: return "too short";
        case Errc::kBadMagic: return "bad magic";
        case Errc::kWrongEndianness: return "wrong endianness";
        case Errc::kVersionMismatch: return "version mismatch";
        case Errc::kHeaderSizeMismatch: return "header size mismatch";
        case Errc::kLayoutMismatch: return "layout mismatch";
        case Errc::kSchemaMismatch: return "schema mismatch";
        case Errc::kNoSpace: return "no space";
        case Errc::kRoleTaken: return "role taken";
        case Errc::kRemoved: return "removed";
        case Errc::kClosed: return "closed";
        case Errc::kPeerDied: return "peer died";
        case Errc::kTooLarge: return "too large";
        case Errc::kMessageTooLarge: return "message too large";
        case Errc::kNoMemory: return "no memory";
        case Errc::kInvalidType: return "invalid type";
        case Errc::kCorrupt: return "corrupt";
        case Errc::kInvalidUtf8: return "invalid UTF-8";
        case Errc::kTypeMismatch: return "type mismatch";
        case Errc::kSizeMismatch: return "size mismatch";
        case Errc::kDisposed: return "disposed";
        case Errc::kForked: return "forked";
        case Errc::kBusy: return "busy";
        case Errc::kHandlerFailed: return "handler failed";
        case Errc::kIo: return "input/output error";
        case Errc::kUnsupported: return "unsupported";
    }
    return "unknown";
}

/// The result of a send or receive: true when it was done. One byte, free to copy. Compilers warn
/// where it is thrown away: nothing else tells that a message was not sent.
///
///     if (auto status = producer->send_string("hi"); !status) puts(status.name());
class [[nodiscard]] Status {
public:
    /// Done.
    constexpr Status() noexcept = default;
    /// The given result.
    constexpr Status(Errc code) noexcept : code_(code) {}

    /// True when the operation was done.
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return code_ == Errc::kOk; }
    /// What it came to.
    [[nodiscard]] constexpr Errc code() const noexcept { return code_; }
    /// The result's name in English.
    [[nodiscard]] constexpr const char* name() const noexcept { return to_string(code_); }
    /// True for kFull, kEmpty and kTimeout: nothing is wrong, it may work later.
    [[nodiscard]] constexpr bool would_block() const noexcept {
        return code_ == Errc::kFull || code_ == Errc::kEmpty || code_ == Errc::kTimeout;
    }

    friend constexpr bool operator==(Status a, Status b) noexcept { return a.code_ == b.code_; }
    friend constexpr bool operator!=(Status a, Status b) noexcept { return a.code_ != b.code_; }

private:
    Errc code_ = Errc::kOk;
};
