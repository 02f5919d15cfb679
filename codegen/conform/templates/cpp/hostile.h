// A peer that writes anything anywhere: whatever the calls answer, they answer.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "samples.h"

namespace peer {

/// The ring's file, written to behind everyone's back.
class Saboteur {
public:
    explicit Saboteur(const std::string& path) : file_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
        if (file_ < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
    }
    Saboteur(const Saboteur&) = delete;
    Saboteur& operator=(const Saboteur&) = delete;
    ~Saboteur() { ::close(file_); }

    /// Overwrites an aligned word somewhere with something that could be meant.
    void mutate(Rng& rng) {
        width_ = (rng.next() & 1U) == 0 ? 4 : 8;
        at_ = place(rng) / width_ * width_;
        old_ = read(at_);
        const std::uint64_t value = pick(rng);
        write(value);
    }

    /// Puts back what the last mutation overwrote.
    void undo() { write(old_); }

    /// Who closes waits up to 5 s for another side that seems to be closing, too: here nobody is.
    void let_close() {
        width_ = 4;
        for (const std::size_t at :
             {ring::ring_header::kProducerStateOffset, ring::ring_header::kConsumerStateOffset}) {
            at_ = at;
            if (static_cast<std::uint32_t>(read(at_)) == kClosed) write(kAttached);
        }
    }

private:
    static constexpr std::uint64_t kCapacity = 4096;
    /// What the state of a side says that is there, and of one that has closed.
    static constexpr std::uint64_t kAttached = 1;
    static constexpr std::uint32_t kClosed = 2;

    std::uint64_t pick(Rng& rng) {
        switch (rng.next() % 9) {
            case 0: return 0;
            case 1: return 1;
            case 2: return ~0ULL;
            case 3: return rng.next() % 64;
            case 4: return kCapacity - 32 + rng.next() % 64;
            case 5: return old_ ^ (1ULL << (rng.next() % 64));
            case 6: return read(place(rng) / 8 * 8);
            case 7: return rng.next() % 600 | (rng.next() % 3) << 32U;
            default: return rng.next();
        }
    }

    /// Half of the places are fields of the header, the other half lies in the data area, with a
    /// preference for the record that is read next.
    std::uint64_t place(Rng& rng) {
        const std::uint64_t header = ring::ring_header::kSize;
        const std::uint64_t kind = rng.next() % 8;
        if (kind < 4) return kFields[rng.next() % kFields.size()];
        if (kind > 4) return header + rng.next() % kCapacity;
        const std::uint64_t position = read(ring::ring_header::kReadPositionOffset);
        return header + (position + rng.next() % 16) % kCapacity;
    }

    std::uint64_t read(std::uint64_t at) const {
        std::uint64_t value = 0;
        // The last aligned word of 4 bytes has nothing behind it.
        if (::pread(file_, &value, sizeof value, static_cast<off_t>(at)) < 4) {
            throw std::runtime_error("the ring's file cannot be read");
        }
        return value;
    }

    void write(std::uint64_t value) const {
        const auto size = static_cast<ssize_t>(width_);
        if (::pwrite(file_, &value, width_, static_cast<off_t>(at_)) != size) {
            throw std::runtime_error("the ring's file cannot be written");
        }
    }

    /// The fields of the ring header that some code reads.
    static constexpr std::array<std::size_t, 30> kFields = {
        ring::ring_header::kMagicOffset,
        ring::ring_header::kVersionMajorOffset,
        ring::ring_header::kVersionMinorOffset,
        ring::ring_header::kLayoutHashOffset,
        ring::ring_header::kSchemaHashOffset,
        ring::ring_header::kCapacityOffset,
        ring::ring_header::kHeaderSizeOffset,
        ring::ring_header::kCreatedUnixNsOffset,
        ring::ring_header::kWritePositionOffset,
        ring::ring_header::kMessagesSentOffset,
        ring::ring_header::kBytesSentOffset,
        ring::ring_header::kSendFailuresOffset,
        ring::ring_header::kProducerHeartbeatNsOffset,
        ring::ring_header::kProducerMissedWakeupsOffset,
        ring::ring_header::kProducerPidOffset,
        ring::ring_header::kProducerStateOffset,
        ring::ring_header::kProducerEpochOffset,
        ring::ring_header::kReadPositionOffset,
        ring::ring_header::kMessagesReceivedOffset,
        ring::ring_header::kBytesReceivedOffset,
        ring::ring_header::kReceiveErrorsOffset,
        ring::ring_header::kConsumerHeartbeatNsOffset,
        ring::ring_header::kConsumerMissedWakeupsOffset,
        ring::ring_header::kConsumerPidOffset,
        ring::ring_header::kConsumerStateOffset,
        ring::ring_header::kConsumerEpochOffset,
        ring::ring_header::kConsumerControlOffset,
        ring::ring_header::kDataSequenceOffset,
        ring::ring_header::kProducerControlOffset,
        ring::ring_header::kSpaceSequenceOffset,
    };

