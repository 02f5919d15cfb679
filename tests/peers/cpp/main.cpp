// One side of the cross-language test: ../README.md says what both sides do.
//
//     g++ -std=c++17 -O2 -Igenerated/cpp tests/peers/cpp/main.cpp
//         -o target/cross_language_test

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "shared_memory_api.h"

namespace {

using namespace bitrpc::shared_memory;

constexpr const char* kUsage =
    "usage: cross_language_test --mode producer|consumer --name NAME [--count N] [--size BYTES]\n"
    "                           [--capacity BYTES] [--timeout-ms T] [--json]\n";

/// Rounds that a producer sends when none are asked for.
constexpr std::uint32_t kDefaultCount = 10;

/// What one round's `id` is multiplied with.
constexpr double kFactor = 3.14159;

/// The command line cannot be understood.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The exchange went wrong.
struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Args {
    std::string mode;
    std::string name;
    std::optional<std::uint32_t> count;
    std::size_t size = 0;
    std::uint64_t capacity = 1024 * 1024;
    int timeout_ms = 30000;
    bool json = false;
};

std::uint64_t number(const std::string& option, const std::string& text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) {
        throw UsageError(option + " needs a number, not '" + text + "'");
    }
    try {
        return std::stoull(text);
    } catch (const std::out_of_range&) {
        throw UsageError(option + " is too large: " + text);
    }
}

Args parse(int argc, char** argv) {
    Args args;
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        if (option == "--json") {
            args.json = true;
            continue;
        }
        if (++i == argc) throw UsageError(option + " needs a value");
        const std::string value = argv[i];
        if (option == "--mode") {
            args.mode = value;
        } else if (option == "--name") {
            args.name = value;
        } else if (option == "--count") {
            args.count = static_cast<std::uint32_t>(number(option, value));
        } else if (option == "--size") {
            args.size = number(option, value);
        } else if (option == "--capacity") {
            args.capacity = number(option, value);
        } else if (option == "--timeout-ms") {
            args.timeout_ms = static_cast<int>(number(option, value));
        } else {
            throw UsageError("unknown option " + option);
        }
    }
    if (args.mode != "producer" && args.mode != "consumer") {
        throw UsageError("--mode must be producer or consumer");
    }
    if (args.name.empty()) throw UsageError("--name is missing");
    return args;
}

/// What was sent or received.
struct Tally {
    std::uint32_t texts = 0;
    std::uint32_t test_data = 0;
    std::uint32_t heartbeats = 0;
    std::uint64_t bytes = 0;
};

Options ring_options(const Args& args) {
    Options options;
    options.capacity = args.capacity;
    options.send_timeout = args.timeout_ms;
    options.diagnose_wakeups = true;
    return options;
}

/// Throws what went wrong with an operation of a producer or consumer.
template <class Side>
void require(const Side& side, Status status) {
    if (status) return;
    throw Failure(status.would_block() ? status.name() : side.last_error().message());
}

std::string greeting(std::uint32_t round, std::size_t size) {
    std::string text = "Hello from C++! #" + std::to_string(round);
    if (text.size() < size) text.append(size - text.size(), '.');
    return text;
}

TestData make_test_data(std::uint32_t round) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    TestData data;
    data.id = static_cast<std::int32_t>(round);
    data.value = round * kFactor;
    data.timestamp = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
    if (!data.set_message("TestData " + std::to_string(round) + " from C++")) {
        throw Failure("the text does not fit into TestData");
    }
    return data;
}

Tally produce(const Args& args) {
    const auto producer = create_producer(args.name, ring_options(args));
    if (!producer) throw Failure(last_error().message());
    Tally tally;
    for (std::uint32_t round = 0; round < args.count.value_or(kDefaultCount); ++round) {
        const std::string text = greeting(round, args.size);
        require(*producer, producer->send_string(text));
        if (!args.json) std::cout << "sent text: " << text << "\n";
        ++tally.texts;

        const TestData data = make_test_data(round);
        require(*producer, producer->send_typed(data));
        if (!args.json) {
            std::cout << "sent TestData: id=" << data.id << " value=" << data.value << "\n";
        }
        ++tally.test_data;

        require(*producer, producer->send(ByteView(), MessageType::HEARTBEAT));
        if (!args.json) std::cout << "sent heartbeat\n";
        ++tally.heartbeats;
        tally.bytes += text.size() + sizeof(TestData);
    }
    producer->close();
    return tally;
}

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

