// The conformance peer: sends or receives every kind of message of the spec and verifies them.
//
// Two peers of any two languages on one ring prove that both agree on every byte.

#include <chrono>
#include <cstdio>
#include <iostream>
#include <thread>

#include "attempt.h"
#include "consume.h"
#include "facts.h"
#include "hostile.h"
#include "produce.h"
#include "statistics.h"

namespace {

using namespace peer;

constexpr const char* kUsage =
    "usage: peer layout | golden | check-golden | recode\n"
    "       peer produce|consume --name NAME [--capacity BYTES] [--count N] [--seed S]\n"
    "            [--plan mixed|records|stream] [--size BYTES] [--slow-every K]\n"
    "            [--gap-us G] [--wait adaptive|spin] [--ledger FILE] [--timeout-ms T]\n"
    "       peer statistics --name NAME\n"
    "       peer attempt ACTION --name NAME|--name-hex HEX [--role producer|consumer|monitor]\n"
    "            [--mode create_or_open|create_only|open_only] [--capacity BYTES]\n"
    "            [--any-schema] [--size BYTES] [--exhaust-descriptors]\n"
    "            ACTION: attach | send | receive | receive-text | receive-typed | send-closed\n"
    "            | receive-closed\n"
    "       peer hostile --name NAME --mutations N [--seed S]\n";

Plan plan_of(const std::string& text) {
    if (text == "mixed") return Plan::kMixed;
    if (text == "records") return Plan::kRecords;
    if (text == "stream") return Plan::kStream;
    throw std::runtime_error("--plan " + text + ": expected mixed, records or stream");
}

Args parse(const std::vector<std::string>& words) {
    Args args;
    for (std::size_t at = 2; at < words.size(); at += 2) {
        const std::string& option = words[at];
        if (at + 1 == words.size()) throw std::runtime_error(option + " needs a value");
        const std::string& value = words[at + 1];
        if (option == "--name") {
            args.name = value;
        } else if (option == "--capacity") {
            args.capacity = std::stoull(value);
        } else if (option == "--count") {
            args.count = std::stoull(value);
        } else if (option == "--seed") {
            args.script.seed = std::stoull(value);
        } else if (option == "--plan") {
            args.script.plan = plan_of(value);
        } else if (option == "--size") {
            args.script.size = std::stoull(value);
        } else if (option == "--slow-every") {
            args.slow_every = std::stoull(value);
        } else if (option == "--gap-us") {
            args.gap_us = std::stoull(value);
        } else if (option == "--mutations") {
            args.mutations = std::stoull(value);
        } else if (option == "--wait") {
            args.spin = value == "spin";
        } else if (option == "--ledger") {
            args.ledger = value;
        } else if (option == "--timeout-ms") {
            args.timeout_ms = std::stoi(value);
        } else {
            throw std::runtime_error("unknown option " + option + "\n" + kUsage);
        }
    }
    if (args.name.empty()) throw std::runtime_error(std::string("--name is missing\n") + kUsage);
    return args;
}

void print_golden() {
    for (std::size_t number = 0; number < kNames.size(); ++number) {
        for (std::uint64_t k = 0; k < 4; ++k) {
            std::cout << kNames[number] << ' ' << k << ' ' << to_hex(golden(number, k)) << '\n';
        }
    }
}

void check_golden() {
    std::size_t checked = 0;
    for (std::string line; std::getline(std::cin, line); ++checked) {
        const std::size_t first = line.find(' ');
        const std::size_t second = line.find(' ', first + 1);
        if (second == std::string::npos) throw std::runtime_error("not a golden line: " + line);
        const std::string name = line.substr(0, first);
        const std::string what = line.substr(0, second);
        const Bytes bytes = from_hex(line.substr(second + 1));
        const auto found = std::find(kNames.begin(), kNames.end(), name);
        if (found == kNames.end()) throw std::runtime_error("no struct " + name + " in this spec");
        const auto number = static_cast<std::size_t>(found - kNames.begin());
        if (bytes != golden(number, std::stoull(line.substr(first + 1)))) {
            throw std::runtime_error(what + ": another encoding than this language's");
        }
        if (recoded(number, ring::ByteView(bytes)) != bytes) {
            throw std::runtime_error(what + ": decoding and encoding changes the bytes");
        }
    }
    std::cout << checked << " checked\n";
}

/// Reads payloads, of whatever version, and writes them as this version has them.
void recode() {
    for (std::string line; std::getline(std::cin, line);) {
        const std::size_t blank = line.find(' ');
        if (blank == std::string::npos) throw std::runtime_error("not a payload: " + line);
        const std::string name = line.substr(0, blank);
        const Bytes bytes = from_hex(line.substr(blank + 1));
        const auto found = std::find(kNames.begin(), kNames.end(), name);
        if (found == kNames.end()) throw std::runtime_error("no struct " + name + " in this spec");
        const auto number = static_cast<std::size_t>(found - kNames.begin());
        std::string result = "refused";
        try {
            result = to_hex(recoded(number, ring::ByteView(bytes)));
        } catch (const std::runtime_error&) {
        }
        std::cout << name << ' ' << result << '\n';
    }
}

void print(const char* role, const Report& report) {
    const std::string sleeps = report.sleeps ? std::to_string(*report.sleeps) : "null";
    std::cout << "{\"ok\":true,\"role\":\"" << role << "\",\"messages\":" << report.messages
              << ",\"bytes\":" << report.bytes << ",\"seconds\":" << report.seconds
              << ",\"sleeps\":" << sleeps << ",\"missed_wakeups\":" << report.missed_wakeups
              << ",\"errors\":" << report.errors << "}" << std::endl;
}

/// Does what the command line says; false if that came out as it should not.
bool run(const std::vector<std::string>& words) {
    const std::string verb = words.size() > 1 ? words[1] : "";
    if (verb == "layout") {
        std::cout << layout_json() << '\n';
    } else if (verb == "golden") {
        print_golden();
    } else if (verb == "check-golden") {
        check_golden();
    } else if (verb == "recode") {
        recode();
    } else if (verb == "produce") {
        print("producer", produce(parse(words)));
    } else if (verb == "consume") {
        print("consumer", consume(parse(words)));
    } else if (verb == "statistics") {
        std::cout << statistics_json(parse(words).name) << std::endl;
    } else if (verb == "hostile") {
        const Args args = parse(words);
        std::cout << Hostile(args.name, args.script.seed).run(args.mutations) << std::endl;
    } else if (verb == "attempt") {
        std::string verdict;
        const bool fine = Attempt({words.begin() + 2, words.end()}).run(verdict);
        std::cout << verdict << std::endl;
        return fine;
    } else {
        throw std::runtime_error(kUsage);
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(std::vector<std::string>(argv, argv + argc)) ? 0 : 1;
    } catch (const std::exception& error) {
        std::cout << "{\"ok\":false,\"error\":" << json(error.what()) << "}" << std::endl;
        std::cerr << error.what() << '\n';
        return 1;
    }
}
