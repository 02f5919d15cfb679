// The parts of the grid: streams at a pace, and turns of several messages.
//
// Messages carry the time at which they were sent; the last one carries kLast. All parts run for a
// time, not for a count, so that nobody has to find out first how fast they are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <vector>

#include "args.h"
#include "clock.h"
#include "parts.h"

/// Instead of a time: nothing follows.
constexpr std::uint64_t kLast = ~std::uint64_t{0};
/// A stream as fast as it goes tells the time with every so manieth message: reading the clock for
/// each would slow it down.
constexpr std::uint64_t kRun = 64;

/// Ticks, the first kMost of them. Their room is touched beforehand.
class Latencies {
public:
    BENCH_INLINE void add(std::uint64_t ticks) {
        if (count_ == ticks_.size()) return;
        constexpr std::uint64_t kMostTicks = std::numeric_limits<std::uint32_t>::max();
        ticks_[count_] = static_cast<std::uint32_t>(std::min(ticks, kMostTicks));
        ++count_;
    }
    [[nodiscard]] Timing timing(const Clock& clock, double each) {
        const auto end = ticks_.begin() + static_cast<std::ptrdiff_t>(count_);
        std::sort(ticks_.begin(), end);
        return {each, Percentiles{part(clock, 50), part(clock, 99)}};
    }

private:
    static constexpr std::size_t kMost = std::size_t{1} << 19;

    [[nodiscard]] double part(const Clock& clock, std::size_t hundredth) const {
        const std::size_t at = count_ * hundredth / 100;
        return at < count_ ? clock.ns(ticks_[at]) : 0;
    }

    std::vector<std::uint32_t> ticks_ = std::vector<std::uint32_t>(kMost, 1);
    std::size_t count_ = 0;
};

inline std::uint64_t total_ns(const Pace& pace) { return (pace.warm_up_us + pace.timed_us) * 1000; }

/// Sends bursts of messages, one burst each `gap`, until the time is over.
template <std::size_t N, class Sender>
void pace(Sender& sender, const Pace& pace) {
    const Clock clock;
    const bool saturated = pace.gap == 0;
    const std::uint64_t gap = clock.ticks(pace.gap);
    const std::uint64_t burst = saturated ? kRun : pace.burst;
    Message<N> message;
    message.fill(std::byte{7});
    std::uint64_t due = Clock::now();
    const std::uint64_t end = due + clock.ticks(total_ns(pace));
    while (due < end) {
        std::uint64_t now = Clock::now();
        while (now < due) now = Clock::now();
        for (std::uint64_t index = 0; index < burst; ++index) {
            if (index == 0 || !saturated) write_index(message, Clock::now());
            sender.send(message);
        }
        // Who was late by more than a gap does not make up for it.
        due = std::max(due + gap, now);
    }
    write_index(message, kLast);
    sender.send(message);
}

/// Receives them, and works for a while on each.
template <std::size_t N, class Receiver>
Timing arrive(Receiver& receiver, const Pace& pace) {
    const Clock clock;
    Latencies latencies;
    const std::uint64_t work = clock.ticks(pace.work);
    Message<N> message;
    receiver.receive(message);
    std::uint64_t last = read_index(message);
    const std::uint64_t from = Clock::now() + clock.ticks(pace.warm_up_us * 1000);
    std::uint64_t begin = 0;
    std::uint64_t latest = 0;
    std::uint64_t count = 0;
    std::uint64_t counted = 0;
    for (;;) {
        receiver.receive(message);
        use(message);
        ++count;
        const std::uint64_t sent = read_index(message);
        if (sent != last) {
            last = sent;
            if (sent == kLast) break;
            const std::uint64_t now = Clock::now();
            if (begin != 0) {
                latencies.add(now > sent ? now - sent : 0);
                latest = now;
                counted = count;
            } else if (now >= from) {
                begin = latest = now;
                count = 0;
            }
        }
        if (work != 0) {
            const std::uint64_t until = Clock::now() + work;
            while (Clock::now() < until) {
            }
        }
    }
    const double messages = static_cast<double>(std::max<std::uint64_t>(counted, 1));
    return latencies.timing(clock, clock.ns(latest - begin) / messages);
}

/// Sends so many messages, then waits for as many answers, and so on until the time is over.
template <std::size_t N, class Sender, class Receiver>
Timing ask_in_turns(Sender& sender, Receiver& receiver, const Pace& pace) {
    const Clock clock;
    Latencies latencies;
    Message<N> message;
    message.fill(std::byte{7});
    std::uint64_t now = Clock::now();
    const std::uint64_t from = now + clock.ticks(pace.warm_up_us * 1000);
    const std::uint64_t end = now + clock.ticks(total_ns(pace));
    std::uint64_t begin = now;
    std::uint64_t turns = 0;
    while (now < end) {
        const std::uint64_t start = now;
        write_index(message, start);
        for (std::uint64_t i = 0; i < pace.turn; ++i) sender.send(message);
        for (std::uint64_t i = 0; i < pace.turn; ++i) {
            receiver.receive(message);
            use(message);
        }
        now = Clock::now();
        check_index(message, start);
        if (start >= from) {
            latencies.add(now - start);
            ++turns;
        } else {
            begin = now;
        }
    }
    write_index(message, kLast);
    for (std::uint64_t i = 0; i < pace.turn; ++i) sender.send(message);
    const double count = static_cast<double>(std::max<std::uint64_t>(turns, 1));
    return latencies.timing(clock, clock.ns(now - begin) / count);
}

/// Receives so many messages, then sends as many, and so on.
template <std::size_t N, class Sender, class Receiver>
void answer_in_turns(Sender& sender, Receiver& receiver, const Pace& pace) {
    Message<N> message;
    for (;;) {
        for (std::uint64_t i = 0; i < pace.turn; ++i) receiver.receive(message);
        if (read_index(message) == kLast) return;
        for (std::uint64_t i = 0; i < pace.turn; ++i) sender.send(message);
    }
}
