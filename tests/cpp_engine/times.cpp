// How long calls take: time that is over, times beyond measure, interrupts, and sleeps.
#include <fcntl.h>
#include <sys/mman.h>

#include <chrono>
#include <limits>
#include <thread>

#include "test.h"

using namespace std::chrono_literals;

static Options options_of(Capacity capacity, Timeout send_timeout = kForever) {
    Options o = sized(capacity);
    o.send_timeout = send_timeout;
    o.diagnose_wakeups = true;
    return o;
}
static void fill(SharedMemoryProducer& p) {
    Status status;
    while (status) status = p.try_send(std::string(40, 'x'));
    CHECK_CODE(status.code(), Errc::kFull);
}

/// Runs `wait` until `interrupt` ends it: it does not end by itself.
static void waits_for_ever(const std::function<Errc()>& wait,
                           const std::function<void()>& interrupt) {
    std::atomic<bool> over{false};
    std::thread waiter([&] {
        CHECK_CODE(wait(), Errc::kTimeout);
        over = true;
    });
    usleep(15000);
    CHECK(!over);
    interrupt();
    waiter.join();
}

/// Every call of a consumer that takes a time.
using ConsumerCall = Errc (*)(SharedMemoryConsumer&, Timeout);
static const ConsumerCall kConsumerCalls[] = {
    [](SharedMemoryConsumer& c, Timeout t) { return c.receive(t).status().code(); },
    [](SharedMemoryConsumer& c, Timeout t) {
        SharedMemoryMessage message;
        return c.receive_message(message, t).code();
    },
    [](SharedMemoryConsumer& c, Timeout t) {
        std::vector<std::uint8_t> bytes;
        return c.receive_bytes(bytes, t).code();
    },
    [](SharedMemoryConsumer& c, Timeout t) {
        std::string text;
        return c.receive_string(text, t).code();
    },
    [](SharedMemoryConsumer& c, Timeout t) {
        TestData data;
        return c.receive_typed(data, t).code();
    },
    [](SharedMemoryConsumer& c, Timeout t) {
        std::vector<SharedMemoryMessage> messages;
        return c.receive_batch(messages, 3, t).status.code();
    },
    [](SharedMemoryConsumer& c, Timeout t) {
        if (c.wait_for_peer(t)) return Errc::kOk;
        return t.is_valid() ? Errc::kTimeout : c.last_error().code();
    },
};

/// Every call of a producer that keeps Options::send_timeout, and the one that takes a time.
using ProducerCall = Errc (*)(SharedMemoryProducer&);
static const ProducerCall kProducerCalls[] = {
    [](SharedMemoryProducer& p) { return p.send(std::string(40, 'x')).code(); },
    [](SharedMemoryProducer& p) { return p.send_string(std::string(40, 'x')).code(); },
    [](SharedMemoryProducer& p) { return p.send_typed(TestData()).code(); },
    [](SharedMemoryProducer& p) { return p.send_message(SharedMemoryMessage()).code(); },
    [](SharedMemoryProducer& p) { return p.claim(40).status().code(); },
    [](SharedMemoryProducer& p) { return p.send_fragmented(std::string(2000, 'x')).code(); },
    [](SharedMemoryProducer& p) {
        return p.send_batch(std::vector<std::string>(9, "text")).status.code();
    },
    [](SharedMemoryProducer& p) { return p.batch().push(std::string(40, 'x')).code(); },
    [](SharedMemoryProducer& p) { return p.batch().push_typed(TestData()).code(); },
};

static const Timeout kEndless[] = {
    kForever,
    -1,
    std::numeric_limits<int>::max(),
    std::numeric_limits<unsigned>::max(),
    std::numeric_limits<std::int64_t>::max(),
    std::numeric_limits<std::uint64_t>::max(),
    std::chrono::nanoseconds::max(),
    std::chrono::hours::max(),
    std::chrono::duration<double>(1e300),
    std::chrono::duration<float>(std::numeric_limits<float>::infinity()),
};
static const Timeout kImpossible[] = {
    -2,
    std::numeric_limits<int>::min(),
    std::numeric_limits<std::int64_t>::min(),
    -1ms,
    std::chrono::nanoseconds::min(),
    std::chrono::hours::min(),
    std::chrono::duration<double>(-0.5),
    std::chrono::duration<double>(-std::numeric_limits<double>::infinity()),
    std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()),
};

