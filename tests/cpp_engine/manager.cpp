// What a manager does when threads, forks, stops and ends meet.
#include <algorithm>
#include <stdexcept>
#include <thread>

#include "test.h"

constexpr int kHangMs = int(kHang) * 1000;

TEST(a_manager_sends_and_hands_out) {
    fresh("manager");
    auto p = create_manager("manager", true, 4096);
    auto c = create_manager("manager", false, 4096);
    CHECK(p && c);
    std::atomic<int> texts{0}, others{0};
    c->on(MessageType::DATA, [&](const MessageView& m) {
        CHECK(m.text() == "hi");
        ++texts;
    });
    c->on_any([&](const MessageView&) { ++others; });
    CHECK_CODE(c->send_string("x").code(), Errc::kUnsupported);
    CHECK_CODE(p->poll().status.code(), Errc::kUnsupported);
    CHECK(p->send_string("hi"));
    CHECK_EQ(c->poll(100).count, 1u);
    CHECK_EQ(texts.load(), 1);
    CHECK(p->start(20) && c->start(20));
    CHECK_CODE(c->start().code(), Errc::kBusy);
    CHECK_CODE(c->poll().status.code(), Errc::kBusy);
    for (int i = 0; i < 500; ++i) CHECK(p->send_string("hi"));
    CHECK(p->send(std::string("x"), MessageType::CONTROL));
    eventually([&] { return texts == 501 && others == 1; });
    eventually([&] { return p->peer_state() == PeerState::kAlive; });
    eventually([&] { return c->peer_state() == PeerState::kAlive; });
    p->stop();
    CHECK(c->statistics().messages_sent > 500);
    eventually([&] { return c->peer_state() == PeerState::kStalled; });
    c->stop();
    CHECK(c->start(20));
    p->close();
    eventually([&] { return c->peer_state() == PeerState::kClosed; });
    c.reset();
    p.reset();
    fresh("manager");
}
TEST(a_childs_copies_of_running_managers_neither_work_nor_hang) {
    fresh("forked");
    auto p = create_manager("forked", true, 4096);
    auto c = create_manager("forked", false, 4096);
    CHECK(p->start(3600000) && c->start(3600000));
    join(child([&] {
        alarm(unsigned(kHang));
        CHECK_CODE(p->send_string("no").code(), Errc::kForked);
        CHECK_CODE(c->poll(-1).status.code(), Errc::kForked);
        CHECK_CODE(c->start().code(), Errc::kForked);
        p.reset();
        c.reset();
    }));
    CHECK(p->send_string("still here") && p->peer_state() == PeerState::kAlive);
    p.reset();
    c.reset();
    fresh("forked");
}
TEST(disposing_ends_the_calls_that_wait) {
    fresh("waits");
    auto p = create_manager("waits", true, 4096);
    while (p->statistics().bytes_sent < 3000) CHECK(p->send(std::string(100, 'x')));
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            Status status;
            while (status) status = p->send(std::string(100, 'x'));
            CHECK(status == Errc::kTimeout || status == Errc::kDisposed);
        });
    }
    // All but a few bytes are taken: they wait by now, or find the manager closed.
    eventually([&] { return p->snapshot().used_bytes > 4096 - 256; });
    p->close();
    for (std::thread& thread : threads) thread.join();
    fresh("waits");

    auto c = create_manager("waits", false, 4096);
    std::atomic<bool> polls{false};
    std::thread poller([&] {
        polls = true;
        const Errc code = c->poll(-1).status.code();
        CHECK(code == Errc::kTimeout || code == Errc::kDisposed);
    });
    eventually([&] { return polls.load(); });
    c->close();
    poller.join();
    fresh("waits");
}
TEST(what_ended_the_thread_does_not_end_the_next_call) {
    fresh("stops");
    auto c = create_manager("stops", false, 4096);
    auto p = create_producer("stops", 4096);
    std::atomic<int> got{0};
    c->on_any([&](const MessageView&) { ++got; });
    for (int round = 1; round <= 20; ++round) {
        CHECK(c->start());
        c->stop();
        std::thread sender([&] { CHECK(p->send_string("later")); });
        CHECK_EQ(c->poll(kHangMs).count, 1u);
        sender.join();
        CHECK_EQ(got.load(), round);
    }
    fresh("stops");
}
TEST(the_thread_tells_of_each_end_and_goes_on) {
    fresh("ends");
    auto c = create_manager("ends", false, 4096);
    std::atomic<int> got{0}, closed{0}, died{0}, others{0};
    c->on_any([&](const MessageView&) { ++got; });
    c->on_error([&](const Error& error) {
        const Errc code = error.code();
        ++(code == Errc::kClosed ? closed : code == Errc::kPeerDied ? died : others);
    });
    CHECK(c->start());
    for (int round = 1; round <= 3; ++round) {
        CHECK(create_producer("ends", 4096)->send_string("then close"));
        eventually([&] { return got == 2 * round - 1 && closed == round; });
        const pid_t dying = child([] {
            CHECK(create_producer("ends", 4096).release()->send_string("then die"));
            pause();
        });
        eventually([&] { return got == 2 * round; });
        kill_and_join(dying);
        eventually([&] { return died == round; });
    }
    CHECK_EQ(closed + died + others, 6);
    c.reset();
    fresh("ends");
}
TEST(a_manager_sends_no_heartbeat_messages) {
    fresh("beats");
    auto p = create_manager("beats", true, 4096);
    auto c = create_consumer("beats", 4096);
    CHECK(p->start(2));
    for (int i = 0; i < 5; ++i) {
        const std::uint64_t before = c->ring().snapshot().producer.heartbeat_ns;
        eventually([&] { return c->ring().snapshot().producer.heartbeat_ns != before; });
    }
    CHECK_CODE(c->try_receive().status().code(), Errc::kEmpty);
    CHECK_EQ(c->statistics().messages_sent, 0u);
    TestData data;
    std::string s;
    CHECK_CODE(c->receive_typed(data, 0).code(), Errc::kTimeout);
    CHECK_CODE(c->receive_string(s, 0).code(), Errc::kTimeout);
    // The application's own are messages like any other.
    CHECK(p->send({}, MessageType::HEARTBEAT));
    CHECK(c->receive(kHangMs).message_type() == MessageType::HEARTBEAT);
    fresh("beats");
}
TEST(stop_inside_a_handler_ends_the_thread_behind_it) {
    fresh("stopin");
    auto p = create_producer("stopin", 4096);
    auto c = create_manager("stopin", false, 4096);
    std::atomic<int> got{0};
    c->on_any([&](const MessageView& m) {
        if (++got % 2 == 0) return;
        c->stop();
        CHECK(m.text() == "one");
        CHECK_CODE(c->start().code(), Errc::kBusy);
        CHECK_CODE(c->poll().status.code(), Errc::kBusy);
        CHECK_CODE(c->send_string("x").code(), Errc::kUnsupported);
        CHECK(c->peer_state() == PeerState::kAlive && c->statistics().messages_sent > 0);
    });
    for (int round = 0; round < 20; ++round) {
        CHECK(p->send_string("one") && p->send_string("two"));
        // The last one is over, or about to be.
        eventually([&] { return c->start() != Errc::kBusy; });
        eventually([&] { return got == 2 * round + 1; });
        eventually([&] { return c->poll().count == 1; });
        CHECK_EQ(got.load(), 2 * round + 2);
    }
    fresh("stopin");
}
TEST(close_inside_a_handler_takes_effect_behind_it) {
    for (const bool in_a_thread : {true, false}) {
        fresh("closein");
        auto p = create_producer("closein", 4096);
        auto c = create_manager("closein", false, 4096);
        std::atomic<int> got{0};
        c->on_any([&](const MessageView& m) {
            c->close();
            CHECK(m.text() == std::to_string(got));
            ++got;
        });
        for (int i = 0; i < 3; ++i) CHECK(p->send_string(std::to_string(i)));
        if (in_a_thread) {
            CHECK(c->start());
        } else {
            CHECK_EQ(c->poll().count, 1u);
        }
        eventually([&] { return p->peer_state() == PeerState::kClosed; });
        CHECK_EQ(got.load(), 1);
        CHECK_CODE(c->poll().status.code(), Errc::kDisposed);
        CHECK_CODE(c->start().code(), Errc::kDisposed);
        c.reset();
        auto next = create_consumer("closein", 4096);
        CHECK(next->peek().text() == "1");
        fresh("closein");
    }
}
TEST(a_handler_may_destroy_its_manager) {
    for (int round = 0; round < 200; ++round) {
        const bool in_a_thread = round % 2 == 0;
        fresh("destroy");
        auto p = create_producer("destroy", 4096);
        auto c = create_manager("destroy", false, 4096);
        std::atomic<bool> gone{false};
        c->on_any([&](const MessageView& m) {
            c.reset();
            CHECK(m.text() == "last");
            gone = true;
        });
        CHECK(p->send_string("last") && p->send_string("unread"));
        if (in_a_thread) {
            CHECK(c->start());
        } else {
            static_cast<void>(c->poll());
        }
        eventually([&] { return gone && p->peer_state() == PeerState::kClosed; });
        fresh("destroy");
    }
}
TEST(a_handler_may_set_handlers) {
    fresh("onin");
    auto p = create_producer("onin", 4096);
    auto c = create_manager("onin", false, 4096);
    std::atomic<int> first{0}, second{0};
    c->on_any([&](const MessageView&) {
        ++first;
        c->on_any([&](const MessageView&) { ++second; });
        c->on(MessageType::CONTROL, [&](const MessageView&) { second += 100; });
    });
    CHECK(c->start());
    for (int i = 0; i < 3; ++i) CHECK(p->send_string("x"));
    CHECK(p->send({}, MessageType::CONTROL));
    eventually([&] { return first == 1 && second == 102; });
    fresh("onin");
}
TEST(a_log_callback_may_use_the_manager_that_it_is_called_for) {
    fresh("login");
    auto p = create_manager("login", true, 1024);
    std::atomic<int> lines{0};
    set_log_callback([&](LogLevel, std::string_view) {
        ++lines;
        CHECK_CODE(p->send_string("inside").code(), Errc::kBusy);
        if (lines == 2) p->close();
    });
    CHECK_CODE(p->send_string(std::string(2000, 'x')).code(), Errc::kTooLarge);
    CHECK_CODE(p->send({}, static_cast<MessageType>(0)).code(), Errc::kInvalidType);
    CHECK_CODE(p->send_string("closed").code(), Errc::kDisposed);
    CHECK_EQ(lines.load(), 2);
    set_log_callback(nullptr);
    fresh("login");
}

