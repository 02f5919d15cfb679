// ---------------------------------------------------------------------------------------------
// The system: Windows (run under Wine by hand; not in the test suite)
// ---------------------------------------------------------------------------------------------

namespace detail {

/// What the checks at attach need to know of a file.
struct FileFacts {
    /// What it is, in words.
    const char* kind = "";
    bool regular = false;
    /// Windows files have access lists instead of a user id.
    std::uint64_t owner = 0;
    std::uint64_t size = 0;
    std::uint64_t links = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;

    [[nodiscard]] bool same_file(const FileFacts& other) const noexcept {
        return device == other.device && inode == other.inode;
    }
};

/// What a file system has left for this user.
struct Volume {
    std::uint64_t free_bytes = 0;
    bool takes_files = true;
};

/// The errno that stands for the last system call's failure, so that the rest of the engine
/// knows one set of codes.
[[nodiscard]] inline int last_errno() noexcept {
    switch (::GetLastError()) {
        case ERROR_FILE_NOT_FOUND:
        case ERROR_PATH_NOT_FOUND: return ENOENT;
        case ERROR_FILE_EXISTS:
        case ERROR_ALREADY_EXISTS: return EEXIST;
        case ERROR_ACCESS_DENIED:
        case ERROR_SHARING_VIOLATION: return EACCES;
        case ERROR_LOCK_VIOLATION:
        case ERROR_IO_PENDING: return EAGAIN;
        case ERROR_DISK_FULL:
        case ERROR_HANDLE_DISK_FULL: return ENOSPC;
        case ERROR_TOO_MANY_OPEN_FILES: return EMFILE;
        default: return EIO;
    }
}

[[nodiscard]] inline std::wstring wide(const std::string& text) {
    const int size = static_cast<int>(text.size());
    const int length = ::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0);
    std::wstring result(static_cast<std::size_t>(length), L'\0');
    ::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, &result[0], length);
    return result;
}

[[nodiscard]] inline std::uint64_t combine(DWORD high, DWORD low) noexcept {
    return static_cast<std::uint64_t>(high) << 32 | low;
}

