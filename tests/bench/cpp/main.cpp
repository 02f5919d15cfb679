// One side of a measurement: ../README.md says what both sides do.
#include <cstdlib>
#include <exception>
#include <iostream>

#include "args.h"
#include "boost_queue.h"
#include "pace.h"
#include "parts.h"
#include "ring.h"

namespace {

/// Runs the part; the times from the side that takes them.
template <std::size_t N, class Transport>
Timing run(const Args& args) {
    using Sender = typename Transport::template Sender<N>;
    using Receiver = typename Transport::template Receiver<N>;
    if (args.part == "send") {
        Sender sender("there", args);
        return {send<N>(sender, args.plan), {}};
    }
    if (args.part == "receive") {
        Receiver receiver("there", args);
        return {receive<N>(receiver, args.plan), {}};
    }
    if (args.part == "ask") {
        Sender sender("there", args);
        Receiver receiver("back", args);
        return {ask<N>(sender, receiver, args.plan), {}};
    }
    if (args.part == "answer") {
        Receiver receiver("there", args);
        Sender sender("back", args);
        return {answer<N>(sender, receiver, args.plan), {}};
    }
    if (args.part == "wake") {
        Sender sender("there", args);
        return {wake<N>(sender, args), {}};
    }
    if (args.part == "sleep") {
        Receiver receiver("there", args);
        return {sleep<N>(receiver, args), {}};
    }
    if (args.part == "pace") {
        Sender sender("there", args);
        pace<N>(sender, args.pace);
        return {};
    }
    if (args.part == "arrive") {
        Receiver receiver("there", args);
        return arrive<N>(receiver, args.pace);
    }
    if (args.part == "turn") {
        Sender sender("there", args);
        Receiver receiver("back", args);
        return ask_in_turns<N>(sender, receiver, args.pace);
    }
    if (args.part == "return") {
        Receiver receiver("there", args);
        Sender sender("back", args);
        answer_in_turns<N>(sender, receiver, args.pace);
        return {};
    }
    throw WrongUsage("unknown part " + args.part);
}

/// The size is a constant in every loop, as it is to a program that sends a struct.
template <class Transport>
Timing run_sized(const Args& args) {
    switch (args.size) {
        case 8: return run<8, Transport>(args);
        case 40: return run<40, Transport>(args);
        case 64: return run<64, Transport>(args);
        case 1024: return run<1024, Transport>(args);
        case 65536: return run<65536, Transport>(args);
        default: throw WrongUsage("--size is none of 8, 40, 64, 1024, 65536");
    }
}

Timing run_transport(const Args& args) {
    if (args.transport == "ring") return run_sized<Ring>(args);
    if (args.transport == "ring-latency") return run_sized<LatencyRing>(args);
    if (args.transport == "ring-claim") return run_sized<ClaimRing>(args);
#if BENCH_HAS_BOOST
    if (args.transport == "boost") return run_sized<BoostQueue>(args);
#endif
    throw WrongUsage("unknown transport " + args.transport);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Args args(argc, argv);
        const Timing timing = run_transport(args);
        std::cout << "{\"ok\":true" << std::fixed;
        if (timing.each >= 0) std::cout << ",\"ns\":" << timing.each;
        if (timing.percentiles) {
            std::cout << ",\"p50\":" << timing.percentiles->p50
                      << ",\"p99\":" << timing.percentiles->p99;
        }
        std::cout << "}\n";
        return EXIT_SUCCESS;
    } catch (const WrongUsage& wrong) {
        std::cerr << wrong.what() << '\n' << kUsage;
        return 2;
    } catch (const std::exception& error) {
        std::cout << "{\"ok\":false,\"error\":\"" << error.what() << "\"}\n";
        return EXIT_FAILURE;
    }
}