/// What a child writes to its standard error output.
static std::string errors_of(const std::function<void()>& body) {
    int lines[2];
    CHECK(pipe(lines) == 0);
    const pid_t pid = child([&] {
        dup2(lines[1], STDERR_FILENO);
        close(lines[1]);
        body();
    });
    close(lines[1]);
    std::string text;
    char part[256];
    for (ssize_t n; (n = read(lines[0], part, sizeof part)) > 0;) text.append(part, size_t(n));
    close(lines[0]);
    join(pid);
    return text;
}

TEST(a_throwing_handler_is_seen_and_the_thread_goes_on) {
    const auto run = [](const std::function<void(SharedMemoryManager&)>& prepare) {
        fresh("throws");
        auto p = create_producer("throws", 4096);
        auto c = create_manager("throws", false, 4096);
        std::atomic<int> got{0};
        c->on_any([&](const MessageView& m) {
            ++got;
            if (m.text() == "bad") throw std::runtime_error("no good");
            if (m.text() == "worse") throw 42;
        });
        prepare(*c);
        CHECK(c->start());
        for (const char* text : {"bad", "worse", "fine", "bad"}) CHECK(p->send_string(text));
        eventually([&] { return got == 4 && c->statistics().messages_received == 4; });
        c.reset();
        fresh("throws");
    };
    const std::string text = errors_of([&] { run([](SharedMemoryManager&) {}); });
    CHECK(text.find("ring 'throws': a handler threw: no good") != std::string::npos);
    CHECK(text.find("a handler threw: something that is no std::exception") != std::string::npos);
    CHECK_EQ(std::count(text.begin(), text.end(), '\n'), 3);
    const std::string silent = errors_of([&] {
        int told = 0;
        run([&](SharedMemoryManager& c) {
            c.on_error([&](const Error& error) {
                CHECK_CODE(error.code(), Errc::kHandlerFailed);
                CHECK(error.message().find("a handler threw") != std::string::npos);
                ++told;
            });
        });
        CHECK_EQ(told, 3);
        int lines = 0;
        set_log_callback([&](LogLevel, std::string_view line) {
            lines += line.find("a handler threw") != std::string_view::npos;
        });
        run([](SharedMemoryManager&) {});
        CHECK_EQ(lines, 3);
    });
    CHECK(silent.empty());
    const std::string both = errors_of(
        [&] { run([](SharedMemoryManager& c) { c.on_error([](const Error&) { throw 1; }); }); });
    CHECK(both.find("the error handler of a manager threw") != std::string::npos);
}
TEST(what_a_handler_throws_comes_through_from_poll) {
    fresh("through");
    auto p = create_producer("through", 4096);
    auto c = create_manager("through", false, 4096);
    std::string seen;
    c->on_any([&](const MessageView& m) {
        seen += m.text();
        if (m.text() == "2") throw std::runtime_error("no good");
    });
    for (const char* text : {"1", "2", "3"}) CHECK(p->send_string(text));
    try {
        static_cast<void>(c->poll());
        CHECK(false);
    } catch (const std::runtime_error& error) {
        CHECK(std::string(error.what()) == "no good");
    }
    CHECK(seen == "12" && c->poll().count == 1 && seen == "123");
    fresh("through");
}
int main(int argc, char** argv) { return run_all(argc, argv); }
