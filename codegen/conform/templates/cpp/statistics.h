// What a third process reads of a ring.
#pragma once

#include <cstdio>

#include "samples.h"

namespace peer {

/// What the header says of a side, whatever became of its process.
inline const char* word_of(ring::PeerState state) {
    if (state == ring::PeerState::kNever) return "never";
    return state == ring::PeerState::kClosed ? "closed" : "attached";
}

/// The counters and states of the ring as JSON.
inline std::string statistics_json(const std::string& name) {
    ring::Error error;
    const auto monitor = ring::Monitor::open(name, error);
    if (!monitor) throw std::runtime_error(error.message());
    const ring::Snapshot snapshot = monitor->snapshot();
    const ring::Statistics& counters = snapshot.statistics;
    const std::pair<const char*, std::uint64_t> numbers[] = {
        {"messages_sent", counters.messages_sent},
        {"messages_received", counters.messages_received},
        {"bytes_sent", counters.bytes_sent},
        {"bytes_received", counters.bytes_received},
        {"errors", counters.errors},
        {"send_failures", snapshot.send_failures},
        {"receive_errors", snapshot.receive_errors},
        {"producer_missed_wakeups", snapshot.producer.missed_wakeups},
        {"consumer_missed_wakeups", snapshot.consumer.missed_wakeups},
        {"used", snapshot.used_bytes},
        {"capacity", snapshot.capacity},
    };
    std::string text = "{\"ok\":true";
    for (const auto& [label, number] : numbers) {
        text += std::string(",\"") + label + "\":" + std::to_string(number);
    }
    // std::to_string writes six decimals.
    text += ",\"avg_message_size\":" + std::to_string(counters.avg_message_size);
    text += std::string(",\"producer_state\":\"") + word_of(snapshot.producer.state);
    return text + "\",\"consumer_state\":\"" + word_of(snapshot.consumer.state) + "\"}";
}

}  // namespace peer
