// Another protocol: u16 flags, a time stamp, header fields without a role, another prefix.
#include <cstdio>
#include <cstdlib>

#include "acme_frames.h"
namespace acme_ring = acme::ipc::frames;
using namespace acme::ipc::frames;
#define CHECK(...)                                                            \
    do {                                                                      \
        if (!(__VA_ARGS__)) {                                                 \
            std::fprintf(stderr, "%d: failed: %s\n", __LINE__, #__VA_ARGS__); \
            return 1;                                                         \
        }                                                                     \
    } while (false)
int main() {
    static_cast<void>(remove_ring("custom"));
    auto p = create_producer("custom", 4096);
    auto c = create_consumer("custom", 4096);
    CHECK(p && c && p->ring().path().find("/acme-custom") != std::string::npos);
    for (int lap = 0; lap < 500; ++lap) {
        auto claim = p->claim(5, MessageType::ERROR_);
        CHECK(claim);
        std::memcpy(claim.data(), "hello", 5);
        claim.header().set_channel(7);
        claim.header().set_priority(-3);
        claim.header().set_traced(true);
        claim.header().set_correlation(~0ULL);
        claim.set_flags(MessageFlags::SIGNED);
        CHECK(claim.commit());
        SharedMemoryMessage copy;
        CHECK(c->receive_message(copy) && copy.text() == "hello" && copy.header().channel() == 7 &&
              copy.header().priority() == -3 && copy.header().traced() &&
              copy.header().correlation() == ~0ULL &&
              copy.flags() == MessageFlags::SIGNED && copy.timestamp_ns() != 0);
        copy.header().set_channel(8);
        CHECK(p->send_message(copy));
        {
            auto m = c->receive();
            CHECK(m.header().channel() == 8 && m.header().priority() == -3 &&
                  m.message_id() == static_cast<unsigned>(lap) * 3 + 1);
        }
        Frame frame;
        frame.width = 3;
        frame.pixels = {1, 2, 3};
        CHECK(p->send_typed(frame));
        auto m = c->receive();
        const AnyMessage any = decode(m);
        CHECK(m.header().channel() == 0 && std::get<Frame>(any).pixels == frame.pixels &&
              std::get<Frame>(any).width == 3);
    }
    static_cast<void>(remove_ring("custom"));
    std::puts("ok");
}
