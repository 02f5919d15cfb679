// ---------------------------------------------------------------------------------------------
// Monitor
// ---------------------------------------------------------------------------------------------

/// A third process that only looks: it has no role, maps the ring read-only, and disturbs nobody.
/// Threads: any, all functions only read.
///
///     Error error;
///     if (auto monitor = Monitor::open("prices", error)) show(monitor->snapshot());
class Monitor {
public:
    /// Opens an existing ring; null and an error if that fails. Of the options, `directory` and
    /// `any_owner` count. The messages are not looked at: any schema is fine.
    [[nodiscard]] static std::unique_ptr<Monitor> open(std::string_view name,
                                                       const Options& options, Error& error) {
        Options lenient = options;
        lenient.capacity = {};
        lenient.any_schema = true;
        std::unique_ptr<Monitor> monitor(new Monitor());
        error = detail::check_name(name);
        if (!error) {
            const std::string folder = detail::ring_folder(options.directory);
            monitor->name_ = name;
            monitor->path_ = detail::ring_path(folder, name);
            error = detail::open_segment(monitor->path_, lenient, false, monitor->segment_);
        }
        if (error) return nullptr;
        return monitor;
    }
    /// The same with the options as they are by default.
    [[nodiscard]] static std::unique_ptr<Monitor> open(std::string_view name, Error& error) {
        return open(name, Options(), error);
    }

    /// The ring's name, without folder and prefix.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// The ring's file.
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// True if the ring's file was removed: nobody can come to this ring any more.
    [[nodiscard]] bool is_removed() const noexcept {
        return detail::lost_its_name(segment_.file, path_);
    }
    /// Size of the data area in bytes.
    [[nodiscard]] std::uint64_t capacity() const noexcept { return segment_.capacity; }
    /// The counters of both sides.
    [[nodiscard]] Statistics statistics() const noexcept {
        return detail::read_statistics(segment_.base);
    }
    /// All that the header says, with the life of both sides.
    [[nodiscard]] Snapshot snapshot() const noexcept {
        return detail::read_snapshot(segment_.base, segment_.capacity,
                                     [this](const detail::Side& side) { return alive(side); });
    }

private:
    Monitor() noexcept = default;

    [[nodiscard]] bool alive(const detail::Side& side) const noexcept {
        return segment_.file.locked_by_other(side.lock_offset);
    }

    std::string name_;
    std::string path_;
    detail::Segment segment_;
};
