// ---------------------------------------------------------------------------------------------
// The file behind a ring
// ---------------------------------------------------------------------------------------------

namespace detail {

/// A mapped ring. Closes and unmaps in its destructor.
class Segment {
public:
    Segment() noexcept = default;
    Segment(Segment&& other) noexcept
        : file(std::move(other.file)),
          base(std::exchange(other.base, nullptr)),
          size(other.size),
          capacity(other.capacity),
          schema_hash(other.schema_hash) {}
    Segment& operator=(Segment&& other) noexcept {
        if (this != &other) {
            unmap();
            file = std::move(other.file);
            base = std::exchange(other.base, nullptr);
            size = other.size;
            capacity = other.capacity;
            schema_hash = other.schema_hash;
        }
        return *this;
    }
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;
    ~Segment() { unmap(); }

    void unmap() noexcept {
        if (base != nullptr) File::unmap(std::exchange(base, nullptr), size);
    }

    File file;
    std::byte* base = nullptr;
    std::uint64_t size = 0;
    std::uint64_t capacity = 0;
    std::uint64_t schema_hash = 0;
};

/// Says whether a name may name a ring: it becomes part of a file name, so nothing in it may
/// lead out of the folder.
[[nodiscard]] inline Error check_name(std::string_view name) {
    const std::string rule = concat({"a ring's name is 1 to ", std::to_string(kMaxNameLength),
                                     " of A-Z a-z 0-9 . _ - and does not start with a dot"});
    if (name.empty()) return {Errc::kInvalidName, concat({"the name is empty: ", rule})};
    if (name.size() > kMaxNameLength) {
        return {Errc::kInvalidName,
                concat({"the name has ", std::to_string(name.size()), " bytes: ", rule}),
                kMaxNameLength, name.size()};
    }
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        const bool fine = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '-' || (c == '.' && i != 0);
        if (!fine) {
            const auto byte = static_cast<unsigned char>(c);
            return {Errc::kInvalidName,
                    concat({"byte ", hex_text(byte), " at ", std::to_string(i),
                            " of the name: ", rule}),
                    0, byte};
        }
    }
    return {};
}

/// The power of two that an asked capacity stands for.
[[nodiscard]] inline Error resolve_capacity(Capacity asked, std::uint64_t& out) {
    const std::uint64_t bytes = asked.given() ? asked.bytes() : kDefaultCapacity;
    if (asked.negative() || bytes == 0 || bytes > kMaxCapacity) {
        const std::string text = asked.negative() ? std::to_string(static_cast<std::int64_t>(bytes))
                                                  : std::to_string(bytes);
        return {Errc::kInvalidCapacity,
                concat({"capacity ", text, " asked; at least ", std::to_string(kMinCapacity),
                        " and at most ", std::to_string(kMaxCapacity), " bytes are possible"}),
                kMaxCapacity, bytes};
    }
    out = kMinCapacity;
    while (out < bytes) out *= 2;
    return {};
}

/// Says whether the times in the options are such.
[[nodiscard]] inline Error check_times(const Options& options) {
    if (options.send_timeout.is_valid() && options.spin.is_valid()) return {};
    const char* what = options.spin.is_valid() ? "send_timeout" : "spin";
    return {Errc::kInvalidArgument, concat({what, " is negative or not a number"})};
}

/// The folder that rings live in, without a slash at its end: the asked one, if any.
[[nodiscard]] inline std::string ring_folder(const std::string& asked) {
    std::string folder = asked.empty() ? environment("BITRPC_SHM_DIR") : asked;
    if (folder.empty()) folder = default_folder();
    while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
    return folder;
}

[[nodiscard]] inline std::string ring_path(const std::string& folder, std::string_view name) {
    return concat({folder, "/", kFilePrefix, name});
}

[[nodiscard]] inline std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

/// True if the path leads to nothing, or to another file.
[[nodiscard]] inline bool lost_its_name(const File& file, const std::string& path) noexcept {
    FileFacts mine;
    FileFacts named;
    const int failed = File::facts_at(path, named);
    if (failed != 0) return failed == ENOENT;
    return file.facts(mine) == 0 && !mine.same_file(named);
}

/// The error that a system call's errno stands for.
[[nodiscard]] inline Error system_failure(int code, std::string_view operation,
                                          const std::string& path) {
    const std::string text =
        concat({operation, " ", in_quotes(path), ": ", std::generic_category().message(code),
                " (errno ", std::to_string(code), ")"});
    Errc kind = Errc::kIo;
    if (code == ENOENT) {
        const std::string folder = folder_of(path);
        if (!File::is_folder(folder)) {
            return {Errc::kFolderMissing,
                    concat({"the folder ", in_quotes(folder), " does not exist"}), 0, 0, code};
        }
        kind = Errc::kNotFound;
    } else if (code == EEXIST) {
        kind = Errc::kAlreadyExists;
    } else if (code == EACCES || code == EPERM || code == EROFS) {
        kind = Errc::kPermissionDenied;
    } else if (code == EOPNOTSUPP) {
        kind = Errc::kUnsupported;
    }
    return {kind, text, 0, 0, code};
}

/// The error for a number in the header that is not the expected one.
[[nodiscard]] inline Error wrong_number(Errc code, const std::string& path, const char* what,
                                        std::uint64_t expected, std::uint64_t found, bool as_hex) {
    const auto text = [as_hex](std::uint64_t v) {
        return as_hex ? hex_text(v) : std::to_string(v);
    };
    return {code,
            concat({in_quotes(path), ": expected ", what, " ", text(expected), ", found ",
                    text(found)}),
            expected, found};
}

