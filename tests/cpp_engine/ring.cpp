// Sending and receiving in one process: content, order, wrap, batches, claims, fragments.
#include "test.h"

static std::vector<uint8_t> pattern(uint32_t id, size_t size) {
    std::vector<uint8_t> v(size);
    for (size_t i = 0; i < size; ++i) v[i] = uint8_t(id * 31 + i * 7);
    return v;
}

static bool same(ByteView a, ByteView b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

TEST(random_sizes_over_many_laps) {
    fresh("laps");
    std::mt19937 rnd(seed());
    auto p = create_producer("laps", 4096);
    auto c = create_consumer("laps", 4096);
    uint32_t sent = 0, got = 0;
    uint64_t bytes = 0;
    while (bytes < 4096 * 300) {
        for (unsigned n = rnd() % 6; n > 0; --n) {
            const size_t size = rnd() % 8 ? rnd() % 100 : rnd() % (p->largest_payload() + 1);
            const auto v = pattern(sent, size);
            const Status s = rnd() % 2
                                 ? p->try_send(v)
                                 : p->try_send_message(SharedMemoryMessage(MessageType::DATA, v));
            if (!s) {
                CHECK_CODE(s.code(), Errc::kFull);
                break;
            }
            ++sent;
            bytes += size + 16;
        }
        for (unsigned n = rnd() % 6; n > 0; --n) {
            auto m = c->try_receive();
            if (!m) {
                CHECK_CODE(m.status().code(), Errc::kEmpty);
                CHECK(got == sent);
                break;
            }
            CHECK_EQ(m.message_id(), got);
            const auto want = pattern(got++, m.payload().size());
            CHECK(same(want, m.payload()));
        }
    }
    CHECK(got > 1000);
    fresh("laps");
}
TEST(padding_is_zero) {
    fresh("padding");
    auto p = create_producer("padding", 1024);
    for (int i = 0; i < 100; ++i)
        if (!p->try_send(std::string(5, '\xff'))) break;
    FILE* f = fopen(file_of("padding").c_str(), "rb");
    fseek(f, long(ring_header::kSize + message_header::kSize + 5), SEEK_SET);
    char rest[3];
    CHECK(fread(rest, 1, 3, f) == 3);
    CHECK(rest[0] == 0 && rest[1] == 0 && rest[2] == 0);
    fclose(f);
    fresh("padding");
}
TEST(messages_keep_their_parts) {
    fresh("parts");
    auto p = create_producer("parts", 4096);
    auto c = create_consumer("parts", 4096);
    SharedMemoryMessage m(MessageType::CONTROL, ByteView(std::string_view("payload")),
                          MessageFlags::COMPRESSED | MessageFlags::URGENT);
    CHECK(p->send_message(m));
    CHECK(p->send("x", 1, static_cast<MessageType>(77777)));
    SharedMemoryMessage r;
    CHECK(c->receive_message(r));
    CHECK(r.message_type() == MessageType::CONTROL && r.text() == "payload" &&
          r.flags() == (MessageFlags::COMPRESSED | MessageFlags::URGENT) && r.message_id() == 0);
    CHECK(c->receive_message(r) && r.message_type() == static_cast<MessageType>(77777) &&
          r.message_id() == 1);
    fresh("parts");
}
TEST(typed_and_decode) {
    fresh("typed");
    auto p = create_producer("typed", 4096);
    auto c = create_consumer("typed", 4096);
    TestData out;
    out.id = -5;
    out.value = 2.5;
    CHECK(out.set_message("grüße"));
    out.timestamp = 99;
    CHECK(!out.set_message(std::string(65, 'x')) && !out.set_message("\xff") &&
          out.set_message(std::string(64, 'y')) && out.set_message("grüße"));
    CHECK(p->send_typed(out));
    CHECK(p->send_typed(out));
    CHECK(p->send_string("text"));
    TestData in;
    CHECK(c->receive_typed(in));
    CHECK(in.id == -5 && in.value == 2.5 && in.message_view() == "grüße" && in.timestamp == 99);
    {
        auto m = c->receive();
        const AnyMessage any = decode(m);
        CHECK(std::holds_alternative<TestData>(any) && std::get<TestData>(any).id == -5);
    }
    {
        auto m = c->receive();
        const AnyMessage any = decode(m);
        CHECK(std::get<UnknownMessage>(any).why == Errc::kTypeMismatch);
    }
    struct Old {
        int32_t id;
        double value;
    } old{7, 1.5};
    CHECK(p->send_typed(old));
    CHECK(c->receive_typed(in) && in.id == 7 && in.value == 1.5 && in.timestamp == 0 &&
          in.message_view() == "");
    in.message.fill('\xff');
    CHECK(!in.message_view());
    fresh("typed");
}
TEST(claims) {
    fresh("claims");
    auto p = create_producer("claims", 1024);
    auto c = create_consumer("claims", 1024);
    {
        auto claim = p->claim(10);
        CHECK(claim && claim.size() == 10 && (reinterpret_cast<uintptr_t>(claim.data()) & 7) == 0);
        std::memcpy(claim.data(), "0123456789", 10);
        CHECK_CODE(p->try_send(std::string("x")).code(), Errc::kBusy);
        CHECK_CODE(p->try_claim(1).status().code(), Errc::kBusy);
        CHECK_CODE(claim.commit(11).code(), Errc::kTooLarge);
        CHECK(claim.commit(5));
        CHECK(!claim);
    }
    for (int i = 0; i < 1000; ++i) {
        auto claim = p->claim(300);
        CHECK(claim);
        std::memset(claim.data(), 0xEE, 300);
    }  // abandoned
    {
        auto a = p->claim(3);
        auto b = std::move(a);
        CHECK(!a && b);
        std::memcpy(b.data(), "abc", 3);
        b.set_flags(MessageFlags::ENCRYPTED);
        CHECK(b.commit());
    }
    {
        auto m = c->receive();
        CHECK(m.text() == "01234" && m.message_id() == 0);
    }
    {
        auto m = c->receive();
        CHECK(m.text() == "abc" && m.message_id() == 1 && m.flags() == MessageFlags::ENCRYPTED);
    }
    CHECK(!c->try_receive());
    std::mt19937 rnd(seed());
    for (uint32_t i = 2; i < 3000; ++i) {  // across the end of the lap, with shrinking
        const size_t size = rnd() % (p->largest_payload() + 1),
                     used = size ? rnd() % (size + 1) : 0;
        {
            auto drop = p->claim(rnd() % (p->largest_payload() + 1));
            CHECK(drop);
        }
        auto claim = p->claim(size);
        CHECK(claim);
        const auto v = pattern(i, used);
        if (used) std::memcpy(claim.data(), v.data(), used);
        CHECK(claim.commit(used));
        auto m = c->receive();
        CHECK(m && m.message_id() == i && same(m.payload(), v));
    }
    fresh("claims");
}
TEST(a_try_takes_what_is_there_or_says_empty) {
    fresh("tries");
    auto p = create_producer("tries", 4096);
    auto c = create_consumer("tries", 4096);
    SharedMemoryMessage message;
    std::string text;
    TestData data;
    data.id = 7;
    CHECK(p->send_string("one") && p->send_string("two") && p->send_typed(data));
    data.id = 0;
    CHECK(c->try_receive_message(message) && message.text() == "one");
    CHECK(c->try_receive_string(text) && text == "two");
    CHECK(c->try_receive_typed(data) && data.id == 7);
    CHECK_CODE(c->try_receive_message(message).code(), Errc::kEmpty);
    CHECK_CODE(c->try_receive_string(text).code(), Errc::kEmpty);
    CHECK_CODE(c->try_receive_typed(data).code(), Errc::kEmpty);
    fresh("tries");
}
TEST(a_monitor_sees_that_a_ring_is_removed) {
    fresh("seen");
    auto p = create_producer("seen", 4096);
    Error error;
    auto monitor = Monitor::open("seen", error);
    CHECK(monitor && !monitor->is_removed());
    CHECK(monitor->name() == "seen" && monitor->path() == ring_path("seen"));
    CHECK(p->name() == monitor->name() && p->path() == monitor->path());
    CHECK(!remove_ring("seen") && monitor->is_removed());
    fresh("seen");
}
TEST(batches) {
    fresh("batch");
    auto p = create_producer("batch", 1024);
    auto c = create_consumer("batch", 1024);
    std::vector<std::string> texts{"a", "bb", "ccc"};
    CHECK_EQ(p->send_batch(texts).count, 3u);
    std::vector<SharedMemoryMessage> got;
    auto r = c->receive_batch(got, 10);
    CHECK(r && r.count == 3 && got[2].text() == "ccc" && got[2].message_id() == 2);
    {
        auto b = p->batch();
        CHECK(b.push(std::string("1")));
        CHECK(b.push(std::string("2")));
        CHECK(!c->try_receive());
        b.commit();
        CHECK(b.push(std::string("3")));
        CHECK_EQ(p->ring().statistics().messages_sent, 5u);
        CHECK(b.push(std::string("4"), MessageType::DATA, MessageFlags::URGENT));
        CHECK(b.push(std::string("dropped")));
    }
    r = c->receive_batch(got, 10);
    CHECK(r.count == 4 && got[3].text() == "4" && got[3].message_id() == 6);
    {
        auto b = p->batch();
        CHECK(b.push(std::string("x")));
        CHECK(p->send_string("y"));
    }
    r = c->receive_batch(got, 10);
    CHECK(r.count == 2 && got[0].text() == "x" && got[1].text() == "y" && got[1].message_id() == 8);
    std::vector<std::string> many(100, std::string(20, 'z'));
    const BatchResult prefix = p->try_send_batch(many);
    CHECK(prefix.count > 10 && prefix.count < 40 && prefix.status == Errc::kFull);
    r = c->receive_batch(got, 100);
    CHECK_EQ(r.count, prefix.count);
    CHECK_EQ(c->statistics().messages_received, 9 + prefix.count);
    std::mt19937 rnd(seed());
    uint32_t id = uint32_t(9 + prefix.count);
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::vector<uint8_t>> all(rnd() % 8);
        for (auto& v : all) {
            v = pattern(id + uint32_t(&v - all.data()), rnd() % 60);
        }
        CHECK_EQ(p->send_batch(all).count, all.size());
        for (auto& v : all) {
            auto m = c->receive(0);
            CHECK(m && m.message_id() == id++ && same(m.payload(), v));
        }
    }
    Options o;
    o.send_timeout = 20;
    fresh("batch");
    auto q = create_producer("batch", o);
    std::vector<std::string> endless(100000, std::string(100, 'q'));
    const auto stopped = q->send_batch(endless);
    CHECK(stopped.status == Errc::kTimeout && stopped.count > 5000);
    fresh("batch");
}
TEST(another_send_goes_behind_what_a_batch_holds) {
    fresh("between");
    auto p = create_producer("between", 4096);
    auto c = create_consumer("between", 4096);
    const std::string two(2, 'x');
    const std::vector<std::string> one_of_many{two};
    const SharedMemoryMessage message(kTypeData, ByteView(two));
    const std::vector<std::function<void()>> others = {
        [&] { CHECK(p->send(two)); },
        [&] { CHECK(p->try_send(two)); },
        [&] { CHECK(p->send_message(message)); },
        [&] { CHECK(p->send_batch(one_of_many).count == 1); },
        [&] { CHECK(p->send_fragmented(ByteView(two))); },
        [&] { CHECK(p->claim(2).commit()); },
    };
    auto batch = p->batch();
    for (const auto& send_another : others) {
        CHECK(batch.push(std::string(1, 'x')) && !c->has_message());
        send_another();
        CHECK(batch.push(std::string(3, 'x')));
        batch.commit();
        for (size_t size = 1; size <= 3; ++size) {
            const auto found = c->receive();
            CHECK_EQ(found.payload().size(), size);
        }
    }
    CHECK(batch.push(std::string(1, 'x')));
    {
        auto claim = p->claim(2);
        CHECK(c->skip());
        CHECK_CODE(batch.push(std::string(1, 'x')).code(), Errc::kBusy);
    }
    batch.commit();
    CHECK(!c->has_message());
    CHECK_EQ(c->snapshot().receive_errors, 0u);
    fresh("between");
}
TEST(drain_and_peek) {
    fresh("drain");
    auto p = create_producer("drain", 4096);
    auto c = create_consumer("drain", 4096);
    CHECK(!c->peek());
    for (int i = 0; i < 20; ++i) CHECK(p->send_string(std::to_string(i)));
    CHECK(c->peek().text() == "0" && c->peek().message_id() == 0);
    int n = 0;
    auto r = c->drain(
        [&](const MessageView& m) {
            CHECK(m.text() == std::to_string(n));
            ++n;
        },
        5);
    CHECK(r && r.count == 5);
    r = c->drain([&](const MessageView&) { return ++n < 8; });
    CHECK(r.count == 3);
    CHECK_EQ(c->statistics().messages_received, 8u);
    r = c->drain([&](const MessageView&) { ++n; });
    CHECK(r.count == 12 && r.status == Errc::kEmpty);
    CHECK_EQ(c->snapshot().used_bytes, 0u);
    fresh("drain");
}
TEST(out_of_order_release) {
    fresh("order");
    auto p = create_producer("order", 4096);
    auto c = create_consumer("order", 4096);
    for (int i = 0; i < 6; ++i) CHECK(p->send_string(std::to_string(i)));
    auto a = c->receive(), b = c->receive(), d = c->receive();
    b.release();
    CHECK_EQ(c->statistics().messages_received, 0u);
    CHECK(d.text() == "2" && a.text() == "0");
    a.release();
    d.release();
    CHECK_EQ(c->statistics().messages_received, 3u);
    auto m = c->receive();
    m = c->receive();
    m = c->receive();
    CHECK(m.text() == "5");
    CHECK_EQ(c->statistics().messages_received, 5u);
    m.release();
    CHECK_EQ(c->snapshot().used_bytes, 0u);
    fresh("order");
}
TEST(fragments) {
    fresh("fragments");
    auto p = create_producer("fragments", 1024);
    std::thread sender([&] {
        for (uint32_t i = 0; i < 200; ++i) {
            const auto v = pattern(i, i * 61);
            CHECK(p->send_fragmented(v, MessageType::CONTROL, MessageFlags::ENCRYPTED));
            CHECK(p->send_string("between"));
        }
    });
    auto c = create_consumer("fragments", 1024);
    for (uint32_t i = 0; i < 200; ++i) {
        auto m = c->receive();
        const auto want = pattern(i, i * 61);
        CHECK(m && m.message_type() == MessageType::CONTROL &&
              m.flags() == MessageFlags::ENCRYPTED &&
              same(m.payload(), want));
        std::string s;
        CHECK(c->receive_string(s) && s == "between");
    }
    sender.join();
    CHECK_EQ(c->statistics().errors, p->statistics().errors);
    fresh("fragments");
    Options o = sized(4096);
    o.max_message_size = 5000;
    o.fragment_size = 100;
    p = create_producer("fragments", o);
    c = create_consumer("fragments", o);
    std::thread second([&] {
        CHECK(p->send_fragmented(pattern(1, 20000)));
        CHECK(p->send_fragmented(pattern(2, 5000)));
        p->close();
    });
    CHECK_CODE(c->receive().status().code(), Errc::kMessageTooLarge);
    {
        auto m = c->receive();
        CHECK(m && m.payload().size() == 5000);
    }
    CHECK_CODE(c->receive().status().code(), Errc::kClosed);
    second.join();
    fresh("fragments");
}
TEST(broken_fragments_are_dropped) {
    fresh("broken");
    Options o = sized(1024);
    o.send_timeout = 20;
    auto p = create_producer("broken", o);
    auto c = create_consumer("broken", o);
    CHECK_CODE(p->send_fragmented(pattern(1, 5000)).code(), Errc::kTimeout);
    CHECK(!c->try_receive());
    CHECK(p->send_string("whole"));
    std::string s;
    CHECK(c->receive_string(s) && s == "whole");
    CHECK_EQ(c->ring().snapshot().receive_errors, 1u);
    CHECK_CODE(p->send_fragmented(pattern(1, 5000)).code(), Errc::kTimeout);
    CHECK(!c->try_receive());
    p->close();
    CHECK_CODE(c->receive().status().code(), Errc::kClosed);
    CHECK_EQ(c->ring().snapshot().receive_errors, 2u);
    fresh("broken");
}
TEST(timeouts) {
    fresh("timeouts");
    Options o = sized(1024);
    o.send_timeout = 30;
    auto p = create_producer("timeouts", o);
    auto c = create_consumer("timeouts", o);
    double t = seconds();
    CHECK_CODE(c->receive(50).status().code(), Errc::kTimeout);
    t = seconds() - t;
    CHECK(t > 0.045 && t < kHang);
    t = seconds();
    CHECK_CODE(c->receive(0).status().code(), Errc::kTimeout);
    CHECK(seconds() - t < kHang);
    Status s;
    while ((s = p->send_string("fill"))) {
    }
    CHECK_CODE(s.code(), Errc::kTimeout);
    CHECK_CODE(p->try_send_string("x").code(), Errc::kFull);
    CHECK_EQ(p->ring().snapshot().send_failures, 2u);
    t = seconds();
    CHECK_CODE(p->claim(10).status().code(), Errc::kTimeout);
    t = seconds() - t;
    CHECK(t > 0.025 && t < kHang);
    std::thread waker([&] {
        usleep(30000);
        c->interrupt();
    });
    CHECK_EQ(c->drain([](const MessageView&) {}).status.code() == Errc::kEmpty, true);
    CHECK_CODE(c->receive().status().code(), Errc::kTimeout);
    waker.join();
    CHECK_EQ(c->ring().snapshot().consumer.missed_wakeups, 0u);
    fresh("timeouts");
}
TEST(statistics_and_monitor) {
    fresh("stats");
    Error error;
    CHECK(!Monitor::open("stats", error));
    CHECK_CODE(error.code(), Errc::kNotFound);
    auto p = create_producer("stats", 4096);
    auto monitor = Monitor::open("stats", error);
    CHECK(monitor);
    CHECK(monitor->snapshot().consumer.state == PeerState::kNever &&
          p->peer_state() == PeerState::kNever);
    auto c = create_consumer("stats", 4096);
    CHECK(p->send_string("12345678"));
    CHECK(p->send_string("1234"));
    auto m = c->receive();
    m.release();
    const Snapshot s = monitor->snapshot();
    CHECK(s.statistics.messages_sent == 2 && s.statistics.messages_received == 1 &&
          s.statistics.bytes_sent == 12 && s.statistics.bytes_received == 8 &&
          s.statistics.errors == 0 && s.statistics.avg_message_size == 6.0);
    CHECK(s.capacity == 4096 && s.used_bytes == 24 && s.producer.state == PeerState::kAlive &&
          s.consumer.state == PeerState::kAlive && s.producer.pid == uint32_t(getpid()) &&
          s.producer.epoch == 1);
    p->close();
    CHECK(monitor->snapshot().producer.state == PeerState::kClosed);
    CHECK(c->peer_state() == PeerState::kClosed);
    fresh("stats");
}
TEST(two_threads) {
    fresh("threads");
    auto p = create_producer("threads", 4096);
    auto c = create_consumer("threads", 4096);
    const uint32_t count = 200000;
    std::thread sender([&] {
        for (uint32_t i = 0; i < count; ++i) CHECK(p->send(&i, sizeof i));
        p->close();
    });
    for (uint32_t i = 0; i < count; ++i) {
        auto m = c->receive();
        uint32_t v;
        CHECK(m && m.payload().size() == 4);
        std::memcpy(&v, m.payload().data(), 4);
        CHECK(v == i && m.message_id() == i);
    }
    CHECK_CODE(c->receive().status().code(), Errc::kClosed);
    sender.join();
    fresh("threads");
}
int main(int argc, char** argv) { return run_all(argc, argv); }
