// The receiving side: every message is compared with what the script says it has to be.
#pragma once

#include <cerrno>
#include <cstdio>
#include <memory>

#include "pace.h"
#include "run.h"

namespace peer {

/// How far earlier runs of this side have come: the number after the last received message.
class Ledger {
public:
    explicit Ledger(const std::string& path) {
        if (path.empty()) return;
        file_.reset(std::fopen(path.c_str(), "r+b"));
        if (!file_) file_.reset(std::fopen(path.c_str(), "w+b"));
        if (!file_) throw std::runtime_error(path + ": " + std::strerror(errno));
        std::setvbuf(file_.get(), nullptr, _IONBF, 0);
        if (std::fread(&known_, sizeof known_, 1, file_.get()) != 1) known_ = 0;
    }

    /// A restarted consumer begins right after what it had released.
    void check_resume(std::uint64_t first) const {
        if (!file_) return;
        if (first > known_) {
            throw std::runtime_error("lost: message " + std::to_string(known_) + " never came, " +
                                     std::to_string(first) + " did");
        }
        if (first + 1 < known_) {
            throw std::runtime_error("repeated: message " + std::to_string(first) +
                                     " was released before " + std::to_string(known_));
        }
    }

    /// The number after the last message that earlier runs received.
    [[nodiscard]] std::uint64_t known() const { return known_; }

    void store(std::uint64_t next) {
        if (!file_) return;
        std::rewind(file_.get());
        if (std::fwrite(&next, sizeof next, 1, file_.get()) != 1) {
            throw std::runtime_error("the ledger cannot be written");
        }
    }

private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    std::unique_ptr<std::FILE, Close> file_;
    std::uint64_t known_ = 0;
};

class ConsumerRun {
public:
    ConsumerRun(const Args& args, ring::SharedMemoryConsumer& consumer, std::size_t max_payload)
        : args_(args), consumer_(consumer), max_payload_(max_payload) {}

    /// Receives in every way there is, in turn.
    void mixed() {
        while (next_ < args_.count) {
            switch (next_ % 4) {
                case 0: drained(); break;
                case 1: copied(); break;
                case 2: peeked(); break;
                default: borrowed();
            }
        }
        closed();
    }

    void stream() {
        while (next_ < args_.count) borrowed();
        closed();
    }

    /// One record a message; the ledger tells what an earlier run of this side has received.
    void records() {
        Ledger ledger(args_.ledger);
        // An earlier run of this side had received all, and was killed before it ended: the
        // producer may have closed before this one came, which it is not told.
        if (ledger.known() == args_.count) {
            consumer_.clear();
            return;
        }
        while (next_ < args_.count) {
            ring::ReceivedMessage message = consumer_.receive(args_.timeout_ms);
            const ring::Errc code = message.status().code();
            // The next producer goes on where this one died, or has nothing left to send.
            if (code == ring::Errc::kPeerDied || code == ring::Errc::kClosed) continue;
            require(message.status(), next_);
            if (report_.messages == 0) {
                next_ = message.message_id();
                ledger.check_resume(next_);
            }
            verify(message);
            ledger.store(next_);
        }
    }

    [[nodiscard]] Report report() const {
        Report report = report_;
        const ring::Snapshot snapshot = consumer_.ring().snapshot();
        report.seconds = report_.messages == 0 ? 0 : seconds_since(started_);
        report.missed_wakeups = snapshot.consumer.missed_wakeups;
        report.errors = snapshot.receive_errors;
        if (report.errors != 0 && args_.script.plan != Plan::kRecords) {
            throw std::runtime_error(std::to_string(report.errors) + " receive errors");
        }
        return report;
    }

private:
    void borrowed() {
        const ring::ReceivedMessage message = consumer_.receive(args_.timeout_ms);
        require(message.status(), next_);
        verify(message);
    }

