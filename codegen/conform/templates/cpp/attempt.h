// One call that a test expects to fail, and what the library says of it.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "samples.h"
#include "text.h"

namespace peer {

/// The word that all languages have for a result.
inline const char* kind_of(ring::Errc code) {
    switch (code) {
        case ring::Errc::kOk: return "Ok";
        case ring::Errc::kFull: return "Full";
        case ring::Errc::kEmpty: return "Empty";
        case ring::Errc::kTimeout: return "Timeout";
        case ring::Errc::kInvalidArgument: return "InvalidArgument";
        case ring::Errc::kInvalidName: return "InvalidName";
        case ring::Errc::kInvalidCapacity: return "InvalidCapacity";
        case ring::Errc::kCapacityMismatch: return "CapacityMismatch";
        case ring::Errc::kNotFound: return "NotFound";
        case ring::Errc::kAlreadyExists: return "AlreadyExists";
        case ring::Errc::kFolderMissing: return "FolderMissing";
        case ring::Errc::kNotRegularFile: return "NotRegularFile";
        case ring::Errc::kWrongOwner: return "WrongOwner";
        case ring::Errc::kPermissionDenied: return "PermissionDenied";
        case ring::Errc::kTooShort: return "TooShort";
        case ring::Errc::kBadMagic: return "BadMagic";
        case ring::Errc::kWrongEndianness: return "WrongEndianness";
        case ring::Errc::kVersionMismatch: return "VersionMismatch";
        case ring::Errc::kHeaderSizeMismatch: return "HeaderSizeMismatch";
        case ring::Errc::kLayoutMismatch: return "LayoutMismatch";
        case ring::Errc::kSchemaMismatch: return "SchemaMismatch";
        case ring::Errc::kNoSpace: return "NoSpace";
        case ring::Errc::kRoleTaken: return "RoleTaken";
        case ring::Errc::kRemoved: return "Removed";
        case ring::Errc::kClosed: return "Closed";
        case ring::Errc::kPeerDied: return "PeerDied";
        case ring::Errc::kTooLarge: return "TooLarge";
        case ring::Errc::kMessageTooLarge: return "MessageTooLarge";
        case ring::Errc::kNoMemory: return "NoMemory";
        case ring::Errc::kInvalidType: return "InvalidType";
        case ring::Errc::kCorrupt: return "Corrupt";
        case ring::Errc::kInvalidUtf8: return "InvalidUtf8";
        case ring::Errc::kTypeMismatch: return "TypeMismatch";
        case ring::Errc::kSizeMismatch: return "SizeMismatch";
        case ring::Errc::kDisposed: return "Disposed";
        case ring::Errc::kForked: return "Forked";
        case ring::Errc::kBusy: return "Busy";
        case ring::Errc::kHandlerFailed: return "HandlerFailed";
        case ring::Errc::kIo: return "Io";
        case ring::Errc::kUnsupported: return "Unsupported";
    }
    return "Unknown";
}

/// Keeps every file descriptor that is free, so that the library finds none.
class AllDescriptors {
public:
    explicit AllDescriptors(bool take) {
        for (int one = 0; take && one >= 0;) {
            one = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
            if (one >= 0) held_.push_back(one);
        }
    }
    AllDescriptors(const AllDescriptors&) = delete;
    AllDescriptors& operator=(const AllDescriptors&) = delete;
    ~AllDescriptors() {
        for (const int one : held_) ::close(one);
    }

private:
    std::vector<int> held_;
};

class Attempt {
public:
    /// Takes the words behind `attempt`.
    explicit Attempt(const std::vector<std::string>& words) {
        if (words.empty()) throw std::runtime_error("attempt what?");
        options_.diagnose_wakeups = true;
        action_ = words[0];
        for (std::size_t at = 1; at < words.size(); ++at) {
            const std::string& option = words[at];
            if (option == "--any-schema") {
                options_.any_schema = true;
            } else if (option == "--exhaust-descriptors") {
                exhaust_descriptors_ = true;
            } else if (++at < words.size()) {
                take(option, words[at]);
            } else {
                throw std::runtime_error(option + " needs a value");
            }
        }
    }

