// How a ring's sides end, and what the other one hears of it: closing, dying, removal, tidying up.
#include <sys/stat.h>

#include <thread>

#include "test.h"

constexpr int kHangMs = int(kHang) * 1000;

static void fill(SharedMemoryProducer& p) {
    Status status;
    while (status || status == Errc::kClosed) status = p.try_send(std::string(40, 'x'));
    CHECK_CODE(status.code(), Errc::kFull);
}

TEST(closed_is_told_once_and_then_the_consumer_waits_for_the_next_producer) {
    fresh("once");
    auto c = create_consumer("once", 4096);
    std::string s;
    for (int round = 0; round < 3; ++round) {
        CHECK_CODE(c->receive_string(s, 0).code(), Errc::kTimeout);
        std::thread sender([] {
            auto p = create_producer("once", 4096);
            CHECK(p->send_string("last"));
        });
        CHECK(c->receive_string(s, kHangMs) && s == "last");
        CHECK_CODE(c->receive_string(s, kHangMs).code(), Errc::kClosed);
        sender.join();
        const double start = seconds();
        CHECK_CODE(c->receive_string(s, 120).code(), Errc::kTimeout);
        CHECK(seconds() - start >= 0.1);
        for (int i = 0; i < 20000; ++i) CHECK_CODE(c->try_receive().status().code(), Errc::kEmpty);
    }
    c->close();
    CHECK(!exists("once"));
}
TEST(closed_is_told_once_and_then_a_full_producer_waits_for_the_next_consumer) {
    fresh("oncep");
    Options o = sized(1024);
    o.send_timeout = 120;
    auto p = create_producer("oncep", o);
    for (int round = 0; round < 3; ++round) {
        fill(*p);
        CHECK_CODE(p->send(std::string(40, 'x')).code(), Errc::kTimeout);
        create_consumer("oncep", 1024).reset();
        CHECK_CODE(p->send(std::string(40, 'x')).code(), Errc::kClosed);
        CHECK_CODE(p->send(std::string(40, 'x')).code(), Errc::kTimeout);
        for (int i = 0; i < 20000; ++i) {
            CHECK_CODE(p->try_send(std::string(40, 'x')).code(), Errc::kFull);
        }
        auto c = create_consumer("oncep", 1024);
        CHECK(c->clear() > 0 && p->send(std::string(40, 'x')));
        CHECK(c->skip());
    }
    fresh("oncep");
}
TEST(a_side_that_starts_after_a_closed_pair_waits) {
    for (const bool consumer_first : {true, false}) {
        fresh("after");
        // Something that keeps the file there.
        create_producer("after", 1024).reset();
        CHECK(!exists("after"));
        auto p = create_producer("after", 1024);
        auto c = create_consumer("after", 1024);
        CHECK(link(file_of("after").c_str(), file_of("after2").c_str()) == 0);
        consumer_first ? c->close() : p->close();
        consumer_first ? p->close() : c->close();
        CHECK(!exists("after"));
        CHECK(rename(file_of("after2").c_str(), file_of("after").c_str()) == 0);
        if (consumer_first) {
            c = create_consumer("after", 1024);
            CHECK_CODE(c->receive(150).status().code(), Errc::kTimeout);
            CHECK(c->peer_state() == PeerState::kClosed);
        } else {
            Options o = sized(1024);
            o.send_timeout = 150;
            p = create_producer("after", o);
            fill(*p);
            CHECK_CODE(p->send(std::string(40, 'x')).code(), Errc::kTimeout);
        }
        fresh("after");
    }
}
TEST(a_side_that_starts_after_a_dead_one_waits) {
    fresh("afterd");
    in_killed_child([] { create_producer("afterd", 1024).release(); });
    auto c = create_consumer("afterd", 1024);
    CHECK_CODE(c->receive(250).status().code(), Errc::kTimeout);
    fresh("afterd");
}
TEST(what_was_left_is_read_and_then_closed_is_told) {
    fresh("left");
    CHECK(create_producer("left", 1024)->send_string("left"));
    CHECK(exists("left"));
    auto c = create_consumer("left", 1024);
    std::string s;
    CHECK(c->receive_string(s) && s == "left");
    CHECK_CODE(c->receive_string(s, kHangMs).code(), Errc::kClosed);
    CHECK_CODE(c->receive_string(s, 120).code(), Errc::kTimeout);
    fresh("left");
    in_killed_child([] { CHECK(create_producer("left", 1024).release()->send_string("left")); });
    c = create_consumer("left", 1024);
    CHECK(c->receive_string(s) && s == "left");
    CHECK_CODE(c->receive_string(s, kHangMs).code(), Errc::kPeerDied);
    CHECK_CODE(c->receive_string(s, 250).code(), Errc::kTimeout);
    fresh("left");
}
TEST(an_end_that_a_batch_came_upon_is_told_by_the_next_call) {
    fresh("batchend");
    auto c = create_consumer("batchend", 4096);
    std::vector<SharedMemoryMessage> got;
    const auto ignore = [](const MessageView&) {};
    for (int round = 0; round < 3; ++round) {
        {
            auto p = create_producer("batchend", 4096);
            CHECK(p->send_string("1") && p->send_string("2"));
        }
        if (round == 0) CHECK(c->receive_batch(got, 10) && got.size() == 2);
        if (round == 1) {
            const BatchResult result = c->drain(ignore);
            CHECK(result.count == 2 && result.status == Errc::kEmpty);
        }
        if (round == 2) CHECK(c->peek() && c->skip() && c->skip() && !c->peek());
        CHECK_CODE(c->receive(kHangMs).status().code(), Errc::kClosed);
        CHECK_CODE(c->receive(0).status().code(), Errc::kTimeout);
    }
    fresh("batchend");
}
TEST(the_last_one_out_removes_the_file_whichever_it_is) {
    for (int round = 0; round < 20; ++round) {
        fresh("lastout");
        auto p = create_producer("lastout", 1024);
        auto c = create_consumer("lastout", 1024);
        CHECK(p->send_string("x") && c->skip());
        if (round % 2 == 0) {
            p->close();
            CHECK(exists("lastout"));
            c->close();
        } else {
            c->close();
            CHECK(exists("lastout"));
            p->close();
        }
        CHECK(!exists("lastout"));
    }
}
TEST(one_of_two_that_close_at_once_removes_the_file) {
    for (int round = 0; round < 300; ++round) {
        fresh("atonce");
        auto p = create_producer("atonce", 1024);
        auto c = create_consumer("atonce", 1024);
        std::atomic<int> ready{0};
        const auto go = [&ready] {
            ++ready;
            while (ready != 2) {
            }
        };
        std::thread other([&] {
            go();
            p->close();
        });
        go();
        c->close();
        other.join();
        CHECK(!exists("atonce"));
    }
}
TEST(a_close_waits_for_no_peer_that_says_neither_closed_nor_attached) {
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < 20; ++round) {
        fresh("nonsense");
        auto p = create_producer("nonsense", 1024);
        auto c = create_consumer("nonsense", 1024);
        CHECK(p && c);
        const std::uint32_t state = round % 2 == 0 ? 0 : 7;
        patch("nonsense", ring_header::kConsumerStateOffset, &state, sizeof state);
        p->close();
        p = create_producer("nonsense", 1024);
        patch("nonsense", ring_header::kProducerStateOffset, &state, sizeof state);
        c->close();
    }
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(kHangMs));
    fresh("nonsense");
}
TEST(a_ring_that_is_not_drained_stays) {
    fresh("undrained");
    auto p = create_producer("undrained", 1024);
    auto c = create_consumer("undrained", 1024);
    CHECK(p->send_string("one") && p->send_string("two"));
    CHECK(c->skip());
    c->close();
    p->close();
    CHECK(exists("undrained"));
    c = create_consumer("undrained", 1024);
    auto held = c->receive();
    CHECK(held.text() == "two");
    // Not given back: it has to come again.
    c->close();
    held.release();
    CHECK(exists("undrained"));
    c = create_consumer("undrained", 1024);
    CHECK(c->skip());
    c->close();
    CHECK(!exists("undrained"));
}
TEST(a_peer_that_was_killed_does_not_keep_the_file) {
    fresh("killedpeer");
    auto p = create_producer("killedpeer", 1024);
    CHECK(p->send_string("x"));
    in_killed_child([&] {
        p.release();
        CHECK(create_consumer("killedpeer", 1024).release()->skip());
    });
    p->close();
    CHECK(!exists("killedpeer"));
}
TEST(a_new_peer_keeps_the_file) {
    // A successor attaches while the last one out is on its way: nobody may lose the file it is on.
    for (int round = 0; round < 200; ++round) {
        fresh("newpeer");
        auto p = create_producer("newpeer", 1024);
        create_consumer("newpeer", 1024).reset();
        std::unique_ptr<SharedMemoryConsumer> next;
        std::thread other([&] { next = create_consumer("newpeer", 1024); });
        p->close();
        other.join();
        CHECK(next && exists("newpeer"));
        auto q = create_producer("newpeer", 1024);
        CHECK(q->send_string("here"));
        std::string s;
        CHECK(next->receive_string(s, kHangMs) && s == "here");
    }
    fresh("newpeer");
}
TEST(a_removed_file_is_noticed_by_a_producer_with_room) {
    fresh("gone");
    auto c = create_consumer("gone", 1 << 20);
    auto p = create_producer("gone", 1 << 20);
    std::atomic<bool> told{false};
    std::thread reader([&] {
        Status status;
        while (status) status = c->receive(kHangMs).status();
        CHECK_CODE(status.code(), Errc::kRemoved);
        told = true;
    });
    for (int i = 0; i < 10; ++i) CHECK(p->send_string("x"));
    fresh("gone");
    // At a low rate: the consumer sleeps between two of them, or has noticed.
    Status status;
    int sent = 0;
    const double start = seconds();
    for (; status; ++sent) {
        status = p->send_string("x");
        usleep(5000);
        CHECK(seconds() - start < kHang);
    }
    CHECK_CODE(status.code(), Errc::kRemoved);
    CHECK(sent < 1000);
    eventually([&] { return told.load(); });
    reader.join();
    CHECK_CODE(p->send_string("x").code(), Errc::kRemoved);
    CHECK_CODE(p->try_claim(4).status().code(), Errc::kRemoved);
    auto batch = p->batch();
    CHECK_CODE(batch.push(std::string("x")).code(), Errc::kRemoved);
}
TEST(a_removed_file_is_noticed_by_a_producer_at_full_speed) {
    for (const bool in_batches : {false, true}) {
        fresh("gonefast");
        auto p = create_producer("gonefast", 1 << 20);
        CHECK(p->send_string("x"));
        fresh("gonefast");
        usleep(150000);  // the last look is older than a tenth of a second
        Status status;
        int sent = 0;
        auto batch = p->batch();
        for (; status; ++sent) {
            status = in_batches ? batch.push(std::string(8, 'x')) : p->send(std::string(8, 'x'));
        }
        CHECK_CODE(status.code(), Errc::kRemoved);
        CHECK(sent <= 1000);
    }
}
TEST(removed_is_told_before_closed_and_for_ever) {
    fresh("forever");
    auto p = create_producer("forever", 4096);
    auto c = create_consumer("forever", 4096);
    CHECK(p->send_string("x"));
    fresh("forever");
    p->close();
    std::string s;
    CHECK(c->receive_string(s) && s == "x");
    for (int i = 0; i < 5; ++i) {
        CHECK_CODE(c->receive_string(s, kHangMs).code(), Errc::kRemoved);
        CHECK_CODE(c->try_receive().status().code(), Errc::kRemoved);
    }
    CHECK(!c->wait_for_peer(kForever));
    fresh("forever");
    p = create_producer("forever", 1024);
    c = create_consumer("forever", 1024);
    fill(*p);
    fresh("forever");
    c->close();
    CHECK_CODE(p->send(std::string(40, 'x')).code(), Errc::kRemoved);
    CHECK_CODE(p->send_string("x").code(), Errc::kRemoved);
    CHECK_CODE(remove_ring("forever").code(), Errc::kNotFound);
}
TEST(a_second_name_does_not_hide_a_removal) {
    // What a creator leaves behind that is killed between giving the name and taking the other one.
    fresh("twonames");
    auto c = create_consumer("twonames", 4096);
    const std::string other = folder() + "/.twonames";
    unlink(other.c_str());
    CHECK(link(file_of("twonames").c_str(), other.c_str()) == 0);
    CHECK_CODE(c->receive(250).status().code(), Errc::kTimeout);
    fresh("twonames");
    CHECK_CODE(c->receive(kHangMs).status().code(), Errc::kRemoved);
    CHECK(unlink(other.c_str()) == 0);
}
TEST(wait_for_peer_waits_for_a_live_one) {
    fresh("waitpeer");
    auto c = create_consumer("waitpeer", 4096);
    CHECK(!c->wait_for_peer(0) && !c->wait_for_peer(30));
    CHECK(!c->wait_for_peer(-7));
    CHECK_CODE(c->last_error().code(), Errc::kInvalidArgument);
    in_killed_child([&] {
        c.release();
        create_producer("waitpeer", 4096).release();
    });
    CHECK(!c->wait_for_peer(120));
    std::atomic<bool> done{false};
    std::thread other([&] {
        usleep(20000);
        auto p = create_producer("waitpeer", 4096);
        CHECK(p->wait_for_peer(kHangMs));
        while (!done) usleep(1000);
    });
    CHECK(c->wait_for_peer());
    done = true;
    other.join();
    std::thread interrupter([&] { c->interrupt(); });
    CHECK(!c->wait_for_peer(kForever));
    interrupter.join();
    fresh("waitpeer");
}
TEST(same_moment_ends_and_beginnings_are_each_told_once) {
    // Producers that come and go as fast as they can: the consumer hears of no more ends than there
    // were, and of the last one for certain.
    fresh("comego");
    constexpr int kRounds = 400;
    auto c = create_consumer("comego", 4096);
    std::thread producers([] {
        for (int i = 0; i < kRounds; ++i) {
            auto p = create_producer("comego", 4096);
            CHECK(p && p->send(&i, sizeof i));
        }
    });
    int closed = 0, next = 0;
    while (next < kRounds || closed == 0) {
        const ReceivedMessage m = c->receive(kHangMs);
        if (m) {
            int value = -1;
            CHECK(m.decode(value));
            CHECK_EQ(value, next++);
        } else {
            CHECK_CODE(m.status().code(), Errc::kClosed);
            ++closed;
        }
    }
    producers.join();
    if (c->receive(120).status() == Errc::kClosed) ++closed;
    CHECK(closed <= kRounds);
    CHECK_CODE(c->receive(120).status().code(), Errc::kTimeout);
    fresh("comego");
}
int main(int argc, char** argv) { return run_all(argc, argv); }
