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

/// How a producer or consumer attaches and behaves.
struct Options {
    /// Bytes in the data area: 1 KiB to 1 TiB, rounded up to a power of two.
    Capacity capacity{};
    /// Make the ring, open it, or either.
    Mode mode = Mode::kCreateOrOpen;
    /// Refuse a ring whose message types or structs differ, instead of only reporting it.
    bool strict_schema = false;
    /// Accept a ring that belongs to another user.
    bool any_owner = false;
    /// File permissions of a new ring (POSIX).
    unsigned permissions = 0600;
    /// How blocking calls wait.
    WaitStrategy wait_strategy = WaitStrategy::kAdaptive;
    /// The consumer's distance to the producer.
    Distance distance = Distance::kAdaptive;
    /// How long sends and claims wait for room, in milliseconds: -1 without bound, 0 not at all.
    int send_timeout_ms = -1;
    /// Largest message in pieces that a consumer puts together, in bytes.
    std::size_t max_message_size = 64U * 1024U * 1024U;
    /// Largest piece of a message sent in pieces, in bytes; 0 is as large as two fit the ring.
    std::size_t fragment_size = 0;
    /// How often a blocking call looks before it sleeps.
    unsigned spin_budget = 2000;
};

/// How important a log line is.
enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// Receives log lines; called from any thread, never from the fast path.
using LogCallback = std::function<void(LogLevel, std::string_view)>;

namespace detail {

struct Logger {
    std::mutex mutex;
    LogCallback callback;
    std::atomic<bool> enabled{false};

    static Logger& instance() {
        static Logger logger;
        return logger;
    }
};

inline void log_line(LogLevel level, std::string_view line) {
    Logger& logger = Logger::instance();
    if (!logger.enabled.load(std::memory_order_relaxed)) return;
    const std::lock_guard<std::mutex> lock(logger.mutex);
    if (logger.callback) logger.callback(level, line);
}

}  // namespace detail

/// Sets the function that receives this process's log lines; an empty one switches logging off,
/// as it is at first. The callback must not set another one.
inline void set_log_callback(LogCallback callback) {
    detail::Logger& logger = detail::Logger::instance();
    const std::lock_guard<std::mutex> lock(logger.mutex);
    logger.enabled.store(static_cast<bool>(callback), std::memory_order_relaxed);
    logger.callback = std::move(callback);
}
