// The sending side.
#pragma once

#include "pace.h"
#include "run.h"

namespace peer {

/// Most messages in one batch.
inline constexpr std::uint64_t kBatch = 4;

inline ring::MessageType type_of(const Planned& message) {
    return static_cast<ring::MessageType>(message.type);
}

inline ring::MessageFlags flags_of(const Planned& message) {
    return static_cast<ring::MessageFlags>(message.flags);
}

inline ring::ByteView bytes_of(const Planned& message) { return ring::ByteView(message.payload); }

inline ring::Status send_claimed(ring::SharedMemoryProducer& producer, const Planned& message) {
    ring::Claim claim = producer.claim(message.payload.size(), type_of(message));
    if (!claim) return claim.status();
    claim.set_flags(flags_of(message));
    std::copy_n(bytes_of(message).data(), claim.size(), claim.data());
    return claim.commit();
}

/// Sends the message in the way that its plan names.
inline ring::Status send_one(const Args& args, ring::SharedMemoryProducer& producer,
                             std::uint64_t index, const Planned& message) {
    if (message.kind == Kind::kFragmented) {
        return producer.send_fragmented(bytes_of(message), type_of(message));
    }
    if (message.route == 1) return send_claimed(producer, message);
    if (message.kind == Kind::kText) return producer.send_string(bytes_of(message).text());
    if (message.kind != Kind::kTyped) {
        return producer.send(bytes_of(message), type_of(message), flags_of(message));
    }
    ring::Status status;
    Rng rng = args.script.fields(index);
    const std::size_t most = std::min(producer.largest_payload(), kLongest);
    visit_sample(message.number, rng, most,
                 [&status, &producer](const auto& item) { status = producer.send_typed(item); });
    return status;
}

/// Sends message `index` together with those after it and says how many that were.
inline std::uint64_t send_batch(const Args& args, ring::SharedMemoryProducer& producer,
                                std::uint64_t index, Report& report) {
    ring::BatchWriter batch = producer.batch();
    std::uint64_t next = index;
    for (; next < std::min(args.count, index + kBatch) && !args.script.is_fragmented(next);
         ++next) {
        const Planned message = args.script.message(next, producer.largest_payload());
        require(batch.push(bytes_of(message), type_of(message), flags_of(message)), next);
        report.bytes += message.payload.size();
    }
    batch.commit();
    return next - index;
}

inline Report produce(const Args& args) {
    ring::Error error;
    auto producer = ring::SharedMemoryProducer::create(args.name, args.ring_options(), error);
    if (!producer) throw std::runtime_error(error.message());
    const bool resumes = args.script.plan == Plan::kRecords;
    std::uint64_t index = resumes ? producer->statistics().messages_sent : 0;
    Report report;
    Gaps gaps(args.script.seed, args.gap_us);
    const auto start = Clock::now();
    while (index < args.count) {
        args.slow_down(index);
        gaps.pass();
        const Planned message = args.script.message(index, producer->largest_payload());
        std::uint64_t sent = 1;
        if (args.script.plan == Plan::kMixed && message.route == 2 &&
            message.kind != Kind::kFragmented) {
            sent = send_batch(args, *producer, index, report);
        } else {
            const ring::Status status = send_one(args, *producer, index, message);
            // The next consumer goes on where this one died.
            if (resumes && status.code() == ring::Errc::kPeerDied) continue;
            require(status, index);
            report.bytes += message.payload.size();
        }
        index += sent;
        report.messages += sent;
    }
    report.seconds = seconds_since(start);
    report.missed_wakeups = producer->ring().snapshot().producer.missed_wakeups;
    producer->close();
    return report;
}

}  // namespace peer
