// ---------------------------------------------------------------------------------------------
// The system: what Linux and macOS share
// ---------------------------------------------------------------------------------------------

namespace detail {

/// What the checks at attach need to know of a file.
struct FileFacts {
    /// What it is, in words.
    const char* kind = "";
    bool regular = false;
    /// The user that the file belongs to.
    std::uint64_t owner = 0;
    std::uint64_t size = 0;
    std::uint64_t links = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;

    [[nodiscard]] bool same_file(const FileFacts& other) const noexcept {
        return device == other.device && inode == other.inode;
    }
};

[[nodiscard]] inline const char* kind_of(mode_t mode) noexcept {
    if (S_ISREG(mode)) return "a regular file";
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISLNK(mode)) return "a symbolic link";
    if (S_ISFIFO(mode)) return "a FIFO";
    return S_ISSOCK(mode) ? "a socket" : "a device";
}

[[nodiscard]] inline FileFacts facts_of(const struct stat& status) noexcept {
    FileFacts facts;
    facts.regular = S_ISREG(status.st_mode);
    facts.kind = kind_of(status.st_mode);
    facts.owner = status.st_uid;
    facts.size = static_cast<std::uint64_t>(status.st_size);
    facts.links = static_cast<std::uint64_t>(status.st_nlink);
    facts.device = static_cast<std::uint64_t>(status.st_dev);
    facts.inode = static_cast<std::uint64_t>(status.st_ino);
    return facts;
}

/// What a file system has left for this user.
struct Volume {
    std::uint64_t free_bytes = 0;
    bool takes_files = true;
};

/// The commands of fcntl() for locks that belong to an open file, not to a process.
[[nodiscard]] inline int set_lock_command() noexcept;
[[nodiscard]] inline int get_lock_command() noexcept;

/// Renames a file to a name that nobody has; 0 or an errno.
[[nodiscard]] inline int rename_to_free_name(const char* from, const char* to) noexcept;