TEST(extreme_times_wait_or_are_refused_by_every_receive) {
    fresh("extreme");
    auto c = create_consumer("extreme", options_of(1024));
    for (const ConsumerCall call : kConsumerCalls) {
        for (const Timeout time : kImpossible) {
            CHECK_CODE(call(*c, time), Errc::kInvalidArgument);
        }
        CHECK_CODE(call(*c, 0), Errc::kTimeout);
        CHECK_CODE(call(*c, 1us), Errc::kTimeout);
        for (const Timeout time : kEndless) {
            waits_for_ever([&] { return call(*c, time); }, [&] { c->interrupt(); });
        }
    }
    // Also where there is something to receive.
    auto p = create_producer("extreme", 1024);
    CHECK(p->send_string("x"));
    std::string s;
    CHECK_CODE(c->receive_string(s, -2ms).code(), Errc::kInvalidArgument);
    CHECK_CODE(c->receive(-2ms).status().code(), Errc::kInvalidArgument);
    CHECK(c->receive_string(s, 0) && s == "x");
    fresh("extreme");
}
TEST(extreme_times_wait_or_are_refused_by_every_send) {
    fresh("extremes");
    for (const Timeout time : kImpossible) {
        Error error;
        CHECK(!create_producer("extremes", options_of(1024, time), error));
        CHECK_CODE(error.code(), Errc::kInvalidArgument);
        Options o = sized(1024);
        o.spin = time;
        CHECK(!create_consumer("extremes", o, error));
        CHECK_CODE(error.code(), Errc::kInvalidArgument);
        CHECK(!exists("extremes"));
    }
    for (const Timeout time : kEndless) {
        auto p = create_producer("extremes", options_of(1024, time));
        fill(*p);
        for (const ProducerCall call : kProducerCalls) {
            waits_for_ever([&] { return call(*p); }, [&] { p->interrupt(); });
        }
        waits_for_ever([&] { return p->wait_for_peer(time) ? Errc::kOk : Errc::kTimeout; },
                       [&] { p->interrupt(); });
        fresh("extremes");
    }
    // A budget of looks without end is a consumer that never sleeps.
    Options o = sized(1024);
    o.spin = std::chrono::hours::max();
    auto c = create_consumer("extremes", o);
    CHECK_CODE(c->receive(5).status().code(), Errc::kTimeout);
    fresh("extremes");
}
TEST(extreme_times_wait_or_are_refused_by_a_manager) {
    fresh("extremem");
    auto c = create_manager("extremem", false, options_of(1024));
    for (const Timeout time : kImpossible) {
        CHECK_CODE(c->start(time).code(), Errc::kInvalidArgument);
        CHECK_CODE(c->poll(time).status.code(), Errc::kInvalidArgument);
    }
    for (const Timeout time : kEndless) {
        std::atomic<int> got{0};
        c->on_any([&](const MessageView&) { ++got; });
        CHECK(c->start(time));
        auto p = create_manager("extremem", true, options_of(1024));
        CHECK(p->start(time) && p->send_string("x"));
        eventually([&] { return got == 1; });
        CHECK(p->peer_state() == PeerState::kAlive);
        c->stop();
        p->close();
        static_cast<void>(c->poll());
    }
    fresh("extremem");
}
TEST(a_send_that_is_out_of_time_says_timeout_and_counts_once) {
    fresh("counts");
    auto c = create_consumer("counts", 1024);
    auto p = create_producer("counts", options_of(1024, 20));
    fill(*p);
    std::uint64_t failures = 1;
    const auto counted = [&] { return p->ring().snapshot().send_failures; };
    CHECK_EQ(counted(), failures);
    for (const ProducerCall call : kProducerCalls) {
        CHECK_CODE(call(*p), Errc::kTimeout);
        CHECK_EQ(counted(), ++failures);
    }
    CHECK_CODE(p->try_send(std::string(40, 'x')).code(), Errc::kFull);
    CHECK_CODE(p->try_claim(40).status().code(), Errc::kFull);
    const std::vector<std::string> many(5, std::string(40, 'x'));
    CHECK_CODE(p->try_send_batch(many).status.code(), Errc::kFull);
    CHECK_EQ(counted(), failures + 3);
    c->close();
    CHECK_CODE(p->send(std::string(40, 'x')).code(), Errc::kClosed);
    CHECK_EQ(counted(), failures + 4);
    fresh("counts");
}
TEST(a_changed_send_timeout_holds_for_later_sends) {
    fresh("changed");
    auto c = create_consumer("changed", 1024);
    auto p = create_producer("changed", 1024);
    fill(*p);
    CHECK(p->set_send_timeout(5ms));
    CHECK_CODE(p->send(std::string(40, 'x')).code(), Errc::kTimeout);
    CHECK_CODE(p->set_send_timeout(-2).code(), Errc::kInvalidArgument);
    CHECK_CODE(p->send(std::string(40, 'x')).code(), Errc::kTimeout);
    fresh("changed");
}
TEST(all_pieces_of_a_message_keep_one_deadline) {
    for (const bool in_a_batch : {false, true}) {
        fresh("deadline");
        auto c = create_consumer("deadline", 1024);
        std::atomic<bool> over{false};
        // Room comes again and again before the time of one piece would be over, but not of all.
        std::thread slow([&] {
            while (!over) {
                usleep(40000);
                static_cast<void>(c->clear());
            }
        });
        auto p = create_producer("deadline", options_of(1024, 300ms));
        const Status status =
            in_a_batch
                ? p->send_batch(std::vector<std::string>(10000, std::string(100, 'x'))).status
                : p->send_fragmented(std::string(1 << 20, 'x'));
        CHECK_CODE(status.code(), Errc::kTimeout);
        CHECK_EQ(p->ring().snapshot().send_failures, 1u);
        over = true;
        slow.join();
        fresh("deadline");
    }
}
TEST(an_interrupt_is_never_lost) {
    fresh("interrupts");
    constexpr int kTimes = 5000;
    auto c = create_consumer("interrupts", options_of(1024));
    auto p = create_producer("interrupts", options_of(1024));
    fill(*p);
    // The ring is full for the one and, as nothing is read, empty for nobody: a ring each.
    fresh("interrupts2");
    auto idle = create_consumer("interrupts2", options_of(1024));
    for (const bool is_producer : {false, true}) {
        std::atomic<int> ended{0};
        std::thread waiter([&] {
            while (ended < kTimes) {
                const Errc code = is_producer ? p->send(std::string(40, 'x')).code()
                                              : idle->receive().status().code();
                CHECK_CODE(code, Errc::kTimeout);
                ++ended;
            }
        });
        std::mt19937 random(seed());
        for (int i = 0; i < kTimes; ++i) {
            if (random() % 4 == 0) usleep(random() % 200);
            is_producer ? p->interrupt() : idle->interrupt();
            const double start = seconds();
            while (ended == i) CHECK(seconds() - start < kHang);
        }
        waiter.join();
    }
    CHECK_EQ(p->ring().snapshot().producer.missed_wakeups, 0u);
    CHECK_EQ(idle->ring().snapshot().consumer.missed_wakeups, 0u);
    fresh("interrupts");
    fresh("interrupts2");
}
TEST(an_interrupt_that_nobody_waits_for_ends_the_next_wait) {
    fresh("sticky");
    auto p = create_producer("sticky", 1024);
    auto c = create_consumer("sticky", 1024);
    CHECK(p->send_string("x"));
    c->interrupt();
    c->interrupt();
    CHECK(c->receive());
    CHECK_CODE(c->try_receive().status().code(), Errc::kEmpty);
    CHECK_CODE(c->receive(0).status().code(), Errc::kTimeout);
    CHECK_CODE(c->receive().status().code(), Errc::kTimeout);
    CHECK_CODE(c->receive(20).status().code(), Errc::kTimeout);
    std::thread sender([&] {
        usleep(20000);
        CHECK(p->send_string("y"));
    });
    CHECK(c->receive());
    sender.join();
    fill(*p);
    p->interrupt();
    CHECK_CODE(p->try_send(std::string(40, 'x')).code(), Errc::kFull);
    CHECK_CODE(p->send(std::string(40, 'x')).code(), Errc::kTimeout);
    fresh("sticky");
}

