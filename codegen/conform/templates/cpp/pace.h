// Random gaps between messages, and the sleeps that they bring about.
#pragma once

#include <chrono>
#include <fstream>
#include <optional>
#include <string>

#include "script.h"

namespace peer {

/// Random times that a producer lets pass between messages, without sleeping.
class Gaps {
public:
    Gaps(std::uint64_t seed, std::uint64_t most_us)
        : rng_(seed ^ kStream, 0), most_ns_(most_us * 1000) {}

    /// Spins for 0 to the longest gap.
    void pass() {
        if (most_ns_ == 0) return;
        const auto wait =
            std::chrono::nanoseconds(static_cast<std::int64_t>(rng_.next() % (most_ns_ + 1)));
        const auto start = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - start < wait) {
        }
    }

private:
    /// Keeps the gaps apart from the messages, which the same seed makes.
    static constexpr std::uint64_t kStream = 0x6761702D7573ULL;

    Rng rng_;
    std::uint64_t most_ns_;
};

/// How often this thread gave up the processor of its own will; none where nobody counts.
inline std::optional<std::uint64_t> sleeps() {
    const std::string label = "voluntary_ctxt_switches:";
    std::ifstream status("/proc/thread-self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.compare(0, label.size(), label) == 0)
            return std::stoull(line.substr(label.size()));
    }
    return std::nullopt;
}

}  // namespace peer