void check_text(std::string_view text, std::uint32_t round, std::size_t size) {
    const std::string number = "! #" + std::to_string(round);
    const auto at = text.find(number);
    const bool is_right = starts_with(text, "Hello from ") && at != std::string_view::npos &&
                          text.find_first_not_of('.', at + number.size()) == text.npos &&
                          text.size() >= size;
    if (is_right) return;
    throw Failure("round " + std::to_string(round) + ": unexpected text: " + std::string(text));
}

void check_test_data(const TestData& data, std::uint32_t round) {
    const std::string start = "TestData " + std::to_string(round) + " from ";
    const auto message = data.message_view();
    const bool is_right = data.id == static_cast<std::int32_t>(round) &&
                          std::equal_to<>()(data.value, round * kFactor) && message &&
                          starts_with(*message, start) && data.timestamp != 0;
    if (is_right) return;
    throw Failure("round " + std::to_string(round) + ": unexpected TestData");
}

/// Checks one message and counts it; what it has to be follows from what came before.
void take(const Args& args, const ReceivedMessage& message, Tally& tally) {
    const std::uint32_t round = tally.heartbeats;
    const auto expect = [&](MessageType type) {
        if (message.message_type() == type) return;
        throw Failure("round " + std::to_string(round) + ": unexpected message type " +
                      std::to_string(static_cast<std::uint32_t>(message.message_type())));
    };
    if (tally.texts == round) {
        expect(MessageType::DATA);
        check_text(message.text(), round, args.size);
        if (!args.json) std::cout << "received text: " << message.text() << "\n";
        ++tally.texts;
    } else if (tally.test_data == round) {
        TestData data;
        if (const Status status = message.decode(data); !status) throw Failure(status.name());
        check_test_data(data, round);
        if (!args.json) {
            std::cout << "received TestData: id=" << data.id << " value=" << data.value << "\n";
        }
        ++tally.test_data;
    } else {
        expect(MessageType::HEARTBEAT);
        if (!args.json) std::cout << "received heartbeat\n";
        ++tally.heartbeats;
    }
    tally.bytes += message.payload().size();
}

Tally consume(const Args& args) {
    const auto consumer = create_consumer(args.name, ring_options(args));
    if (!consumer) throw Failure(last_error().message());
    Tally tally;
    while (true) {
        const ReceivedMessage message = consumer->receive(args.timeout_ms);
        if (!message && message.status().code() == Errc::kClosed) break;
        require(*consumer, message.status());
        take(args, message, tally);
    }
    consumer->close();
    if (tally.heartbeats == 0 || tally.texts != tally.heartbeats) {
        throw Failure("the producer closed in the middle of round " +
                      std::to_string(tally.heartbeats));
    }
    if (args.count && *args.count != tally.texts) {
        throw Failure("expected " + std::to_string(*args.count) + " rounds, got " +
                      std::to_string(tally.texts));
    }
    return tally;
}

void report(const Args& args, const Tally& tally) {
    if (args.json) {
        std::cout << R"({"ok":true,"mode":")" << args.mode << R"(","texts":)" << tally.texts
                  << R"(,"test_data":)" << tally.test_data << R"(,"heartbeats":)"
                  << tally.heartbeats << R"(,"bytes":)" << tally.bytes << "}\n";
    } else {
        std::cout << args.mode << ": " << tally.texts << " texts, " << tally.test_data
                  << " TestData, " << tally.heartbeats << " heartbeats\n";
    }
}

/// A text as a JSON string.
std::string quoted(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') json += '\\';
        json += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return json + "\"";
}

}  // namespace

int main(int argc, char** argv) {
    Args args;
    try {
        args = parse(argc, argv);
    } catch (const UsageError& error) {
        std::cerr << error.what() << "\n" << kUsage;
        return 2;
    }
    try {
        report(args, args.mode == "producer" ? produce(args) : consume(args));
        return EXIT_SUCCESS;
    } catch (const Failure& failure) {
        if (args.json) {
            std::cout << R"({"ok":false,"mode":")" << args.mode << R"(","error":)"
                      << quoted(failure.what()) << "}\n";
        }
        std::cerr << args.mode << ": " << failure.what() << "\n";
        return EXIT_FAILURE;
    }
}