    void copied() {
        ring::SharedMemoryMessage message;
        require(consumer_.receive_message(message, args_.timeout_ms), next_);
        verify(message);
    }

    void peeked() {
        const ring::MessageView ahead = consumer_.peek();
        Bytes bytes;
        if (ahead) {
            const auto* data = reinterpret_cast<const std::uint8_t*>(ahead.payload().data());
            bytes.assign(data, data + ahead.payload().size());
        }
        const bool was_there = static_cast<bool>(ahead);
        const ring::ReceivedMessage message = consumer_.receive(args_.timeout_ms);
        require(message.status(), next_);
        if (was_there && ring::ByteView(bytes).text() != message.text()) {
            throw std::runtime_error(numbered(next_, "peek showed another payload"));
        }
        verify(message);
    }

    void drained() {
        const auto handler = [this](const ring::MessageView& message) {
            verify(message);
            return true;
        };
        const ring::BatchResult result = consumer_.drain(handler, 16);
        if (result.count == 0) borrowed();
    }

    /// After the last message the producer closes: anything else is an error.
    void closed() {
        const ring::ReceivedMessage message = consumer_.receive(args_.timeout_ms);
        if (message.status().code() == ring::Errc::kClosed) return;
        throw std::runtime_error(std::string("after the last message: ") + message.status().name());
    }

    template <class Message>
    void verify(const Message& message) {
        const bool one_record = args_.script.plan != Plan::kMixed;
        if (one_record && message.message_id() != static_cast<std::uint32_t>(next_)) {
            throw std::runtime_error(
                numbered(next_, "its id is " + std::to_string(message.message_id())));
        }
        const Planned wanted = args_.script.message(next_, max_payload_);
        differs("type", static_cast<std::uint32_t>(message.message_type()), wanted.type);
        differs("flags", static_cast<std::uint32_t>(message.flags()), wanted.flags);
        differs("length", message.payload().size(), wanted.payload.size());
        const ring::ByteView payload = message.payload();
        if (payload.text() != ring::ByteView(wanted.payload).text()) {
            throw std::runtime_error(numbered(next_, "another payload"));
        }
        if (wanted.kind == Kind::kTyped && recoded(wanted.number, payload) != wanted.payload) {
            const std::string name = kNames.at(wanted.number);
            throw std::runtime_error(numbered(next_, "decoding " + name + " changes it"));
        }
        if (report_.messages == 0) {
            started_ = Clock::now();
            sleeps_before_ = sleeps();
        }
        args_.slow_down(next_);
        ++next_;
        if (next_ == args_.count) {
            const std::optional<std::uint64_t> now = sleeps();
            if (now && sleeps_before_) report_.sleeps = *now - *sleeps_before_;
        }
        ++report_.messages;
        report_.bytes += payload.size();
    }

    void differs(const char* what, std::uint64_t found, std::uint64_t expected) const {
        if (found == expected) return;
        throw std::runtime_error(numbered(next_, std::string(what) + " " + std::to_string(found) +
                                                     ", expected " + std::to_string(expected)));
    }

    const Args& args_;
    ring::SharedMemoryConsumer& consumer_;
    std::size_t max_payload_;
    /// Number of the message that has to come next.
    std::uint64_t next_ = 0;
    Report report_;
    Clock::time_point started_;
    std::optional<std::uint64_t> sleeps_before_;
};

inline Report consume(const Args& args) {
    ring::Error error;
    auto consumer = ring::SharedMemoryConsumer::create(args.name, args.ring_options(), error);
    if (!consumer) throw std::runtime_error(error.message());
    ConsumerRun run(args, *consumer, consumer->ring().largest_payload());
    switch (args.script.plan) {
        case Plan::kMixed: run.mixed(); break;
        case Plan::kRecords: run.records(); break;
        case Plan::kStream: run.stream(); break;
    }
    const Report report = run.report();
    consumer->close();
    return report;
}

}  // namespace peer
