// What a program does with the header, in words that are nobody's macros.

namespace user {

struct Pair {
    int first;
    double second;
};

struct Visitor {
    template <class Any>
    void operator()(const Any&) {
        ++count;
    }
    int count = 0;
};

}  // namespace user

int main() {
    namespace ring = bitrpc::shared_memory;
    auto producer = ring::create_producer("text", 4096);
    auto consumer = ring::create_consumer("text", 4096);
    if (!producer || !consumer) return 1;
    user::Pair pair{1, 2.5};
    ring::TestData data;
    bool fine = bool(producer->send_typed(pair)) && bool(producer->send_typed(data));
    {
        auto batch = producer->batch();
        fine = bool(batch.push_typed(pair)) && bool(batch.push_typed(data)) && fine;
        batch.commit();
    }
    fine = bool(consumer->receive_typed(pair)) && bool(consumer->receive_typed(data)) && fine;
    user::Visitor visitor;
    if (auto message = consumer->try_receive()) {
        ring::visit_message(message, visitor);
        fine = bool(message.decode(pair)) && fine;
    }
    auto manager = ring::create_manager("text", true, 4096);
    fine = (!manager || bool(manager->send_typed(pair))) && fine;
    fine = bool(consumer->drain([](const auto& message) { return !message.payload().empty(); })) &&
           fine;
    return fine ? 0 : 1;
}
