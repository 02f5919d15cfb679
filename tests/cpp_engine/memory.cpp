// Whose memory it is: held messages, temporaries, padding, what there is not enough of, threads.
#include <pthread.h>

#include <atomic>
#include <new>
#include <thread>
#include <type_traits>

#include "test.h"

// A view of a message that is given back in the same expression cannot be made.
static_assert(!std::is_constructible_v<MessageView, ReceivedMessage>);
static_assert(!std::is_constructible_v<MessageView, const ReceivedMessage>);
static_assert(!std::is_assignable_v<MessageView&, ReceivedMessage>);
static_assert(std::is_constructible_v<MessageView, ReceivedMessage&>);
static_assert(std::is_constructible_v<MessageView, const ReceivedMessage&>);
static_assert(std::is_constructible_v<SharedMemoryMessage, ReceivedMessage>);
template <class Message, class = void>
inline constexpr bool kLendsItsPayload = false;
template <class Message>
inline constexpr bool
    kLendsItsPayload<Message, std::void_t<decltype(std::declval<Message>().payload()),
                                          decltype(std::declval<Message>().text())>> = true;
static_assert(kLendsItsPayload<ReceivedMessage&> && kLendsItsPayload<const ReceivedMessage&>);
static_assert(!kLendsItsPayload<ReceivedMessage> && !kLendsItsPayload<const ReceivedMessage>);

static std::vector<std::uint8_t> pattern(std::uint32_t id, std::size_t size) {
    std::vector<std::uint8_t> v(size);
    for (std::size_t i = 0; i < size; ++i) v[i] = std::uint8_t(id * 31 + i * 7);
    return v;
}
static bool same(ByteView a, ByteView b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

TEST(a_held_message_keeps_its_bytes_whatever_comes_next) {
    fresh("held");
    auto c = create_consumer("held", 1024);
    std::vector<ReceivedMessage> held;
    std::thread sender([] {
        auto p = create_producer("held", 1024);
        for (std::uint32_t i = 0; i < 20; ++i) {
            CHECK(p->send_fragmented(pattern(i, 900 + i * 500)));
            CHECK(p->send_string("between"));
        }
    });
    std::string s;
    for (std::uint32_t i = 0; i < 20; ++i) {
        held.push_back(c->receive());
        CHECK(c->receive_string(s) && s == "between");
        const ReceivedMessage& oldest = held[i / 2];
        CHECK(same(oldest.payload(), pattern(i / 2, 900 + i / 2 * 500)));
    }
    for (std::uint32_t i = 0; i < 20; ++i) {
        CHECK(same(held[i].payload(), pattern(i, 900 + i * 500)));
    }
    sender.join();
    ReceivedMessage last = std::move(held[3]);
    held.clear();
    c.reset();
    CHECK(same(last.payload(), pattern(3, 900 + 3 * 500)));
    last = ReceivedMessage(Errc::kEmpty);
    fresh("held");
}
TEST(a_message_in_pieces_may_be_looked_at_before_it_is_taken) {
    fresh("pieces");
    auto c = create_consumer("pieces", 4096);
    auto p = create_producer("pieces", 4096);
    const auto bytes = pattern(5, 2500);
    CHECK(p->send_fragmented(bytes) && p->send_string("next"));
    CHECK(c->has_message() && same(c->peek().payload(), bytes) && c->has_message());
    std::string s;
    CHECK_CODE(c->receive_string(s).code(), Errc::kInvalidUtf8);
    std::size_t drained = 0;
    CHECK(c->drain([&](const MessageView& m) { drained = m.payload().size(); }, 1));
    CHECK_EQ(drained, bytes.size());
    CHECK(c->receive_string(s) && s == "next");
    fresh("pieces");
}
TEST(the_padding_of_a_users_struct_is_not_sent) {
    struct Small {
        std::int32_t id;
        double value;
    };
    struct alignas(32) Wide {
        char first;
        double value;
    };
    fresh("padding");
    auto p = create_producer("padding", 1024);
    auto c = create_consumer("padding", 1024);
    const auto zeros_between = [&](std::size_t from, std::size_t to) {
        const ReceivedMessage m = c->receive();
        for (std::size_t at = from; at < to; ++at) CHECK(m.payload()[at] == std::byte{0});
        return m.payload().size();
    };
    alignas(32) unsigned char memory[sizeof(Wide)];
    std::memset(memory, 0xAA, sizeof memory);
    auto* const small = new (memory) Small;
    small->id = -1;
    small->value = -1;
    CHECK(p->send_typed(*small));
    auto batch = p->batch();
    CHECK(batch.push_typed(*small));
    batch.commit();
    CHECK_EQ(zeros_between(4, 8), sizeof(Small));
    CHECK_EQ(zeros_between(4, 8), sizeof(Small));
    std::memset(memory, 0xAA, sizeof memory);
    auto* const wide = new (memory) Wide;
    wide->first = 'x';
    wide->value = -1;
    CHECK(p->send_typed(*wide));
    CHECK_EQ(zeros_between(1, 8), sizeof(Wide));
    CHECK(p->send_typed(*wide));
    CHECK_EQ(zeros_between(16, 32), sizeof(Wide));
    fresh("padding");
}
struct Large {
    std::array<std::uint8_t, 8 << 20> bytes;
};

/// Runs `body` in a thread with the smallest stack there is.
static void on_a_small_stack(void (*body)()) {
    pthread_attr_t attributes;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, 256 << 10) == 0);
    pthread_t thread;
    void* (*run)(void*) = [](void* call) -> void* {
        reinterpret_cast<void (*)()>(call)();
        return nullptr;
    };
    CHECK(pthread_create(&thread, &attributes, run, reinterpret_cast<void*>(body)) == 0);
    CHECK(pthread_join(thread, nullptr) == 0);
}

