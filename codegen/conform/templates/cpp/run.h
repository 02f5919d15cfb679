// What both sides of a run share: options, report, errors.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "samples.h"

namespace peer {

/// The options of every verb that uses a ring, but `attempt`.
struct Args {
    std::string name;
    std::uint64_t capacity = 65536;
    std::uint64_t count = 1000;
    Script script;
    std::uint64_t slow_every = 0;
    /// Longest gap between two messages.
    std::uint64_t gap_us = 0;
    std::uint64_t mutations = 10000;
    bool spin = false;
    std::string ledger;
    int timeout_ms = 60000;

    /// The options of the ring that this run asks for.
    [[nodiscard]] ring::Options ring_options() const {
        ring::Options options;
        options.capacity = capacity;
        options.wait_strategy = spin ? ring::WaitStrategy::kSpin : ring::WaitStrategy::kAdaptive;
        options.send_timeout = timeout_ms;
        options.diagnose_wakeups = true;
        return options;
    }

    /// Makes this side the slow one, every so many messages.
    void slow_down(std::uint64_t index) const {
        if (slow_every > 0 && index % slow_every == slow_every - 1) {
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    }
};

/// What one side did.
struct Report {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    double seconds = 0;
    /// Sleeps of the receiving thread; none where nobody counts.
    std::optional<std::uint64_t> sleeps;
    std::uint64_t missed_wakeups = 0;
    std::uint64_t errors = 0;
};

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

inline std::string numbered(std::uint64_t index, const std::string& text) {
    return "message " + std::to_string(index) + ": " + text;
}

inline void require(ring::Status status, std::uint64_t index) {
    if (!status) throw std::runtime_error(numbered(index, status.name()));
}

}  // namespace peer