    int file_;
    std::uint64_t at_ = 0;
    std::uint64_t old_ = 0;
    std::size_t width_ = 8;
};

/// Everyone who has the ring mapped.
class Victims {
public:
    /// Attaches all; none if one is refused.
    static std::unique_ptr<Victims> attach(const std::string& name, ring::Mode mode,
                                           std::string& why) {
        ring::Options options;
        options.capacity = 4096;
        options.mode = mode;
        options.send_timeout = kBrief;
        options.diagnose_wakeups = true;
        options.max_message_size = 65536;
        options.spin = std::chrono::microseconds(2);
        std::unique_ptr<Victims> all(new Victims());
        ring::Error error;
        all->producer_ = ring::create_producer(name, options, error);
        options.mode = ring::Mode::kOpenOnly;
        if (!error) all->consumer_ = ring::create_consumer(name, options, error);
        if (!error) all->monitor_ = ring::Monitor::open(name, error);
        why = error.message();
        return error ? nullptr : std::move(all);
    }

    [[nodiscard]] const std::string& path() const { return producer_->ring().path(); }

    /// Ends laps with padding of every size: a ring that nobody overwrites, read to its last byte,
    /// where the mapping ends.
    void march() {
        for (std::size_t size = 0; size <= 64; ++size) {
            const Bytes payload(size, 1);
            const ring::ByteView view(payload);
            const auto type = static_cast<ring::MessageType>(7);
            for (std::size_t sent = 0; sent < 8192; sent += 2 * ring::message_header::kSize) {
                const bool is_sent =
                    producer_->try_send(view, type) && producer_->try_send(view, type);
                if (!is_sent || consumer_->skip_to_latest() != 1 || !consumer_->skip()) {
                    throw std::runtime_error("of two messages not one is skipped");
                }
            }
        }
    }

    /// Any call; false if it failed.
    bool call(Rng& rng) {
        switch (rng.next() % 20) {
            case 17:
                producer_->heartbeat();
                consumer_->heartbeat();
                return true;
            case 18:
                use(static_cast<std::uint64_t>(producer_->peer_state()));
                use(static_cast<std::uint64_t>(consumer_->peer_state()));
                return true;
            case 19:
                use(producer_->ring().snapshot().used_bytes);
                use(consumer_->statistics().messages_sent + monitor_->snapshot().used_bytes);
                return true;
            default: break;
        }
        const ring::Status status = rng.next() % 2 == 0 ? send(rng) : receive(rng);
        return status || status.would_block();
    }

private:
    /// How long a call waits that waits.
    static constexpr std::chrono::microseconds kBrief{50};

    Victims() = default;

    ring::Status send(Rng& rng) {
        const Bytes payload(rng.next() % 700, 1);
        const ring::ByteView view(payload);
        const auto type = static_cast<ring::MessageType>(7);
        switch (rng.next() % 6) {
            case 0:
            case 1: return producer_->try_send(view, type);
            case 2: return producer_->send(view, type);
            case 3: {
                const std::vector<Bytes> four(4, Bytes(payload.size() / 4));
                return producer_->send_batch(four, type).status;
            }
            case 4: return producer_->send_fragmented(ring::ByteView(Bytes(payload.size() * 6)));
            default: {
                ring::Claim claim = producer_->claim(payload.size(), type);
                if (!claim) return claim.status();
                std::fill_n(claim.data(), claim.size(), std::byte{2});
                return rng.next() % 2 == 0 ? claim.commit() : ring::Status();
            }
        }
    }