TEST(a_struct_of_8_mb_needs_no_stack) {
    fresh("large");
    on_a_small_stack([] {
        auto p = create_producer("large", 32 << 20);
        auto c = create_consumer("large", 32 << 20);
        auto sent = std::make_unique<Large>();
        auto got = std::make_unique<Large>();
        sent->bytes.fill(3);
        CHECK(p->send_typed(*sent));
        CHECK(c->receive_typed(*got) && got->bytes == sent->bytes);
        CHECK(p->send_typed(*sent));
        const ReceivedMessage message = c->receive();
        const Large* const there = message.as<Large>();
        CHECK(there != nullptr && there->bytes == sent->bytes);
        CHECK(message.as<TestData>() == nullptr);
    });
    fresh("large");
}
TEST(a_log_callback_may_log_send_and_set_another_one) {
    fresh("logs");
    auto p = create_producer("logs", 1024);
    std::atomic<int> lines{0}, others{0};
    set_log_callback([&](LogLevel, std::string_view) {
        const int mine = ++lines;
        if (mine > 3) return;
        // Causes a line by itself: a ring that cannot be.
        CHECK(!create_producer("not a name", 1024));
        CHECK(p->send_string("from the callback"));
        if (mine == 3) set_log_callback([&](LogLevel, std::string_view) { ++others; });
    });
    CHECK(!create_consumer("", 1024));
    CHECK(lines >= 3);
    CHECK(!create_consumer("", 1024));
    CHECK(others >= 1);
    set_log_callback([](LogLevel, std::string_view) { throw 1; });
    CHECK(!create_consumer("", 1024));
    set_log_callback(nullptr);
    fresh("logs");
}
TEST(each_event_is_logged_once_and_not_each_call) {
    fresh("loglines");
    std::atomic<int> lines{0};
    auto p = create_producer("loglines", 1024);
    auto c = create_consumer("loglines", 1024);
    set_log_callback([&](LogLevel, std::string_view) { ++lines; });
    const auto thousand = [&](int wanted, const std::function<void()>& call) {
        lines = 0;
        for (int i = 0; i < 1000; ++i) call();
        CHECK_EQ(lines.load(), wanted);
    };
    const std::string large(2000, 'x');
    thousand(1, [&] { CHECK_CODE(p->send_string(large).code(), Errc::kTooLarge); });
    thousand(1, [&] { CHECK_CODE(p->send_string("\xff").code(), Errc::kInvalidUtf8); });
    thousand(0, [&] { CHECK_CODE(c->try_receive().status().code(), Errc::kEmpty); });
    CHECK(p->send_string("text"));
    TestData data;
    thousand(1, [&] { CHECK_CODE(c->receive_typed(data).code(), Errc::kSizeMismatch); });
    CHECK(c->skip());
    p->close();
    thousand(1, [&] { CHECK(!c->try_receive()); });
    thousand(1, [&] { CHECK_CODE(p->send_string("x").code(), Errc::kDisposed); });
    p = create_producer("loglines", 1024);
    p->close();
    thousand(1, [&] { CHECK(!c->try_receive()); });
    fresh("loglines");
    static_cast<void>(c->receive(250));
    thousand(0, [&] { CHECK_CODE(c->try_receive().status().code(), Errc::kRemoved); });
    set_log_callback(nullptr);
}
TEST(signs_of_life_and_interrupts_may_race_with_closing) {
    fresh("races");
    std::unique_ptr<SharedMemoryProducer> p;
    std::unique_ptr<SharedMemoryConsumer> c;
    std::atomic<int> round{0}, done{0};
    constexpr int kRounds = 2000;
    constexpr int kThreads = 2;
    std::vector<std::thread> threads;
    for (int n = 0; n < kThreads; ++n) {
        threads.emplace_back([&, n] {
            for (int mine = 1; mine <= kRounds; ++mine) {
                while (round < mine) std::this_thread::yield();
                for (int i = 0; i < 20; ++i) {
                    if (n == 0) {
                        p->heartbeat();
                        c->interrupt();
                        static_cast<void>(p->statistics());
                    } else {
                        c->heartbeat();
                        p->interrupt();
                        static_cast<void>(c->peer_state());
                        static_cast<void>(c->ring().snapshot());
                    }
                }
                ++done;
            }
        });
    }
    for (int i = 1; i <= kRounds; ++i) {
        p = create_producer("races", 1024);
        c = create_consumer("races", 1024);
        CHECK(p && c);
        round = i;
        if (i % 2 == 0) std::this_thread::yield();
        p->close();
        c->close();
        while (done < i * kThreads) std::this_thread::yield();
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(!exists("races"));
}
TEST(an_uncommitted_batch_is_dropped) {
    fresh("dropped");
    auto p = create_producer("dropped", 4096);
    auto c = create_consumer("dropped", 4096);
    {
        auto batch = p->batch();
        CHECK(batch.push(std::string("lost")) && batch.push(std::string("too")));
    }
    try {
        auto batch = p->batch();
        CHECK(batch.push(std::string("lost")));
        throw 1;
    } catch (int) {
    }
    CHECK(!c->has_message());
    CHECK_EQ(p->statistics().messages_sent, 0u);
    CHECK(p->send_string("kept"));
    CHECK(c->receive().message_id() == 0 && !c->has_message());
    auto batch = p->batch();
    CHECK(batch.push(std::string("lost")));
    p->close();
    CHECK_CODE(c->receive().status().code(), Errc::kClosed);
    fresh("dropped");
}
TEST(a_handler_of_drain_may_close_and_not_receive) {
    fresh("inside");
    auto p = create_producer("inside", 4096);
    auto c = create_consumer("inside", 4096);
    for (int i = 0; i < 5; ++i) CHECK(p->send_string(std::to_string(i)));
    int seen = 0;
    const BatchResult result = c->drain([&](const MessageView& m) {
        CHECK_CODE(c->receive(0).status().code(), Errc::kBusy);
        CHECK_CODE(c->try_receive().status().code(), Errc::kBusy);
        CHECK(!c->peek() && !c->has_message() && c->clear() == 0);
        if (++seen == 3) {
            c->close();
            CHECK(m.text() == "2");
        }
    });
    CHECK(result.count == 3 && result.status == Errc::kDisposed && !c->ring().is_open());
    c = create_consumer("inside", 4096);
    CHECK(c->peek().text() == "3");
    try {
        static_cast<void>(c->drain([&](const MessageView&) {
            c->close();
            throw 1;
        }));
        CHECK(false);
    } catch (int) {
    }
    CHECK(!c->ring().is_open());
    c = create_consumer("inside", 4096);
    CHECK(c->peek().text() == "3");
    fresh("inside");
}
int main(int argc, char** argv) { return run_all(argc, argv); }
