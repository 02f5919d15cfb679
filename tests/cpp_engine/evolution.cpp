// Specs that differ: versions that grew, structs that were changed without a version, strangers.
// And what structs and enums print, and when they are equal.
#include "newer.h"
#include "older.h"
#include "stranger.h"
#include "swapped.h"
// The framework's own names are those of one of them.
#define ENGINE_NAMESPACE older
#include <pthread.h>

#include "test.h"

static newer::Quote quote(double bid) {
    newer::Quote quote;
    quote.bid = bid;
    quote.ask = bid + 1;
    quote.side = newer::Side::SELL;
    quote.size = 77;
    CHECK(quote.set_venue("XNYS"));
    quote.levels[1].price = 3;
    quote.levels[1].open = true;
    return quote;
}
static older::Options sized_older(older::Capacity capacity) { return sized(capacity); }

TEST(another_schema_of_the_same_version_is_refused) {
    fresh("schema");
    auto p = older::create_producer("schema", 4096);
    swapped::Error error;
    swapped::Options o;
    CHECK(!swapped::create_consumer("schema", o, error));
    CHECK(error.code() == swapped::Errc::kSchemaMismatch);
    CHECK(error.expected() == swapped::kSchemaHash && error.found() == older::kSchemaHash);
    o.any_schema = true;
    CHECK(swapped::create_consumer("schema", o, error));
    // Another minor version is what is to be expected.
    auto c = newer::create_consumer("schema", 4096);
    CHECK(c && !c->ring().schema_matches());
    c.reset();
    // Another protocol is not, whatever its headers look like.
    stranger::Error strange;
    CHECK(!stranger::create_consumer("schema", stranger::Options(), strange));
    CHECK(strange.code() == stranger::Errc::kLayoutMismatch);
    CHECK(!stranger::Monitor::open("schema", strange));
    CHECK(swapped::Monitor::open("schema", error));
    fresh("schema");
}
TEST(an_older_reader_reads_the_known_part_of_a_newer_message) {
    fresh("known");
    auto p = newer::create_producer("known", 4096);
    auto c = older::create_consumer("known", 4096);
    newer::Note note;
    note.code = 42;
    note.text = "a tail that it does not know";
    CHECK(p->send_typed(quote(1)) && p->send_typed(note) && p->send_typed(quote(2)));
    older::Quote seen;
    older::Note seen_note;
    CHECK(c->receive_typed(seen));
    CHECK(seen.bid == 1 && seen.ask == 2 && seen.side == older::Side::SELL);
    CHECK(seen.venue_view() == "XNYS" && seen.levels[1].open);
    CHECK(c->receive_typed(seen_note) && seen_note.code == 42);
    {
        const older::ReceivedMessage message = c->receive();
        CHECK(message.decode(seen) && seen.bid == 2);
        CHECK(message.decode_exact(seen).code() == older::Errc::kSizeMismatch);
        CHECK(message.as<older::Quote>()->bid == 2);
        CHECK(std::holds_alternative<older::Quote>(older::decode(message)));
        const auto any = older::decode_exact(message);
        CHECK(std::get<older::UnknownMessage>(any).why == older::Errc::kSizeMismatch);
    }
    // A newer reader of older messages: what they do not have is zero.
    p.reset();
    c.reset();
    auto q = older::create_producer("known", 4096);
    auto d = newer::create_consumer("known", 4096);
    seen.bid = 5;
    seen_note.code = 7;
    CHECK(q->send_typed(seen) && q->send_typed(seen_note));
    newer::Quote got = quote(9);
    note.text = "left over";
    CHECK(d->receive_typed(got) && got.bid == 5 && got.size == 0);
    CHECK(d->receive_typed(note) && note.code == 7 && note.text.empty());
    fresh("known");
}
TEST(exact_size_refuses_what_is_longer_and_skip_goes_on) {
    fresh("exact");
    auto p = newer::create_producer("exact", 4096);
    older::Options o = sized_older(4096);
    o.exact_size = true;
    auto c = older::create_consumer("exact", o);
    CHECK(p->send_typed(quote(1)));
    older::Quote seen;
    CHECK_CODE(c->receive_typed(seen).code(), older::Errc::kSizeMismatch);
    CHECK(c->last_error().expected() == sizeof(older::Quote) &&
          c->last_error().found() == sizeof(newer::Quote));
    CHECK_CODE(c->receive_typed(seen).code(), older::Errc::kSizeMismatch);
    CHECK(c->skip() && !c->has_message());
    fresh("exact");
}
TEST(a_message_that_does_not_fit_is_skipped_by_skip) {
    fresh("unfit");
    auto p = older::create_producer("unfit", 4096);
    auto c = older::create_consumer("unfit", 4096);
    const std::array<std::uint8_t, 5> odd{};
    const auto type = static_cast<older::MessageType>(1001);
    older::Quote seen;
    const older::Quote before = seen;
    // Too short for any version, of another type, and plain data that only might be one.
    CHECK(p->send(odd, type) && p->send_string("text"));
    CHECK(p->send(std::string(sizeof(older::Quote) + 8, 'x')));
    CHECK_CODE(c->receive_typed(seen).code(), older::Errc::kSizeMismatch);
    CHECK(c->skip());
    CHECK_CODE(c->receive_typed(seen).code(), older::Errc::kSizeMismatch);
    CHECK(c->skip());
    CHECK_CODE(c->receive_typed(seen).code(), older::Errc::kSizeMismatch);
    CHECK(c->skip() && seen == before);
    // A tail that is no whole number of elements, and one that is no text.
    CHECK(p->send(std::string(4 + 3, 'x'), older::Trace::kMessageType));
    older::Trace trace;
    trace.points = {1};
    CHECK_CODE(c->receive_typed(trace).code(), older::Errc::kSizeMismatch);
    CHECK(trace.points.size() == 1 && c->skip());
    // Loops over typed receives end: at what is no such struct, or at the end.
    for (int i = 0; i < 3; ++i) CHECK(p->send_typed(older::Quote()));
    CHECK(p->send_typed(older::Nothing()));
    p.reset();
    int quotes = 0;
    older::Status status;
    while ((status = c->receive_typed(seen))) ++quotes;
    CHECK(quotes == 3 && status == older::Errc::kTypeMismatch && c->skip());
    CHECK_CODE(c->receive_typed(seen).code(), older::Errc::kClosed);
    fresh("unfit");
}
TEST(structs_and_enums_print_their_names) {
    using older::to_string;
    CHECK(to_string(older::Side::BUY) == "BUY");
    CHECK(to_string(static_cast<older::Side>(9)) == "9");
    CHECK(to_string(older::Traits::HIDDEN | older::Traits::FAST) == "HIDDEN | FAST");
    CHECK(to_string(static_cast<older::Traits>(0)) == "0");
    CHECK(to_string(older::Traits::FAST | static_cast<older::Traits>(0x130)) == "FAST | 0x130");
    CHECK(to_string(static_cast<older::Traits>(0x1F0)) == "LANE | 0x100");
    CHECK(to_string(older::MessageFlags::NONE) == "NONE");
    CHECK(to_string(older::MessageType::DATA) == "DATA");
    CHECK(to_string(older::Quote::kMessageType) == "Quote");
    CHECK(to_string(static_cast<older::MessageType>(4711)) == "4711");
    CHECK(std::string(to_string(older::PeerState::kDied)) == "died");
    older::Quote quote;
    quote.bid = 0.1;
    quote.ask = 1e300;
    quote.traits = older::Traits::FAST;
    CHECK(quote.set_venue("a\"b\\\xC3\xA9"));
    CHECK(to_string(quote) ==
          "Quote{bid: 0.1, ask: 1e+300, side: 0, traits: FAST, venue: \"a\\\"b\\\\\xC3\xA9\", "
          "levels: [Level{price: 0, open: false}, Level{price: 0, open: false}]}");
    quote.venue = {'\x01', '\xff', 'x', '\n'};
    CHECK(to_string(quote).find("venue: \"\\x01\\xFFx\\x0A\"") != std::string::npos);
    older::Trace trace;
    trace.ratio = 0.1F;
    trace.points = {1, 2};
    CHECK(to_string(trace) == "Trace{ratio: 0.1, points: [1, 2]}");
    trace.points.assign(1000, 5);
    CHECK(to_string(trace).size() < 400 &&
          to_string(trace).find("... 1000 in all") != std::string::npos);
    CHECK(to_string(older::Nothing()) == "Nothing{}");
    newer::Note note;
    note.text = "hi";
    CHECK(newer::to_string(note) == "Note{code: 0, text: \"hi\"}");
}
TEST(structs_are_equal_field_by_field) {
    older::Quote a, b;
    CHECK(a == b && !(a != b));
    std::memset(static_cast<void*>(&b), 0xFF, sizeof b);
    b.bid = b.ask = 0;
    b.side = older::Side{};
    b.traits = older::Traits{};
    b.venue = {};
    b.levels = {};
    CHECK(a == b);
    b.levels[1].open = true;
    CHECK(a != b);
    b = a;
    a.bid = b.bid = std::numeric_limits<double>::quiet_NaN();
    CHECK(a != b);
    older::Trace c, d;
    CHECK(c == d);
    c.points = {1};
    CHECK(c != d);
    CHECK(older::Nothing() == older::Nothing());
}
TEST(a_huge_struct_is_decoded_on_a_small_stack) {
    fresh("huge");
    pthread_attr_t attributes;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, 256 << 10) == 0);
    pthread_t thread;
    const auto run = [](void*) -> void* {
        auto p = older::create_producer("huge", 32 << 20);
        auto c = older::create_consumer("huge", 32 << 20);
        auto huge = std::make_unique<older::Huge>();
        huge->last.fill(7);
        CHECK(p->send_typed(*huge) && p->send_typed(*huge));
        const older::AnyMessage any = older::decode(c->receive());
        const auto& held = std::get<std::unique_ptr<older::Huge>>(any);
        CHECK(*held == *huge && older::to_string(*held).size() < 1000);
        CHECK(c->receive_typed(*huge) && huge->last[5] == 7);
        return nullptr;
    };
    CHECK(pthread_create(&thread, &attributes, run, nullptr) == 0);
    CHECK(pthread_join(thread, nullptr) == 0);
    fresh("huge");
}
struct Visitor {
    double operator()(const older::Quote& item) { return item.bid; }
    double operator()(const older::Trace& item) { return item.points.at(1); }
    double operator()(const older::Huge& item) { return item.last[5]; }
    double operator()(const older::UnknownMessage& item) { return (why = item.why, -1); }
    template <class Other>
    double operator()(const Other&) {
        return 0;
    }
    older::Errc why = older::Errc::kOk;
};
TEST(a_visitor_is_shown_what_decode_gives) {
    fresh("visit");
    auto p = newer::create_producer("visit", 32 << 20);
    auto c = older::create_consumer("visit", 32 << 20);
    newer::Trace trace;
    trace.points = {7, 8};
    auto huge = std::make_unique<newer::Huge>();
    huge->last[5] = 9;
    CHECK(p->send_typed(quote(2)) && p->send_typed(trace) && p->send_typed(*huge));
    CHECK(p->send_typed(newer::Nothing()) && p->send_string("text") && p->send_typed(quote(3)));
    Visitor visitor;
    for (const double expected : {2, 8, 9, 0}) {
        CHECK(older::visit_message(c->receive(), visitor) == expected);
    }
    CHECK(older::visit_message(c->receive(), visitor) == -1);
    CHECK(visitor.why == older::Errc::kTypeMismatch);
    CHECK(older::visit_message_exact(c->peek(), visitor) == -1);
    CHECK(visitor.why == older::Errc::kSizeMismatch);
    CHECK(older::visit_message(c->receive(), Visitor()) == 3);
    fresh("visit");
}
TEST(start_newest_skips_what_was_there) {
    fresh("newest");
    auto p = older::create_producer("newest", 4096);
    for (int i = 0; i < 7; ++i) CHECK(p->send_string("stale"));
    older::Options o = sized_older(4096);
    o.start = older::Start::kNewest;
    auto c = older::create_consumer("newest", o);
    CHECK(!c->has_message());
    CHECK(c->statistics().messages_received == 7 && c->statistics().errors == 0);
    CHECK(p->send_string("fresh"));
    std::string s;
    CHECK(c->receive_string(s) && s == "fresh");
    p->close();
    CHECK_CODE(c->receive().status().code(), older::Errc::kClosed);
    // What was discarded was all there was: nobody waits for the end of what lies before.
    c.reset();
    CHECK(older::create_producer("newest", 4096)->send_string("stale"));
    c = older::create_consumer("newest", o);
    CHECK_CODE(c->receive(120).status().code(), older::Errc::kTimeout);
    fresh("newest");
}
TEST(skip_to_latest_keeps_the_last_whole_message) {
    fresh("latest");
    auto p = older::create_producer("latest", 8192);
    auto c = older::create_consumer("latest", 8192);
    std::string s;
    const std::string large(4000, 'x');
    CHECK(c->skip_to_latest() == 0);
    CHECK(p->send_string("1"));
    CHECK(c->skip_to_latest() == 0 && c->receive_string(s) && s == "1");
    for (int lap = 0; lap < 50; ++lap) {
        CHECK(p->send_string("1") && p->send_fragmented(large) && p->send_string("3"));
        CHECK(c->skip_to_latest() == 2 && c->receive_string(s) && s == "3");
        CHECK(p->send_string("1") && p->send_string("2") && p->send_fragmented(large));
        CHECK(c->skip_to_latest() == 2 && c->receive_string(s) && s == large);
        // One that was put together already is the latest, until another one is there.
        CHECK(p->send_fragmented(large) && c->peek().payload().size() == large.size());
        CHECK(c->skip_to_latest() == 0 && c->has_message());
        CHECK(p->send_string("next") && c->skip_to_latest() == 1);
        CHECK(c->receive_string(s) && s == "next");
    }
    CHECK(c->snapshot().used_bytes == 0 && c->statistics().errors == 0);
    // Pieces whose rest never comes are no message.
    older::Options o = sized_older(8192);
    o.send_timeout = 5;
    p.reset();
    p = older::create_producer("latest", o);
    CHECK(p->send_string("whole"));
    CHECK_CODE(p->send_fragmented(std::string(20000, 'y')).code(), older::Errc::kTimeout);
    CHECK(c->skip_to_latest() == 0 && c->receive_string(s) && s == "whole");
    fresh("latest");
}
TEST(clear_discards_all) {
    fresh("clear");
    auto p = older::create_producer("clear", 4096);
    auto c = older::create_consumer("clear", 4096);
    CHECK(c->clear() == 0);
    std::string s;
    for (int lap = 0; lap < 30; ++lap) {
        CHECK(p->send_string("1") && p->send_fragmented(std::string(2500, 'x')));
        if (lap % 2 == 0) CHECK(c->peek());
        CHECK(c->clear() == 2 && !c->has_message() && c->snapshot().used_bytes == 0);
        CHECK(p->send_string("next") && c->receive_string(s) && s == "next");
    }
    CHECK(c->statistics().messages_received == p->statistics().messages_sent);
    CHECK(c->statistics().errors == 0);
    // The rest of a message whose first pieces were cleared is dropped as well.
    std::thread sender(
        [&] { CHECK(p->send_fragmented(std::string(20000, 'y')) && p->send_string("behind")); });
    std::size_t dropped = 0;
    while (!(s == "behind")) {
        dropped += c->clear();
        if (c->receive_string(s, 20)) break;
    }
    sender.join();
    CHECK(c->statistics().errors == 0);
    fresh("clear");
}
TEST(free_bytes_is_what_fits_at_any_rate) {
    fresh("free");
    auto p = older::create_producer("free", 4096);
    auto c = older::create_consumer("free", 4096);
    std::mt19937 random(seed());
    for (int i = 0; i < 5000; ++i) {
        const std::size_t room = p->free_bytes();
        CHECK(room <= older::message_header::kSize + p->largest_payload());
        if (room >= older::message_header::kSize) {
            const std::size_t most = room - older::message_header::kSize;
            const std::size_t size = random() % 3 == 0 ? most : random() % (most + 1);
            CHECK(p->try_send(std::string(size, 'x')));
        } else {
            CHECK(c->skip());
        }
        if (random() % 3 == 0) static_cast<void>(c->skip());
    }
    CHECK(p->ring().snapshot().send_failures == 0);
    p->close();
    CHECK(p->free_bytes() == 0);
    fresh("free");
}
TEST(a_ring_may_live_in_a_folder_of_its_own) {
    std::string made = "/tmp/ring-folder-" + std::string(6, 'X');
    const char* const path = mkdtemp(made.data());
    CHECK(path != nullptr);
    older::Options o = sized_older(4096);
    o.directory = std::string(path) + "/";
    auto p = older::create_producer("own", o);
    auto c = older::create_consumer("own", o);
    CHECK(p && c &&
          p->ring().path() == std::string(path) + "/" + std::string(older::kFilePrefix) + "own");
    older::Error error;
    CHECK(older::Monitor::open("own", o, error));
    CHECK(!older::Monitor::open("own", error));
    CHECK(p->send_string("x") && c->skip());
    CHECK(!older::remove_ring("own", path) && older::remove_ring("own", path));
    CHECK(rmdir(path) == 0);
    o.directory = path;
    CHECK(!older::create_producer("own", o));
    CHECK_CODE(older::last_error().code(), older::Errc::kFolderMissing);
}
int main(int argc, char** argv) { return run_all(argc, argv); }