/// A record in the file, and nobody woken: what a broken peer does.
static void publish_silently(const std::string& name, std::uint64_t position) {
    const int fd = open(file_of(name).c_str(), O_RDWR);
    void* const address = mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(fd >= 0 && address != MAP_FAILED);
    auto* const record = static_cast<std::byte*>(address) + ring_header::kSize + position;
    detail::atomic_at<std::uint64_t>(record, 0).store(
        detail::publication_word(std::uint32_t{message_header::kSize}, 1));
    munmap(address, 8192);
    close(fd);
}

TEST(a_message_found_after_the_bound_is_returned_at_once) {
    for (const bool diagnoses : {false, true}) {
        fresh("silent");
        Options o = sized(4096);
        o.diagnose_wakeups = diagnoses;
        o.spin = 0;
        auto p = create_producer("silent", o);
        auto c = create_consumer("silent", o);
        std::thread saboteur([] {
            usleep(30000);
            publish_silently("silent", 0);
        });
        CHECK(c->receive(int(kHang) * 1000));
        saboteur.join();
        // Diagnosing took a second more, and found that nobody woke it.
        CHECK_EQ(c->ring().snapshot().consumer.missed_wakeups, diagnoses ? 1u : 0u);
        fresh("silent");
    }
}
TEST(an_interrupt_is_no_missed_wakeup) {
    fresh("nomiss");
    Options o = options_of(4096);
    o.spin = 0;
    auto p = create_producer("nomiss", o);
    auto c = create_consumer("nomiss", o);
    std::atomic<bool> over{false};
    std::thread interrupter([&] {
        usleep(30000);
        publish_silently("nomiss", 0);
        while (!over) {
            c->interrupt();
            usleep(50000);
        }
    });
    // Either is right; what counts is what is counted.
    static_cast<void>(c->receive(int(kHang) * 1000));
    over = true;
    interrupter.join();
    CHECK_EQ(c->ring().snapshot().consumer.missed_wakeups, 0u);
    fresh("nomiss");
}
int main(int argc, char** argv) { return run_all(argc, argv); }