    /// Does it and says what came of it; true if nothing failed.
    [[nodiscard]] bool run(std::string& verdict) {
        const char* kind = nullptr;
        std::string message;
        if (!impossible_capacity_.empty()) {
            kind = "Inexpressible";
            message = impossible_capacity_ + " is no integer of 64 bits";
        } else {
            const AllDescriptors held(exhaust_descriptors_);
            act();
            if (error_) kind = kind_of(error_.code());
            message = error_.message();
        }
        verdict = kind == nullptr ? "{\"ok\":true" + members_ + "}"
                                  : std::string("{\"ok\":false,\"kind\":\"") + kind +
                                        "\",\"error\":" + json(message) + "}";
        return kind == nullptr;
    }

private:
    static constexpr int kTimeoutMs = 2000;

    void take(const std::string& option, const std::string& value) {
        if (option == "--name") {
            name_ = value;
        } else if (option == "--name-hex") {
            const Bytes bytes = from_hex(value);
            name_.assign(bytes.begin(), bytes.end());
        } else if (option == "--role") {
            role_ = value;
        } else if (option == "--mode") {
            options_.mode = mode_of(value);
        } else if (option == "--capacity") {
            take_capacity(value);
        } else if (option == "--size") {
            size_ = std::stoull(value);
        } else {
            throw std::runtime_error("unknown option " + option);
        }
    }

    static ring::Mode mode_of(const std::string& text) {
        if (text == "create_or_open") return ring::Mode::kCreateOrOpen;
        if (text == "create_only") return ring::Mode::kCreateOnly;
        if (text == "open_only") return ring::Mode::kOpenOnly;
        throw std::runtime_error("no mode is called " + text);
    }

    void take_capacity(const std::string& text) {
        try {
            const bool negative = text[0] == '-';
            options_.capacity =
                negative ? ring::Capacity(std::stoll(text)) : ring::Capacity(std::stoull(text));
        } catch (const std::out_of_range&) {
            impossible_capacity_ = text;
        }
    }

    void act() {
        if (action_ == "attach") {
            attach();
        } else if (action_ == "send" || action_ == "send-closed") {
            send(action_ == "send-closed");
        } else if (action_ == "receive" || action_ == "receive-closed") {
            receive(action_ == "receive-closed", [](ring::SharedMemoryConsumer& consumer) {
                Bytes bytes;
                return consumer.receive_bytes(bytes, kTimeoutMs);
            });
        } else if (action_ == "receive-text") {
            receive(false, [](ring::SharedMemoryConsumer& consumer) {
                std::string text;
                return consumer.receive_string(text, kTimeoutMs);
            });
        } else if (action_ == "receive-typed" && !kMessages.empty()) {
            receive(false, [](ring::SharedMemoryConsumer& consumer) {
                return receive_struct(kMessages.front().number, consumer, kTimeoutMs);
            });
        } else {
            throw std::runtime_error("this peer has no action " + action_);
        }
    }

    void attach() {
        if (role_ == "producer") {
            static_cast<void>(ring::create_producer(name_, options_, error_));
        } else if (role_ == "consumer") {
            static_cast<void>(ring::create_consumer(name_, options_, error_));
        } else {
            static_cast<void>(ring::Monitor::open(name_, error_));
        }
    }

    void send(bool closed) {
        const auto producer = ring::create_producer(name_, options_, error_);
        if (!producer) return;
        if (closed) producer->close();
        const ring::Status status = producer->try_send(ring::ByteView(Bytes(size_)));
        if (status.code() == ring::Errc::kFull) {
            members_ = ",\"full\":true";
        } else if (!status) {
            error_ = producer->last_error();
        }
    }

    template <class Receive>
    void receive(bool closed, const Receive& receive) {
        const auto consumer = ring::create_consumer(name_, options_, error_);
        if (!consumer) return;
        if (closed) consumer->close();
        const ring::Status status = receive(*consumer);
        members_ = status ? ",\"messages\":1" : ",\"empty\":true";
        if (!status && !status.would_block()) error_ = consumer->last_error();
    }

    std::string action_;
    std::string name_;
    std::string role_ = "producer";
    ring::Options options_;
    std::size_t size_ = 8;
    bool exhaust_descriptors_ = false;
    /// A capacity that no integer of 64 bits can hold.
    std::string impossible_capacity_;
    ring::Error error_;
    /// What there is to say when nothing failed: further members of the JSON object.
    std::string members_;
};

}  // namespace peer
