// ---------------------------------------------------------------------------------------------
// Making a ring
// ---------------------------------------------------------------------------------------------

namespace detail {

inline void write_identity(std::byte* header, std::uint64_t capacity) noexcept {
    store_field<std::uint32_t>(header, ring_header::kMagicOffset, kMagic);
    store_field<std::uint16_t>(header, ring_header::kVersionMajorOffset, kVersionMajor);
    store_field<std::uint16_t>(header, ring_header::kVersionMinorOffset, kVersionMinor);
    store_field<std::uint64_t>(header, ring_header::kLayoutHashOffset, kLayoutHash);
    store_field<std::uint64_t>(header, ring_header::kSchemaHashOffset, kSchemaHash);
    store_field<std::uint64_t>(header, ring_header::kCapacityOffset, capacity);
    store_field<std::uint32_t>(header, ring_header::kHeaderSizeOffset,
                               static_cast<std::uint32_t>(ring_header::kSize));
    store_field<std::uint64_t>(header, ring_header::kCreatedUnixNsOffset, unix_ns());
}

/// True for the codes that say that there is no memory or no room on a disk.
[[nodiscard]] inline bool is_lack_of_space(int code) noexcept {
    if (code == ENOSPC || code == ENOMEM || code == EFBIG) return true;
#if defined(EDQUOT)
    return code == EDQUOT;
#else
    return false;
#endif
}

/// The error for a ring that needs more than there is: of the file system, a quota, or the memory
/// that this process may have.
[[nodiscard]] inline Error no_space(const std::string& path, std::uint64_t needed, int code) {
    const std::uint64_t free_bytes = File::volume_of(folder_of(path)).free_bytes;
    const std::string limit =
        needed <= free_bytes
            ? concat({", a memory limit is lower: ", std::generic_category().message(code)})
            : std::string();
    return {Errc::kNoSpace,
            concat({in_quotes(path), ": no space for the ring: ", std::to_string(needed),
                    " bytes needed, ", std::to_string(free_bytes), " free", limit}),
            needed, free_bytes, code};
}

/// What keeps a temporary file from being made.
[[nodiscard]] inline Error no_file(const std::string& path, std::uint64_t needed, int code) {
    const std::string folder = folder_of(path);
    if (is_lack_of_space(code) && !File::volume_of(folder).takes_files) {
        return {Errc::kNoSpace,
                concat({in_quotes(path), ": no space for the ring: the file system of ",
                        in_quotes(folder), " has no room for another file"}),
                needed, 0, code};
    }
    return is_lack_of_space(code) ? no_space(path, needed, code)
                                  : system_failure(code, "create", path);
}

/// Fills a new, still nameless file.
[[nodiscard]] inline Error fill_segment(const std::string& path, Segment& segment) {
    // Nobody removes it for a leftover any more; who did so before is found out by publishing.
    if (const int failed = segment.file.lock(kMakingLock)) {
        return system_failure(failed, "lock", path);
    }
    if (File::volume_of(folder_of(path)).free_bytes < segment.size) {
        return no_space(path, segment.size, ENOSPC);
    }
    int failed = segment.file.allocate(segment.size);
    if (failed == 0) failed = segment.file.map(segment.size, true, segment.base);
    if (is_lack_of_space(failed)) return no_space(path, segment.size, failed);
    if (failed != 0) return system_failure(failed, "allocate", path);
    write_identity(segment.base, segment.capacity);
    return {};
}

/// True for the temporary names of rings whose temporary names begin with `prefix`: a process id, a
/// dot, eight hexadecimal digits and the ending follow.
[[nodiscard]] inline bool is_temporary(std::string_view file, std::string_view prefix) noexcept {
    constexpr std::string_view kEnding = ".tmp";
    constexpr std::size_t kNonce = 8;
    constexpr std::string_view kDigits = "0123456789";
    constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
    if (file.size() <= prefix.size() + 1 + kNonce + kEnding.size()) return false;
    if (file.substr(0, prefix.size()) != prefix) return false;
    if (file.substr(file.size() - kEnding.size()) != kEnding) return false;
    file = file.substr(prefix.size(), file.size() - prefix.size() - kEnding.size());
    const std::size_t dot = file.size() - kNonce - 1;
    return dot != 0 && file[dot] == '.' && file.find_first_not_of(kDigits) == dot &&
           file.substr(dot + 1).find_first_not_of(kHexDigits) == std::string_view::npos;
}

/// Removes what creators of this ring left behind who died before they could publish it: the files
/// that nobody works on.
inline void sweep(const std::string& folder, std::string_view name) {
    const std::string prefix = concat({".", kFilePrefix, name, "."});
    list_folder(folder, [&](std::string_view entry) {
        if (!is_temporary(entry, prefix)) return;
        const std::string path = concat({folder, "/", entry});
        File file;
        FileFacts facts;
        const bool is_ours = file.open(path, false) == 0 && file.facts(facts) == 0 && facts.regular;
        if (is_ours && !file.locked_by_other(kMakingLock)) static_cast<void>(File::remove(path));
    });
}

/// Tries once to make a ring under a temporary name and to give it its own one. ENOENT as the
/// error's system code if somebody took the temporary file for a leftover.
[[nodiscard]] inline Error try_create_segment(const std::string& folder, std::string_view name,
                                              unsigned permissions, std::uint64_t capacity,
                                              Segment& out) {
    static std::atomic<std::uint32_t> count{0};
    const auto nonce = static_cast<std::uint32_t>(monotonic_ns()) + count.fetch_add(1);
    const std::string path = ring_path(folder, name);
    const std::string temporary =
        concat({folder, "/.", kFilePrefix, name, ".", std::to_string(process_id()), ".",
                hex_text(nonce).substr(10), ".tmp"});
    Segment segment;
    segment.capacity = capacity;
    segment.size = ring_header::kSize + capacity;
    segment.schema_hash = kSchemaHash;
    if (const int failed = segment.file.create(temporary, permissions)) {
        return no_file(temporary, segment.size, failed);
    }
    if (Error error = fill_segment(path, segment)) {
        static_cast<void>(File::remove(temporary));
        return error;
    }
    const int failed = File::publish(temporary, path);
    if (failed == EOPNOTSUPP) {
        return {Errc::kUnsupported,
                concat({"the file system of ", in_quotes(folder),
                        " has neither renameat2 with RENAME_NOREPLACE nor hard links, one of "
                        "which making a ring takes"}),
                0, 0, failed};
    }
    if (failed != 0) return system_failure(failed, "create", path);
    segment.file.unlock(kMakingLock);
    out = std::move(segment);
    return {};
}

/// Makes a ring: nobody ever sees a half-made one. kAlreadyExists if another process was faster.
[[nodiscard]] inline Error create_segment(const std::string& folder, std::string_view name,
                                          const Options& options, Segment& out) {
    std::uint64_t capacity = 0;
    if (Error error = resolve_capacity(options.capacity, capacity)) return error;
    const std::string path = ring_path(folder, name);
    // A shortcut: publishing would find out, too, after all the work.
    FileFacts facts;
    if (File::facts_at(path, facts) == 0) {
        return facts.regular ? system_failure(EEXIST, "create", path) : not_regular(path, facts);
    }
    Error error;
    for (int round = 0; round < kRaces; ++round) {
        sweep(folder, name);
        error = try_create_segment(folder, name, options.permissions, capacity, out);
        // The folder is there, so it is the temporary file that is not.
        if (error.code() != Errc::kNotFound) break;
    }
    return error;
}

}  // namespace detail
