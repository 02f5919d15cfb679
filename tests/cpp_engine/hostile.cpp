// A hostile peer overwrites random header and data words: no crash, no hang, no access outside.
#include "test.h"

TEST(random_mutations) {
    const char* n = std::getenv("MUTATIONS");
    const long mutations = n ? atol(n) : 20000;
    std::mt19937_64 rnd(seed());
    Options o = sized(4096);
    o.send_timeout = 1;
    o.max_message_size = 100000;
    o.spin = 0;
    long done = 0, ok = 0, bad = 0;
    while (done < mutations) {
        fresh("hostile");
        auto p = create_producer("hostile", o), p_keep = std::unique_ptr<SharedMemoryProducer>();
        auto c = create_consumer("hostile", o);
        CHECK(p && c);
        const int fd = open(file_of("hostile").c_str(), O_RDWR);
        auto* raw =
            static_cast<uint64_t*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
        ::close(fd);
        for (int step = 0; step < 200; ++step, ++done) {
            for (unsigned k = rnd() % 3; k > 0; --k) {
                const size_t at = rnd() % 4 ? 512 + rnd() % 512 : rnd() % 80;
                const uint64_t near[] = {0,
                                         ~0ULL,
                                         rnd(),
                                         rnd() % 5000,
                                         (rnd() % 3) << 32 | (rnd() % 4200),
                                         1ULL << (rnd() % 64),
                                         raw[at] ^ (1ULL << (rnd() % 64))};
                raw[at] = near[rnd() % 7];
            }
            Status s;
            switch (rnd() % 8) {
                case 0: s = p->try_send(std::string(rnd() % 200, 'a')); break;
                case 1: s = p->send_fragmented(std::vector<uint8_t>(rnd() % 9000)); break;
                case 2: {
                    auto claim = p->try_claim(rnd() % 600);
                    s = claim.status();
                    if (claim && rnd() % 2) CHECK(claim.commit());
                    break;
                }
                case 3: {
                    std::vector<std::string> v(rnd() % 20, "batch");
                    s = p->try_send_batch(v).status;
                    break;
                }
                case 4: {
                    auto m = c->try_receive();
                    s = m.status();
                    if (m) {
                        uint8_t sum = 0;
                        for (auto b : m.payload()) sum = uint8_t(sum + uint8_t(b));
                        ok += sum & 1;
                        static_cast<void>(decode(m));
                    }
                    break;
                }
                case 5: {
                    std::string t;
                    s = c->receive_string(t, rnd() % 50 == 0 ? 1 : 0);
                    if (s.code() == Errc::kInvalidUtf8) (void)c->skip();
                    break;
                }
                case 6: {
                    TestData d;
                    s = c->receive_typed(d, 0);
                    if (s)
                        ok += d.message_view().has_value();
                    else
                        (void)c->skip();
                    break;
                }
                default:
                    s = c->drain(
                             [&](const MessageView& m) {
                                 SharedMemoryMessage copy(m);
                                 ok += copy.payload().size() & 1;
                             },
                             rnd() % 50)
                            .status;
                    break;
            }
            bad += !s && !s.would_block();
            static_cast<void>(p->ring().snapshot());
        }
        p.reset();
        c.reset();
        Error e;
        auto again = create_producer("hostile", o, e);
        CHECK(again || !e.message().empty());
        auto reader = create_consumer("hostile", o, e);
        CHECK(reader || !e.message().empty());
        munmap(raw, 8192);
    }
    std::printf("       %ld mutations, %ld errors told\n", done, bad);
    fresh("hostile");
}
int main(int argc, char** argv) { return run_all(argc, argv); }
