// The command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

constexpr const char* kUsage =
    "usage: bench send|receive|ask|answer|wake|sleep --transport NAME --size BYTES\n"
    "             --warm-up N --count N --wait polling|blocking\n";

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

/// What to do.
struct Args {
    std::string part;
    std::string transport;
    std::size_t size = 0;
    Plan plan;
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
