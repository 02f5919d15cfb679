// Times of a few nanoseconds.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "parts.h"

/// A clock that all processors of this host share and that takes a few nanoseconds to read: the
/// time stamp counter on x86-64 (`rdtscp`, which waits until what was loaded before it is there),
/// the steady clock elsewhere.
class Clock {
public:
    /// Finds out how fast it ticks.
    Clock() {
        const std::int64_t from_ns = now_ns();
        const std::uint64_t from = now();
        while (now_ns() - from_ns < kCalibrationNs) {
        }
        const std::int64_t to_ns = now_ns();
        ticks_per_ns_ = static_cast<double>(now() - from) / static_cast<double>(to_ns - from_ns);
    }

    /// Ticks since some time.
    static BENCH_INLINE std::uint64_t now() {
#if defined(__x86_64__)
        unsigned processor = 0;
        return __rdtscp(&processor);
#else
        return static_cast<std::uint64_t>(now_ns());
#endif
    }
    /// So many nanoseconds in ticks.
    [[nodiscard]] std::uint64_t ticks(std::uint64_t ns) const {
        return static_cast<std::uint64_t>(static_cast<double>(ns) * ticks_per_ns_);
    }
    /// So many ticks in nanoseconds.
    [[nodiscard]] double ns(std::uint64_t ticks) const {
        return static_cast<double>(ticks) / ticks_per_ns_;
    }

private:
    /// How long the counter is held against the clock.
    static constexpr std::int64_t kCalibrationNs = 2000000;

    double ticks_per_ns_ = 1;
};
