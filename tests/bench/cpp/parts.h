// What the sides of each measurement do, whatever carries the messages.
//
// The content is touched as a user's would be: the sender writes the index into its own buffer and
// sends that; the receiver has the whole message copied into a buffer of its own, and checks the
// index.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "args.h"

/// The loops below are to contain what they call, as loops in a user's program would.
#define BENCH_INLINE inline __attribute__((always_inline))

template <std::size_t N>
using Message = std::array<std::byte, N>;

/// The latency that half of the messages had at most, and that 99 of 100 had, in nanoseconds.
struct Percentiles {
    double p50 = 0;
    double p99 = 0;
};

/// What a part found out that takes the time.
struct Timing {
    /// Nanoseconds for each message, round or turn; less than 0 from a part that takes no time.
    double each = -1;
    std::optional<Percentiles> percentiles;
};

/// What a part returns that takes no time.
constexpr double kNotTimed = -1;

/// Between two messages of wake(): long enough for the other side to fall asleep.
constexpr std::int64_t kGapNs = 200000;

template <std::size_t N>
void write_index(Message<N>& message, std::uint64_t index) {
    std::memcpy(message.data(), &index, sizeof index);
}

template <std::size_t N>
std::uint64_t read_index(const Message<N>& message) {
    std::uint64_t index = 0;
    std::memcpy(&index, message.data(), sizeof index);
    return index;
}

[[noreturn, gnu::cold, gnu::noinline]] inline void refuse_index(std::uint64_t found,
                                                                std::uint64_t expected) {
    throw std::runtime_error("message " + std::to_string(expected) + " says that it is " +
                             std::to_string(found));
}

template <std::size_t N>
void check_index(const Message<N>& message, std::uint64_t index) {
    const std::uint64_t found = read_index(message);
    if (found != index) refuse_index(found, index);
}

/// Whatever a user does with it, it is there now.
template <std::size_t N>
void use(const Message<N>& message) {
    asm volatile("" : : "r"(&message) : "memory");
}

/// Nanoseconds of the clock that all processes of this host share.
inline std::int64_t now_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

inline double each(std::int64_t start, std::uint64_t count) {
    return static_cast<double>(now_ns() - start) /
           static_cast<double>(std::max<std::uint64_t>(count, 1));
}

/// Sends the stream.
template <std::size_t N, class Sender>
double send(Sender& sender, const Plan& plan) {
    Message<N> message;
    message.fill(std::byte{7});
    for (std::uint64_t index = 0; index < plan.warm_up + plan.count; ++index) {
        write_index(message, index);
        sender.send(message);
    }
    return kNotTimed;
}

template <std::size_t N, class Receiver>
void receive_some(Receiver& receiver, std::uint64_t first, std::uint64_t count) {
    Message<N> message;
    for (std::uint64_t index = first; index < first + count; ++index) {
        receiver.receive(message);
        check_index(message, index);
        use(message);
    }
}

/// Receives the stream; nanoseconds for each message.
template <std::size_t N, class Receiver>
double receive(Receiver& receiver, const Plan& plan) {
    receive_some<N>(receiver, 0, plan.warm_up);
    const std::int64_t start = now_ns();
    receive_some<N>(receiver, plan.warm_up, plan.count);
    return each(start, plan.count);
}

template <std::size_t N, class Sender, class Receiver>
void ask_some(Sender& sender, Receiver& receiver, std::uint64_t first, std::uint64_t count) {
    Message<N> question;
    Message<N> answer;
    question.fill(std::byte{7});
    for (std::uint64_t index = first; index < first + count; ++index) {
        write_index(question, index);
        sender.send(question);
        receiver.receive(answer);
        check_index(answer, index);
        use(answer);
    }
}

/// Asks and waits for the answer; nanoseconds for each round.
template <std::size_t N, class Sender, class Receiver>
double ask(Sender& sender, Receiver& receiver, const Plan& plan) {
    ask_some<N>(sender, receiver, 0, plan.warm_up);
    const std::int64_t start = now_ns();
    ask_some<N>(sender, receiver, plan.warm_up, plan.count);
    return each(start, plan.count);
}

/// Answers each message with a copy of it.
template <std::size_t N, class Sender, class Receiver>
double answer(Sender& sender, Receiver& receiver, const Plan& plan) {
    Message<N> message;
    for (std::uint64_t index = 0; index < plan.warm_up + plan.count; ++index) {
        receiver.receive(message);
        sender.send(message);
    }
    return kNotTimed;
}

/// The file that says that the sleeper is there: what is sent before that waits for it.
inline std::string ready_file(const Args& args) { return args.folder + "/ready"; }

/// Sends the time, now and then, from when the other side is ready to sleep.
template <std::size_t N, class Sender>
double wake(Sender& sender, const Args& args) {
    const Plan& plan = args.plan;
    while (!std::ifstream(ready_file(args))) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    Message<N> message;
    message.fill(std::byte{7});
    for (std::uint64_t index = 0; index < plan.warm_up + plan.count; ++index) {
        const std::int64_t start = now_ns();
        while (now_ns() - start < kGapNs) {
        }
        write_index(message, static_cast<std::uint64_t>(now_ns()));
        sender.send(message);
    }
    return kNotTimed;
}

/// Receives times of sending; the median of how long ago that was, in nanoseconds.
template <std::size_t N, class Receiver>
double sleep(Receiver& receiver, const Args& args) {
    const Plan& plan = args.plan;
    if (!std::ofstream(ready_file(args))) throw std::runtime_error("cannot write into the folder");
    Message<N> message;
    std::vector<std::int64_t> delays;
    for (std::uint64_t index = 0; index < plan.warm_up + plan.count; ++index) {
        receiver.receive(message);
        const std::int64_t delay = now_ns() - static_cast<std::int64_t>(read_index(message));
        if (index >= plan.warm_up) delays.push_back(delay);
    }
    std::sort(delays.begin(), delays.end());
    return delays.empty() ? 0 : static_cast<double>(delays[delays.size() / 2]);
}
