// ---------------------------------------------------------------------------------------------
// Factories
// ---------------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline Options with_capacity(Capacity capacity) {
    Options options;
    options.capacity = capacity;
    return options;
}

/// Runs a factory and leaves the error where last_error() finds it.
template <class Make>
[[nodiscard]] auto remember_error(const Make& make) {
    Error error;
    auto made = make(error);
    if (!made) {
        log_line(LogLevel::kError, error.message());
        last_error_slot() = std::move(error);
    }
    return made;
}

/// Runs a factory for a caller who wants a std::error_code.
template <class Make>
[[nodiscard]] auto report_code(std::error_code& code, const Make& make) {
    Error error;
    auto made = make(error);
    code = make_error_code(error.code());
    if (!made) last_error_slot() = std::move(error);
    return made;
}

#if defined(__cpp_exceptions)
/// Runs a factory for a caller who wants an exception.
template <class Make>
[[nodiscard]] auto or_throw(const Make& make) {
    Error error;
    auto made = make(error);
    if (!made) throw std::system_error(make_error_code(error.code()), error.message());
    return made;
}
#endif

}  // namespace detail

/// Attaches as the producer of ring `name`, which is made if it is not there. Null if that fails:
/// last_error() says why.
///
///     auto producer = create_producer("test_buffer", 1024 * 1024);
[[nodiscard]] inline std::unique_ptr<SharedMemoryProducer> create_producer(std::string_view name,
                                                                           const Options& options) {
    return detail::remember_error(
        [&](Error& error) { return SharedMemoryProducer::create(name, options, error); });
}
/// The same with a capacity in bytes and all other options as they are by default.
[[nodiscard]] inline std::unique_ptr<SharedMemoryProducer> create_producer(std::string_view name,
                                                                           Capacity capacity = {}) {
    return create_producer(name, detail::with_capacity(capacity));
}
/// The same; `error` says why it failed, and is left alone if it did not.
[[nodiscard]] inline std::unique_ptr<SharedMemoryProducer> create_producer(std::string_view name,
                                                                           const Options& options,
                                                                           Error& error) {
    return SharedMemoryProducer::create(name, options, error);
}
/// The same; `code` says whether it failed.
[[nodiscard]] inline std::unique_ptr<SharedMemoryProducer> create_producer(std::string_view name,
                                                                           const Options& options,
                                                                           std::error_code& code) {
    return detail::report_code(
        code, [&](Error& error) { return SharedMemoryProducer::create(name, options, error); });
}

/// Attaches as the consumer of ring `name`, which is made if it is not there. Null if that fails:
/// last_error() says why.
[[nodiscard]] inline std::unique_ptr<SharedMemoryConsumer> create_consumer(std::string_view name,
                                                                           const Options& options) {
    return detail::remember_error(
        [&](Error& error) { return SharedMemoryConsumer::create(name, options, error); });
}
/// The same with a capacity in bytes and all other options as they are by default.
[[nodiscard]] inline std::unique_ptr<SharedMemoryConsumer> create_consumer(std::string_view name,
                                                                           Capacity capacity = {}) {
    return create_consumer(name, detail::with_capacity(capacity));
}
/// The same; `error` says why it failed, and is left alone if it did not.
[[nodiscard]] inline std::unique_ptr<SharedMemoryConsumer> create_consumer(std::string_view name,
                                                                           const Options& options,
                                                                           Error& error) {
    return SharedMemoryConsumer::create(name, options, error);
}
/// The same; `code` says whether it failed.
[[nodiscard]] inline std::unique_ptr<SharedMemoryConsumer> create_consumer(std::string_view name,
                                                                           const Options& options,
                                                                           std::error_code& code) {
    return detail::report_code(
        code, [&](Error& error) { return SharedMemoryConsumer::create(name, options, error); });
}

/// Attaches as one side of ring `name` and puts a manager around it. Null if that fails:
/// last_error() says why.
[[nodiscard]] inline std::unique_ptr<SharedMemoryManager> create_manager(std::string_view name,
                                                                         bool is_producer,
                                                                         const Options& options) {
    return detail::remember_error([&](Error& error) {
        return SharedMemoryManager::create(name, is_producer, options, error);
    });
}
/// The same with a capacity in bytes and all other options as they are by default.
[[nodiscard]] inline std::unique_ptr<SharedMemoryManager> create_manager(std::string_view name,
                                                                         bool is_producer,
                                                                         Capacity capacity = {}) {
    return create_manager(name, is_producer, detail::with_capacity(capacity));
}
/// The same; `error` says why it failed, and is left alone if it did not.
[[nodiscard]] inline std::unique_ptr<SharedMemoryManager> create_manager(std::string_view name,
                                                                         bool is_producer,
                                                                         const Options& options,
                                                                         Error& error) {
    return SharedMemoryManager::create(name, is_producer, options, error);
}
/// The same; `code` says whether it failed.
[[nodiscard]] inline std::unique_ptr<SharedMemoryManager> create_manager(std::string_view name,
                                                                         bool is_producer,
                                                                         const Options& options,
                                                                         std::error_code& code) {
    return detail::report_code(code, [&](Error& error) {
        return SharedMemoryManager::create(name, is_producer, options, error);
    });
}

#if defined(__cpp_exceptions)
/// Attaches as the producer of ring `name`; throws std::system_error with an Errc if that fails.
[[nodiscard]] inline std::unique_ptr<SharedMemoryProducer> open_producer(
    std::string_view name, const Options& options = {}) {
    return detail::or_throw(
        [&](Error& error) { return SharedMemoryProducer::create(name, options, error); });
}
/// Attaches as the consumer of ring `name`; throws std::system_error with an Errc if that fails.
[[nodiscard]] inline std::unique_ptr<SharedMemoryConsumer> open_consumer(
    std::string_view name, const Options& options = {}) {
    return detail::or_throw(
        [&](Error& error) { return SharedMemoryConsumer::create(name, options, error); });
}
/// Attaches as one side of ring `name` and puts a manager around it; throws std::system_error with
/// an Errc if that fails.
[[nodiscard]] inline std::unique_ptr<SharedMemoryManager> open_manager(
    std::string_view name, bool is_producer, const Options& options = {}) {
    return detail::or_throw([&](Error& error) {
        return SharedMemoryManager::create(name, is_producer, options, error);
    });
}
#endif

/// The file that ring `name` has or would have; empty if there is no such name. `directory` is that
/// of Options.
[[nodiscard]] inline std::string ring_path(std::string_view name,
                                           const std::string& directory = {}) {
    if (detail::check_name(name)) return {};
    return detail::ring_path(detail::ring_folder(directory), name);
}

/// Removes the file of ring `name`, whoever uses it: they are told kRemoved. kNotFound if there is
/// none, kNotRegularFile if something else has its name. `directory` is that of Options.
[[nodiscard]] inline Error remove_ring(std::string_view name, const std::string& directory = {}) {
    if (Error error = detail::check_name(name)) return error;
    const std::string path = detail::ring_path(detail::ring_folder(directory), name);
    detail::FileFacts facts;
    if (detail::File::facts_at(path, facts) == 0 && !facts.regular) {
        return detail::not_regular(path, facts);
    }
    const int failed = detail::File::remove(path);
    return failed == 0 ? Error() : detail::system_failure(failed, "remove", path);
}