/// An open file, closed by its destructor. Functions that can fail return an errno, 0 for done.
class File {
public:
    File() noexcept = default;
    File(File&& other) noexcept : handle_(std::exchange(other.handle_, INVALID_HANDLE_VALUE)) {}
    File& operator=(File&& other) noexcept {
        if (this != &other) {
            close();
            handle_ = std::exchange(other.handle_, INVALID_HANDLE_VALUE);
        }
        return *this;
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { close(); }

    /// Opens without following a link or passing it to a child.
    [[nodiscard]] int open(const std::string& path, bool writable) {
        return adopt(path, writable ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ, OPEN_EXISTING);
    }

    /// Makes a new file; EEXIST if there is one. The folder's access list decides who may use it.
    [[nodiscard]] int create(const std::string& path, unsigned) {
        return adopt(path, GENERIC_READ | GENERIC_WRITE, CREATE_NEW);
    }

    /// Gives the file its size; NTFS reserves the disk space for it at once.
    [[nodiscard]] int allocate(std::uint64_t size) noexcept {
        FILE_END_OF_FILE_INFO end{};
        end.EndOfFile.QuadPart = static_cast<LONGLONG>(size);
        const BOOL done =
            ::SetFileInformationByHandle(handle_, FileEndOfFileInfo, &end, sizeof end);
        return done != 0 ? 0 : last_errno();
    }

    /// What the file system of a folder has left; nothing if it does not say.
    [[nodiscard]] static Volume volume_of(const std::string& folder) {
        ULARGE_INTEGER free_bytes{};
        const BOOL done =
            ::GetDiskFreeSpaceExW(wide(folder).c_str(), &free_bytes, nullptr, nullptr);
        return {done != 0 ? free_bytes.QuadPart : 0, true};
    }

    /// Owners are left to the folder's access list: every file counts as this user's own.
    [[nodiscard]] int facts(FileFacts& out) const noexcept {
        BY_HANDLE_FILE_INFORMATION info{};
        FILE_STANDARD_INFO standard{};
        if (::GetFileInformationByHandle(handle_, &info) == 0 ||
            ::GetFileInformationByHandleEx(handle_, FileStandardInfo, &standard, sizeof standard) ==
                0) {
            return last_errno();
        }
        const DWORD special = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;
        out.regular = (info.dwFileAttributes & special) == 0;
        out.kind = out.regular ? "a regular file" : "a directory or link";
        out.size = combine(info.nFileSizeHigh, info.nFileSizeLow);
        out.links = standard.DeletePending != 0 ? 0 : info.nNumberOfLinks;
        out.device = info.dwVolumeSerialNumber;
        out.inode = combine(info.nFileIndexHigh, info.nFileIndexLow);
        return 0;
    }

    /// Facts of whatever has this path, links not followed.
    [[nodiscard]] static int facts_at(const std::string& path, FileFacts& out) {
        File file;
        const int failed = file.adopt(path, FILE_READ_ATTRIBUTES, OPEN_EXISTING);
        return failed != 0 ? failed : file.facts(out);
    }

    /// Reads from the start of the file; the number of bytes may be smaller than asked.
    [[nodiscard]] int read_start(std::byte* out, std::size_t size, std::size_t& done) noexcept {
        OVERLAPPED at{};
        DWORD got = 0;
        done = 0;
        if (::ReadFile(handle_, out, static_cast<DWORD>(size), &got, &at) == 0 &&
            ::GetLastError() != ERROR_HANDLE_EOF) {
            return last_errno();
        }
        done = got;
        return 0;
    }

    /// Maps the file into memory, shared.
    [[nodiscard]] int map(std::uint64_t size, bool writable, std::byte*& out) noexcept {
        const DWORD protection = writable ? PAGE_READWRITE : PAGE_READONLY;
        const HANDLE mapping = ::CreateFileMappingW(handle_, nullptr, protection, 0, 0, nullptr);
        if (mapping == nullptr) return last_errno();
        const DWORD access = writable ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ;
        void* address = ::MapViewOfFile(mapping, access, 0, 0, static_cast<SIZE_T>(size));
        const int failed = address == nullptr ? last_errno() : 0;
        ::CloseHandle(mapping);
        out = static_cast<std::byte*>(address);
        return failed;
    }

    static void unmap(std::byte* address, std::uint64_t) noexcept { ::UnmapViewOfFile(address); }

    /// Takes the lock on one byte, for this handle; the system drops it when the handle is
    /// closed, however the process ends. EAGAIN if another handle has it.
    [[nodiscard]] int lock(std::uint64_t offset) noexcept {
        return lock_byte(offset, LOCKFILE_EXCLUSIVE_LOCK);
    }

    /// True while another handle holds the lock on this byte: then it cannot be shared. The probe
    /// holds it for a moment, which attaching forgives by trying again.
    [[nodiscard]] bool locked_by_other(std::uint64_t offset) const noexcept {
        if (lock_byte(offset, 0) != 0) return true;
        unlock(offset);
        return false;
    }

    /// Gives the lock on a byte back.
    void unlock(std::uint64_t offset) const noexcept {
        OVERLAPPED at = position(offset);
        ::UnlockFileEx(handle_, 0, 1, 0, &at);
    }

    /// Gives a finished file its name, unless that name is taken: then EEXIST. ENOENT if the file
    /// lost the name that it had.
    [[nodiscard]] static int publish(const std::string& from, const std::string& to) {
        if (::MoveFileExW(wide(from).c_str(), wide(to).c_str(), 0) != 0) return 0;
        const int failed = last_errno();
        ::DeleteFileW(wide(from).c_str());
        return failed;
    }

    [[nodiscard]] static int remove(const std::string& path) {
        return ::DeleteFileW(wide(path).c_str()) != 0 ? 0 : last_errno();
    }

    [[nodiscard]] static bool is_folder(const std::string& path) {
        const DWORD attributes = ::GetFileAttributesW(wide(path).c_str());
        return attributes != INVALID_FILE_ATTRIBUTES &&
               (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    }

    void close() noexcept {
        if (handle_ != INVALID_HANDLE_VALUE) {
            ::CloseHandle(std::exchange(handle_, INVALID_HANDLE_VALUE));
        }
    }

private:
    [[nodiscard]] int adopt(const std::string& path, DWORD access, DWORD disposition) {
        const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
        const DWORD how = FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT;
        const HANDLE handle =
            ::CreateFileW(wide(path).c_str(), access, share, nullptr, disposition, how, nullptr);
        if (handle == INVALID_HANDLE_VALUE) return last_errno();
        close();
        handle_ = handle;
        return 0;
    }

    [[nodiscard]] static OVERLAPPED position(std::uint64_t offset) noexcept {
        OVERLAPPED at{};
        at.Offset = static_cast<DWORD>(offset);
        at.OffsetHigh = static_cast<DWORD>(offset >> 32);
        return at;
    }

    [[nodiscard]] int lock_byte(std::uint64_t offset, DWORD how) const noexcept {
        OVERLAPPED at = position(offset);
        const DWORD flags = how | LOCKFILE_FAIL_IMMEDIATELY;
        return ::LockFileEx(handle_, flags, 0, 1, 0, &at) != 0 ? 0 : last_errno();
    }

    HANDLE handle_ = INVALID_HANDLE_VALUE;
};

/// Nanoseconds of the host's monotonic clock.
[[nodiscard]] inline std::uint64_t monotonic_ns() noexcept {
    LARGE_INTEGER ticks{};
    LARGE_INTEGER per_second{};
    ::QueryPerformanceCounter(&ticks);
    ::QueryPerformanceFrequency(&per_second);
    const auto count = static_cast<std::uint64_t>(ticks.QuadPart);
    const auto rate = static_cast<std::uint64_t>(per_second.QuadPart);
    return count / rate * 1000000000U + count % rate * 1000000000U / rate;
}

/// Nanoseconds since 1970.
[[nodiscard]] inline std::uint64_t unix_ns() noexcept {
    FILETIME now{};
    ::GetSystemTimePreciseAsFileTime(&now);
    const std::uint64_t since_1601 = combine(now.dwHighDateTime, now.dwLowDateTime);
    return (since_1601 - 116444736000000000ULL) * 100;
}

[[nodiscard]] inline std::uint32_t process_id() noexcept { return ::GetCurrentProcessId(); }

/// Windows processes do not fork.
inline std::atomic<std::uint32_t> forks{0};
inline void count_forks() noexcept {}

inline void sleep_ns(std::uint64_t ns) noexcept { ::Sleep(static_cast<DWORD>(ns / 1000000U + 1)); }

[[nodiscard]] inline std::string environment(const char* name) {
    std::string value(::GetEnvironmentVariableA(name, nullptr, 0), '\0');
    if (!value.empty()) {
        value.resize(::GetEnvironmentVariableA(name, &value[0], static_cast<DWORD>(value.size())));
    }
    return value;
}

/// Windows files have access lists instead of a user id.
[[nodiscard]] inline std::uint64_t user_id() noexcept { return 0; }

/// Whether a process has this id; in doubt it has.
[[nodiscard]] inline bool process_exists(std::uint32_t id) noexcept {
    const HANDLE process = ::OpenProcess(SYNCHRONIZE, 0, id);
    if (process == nullptr) return ::GetLastError() != ERROR_INVALID_PARAMETER;
    const bool runs = ::WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
    ::CloseHandle(process);
    return runs;
}

[[nodiscard]] inline std::string narrow(const wchar_t* text) {
    const int length = ::WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
    if (length <= 1) return std::string();
    std::string result(static_cast<std::size_t>(length), '\0');
    ::WideCharToMultiByte(CP_UTF8, 0, text, -1, &result[0], length, nullptr, nullptr);
    result.pop_back();
    return result;
}

/// Shows `visit` the name of everything in a folder.
template <class Visit>
void list_folder(const std::string& folder, const Visit& visit) {
    WIN32_FIND_DATAW entry{};
    const HANDLE search = ::FindFirstFileW(wide(folder + "\\*").c_str(), &entry);
    if (search == INVALID_HANDLE_VALUE) return;
    do {
        visit(narrow(entry.cFileName));
    } while (::FindNextFileW(search, &entry) != 0);
    ::FindClose(search);
}

/// The folder that rings live in unless BITRPC_SHM_DIR names another; made if it is not there.
[[nodiscard]] inline std::string default_folder() {
    const std::string folder = environment("LOCALAPPDATA") + "\\BitRPC";
    ::CreateDirectoryA(folder.c_str(), nullptr);
    return folder;
}

/// Sleeping and waking between processes: a named event for each sequence word.
class WakePoint {
public:
    WakePoint() noexcept = default;
    WakePoint(const WakePoint&) = delete;
    WakePoint& operator=(const WakePoint&) = delete;
    ~WakePoint() {
        if (event_ != nullptr) ::CloseHandle(event_);
    }

    /// Opens the event `Local\<file name>.<created, 16 hex digits>.<which>`: auto-reset, at first
    /// not set.
    [[nodiscard]] int open(const std::string& path, std::uint64_t created, const char* which) {
        const auto slash = path.find_last_of("/\\");
        const std::string file = slash == std::string::npos ? path : path.substr(slash + 1);
        std::string stamp = hex_text(created).substr(2);
        for (char& c : stamp) c = c >= 'A' ? static_cast<char>(c - 'A' + 'a') : c;
        const std::wstring name = wide("Local\\" + file + "." + stamp + "." + which);
        event_ = ::CreateEventW(nullptr, 0, 0, name.c_str());
        return event_ != nullptr ? 0 : last_errno();
    }

    /// Sleeps while `word` is `seen`, at most `ns`; false if only the time ended it.
    [[nodiscard]] bool wait(std::atomic<std::uint32_t>& word, std::uint32_t seen, std::uint64_t ns,
                            const std::atomic<bool>&) noexcept {
        if (word.load(std::memory_order_acquire) != seen) return true;
        const auto ms = static_cast<DWORD>((ns + 999999U) / 1000000U);
        return ::WaitForSingleObject(event_, ms) != WAIT_TIMEOUT;
    }

    /// Wakes whoever sleeps on `word`.
    void wake(std::atomic<std::uint32_t>&) noexcept { ::SetEvent(event_); }

private:
    HANDLE event_ = nullptr;
};

/// Windows fences only the processors of its own process: wakers fence for themselves.
[[nodiscard]] inline bool register_for_peer_fences() noexcept { return false; }

/// Never called: register_for_peer_fences() said so.
[[nodiscard]] inline bool fence_peers() noexcept { return true; }

}  // namespace detail
