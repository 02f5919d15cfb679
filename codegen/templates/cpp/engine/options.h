// ---------------------------------------------------------------------------------------------
// Options
// ---------------------------------------------------------------------------------------------

/// A capacity as the caller asked for it, from any integer type: the check for 0 and negative
/// values is the ring's, with an error of its own.
class Capacity {
public:
    /// Not given: kDefaultCapacity for a new ring, whatever it has for an existing one.
    constexpr Capacity() noexcept = default;
    /// `bytes` bytes, rounded up to a power of two by the ring.
    template <class T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
    constexpr Capacity(T bytes) noexcept
        : bytes_(static_cast<std::uint64_t>(bytes)), given_(true), negative_(is_negative(bytes)) {}

    /// True when the caller asked for a capacity.
    [[nodiscard]] constexpr bool given() const noexcept { return given_; }
    /// True when the caller asked for less than nothing.
    [[nodiscard]] constexpr bool negative() const noexcept { return negative_; }
    /// The bytes asked for.
    [[nodiscard]] constexpr std::uint64_t bytes() const noexcept { return bytes_; }

private:
    template <class T>
    static constexpr bool is_negative(T value) noexcept {
        if constexpr (std::is_signed_v<T>) {
            return value < 0;
        } else {
            return false;
        }
    }

    std::uint64_t bytes_ = 0;
    bool given_ = false;
    bool negative_ = false;
};

/// How to come by a ring.
enum class Mode : std::uint8_t {
    /// Open it, or make it if it is not there: either side may start first.
    kCreateOrOpen,
    /// Make it; kAlreadyExists if it is there.
    kCreateOnly,
    /// Open it; kNotFound if it is not there.
    kOpenOnly,
};

/// How to wait for the other side.
enum class WaitStrategy : std::uint8_t {
    /// Look for a while, then sleep in the kernel.
    kAdaptive,
    /// Look all the time: the shortest delay, at the price of a processor.
    kSpin,
};

/// Whether a consumer in a stream lets its producer get ahead.
enum class Distance : std::uint8_t {
    /// Keep away from the line that is being written, as far as it pays: the highest throughput.
    kAdaptive,
    /// Look again at once, always.
    kLatency,
};

/// With which message a consumer begins.
enum class Start : std::uint8_t {
    /// The oldest that nobody has released: what was sent while nobody read is not lost.
    kOldest,
    /// The first that is sent from now on: what was there is discarded. For commands and states,
    /// of which an old one is worse than none.
    kNewest,
};

/// How a producer or consumer attaches and behaves.
struct Options {
    /// Bytes in the data area: 1 KiB to 1 TiB, rounded up to a power of two.
    Capacity capacity{};
    /// Make the ring, open it, or either.
    Mode mode = Mode::kCreateOrOpen;
    /// The folder of the ring's file. Empty: that of the environment variable BITRPC_SHM_DIR, else
    /// the system's.
    std::string directory{};
    /// Accept a ring of the same version whose message types or structs differ.
    bool any_schema = false;
    /// Accept a ring that belongs to another user.
    bool any_owner = false;
    /// File permissions of a new ring (POSIX).
    unsigned permissions = 0600;
    /// How blocking calls wait.
    WaitStrategy wait_strategy = WaitStrategy::kAdaptive;
    /// The consumer's distance to the producer.
    Distance distance = Distance::kAdaptive;
    /// How long a blocking call looks before it sleeps.
    Timeout spin = std::chrono::microseconds(20);
    /// How long sends and claims wait for room.
    Timeout send_timeout = kForever;
    /// Largest message in pieces that a consumer puts together, in bytes.
    std::size_t max_message_size = 64U * 1024U * 1024U;
    /// Largest piece of a message sent in pieces, in bytes; 0 is as large as two fit the ring.
    std::size_t fragment_size = 0;
    /// With which message a consumer begins.
    Start start = Start::kOldest;
    /// Refuse a payload that is longer than the struct that it is received as, instead of reading
    /// the part that is known.
    bool exact_size = false;
    /// For tests: count sleeps that no wake-up ended although there was something to do. Such a
    /// sleep then takes up to a second longer.
    bool diagnose_wakeups = false;
};

/// How important a log line is.
enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// Receives log lines; called from any thread, never from the fast path, and under no lock of the
/// log: it may log, send and set another callback. What it throws is dropped.
using LogCallback = std::function<void(LogLevel, std::string_view)>;

namespace detail {

/// Where log lines go.
class Logger {
public:
    /// The process's logger. It is never destroyed: threads may log while the program ends.
    static Logger& instance() {
        static Logger& logger = *new Logger();
        return logger;
    }

    void set(LogCallback callback) {
        std::shared_ptr<const LogCallback> next;
        if (callback) next = std::make_shared<const LogCallback>(std::move(callback));
        const std::lock_guard<std::mutex> lock(mutex_);
        enabled_.store(next != nullptr, std::memory_order_relaxed);
        callback_.swap(next);
    }

    /// Hands a line to the callback; false if there is none.
    bool write(LogLevel level, std::string_view line) noexcept {
        if (!enabled_.load(std::memory_order_relaxed)) return false;
        const std::shared_ptr<const LogCallback> callback = current();
        if (callback == nullptr) return false;
        detail::attempt([&] { (*callback)(level, line); });
        return true;
    }

private:
    [[nodiscard]] std::shared_ptr<const LogCallback> current() noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        return callback_;
    }

    std::mutex mutex_;
    std::shared_ptr<const LogCallback> callback_;
    std::atomic<bool> enabled_{false};
};

inline void log_line(LogLevel level, std::string_view line) noexcept {
    Logger::instance().write(level, line);
}

/// Logs what nothing else tells: without a logger it goes to the standard error output.
inline void report_line(LogLevel level, std::string_view line) noexcept {
    if (Logger::instance().write(level, line)) return;
    std::fprintf(stderr, "%s: %.*s\n", kProtocolName.data(), static_cast<int>(line.size()),
                 line.data());
}

}  // namespace detail

/// Sets the function that receives this process's log lines; an empty one switches logging off,
/// as it is at first. Each event is logged once, not each call that meets it.
inline void set_log_callback(LogCallback callback) {
    detail::Logger::instance().set(std::move(callback));
}