/// Checks the identity at the start of a ring; everything in it counts as hostile.
[[nodiscard]] inline Error check_identity(const std::byte* header, const std::string& path) {
    const auto magic = load_field<std::uint32_t>(header, ring_header::kMagicOffset);
    if (magic != kMagic) {
        const std::uint32_t swapped =
            magic >> 24 | (magic >> 8 & 0xFF00U) | (magic << 8 & 0xFF0000U) | magic << 24;
        const Errc code = swapped == kMagic ? Errc::kWrongEndianness : Errc::kBadMagic;
        return wrong_number(code, path, "magic", kMagic, magic, true);
    }
    const auto major = load_field<std::uint16_t>(header, ring_header::kVersionMajorOffset);
    if (major != kVersionMajor) {
        return wrong_number(Errc::kVersionMismatch, path, "major version", kVersionMajor, major,
                            false);
    }
    const auto size = load_field<std::uint32_t>(header, ring_header::kHeaderSizeOffset);
    if (size != ring_header::kSize) {
        return wrong_number(Errc::kHeaderSizeMismatch, path, "header size", ring_header::kSize,
                            size, false);
    }
    const auto layout = load_field<std::uint64_t>(header, ring_header::kLayoutHashOffset);
    if (layout != kLayoutHash) {
        return wrong_number(Errc::kLayoutMismatch, path, "layout hash", kLayoutHash, layout, true);
    }
    return {};
}

/// Checks an existing ring's capacity against the asked one and against its file's size.
[[nodiscard]] inline Error check_capacity(std::uint64_t found, const std::string& path,
                                          const Options& options, std::uint64_t file_size) {
    if (found < kMinCapacity || found > kMaxCapacity || (found & (found - 1)) != 0) {
        return {Errc::kCorrupt,
                concat({in_quotes(path), ": the header says capacity ", std::to_string(found),
                        ", which is no power of two from ", std::to_string(kMinCapacity), " to ",
                        std::to_string(kMaxCapacity)}),
                ring_header::kCapacityOffset, found};
    }
    if (options.capacity.given()) {
        std::uint64_t asked = 0;
        if (Error error = resolve_capacity(options.capacity, asked)) return error;
        if (asked != found) {
            return wrong_number(Errc::kCapacityMismatch, path, "capacity", asked, found, false);
        }
    }
    const std::uint64_t needed = ring_header::kSize + found;
    if (file_size < needed) {
        return wrong_number(Errc::kTooShort, path, "file size", needed, file_size, false);
    }
    return {};
}

/// Of two minor versions, other structs are what is to be expected; of one version, they are a
/// mistake that no size would tell.
[[nodiscard]] inline Error check_schema(const std::byte* header, const std::string& path,
                                        const Options& options) {
    const auto schema = load_field<std::uint64_t>(header, ring_header::kSchemaHashOffset);
    const auto minor = load_field<std::uint16_t>(header, ring_header::kVersionMinorOffset);
    if (schema == kSchemaHash || minor != kVersionMinor || options.any_schema) return {};
    return wrong_number(Errc::kSchemaMismatch, path, "schema hash", kSchemaHash, schema, true);
}

[[nodiscard]] inline Error not_regular(const std::string& path, const FileFacts& facts) {
    return {Errc::kNotRegularFile,
            concat({"expected a regular file at ", in_quotes(path), ", found ", facts.kind})};
}

/// What a failed open means: systems have many codes for "not a file".
[[nodiscard]] inline Error open_failure(int code, const std::string& path) {
    FileFacts facts;
    if (File::facts_at(path, facts) == 0 && !facts.regular) return not_regular(path, facts);
    return system_failure(code, "open", path);
}

/// Opens an existing ring and checks all that must be so before it is used.
[[nodiscard]] inline Error open_segment(const std::string& path, const Options& options,
                                        bool writable, Segment& out) {
    Segment segment;
    if (const int failed = segment.file.open(path, writable)) {
        return open_failure(failed, path);
    }
    FileFacts facts;
    if (const int failed = segment.file.facts(facts)) return system_failure(failed, "stat", path);
    if (!facts.regular) return not_regular(path, facts);
    if (facts.owner != user_id() && !options.any_owner) {
        return wrong_number(Errc::kWrongOwner, path, "the owner", user_id(), facts.owner, false);
    }
    std::vector<std::byte> header(ring_header::kSize);
    std::size_t got = 0;
    if (const int failed = segment.file.read_start(header.data(), header.size(), got)) {
        return system_failure(failed, "read", path);
    }
    if (got < header.size()) {
        return wrong_number(Errc::kTooShort, path, "file size", header.size(), got, false);
    }
    if (Error error = check_identity(header.data(), path)) return error;
    segment.capacity = load_field<std::uint64_t>(header.data(), ring_header::kCapacityOffset);
    segment.schema_hash = load_field<std::uint64_t>(header.data(), ring_header::kSchemaHashOffset);
    if (Error error = check_capacity(segment.capacity, path, options, facts.size)) return error;
    if (Error error = check_schema(header.data(), path, options)) return error;
    segment.size = ring_header::kSize + segment.capacity;
    if (const int failed = segment.file.map(segment.size, writable, segment.base)) {
        return system_failure(failed, "map", path);
    }
    out = std::move(segment);
    return {};
}

}  // namespace detail
