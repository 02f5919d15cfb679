// ---------------------------------------------------------------------------------------------
// The processor
// ---------------------------------------------------------------------------------------------

namespace detail {

static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
                  std::atomic<std::uint32_t>::is_always_lock_free,
              "the ring needs lock-free atomics: another process has no access to a lock");
static_assert(sizeof(std::atomic<std::uint64_t>) == sizeof(std::uint64_t) &&
                  alignof(std::atomic<std::uint64_t>) == alignof(std::uint64_t) &&
                  sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t),
              "an atomic must be exactly the word that it wraps");
#if defined(__BYTE_ORDER__)
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rings are little-endian");
#endif

/// The atomic at `offset` bytes from `base`, which is mapped memory and aligned for T. C++17 has
/// no atomic_ref: a lock-free std::atomic of the same size and alignment is the word itself, on
/// every compiler that passes the assertions above.
template <class T>
[[nodiscard]] BITRPC_DETAIL_INLINE std::atomic<T>& atomic_at(std::byte* base,
                                                             std::size_t offset) noexcept {
    return *reinterpret_cast<std::atomic<T>*>(base + offset);
}

[[nodiscard]] BITRPC_DETAIL_INLINE bool likely(bool value) noexcept {
#if defined(__GNUC__)
    return __builtin_expect(static_cast<long>(value), 1L) != 0;
#else
    return value;
#endif
}

[[nodiscard]] BITRPC_DETAIL_INLINE bool unlikely(bool value) noexcept { return !likely(!value); }

/// Tells the processor that this is a loop that waits.
BITRPC_DETAIL_INLINE void cpu_pause() noexcept {
#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
    _mm_pause();
#elif defined(_MSC_VER)
    __yield();
#elif defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    asm volatile("yield" ::: "memory");
#endif
}

/// Asks for the line at `address` before it is written. GCC and clang emit a read prefetch for
/// their builtin unless told of a newer processor, which would fetch a shared line: hence the
/// instruction itself, which every 64-bit x86 takes.
BITRPC_DETAIL_INLINE void prefetch_for_write(const std::byte* address) noexcept {
#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
    _m_prefetchw(address);
#elif defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(*address));
#elif defined(__GNUC__)
    __builtin_prefetch(address, 1);
#else
    static_cast<void>(address);
#endif
}

// clang's <stdatomic.h> has macros of the fences' names: hence the parentheses.

/// Keeps the compiler from moving a load over an earlier store; the processor still may.
BITRPC_DETAIL_INLINE void compiler_fence() noexcept {
    (std::atomic_signal_fence)(std::memory_order_seq_cst);
}

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif

/// Makes every earlier store visible before any later load.
inline void full_fence() noexcept { (std::atomic_thread_fence)(std::memory_order_seq_cst); }

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#pragma GCC diagnostic pop
#endif

}  // namespace detail
