// The command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

constexpr const char* kUsage =
    "usage: bench send|receive|ask|answer|wake|sleep --transport NAME --size BYTES\n"
    "             --warm-up N --count N --wait polling|blocking\n"
    "       bench pace|arrive --transport NAME --size BYTES --wait polling|blocking\n"
    "             --gap NS --burst N --work NS --warm-up-us N --timed-us N\n"
    "       bench turn|return --transport NAME --size BYTES --wait polling|blocking\n"
    "             --turn N --warm-up-us N --timed-us N\n";

/// The caller's mistake: exit code 2.
struct WrongUsage : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// How many messages.
struct Plan {
    /// Messages that are not timed.
    std::uint64_t warm_up = 0;
    /// Messages that are.
    std::uint64_t count = 0;
};

/// How a part of the grid goes on, and for how long.
struct Pace {
    /// From the start of one burst to that of the next, in nanoseconds; 0: as fast as it goes.
    std::uint64_t gap = 0;
    /// Messages of a burst.
    std::uint64_t burst = 1;
    /// What the receiver spends on each message, in nanoseconds.
    std::uint64_t work = 0;
    /// Messages of a question, and of its answer.
    std::uint64_t turn = 1;
    /// Not timed, in microseconds.
    std::uint64_t warm_up_us = 0;
    /// Timed, in microseconds.
    std::uint64_t timed_us = 0;
};

/// What to do.
struct Args {
    std::string part;
    std::string transport;
    std::size_t size = 0;
    Plan plan;
    Pace pace;
    /// Whether waiting sides never sleep.
    bool polling = false;
    /// Where both sides find each other.
    std::string folder;

    Args(int argc, char** argv) {
        if (argc < 2) throw WrongUsage("no part is given");
        part = argv[1];
        for (int i = 2; i < argc; i += 2) {
            if (i + 1 == argc) throw WrongUsage(std::string(argv[i]) + " needs a value");
            take(argv[i], argv[i + 1]);
        }
        const char* chosen = std::getenv("BITRPC_SHM_DIR");
        folder = chosen != nullptr ? chosen : "/dev/shm";
    }

private:
    void take(const std::string& option, const std::string& value) {
        if (option == "--transport") {
            transport = value;
        } else if (option == "--size") {
            size = number(option, value);
        } else if (option == "--warm-up") {
            plan.warm_up = number(option, value);
        } else if (option == "--count") {
            plan.count = number(option, value);
        } else if (option == "--gap") {
            pace.gap = number(option, value);
        } else if (option == "--burst") {
            pace.burst = number(option, value);
        } else if (option == "--work") {
            pace.work = number(option, value);
        } else if (option == "--turn") {
            pace.turn = number(option, value);
        } else if (option == "--warm-up-us") {
            pace.warm_up_us = number(option, value);
        } else if (option == "--timed-us") {
            pace.timed_us = number(option, value);
        } else if (option == "--wait") {
            polling = value == "polling";
        } else {
            throw WrongUsage("unknown option " + option);
        }
    }

    static std::uint64_t number(const std::string& option, const std::string& text) {
        try {
            return std::stoull(text);
        } catch (const std::logic_error&) {
            throw WrongUsage(option + ": " + text + " is not a number in range");
        }
    }
};
