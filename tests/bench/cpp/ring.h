// This project's ring.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "args.h"
#include "parts.h"
#include "shared_memory_api.h"

/// Bytes in the data area, and as near as may be in every other transport.
constexpr std::size_t kCapacity = std::size_t{1} << 20;

/// The transport: the two ends by the size of their messages. `kDistance` is the receiver's;
/// `kInPlace`: each message is written where it is sent from.
template <bitrpc::shared_memory::Distance kDistance, bool kInPlace>
struct RingOf {
    static bitrpc::shared_memory::Options options(const Args& args) {
        using bitrpc::shared_memory::WaitStrategy;
        bitrpc::shared_memory::Options options;
        options.capacity = kCapacity;
        options.distance = kDistance;
        options.wait_strategy = args.polling ? WaitStrategy::kSpin : WaitStrategy::kAdaptive;
        return options;
    }

    template <std::size_t N>
    class Sender {
    public:
        Sender(const std::string& name, const Args& args) {
            bitrpc::shared_memory::Error error;
            producer_ =
                bitrpc::shared_memory::SharedMemoryProducer::create(name, options(args), error);
            if (!producer_) throw std::runtime_error(error.message());
        }
        BENCH_INLINE void send(const Message<N>& message) {
            if constexpr (kInPlace) {
                auto claim = producer_->claim(N);
                if (!claim) fail();
                std::memcpy(claim.data(), message.data(), N);
                if (!claim.commit()) fail();
            } else if (!producer_->send(message.data(), N)) {
                fail();
            }
        }

    private:
        [[noreturn, gnu::cold, gnu::noinline]] void fail() {
            throw std::runtime_error(producer_->last_error().message());
        }

        std::unique_ptr<bitrpc::shared_memory::SharedMemoryProducer> producer_;
    };

    template <std::size_t N>
    class Receiver {
    public:
        Receiver(const std::string& name, const Args& args) {
            bitrpc::shared_memory::Error error;
            consumer_ =
                bitrpc::shared_memory::SharedMemoryConsumer::create(name, options(args), error);
            if (!consumer_) throw std::runtime_error(error.message());
        }
        BENCH_INLINE void receive(Message<N>& message) {
            const auto received = consumer_->receive();
            if (!received || received.payload().size() != N) fail();
            std::memcpy(message.data(), received.payload().data(), N);
        }

    private:
        [[noreturn, gnu::cold, gnu::noinline]] void fail() {
            throw std::runtime_error("no message of this size: " +
                                     consumer_->last_error().message());
        }

        std::unique_ptr<bitrpc::shared_memory::SharedMemoryConsumer> consumer_;
    };
};

using Ring = RingOf<bitrpc::shared_memory::Distance::kAdaptive, false>;
using LatencyRing = RingOf<bitrpc::shared_memory::Distance::kLatency, false>;
using ClaimRing = RingOf<bitrpc::shared_memory::Distance::kAdaptive, true>;
