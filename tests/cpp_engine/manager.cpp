// What a manager does when threads, forks, stops and ends meet.
#include "test.h"

#include <thread>

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
int main(int argc, char** argv) { return run_all(argc, argv); }
