// The distance rule in a world of virtual time: what it does to streams whose producer is known.
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "test.h"

using detail::DistanceRule;

namespace {

constexpr std::uint64_t kRecord = 80;
/// What the consumer spends on each message.
constexpr std::uint64_t kTakeNs = 4;
constexpr std::uint64_t kMs = 1000000;

/// What a producer is asked with: when its next message is there.
struct Last {
    /// When the one before it was there.
    std::uint64_t came_ns;
    /// When the consumer took that one.
    std::uint64_t taken_ns;
    std::uint64_t now_ns;
    /// The number of the next one.
    std::uint64_t index;
};

using Source = std::function<std::uint64_t(const Last&)>;

/// A consumer that never stops looking.
struct World {
    DistanceRule rule;
    std::uint64_t now_ns = 0;
    std::uint64_t last_ns = 0;
    std::uint64_t taken_ns = 0;
    std::uint64_t messages = 0;
    /// Messages that came in a pause.
    std::uint64_t delayed = 0;

    explicit World(Distance distance = Distance::kAdaptive) { rule.start(1 << 20, 0, distance); }

    /// Goes on for this long with a producer whose next message comes at `next`.
    template <class Next>
    void run(std::uint64_t ns, const Next& next) {
        const std::uint64_t until = now_ns + ns;
        std::uint64_t paused_from = 0;
        std::uint64_t paused_to = 0;
        while (now_ns < until) {
            const std::uint64_t came = next(Last{last_ns, taken_ns, now_ns, messages});
            if (came > now_ns) {
                const std::uint64_t pause =
                    rule.on_empty(messages, messages * kRecord, [this] { return now_ns; });
                if (pause != 0) {
                    paused_from = now_ns;
                    paused_to = now_ns += pause;
                    continue;
                }
                now_ns = came;
            }
            if (came >= paused_from && came < paused_to) ++delayed;
            now_ns += kTakeNs;
            last_ns = came;
            taken_ns = now_ns;
            ++messages;
        }
    }

    /// The same until the consumer keeps its distance.
    void run_until_far();

    /// The part of all messages that came in a pause.
    double delayed_part() const { return double(delayed) / double(messages); }
};

/// A message each `gap` nanoseconds, whatever the consumer does.
Source each(std::uint64_t gap) {
    return [gap](const Last& last) { return last.index * gap; };
}

/// So many messages, and the next ones when those were taken and answered.
Source exchange(std::uint64_t turn) {
    return [turn](const Last& last) {
        return last.index % turn == 0 ? last.taken_ns + 250 : last.came_ns + 30;
    };
}

/// As fast as it goes, which depends on the consumer: slow if that one looks on.
std::uint64_t saturated(const Last& last) {
    const std::uint64_t far = last.came_ns + 12;
    return far <= last.now_ns ? far : last.came_ns + 30;
}

/// Bursts, each so many nanoseconds after the one before; `near` between two messages.
Source bursts(std::uint64_t length, std::uint64_t period, std::uint64_t near) {
    return [=](const Last& last) {
        return std::max(last.index / length * period, last.came_ns + near);
    };
}

/// Gaps of all lengths, this long on average.
Source random_gaps(std::uint64_t mean) {
    return [mean](const Last& last) {
        // SplitMix64: the same gap for the same message.
        std::uint64_t bits = last.index * 0x9E3779B97F4A7C15U + 1;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
        const double part = (double(bits >> 11) + 1.0) / double(std::uint64_t{1} << 53);
        return last.came_ns + std::uint64_t(-std::log(part) * double(mean));
    };
}

void World::run_until_far() {
    const std::uint64_t until = now_ns + kMs;
    while (!rule.is_far() && now_ns < until) run(1000, saturated);
    CHECK(rule.is_far());
}

/// Runs a world, of which hardly any message may come in a pause.
void pays_nothing(std::uint64_t ns, const Source& source) {
    World world;
    world.run(ns, source);
    CHECK(world.delayed_part() < 0.01);
}

}  // namespace

TEST(an_exchange_of_k_messages_never_pays) {
    for (const std::uint64_t turn : {1, 2, 3, 4, 8, 32, 100})
        pays_nothing(200 * kMs, exchange(turn));
}

TEST(a_stream_with_a_message_each_n_ns_never_pays) {
    for (const std::uint64_t gap : {30, 50, 100, 200, 300, 500, 1000, 3000, 10000}) {
        pays_nothing(200 * kMs, each(gap));
    }
}

TEST(bursts_never_pay) {
    for (const std::uint64_t near : {20, 120}) {
        pays_nothing(200 * kMs, bursts(2, 500, near));
        pays_nothing(200 * kMs, bursts(3, 1000, near));
        pays_nothing(200 * kMs, bursts(10, 1000, near));
        pays_nothing(200 * kMs, bursts(10, 10000, near));
        pays_nothing(200 * kMs, bursts(100, 20000, near));
    }
}

TEST(random_gaps_never_pay) {
    for (const std::uint64_t mean : {50, 100, 200, 500, 1000}) {
        pays_nothing(500 * kMs, random_gaps(mean));
    }
}

TEST(a_saturated_stream_climbs) {
    World world;
    world.run_until_far();
    const std::uint64_t before = world.messages;
    world.run(100 * kMs, saturated);
    CHECK(world.rule.pause_ns() > 8 * DistanceRule::kShortestPauseNs);
    // 30 ns near, 12 ns far; the checks take a little.
    CHECK(100.0 * double(kMs) / double(world.messages - before) < 12.5);
}

TEST(a_failed_try_waits_a_hundred_times_as_long_doubling_up_to_a_second) {
    World world;
    std::vector<std::uint64_t> waits;
    while (waits.empty() || waits.back() != DistanceRule::kLongestWaitNs) {
        world.run(1000, each(100));
        const std::uint64_t wait = world.rule.wait_ns();
        if (wait == (waits.empty() ? 0 : waits.back())) continue;
        if (waits.empty()) {
            // A try takes two stretches of each kind at least.
            CHECK(wait >= 4 * DistanceRule::kStretchNs * DistanceRule::kCost);
        } else {
            CHECK_EQ(wait, std::min(2 * waits.back(), DistanceRule::kLongestWaitNs));
        }
        waits.push_back(wait);
        // Nothing happens before that.
        const std::uint64_t delayed = world.delayed;
        world.run(wait - 10000, each(100));
        CHECK_EQ(world.delayed, delayed);
    }
}

TEST(a_stream_that_is_no_longer_saturated_comes_near_again) {
    for (const std::uint64_t gap : {100, 300}) {
        World world;
        world.run(10 * kMs, saturated);
        world.run_until_far();
        world.run(2 * DistanceRule::kCheckNs,
                  [gap](const Last& last) { return last.came_ns + gap; });
        CHECK(!world.rule.is_far());
    }
}

TEST(an_exchange_after_a_saturated_stream_is_noticed_at_once) {
    World world;
    world.run(10 * kMs, saturated);
    world.run_until_far();
    const std::uint64_t before = world.delayed;
    world.run(kMs, [](const Last& last) { return last.taken_ns + 250; });
    CHECK(!world.rule.is_far());
    CHECK(world.delayed - before < 20);
}

TEST(latency_never_pauses) {
    World world(Distance::kLatency);
    world.run(10 * kMs, saturated);
    CHECK_EQ(world.delayed, 0u);
}

int main(int argc, char** argv) { return run_all(argc, argv); }