    ring::Status receive(Rng& rng) {
        const auto timeout = rng.next() % 16 == 0 ? kBrief : std::chrono::microseconds(0);
        // Reading every byte is what finds one that is not there.
        switch (rng.next() % 8) {
            case 0:
            case 1: {
                const ring::ReceivedMessage message = consumer_->receive(timeout);
                use(message);
                return message.status();
            }
            case 2:
                use(consumer_->peek());
                use(producer_->free_bytes() + (consumer_->has_message() ? 1 : 0));
                if (rng.next() % 64 == 0) use(consumer_->clear());
                if (rng.next() % 64 == 0) use(consumer_->skip_to_latest());
                return {};
            case 3: {
                const auto handler = [this](const ring::MessageView& message) { use(message); };
                return consumer_->drain(handler, 8).status;
            }
            case 4: {
                Bytes bytes;
                return consumer_->receive_bytes(bytes, timeout);
            }
            case 5: {
                std::string text;
                return consumer_->receive_string(text, timeout);
            }
            case 6:
                if (kNames.empty()) return {};
                return receive_struct(rng.next() % kNames.size(), *consumer_, timeout);
            default: return consumer_->skip();
        }
    }

    void use(const ring::MessageView& message) {
        for (const std::byte byte : message.payload()) use(static_cast<std::uint64_t>(byte));
    }
    /// Keeps the compiler from leaving out what was read.
    void use(std::uint64_t value) { used_ = used_ + value; }

    std::unique_ptr<ring::SharedMemoryProducer> producer_;
    std::unique_ptr<ring::SharedMemoryConsumer> consumer_;
    std::unique_ptr<ring::Monitor> monitor_;
    volatile std::uint64_t used_ = 0;
};

/// Overwrites words of live rings, over and over.
class Hostile {
public:
    Hostile(const std::string& name, std::uint64_t seed) : name_(name), rng_(seed, 0) {}

    /// Goes on until `mutations` are done, and says what was done as JSON.
    std::string run(std::uint64_t mutations) {
        march();
        while (mutations_ < mutations) disturb(std::min(mutations - mutations_, kMutationsARing));
        static_cast<void>(ring::remove_ring(name_));
        return "{\"ok\":true,\"mutations\":" + std::to_string(mutations_) +
               ",\"calls\":" + std::to_string(calls_) + ",\"errors\":" + std::to_string(errors_) +
               "}";
    }

private:
    static constexpr std::uint64_t kMutationsARing = 64;
    /// Most errors in a row before a ring counts as useless.
    static constexpr int kUseless = 24;

    void march() {
        static_cast<void>(ring::remove_ring(name_));
        std::string why;
        const auto victims = Victims::attach(name_, ring::Mode::kCreateOnly, why);
        if (!victims) throw std::runtime_error(why);
        victims->march();
    }

    /// One ring, from a sound start to its end.
    void disturb(std::uint64_t mutations) {
        static_cast<void>(ring::remove_ring(name_));
        std::string why;
        auto victims = Victims::attach(name_, ring::Mode::kCreateOnly, why);
        if (!victims) throw std::runtime_error(why);
        Saboteur saboteur(victims->path());
        int useless = 0;
        for (std::uint64_t i = 0; i < mutations && useless <= kUseless; ++i, ++mutations_) {
            saboteur.mutate(rng_);
            for (std::uint64_t calls = 1 + rng_.next() % 3; calls > 0; --calls) {
                useless = call(*victims) ? 0 : useless + 1;
            }
            // Else most rings are of no use after a few mutations.
            if (rng_.next() % 2 == 0) saboteur.undo();
        }
        saboteur.let_close();
        victims.reset();
        if (rng_.next() % 8 == 0) attach_again();
    }

    /// Attaches to a ring in whatever state it is; any refusal is fine. What can be attached to is
    /// used.
    void attach_again() {
        std::string why;
        const auto victims = Victims::attach(name_, ring::Mode::kOpenOnly, why);
        calls_ += 3;
        errors_ += victims ? 0 : 1;
        for (int i = 0; victims && i < 16; ++i) call(*victims);
    }

    bool call(Victims& victims) {
        const bool fine = victims.call(rng_);
        calls_ += 1;
        errors_ += fine ? 0 : 1;
        return fine;
    }

    std::string name_;
    Rng rng_;
    std::uint64_t mutations_ = 0;
    std::uint64_t calls_ = 0;
    std::uint64_t errors_ = 0;
};

}  // namespace peer
