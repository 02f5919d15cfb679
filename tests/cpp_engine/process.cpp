// Two processes: start orders, death, recovery, sleeping, tidy-up races.
#include "test.h"

static uint64_t cpu_ns() {
    rusage u{};
    getrusage(RUSAGE_SELF, &u);
    return uint64_t(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000ULL +
           uint64_t(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000ULL;
}

static void send_numbers(const char* name, uint32_t count, Options o) {
    auto p = create_producer(name, o);
    CHECK(p);
    for (uint32_t i = 0; i < count; ++i) CHECK(p->send(&i, sizeof i));
    p->close();
}
static void expect_numbers(const char* name, uint32_t count, Options o) {
    auto c = create_consumer(name, o);
    CHECK(c);
    for (uint32_t i = 0; i < count; ++i) {
        auto m = c->receive();
        uint32_t v = 0;
        CHECK(m);
        std::memcpy(&v, m.payload().data(), 4);
        CHECK_EQ(v, i);
    }
    CHECK_CODE(c->receive().status().code(), Errc::kClosed);
    CHECK_EQ(
        c->ring().snapshot().consumer.missed_wakeups + c->ring().snapshot().producer.missed_wakeups,
        0u);
}
TEST(both_start_orders) {
    for (int round = 0; round < 20; ++round) {
        fresh("start");
        const pid_t a = child([&] {
            if (round % 2) usleep(10000);
            send_numbers("start", 20000, sized(4096));
        });
        const pid_t b = child([&] {
            if (round % 2 == 0) usleep(10000);
            expect_numbers("start", 20000, sized(4096));
        });
        join(a);
        join(b);
        CHECK(access(file_of("start").c_str(), F_OK) != 0);
    }
}
TEST(same_moment_and_tidy_up) {
    // Attaches race with the tidy-up of the round before: no message may be lost in a removed file.
    fresh("race");
    const int rounds = 300;
    const pid_t a = child([&] {
        for (int i = 0; i < rounds; ++i) {
            Error e;
            auto p = create_producer("race", sized(1024), e);
            if (!p) {
                std::fprintf(stderr, "%s\n", e.message().c_str());
                _exit(1);
            }
            for (;;) {
                const Status st = p->send(&i, sizeof i);
                if (st) break;
                CHECK_CODE(st.code(), Errc::kClosed);
                usleep(100);
            }
            p->close();
        }
    });
    const pid_t b = child([&] {
        int next = 0;
        while (next < rounds) {
            Error e;
            auto c = create_consumer("race", sized(1024), e);
            if (!c) {
                std::fprintf(stderr, "%s\n", e.message().c_str());
                _exit(1);
            }
            while (auto m = c->receive(5)) {
                int v;
                std::memcpy(&v, m.payload().data(), 4);
                CHECK_EQ(v, next);
                ++next;
            }
        }
    });
    join(a);
    join(b);
    fresh("race");
}
TEST(peer_died_is_told_once) {
    fresh("died");
    auto c = create_consumer("died", 4096);
    const pid_t pid = child([&] {
        c.release();
        auto p = create_producer("died", 4096);
        CHECK(p->send_string("bye"));
        raise(SIGKILL);
    });
    int status;
    waitpid(pid, &status, 0);
    std::string s;
    CHECK(c->receive_string(s) && s == "bye");
    const double t = seconds();
    CHECK_CODE(c->receive_string(s).code(), Errc::kPeerDied);
    CHECK(seconds() - t < kHang);
    CHECK(c->peer_state() == PeerState::kDied);
    CHECK_CODE(c->receive_string(s, 250).code(), Errc::kTimeout);
    const pid_t next = child([&] {
        c.release();
        usleep(20000);
        auto p = create_producer("died", 4096);
        CHECK(p->send_string("back"));
        raise(SIGKILL);
    });
    CHECK(c->receive_string(s) && s == "back");
    CHECK_CODE(c->receive_string(s).code(), Errc::kPeerDied);
    waitpid(next, &status, 0);
    int polls = 0;
    Status st = Errc::kEmpty;
    const pid_t third = child([&] {
        c.release();
        auto p = create_producer("died", 4096);
        raise(SIGKILL);
    });
    waitpid(third, &status, 0);
    while ((st = c->try_receive().status()) == Errc::kEmpty && ++polls < 100000000) {
    }
    CHECK_CODE(st.code(), Errc::kPeerDied);
    fresh("died");
}
TEST(peek_and_has_message_leave_a_death_to_the_next_receive) {
    fresh("peeked");
    auto c = create_consumer("peeked", 4096);
    const pid_t producer = child([] {
        CHECK(create_producer("peeked", 4096).release()->send_string("last"));
        pause();
    });
    std::string s;
    CHECK(c->receive_string(s) && s == "last");
    kill_and_join(producer);
    for (int i = 0; i < 10000; ++i) CHECK(!c->peek() && !c->has_message());
    CHECK_CODE(c->receive(int(kHang) * 1000).status().code(), Errc::kPeerDied);
    CHECK_CODE(c->receive(0).status().code(), Errc::kTimeout);
    c.reset();
    fresh("peeked");
}
TEST(killed_producers_lose_nothing) {
    // The consumer must see ids without gap or repetition, whatever moment the producer dies at.
    fresh("killp");
    std::mt19937 rnd(seed());
    auto c = create_consumer("killp", 4096);
    uint32_t next = 0;
    int deaths = 0;
    const int rounds = 300;
    for (int round = 0; round < rounds; ++round) {
        const unsigned mode = rnd() % 3;
        const pid_t pid = child([&] {
            c.release();
            std::mt19937 r(unsigned(round) * 7919U + seed());
            auto p = create_producer("killp", 4096);
            CHECK(p);
            for (;;) {
                const std::string text(r() % 300, 'x');
                if (mode == 0)
                    CHECK(p->send_string(text));
                else if (mode == 1) {
                    std::vector<std::string> v(r() % 5 + 1, text.substr(0, text.size() / 5));
                    CHECK(p->send_batch(v));
                } else {
                    auto claim = p->claim(text.size());
                    if (claim && r() % 3) CHECK(claim.commit(text.size() / 2));
                }
            }
        });
        const double end = seconds() + double(rnd() % 3000) * 1e-6;
        while (seconds() < end) {
            if (rnd() % 4 == 0) usleep(rnd() % 100);
            auto m = c->try_receive();
            if (m) {
                CHECK_EQ(m.message_id(), next);
                ++next;
            }
        }
        kill_and_join(pid);
        for (;;) {
            auto m = c->receive(250);
            if (m) {
                CHECK_EQ(m.message_id(), next);
                ++next;
                continue;
            }
            if (m.status() == Errc::kPeerDied) {
                ++deaths;
                break;
            }
            CHECK_CODE(m.status().code(), Errc::kTimeout);  // killed before it attached
            break;
        }
    }
    std::printf("       %u messages, %d deaths told\n", next, deaths);
    CHECK(next > 1000 && deaths > rounds / 2 && c->ring().snapshot().receive_errors == 0);
    fresh("killp");
}
TEST(killed_consumers_get_the_rest) {
    // What was received and not released may come again, at most one message; nothing is skipped.
    fresh("killc");
    std::mt19937 rnd(seed());
    auto p = create_producer("killc", 4096);
    std::atomic<bool> stop{false};
    int fds[2];
    CHECK(pipe(fds) == 0);
    uint32_t last = 0;
    bool any = false;
    int repeats = 0, rounds = 300;
    uint64_t total = 0;
    for (int round = 0; round < rounds; ++round) {
        const pid_t pid = child([&] {
            p.release();
            auto c = create_consumer("killc", 4096);
            CHECK(c);
            for (;;) {
                auto m = c->receive();
                if (!m) continue;
                const uint32_t id = m.message_id();
                CHECK(write(fds[1], &id, sizeof id) == sizeof id);
            }
        });
        const double end = seconds() + double(rnd() % 3000) * 1e-6;
        while (seconds() < end) static_cast<void>(p->try_send(std::string(rnd() % 100, 'y')));
        kill_and_join(pid);
        fcntl(fds[0], F_SETFL, O_NONBLOCK);
        uint32_t id;
        bool first = true;
        while (read(fds[0], &id, sizeof id) == sizeof id) {
            if (any) {
                if (first && id == last)
                    ++repeats;
                else
                    CHECK_EQ(id, last + 1);
            }
            last = id;
            any = true;
            first = false;
            ++total;
        }
    }
    std::printf("       %llu messages, %d repeated\n", (unsigned long long)total, repeats);
    CHECK(total > 0);
    fresh("killc");
}
TEST(paused_producer_keeps_its_role) {
    fresh("paused");
    auto c = create_consumer("paused", 4096);
    int go_on[2];
    CHECK(pipe(go_on) == 0);
    const pid_t pid = child([&] {
        c.release();
        auto p = create_producer("paused", 4096);
        CHECK(p->send_string("x"));
        char word = 0;
        CHECK(read(go_on[0], &word, 1) == 1);
        CHECK(p->send_string("x"));
        CHECK(p->send_string("x"));
        p->close();
    });
    std::string s;
    CHECK(c->receive_string(s));
    kill(pid, SIGSTOP);
    int status = 0;
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    CHECK(write(go_on[1], "!", 1) == 1);
    CHECK_CODE(c->receive_string(s, 400).code(), Errc::kTimeout);
    CHECK(c->peer_state() == PeerState::kAlive);
    Error e;
    CHECK(!create_producer("paused", sized(4096), e) && e.code() == Errc::kRoleTaken);
    kill(pid, SIGCONT);
    CHECK(c->receive_string(s) && c->receive_string(s));
    CHECK_CODE(c->receive_string(s).code(), Errc::kClosed);
    join(pid);
    fresh("paused");
}
TEST(a_blocked_receiver_is_idle) {
    fresh("idle");
    auto c = create_consumer("idle", 4096);
    auto p = create_producer("idle", 4096);
    CHECK(!c->receive(100));
    const uint64_t before = cpu_ns();
    CHECK_CODE(c->receive(2000).status().code(), Errc::kTimeout);
    const uint64_t used = cpu_ns() - before;
    std::printf("       %.2f ms of processor in 2 s\n", double(used) * 1e-6);
    CHECK(used < 20000000);
    fresh("idle");
}
TEST(idle_managers_are_idle) {
    std::vector<std::unique_ptr<SharedMemoryManager>> managers;
    for (int i = 0; i < 4; ++i) {
        const std::string name = "idle" + std::to_string(i);
        fresh(name);
        for (const bool is_producer : {true, false}) {
            managers.push_back(create_manager(name, is_producer, 4096));
            CHECK(managers.back()->start());
        }
    }
    const uint64_t before = cpu_ns();
    const double start = seconds();
    sleep(3);
    const double elapsed = seconds() - start;
    const double share = double(cpu_ns() - before) * 1e-9 / elapsed / double(managers.size());
    std::printf("       %.3f %% of a processor for each\n", share * 100);
    CHECK(share < 0.003);
}
TEST(a_manager_with_a_short_interval_sleeps_in_between) {
    fresh("short");
    auto p = create_manager("short", true, 4096);
    auto c = create_manager("short", false, 4096);
    CHECK(p->start(1) && c->start(1));
    const uint64_t before = cpu_ns();
    const double start = seconds();
    sleep(1);
    CHECK(double(cpu_ns() - before) * 1e-9 < 0.5 * (seconds() - start));
}
TEST(no_wakeup_is_missed) {
    fresh("wake");
    const int count = 20000;
    const pid_t pid = child([&] {
        auto p = create_producer("wake", 4096);
        std::mt19937 rnd(seed());
        for (int i = 0; i < count; ++i) {
            const double end = seconds() + double(rnd() % 200) * 1e-6;
            if (rnd() % 2) usleep(rnd() % 60);
            while (seconds() < end) {
            }
            CHECK(p->send(&i, sizeof i));
        }
        p->close();
    });
    Options o = sized(4096);
    o.spin = 0;
    auto c = create_consumer("wake", o);
    int n = 0;
    while (auto m = c->receive()) ++n;
    join(pid);
    CHECK_EQ(n, count);
    CHECK_EQ(c->ring().snapshot().consumer.missed_wakeups, 0u);
    fresh("wake");
}
TEST(no_wakeup_is_missed_by_a_blocked_producer) {
    fresh("wakep");
    const int count = 20000;
    const pid_t pid = child([&] {
        Options o = sized(1024);
        o.spin = 0;
        auto p = create_producer("wakep", o);
        for (int i = 0; i < count; ++i) CHECK(p->send(std::string(100, 'z')));
        p->close();
    });
    auto c = create_consumer("wakep", 1024);
    std::mt19937 rnd(seed());
    int n = 0;
    while (auto m = c->receive()) {
        ++n;
        if (rnd() % 2) usleep(rnd() % 60);
    }
    join(pid);
    CHECK_EQ(n, count);
    CHECK_EQ(c->ring().snapshot().producer.missed_wakeups, 0u);
    fresh("wakep");
}
int main(int argc, char** argv) { return run_all(argc, argv); }