/// An open file, closed by its destructor. Functions that can fail return an errno, 0 for done.
class File {
public:
    File() noexcept = default;
    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&& other) noexcept {
        if (this != &other) {
            close();
            descriptor_ = std::exchange(other.descriptor_, -1);
        }
        return *this;
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { close(); }

    /// Opens without following a link, waiting for a pipe's other end, or passing it to a child.
    [[nodiscard]] int open(const std::string& path, bool writable) noexcept {
        const int access = writable ? O_RDWR : O_RDONLY;
        return adopt(::open(path.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    }

    /// Makes a new file; EEXIST if there is one. The permissions do not depend on the umask.
    [[nodiscard]] int create(const std::string& path, unsigned permissions) noexcept {
        const int failed = adopt(
            ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR));
        if (failed != 0) return failed;
        if (::fchmod(descriptor_, permissions) == 0) return 0;
        const int refused = errno;
        ::unlink(path.c_str());
        return refused;
    }

    /// Gives the file its size and the memory for it, so that no later access can fail.
    [[nodiscard]] int allocate(std::uint64_t size) noexcept;

    /// What the file system of a folder has left; nothing if it does not say.
    [[nodiscard]] static Volume volume_of(const std::string& folder) noexcept {
        struct statvfs status {};
        if (::statvfs(folder.c_str(), &status) != 0) return {};
        // A file system that does not count files says 0 of all numbers.
        const bool takes_files = status.f_files == 0 || status.f_favail != 0;
        return {std::uint64_t{status.f_bavail} * status.f_frsize, takes_files};
    }

    [[nodiscard]] int facts(FileFacts& out) const noexcept {
        struct stat status {};
        if (::fstat(descriptor_, &status) != 0) return errno;
        out = facts_of(status);
        return 0;
    }

    /// Facts of whatever has this path, links not followed.
    [[nodiscard]] static int facts_at(const std::string& path, FileFacts& out) noexcept {
        struct stat status {};
        if (::lstat(path.c_str(), &status) != 0) return errno;
        out = facts_of(status);
        return 0;
    }

    /// Reads from the start of the file; the number of bytes may be smaller than asked.
    [[nodiscard]] int read_start(std::byte* out, std::size_t size, std::size_t& done) noexcept {
        done = 0;
        while (done < size) {
            const ssize_t got =
                ::pread(descriptor_, out + done, size - done, static_cast<off_t>(done));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return errno;
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        return 0;
    }

    /// Maps the file into memory, shared.
    [[nodiscard]] int map(std::uint64_t size, bool writable, std::byte*& out) noexcept {
        const int access = writable ? PROT_READ | PROT_WRITE : PROT_READ;
        void* address = ::mmap(nullptr, size, access, MAP_SHARED, descriptor_, 0);
        if (address == MAP_FAILED) return errno;
        out = static_cast<std::byte*>(address);
        return 0;
    }

    static void unmap(std::byte* address, std::uint64_t size) noexcept { ::munmap(address, size); }

    /// Takes the lock on one byte, for this open file; the kernel drops it when the file is
    /// closed, however the process ends. EAGAIN if another open file has it.
    [[nodiscard]] int lock(std::uint64_t offset) noexcept {
        return lock_command(set_lock_command(), offset);
    }

    /// Gives the lock on a byte back.
    void unlock(std::uint64_t offset) const noexcept {
        struct flock range = one_byte(offset);
        range.l_type = F_UNLCK;
        static_cast<void>(::fcntl(descriptor_, set_lock_command(), &range));
    }

    /// True while another open file holds the lock on this byte.
    [[nodiscard]] bool locked_by_other(std::uint64_t offset) const noexcept {
        struct flock range = one_byte(offset);
        if (::fcntl(descriptor_, get_lock_command(), &range) != 0) return true;
        return range.l_type != F_UNLCK;
    }

    /// Gives a finished file its name, unless that name is taken: then EEXIST. ENOENT if the file
    /// lost the name that it had, EOPNOTSUPP if the file system has no way to do it.
    [[nodiscard]] static int publish(const std::string& from, const std::string& to) noexcept {
        int failed = rename_to_free_name(from.c_str(), to.c_str());
        if (failed == 0 || failed == ENOENT) return failed;
        if (failed != EEXIST) {
            failed = ::link(from.c_str(), to.c_str()) == 0 ? 0 : errno;
            if (failed == EPERM || failed == ENOSYS || failed == ENOTSUP) failed = EOPNOTSUPP;
        }
        ::unlink(from.c_str());
        return failed;
    }

    [[nodiscard]] static int remove(const std::string& path) noexcept {
        return ::unlink(path.c_str()) == 0 ? 0 : errno;
    }

    [[nodiscard]] static bool is_folder(const std::string& path) noexcept {
        struct stat status {};
        return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    }

    void close() noexcept {
        if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    }

private:
    [[nodiscard]] int adopt(int descriptor) noexcept {
        if (descriptor < 0) return errno;
        close();
        descriptor_ = descriptor;
        return 0;
    }

    [[nodiscard]] static struct flock one_byte(std::uint64_t offset) noexcept {
        struct flock range {};
        range.l_type = F_WRLCK;
        range.l_whence = SEEK_SET;
        range.l_start = static_cast<off_t>(offset);
        range.l_len = 1;
        return range;
    }

    [[nodiscard]] int lock_command(int command, std::uint64_t offset) noexcept {
        struct flock range = one_byte(offset);
        while (::fcntl(descriptor_, command, &range) != 0) {
            if (errno != EINTR) return errno == EACCES ? EAGAIN : errno;
        }
        return 0;
    }

    int descriptor_ = -1;
};

static_assert(sizeof(off_t) == sizeof(std::uint64_t), "role locks lie at 2^62");

/// Nanoseconds of the host's monotonic clock.
[[nodiscard]] inline std::uint64_t monotonic_ns() noexcept {
    struct timespec now {};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000000000U +
           static_cast<std::uint64_t>(now.tv_nsec);
}

/// Nanoseconds since 1970.
[[nodiscard]] inline std::uint64_t unix_ns() noexcept {
    struct timespec now {};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000000000U +
           static_cast<std::uint64_t>(now.tv_nsec);
}

[[nodiscard]] inline std::uint32_t process_id() noexcept {
    return static_cast<std::uint32_t>(::getpid());
}

/// The user that files of this process belong to.
[[nodiscard]] inline std::uint64_t user_id() noexcept { return ::geteuid(); }

/// Whether a process has this id; in doubt it has.
[[nodiscard]] inline bool process_exists(std::uint32_t id) noexcept {
    return ::kill(static_cast<pid_t>(id), 0) == 0 || errno != ESRCH;
}

/// Shows `visit` the name of everything in a folder.
template <class Visit>
void list_folder(const std::string& folder, const Visit& visit) {
    DIR* const open = ::opendir(folder.c_str());
    if (open == nullptr) return;
    while (const dirent* entry = ::readdir(open)) visit(std::string_view(entry->d_name));
    ::closedir(open);
}

/// Counts the forks that this process comes from; read by every send and receive.
inline std::atomic<std::uint32_t> forks{0};

/// Starts the counting; the first call does.
inline void count_forks() noexcept {
    static const int installed =
        ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
    static_cast<void>(installed);
}

inline void sleep_ns(std::uint64_t ns) noexcept {
    struct timespec time {};
    time.tv_sec = static_cast<time_t>(ns / 1000000000U);
    time.tv_nsec = static_cast<long>(ns % 1000000000U);
    ::nanosleep(&time, nullptr);
}

[[nodiscard]] inline std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

}  // namespace detail
