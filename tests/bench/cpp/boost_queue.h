// boost::lockfree::spsc_queue in memory that two processes share, where Boost is installed.
#pragma once

#if __has_include(<boost/lockfree/spsc_queue.hpp>)
#define BENCH_HAS_BOOST 1

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <chrono>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "args.h"
#include "parts.h"
#include "ring.h"

/// The transport: as many messages of fixed size as fill kCapacity.
struct BoostQueue {
    template <std::size_t N>
    using Queue = boost::lockfree::spsc_queue<Message<N>, boost::lockfree::capacity<kCapacity / N>>;

    /// Maps the file; never unmapped: the process ends with it.
    static void* map(const std::string& path, int flags, std::size_t size) {
        const int file = open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0600);
        if (file < 0) return nullptr;
        const bool sized = (flags & O_CREAT) == 0 || ftruncate(file, static_cast<off_t>(size)) == 0;
        void* memory = MAP_FAILED;
        if (sized) memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
        if (memory == MAP_FAILED) throw std::runtime_error("cannot map " + path);
        return memory;
    }

    /// The sender waits for the queue that the receiver makes.
    template <std::size_t N>
    class Sender {
    public:
        Sender(const std::string& name, const Args& args) {
            const std::string path = args.folder + "/" + name + ".boost";
            void* memory = nullptr;
            while ((memory = map(path, 0, sizeof(Queue<N>))) == nullptr) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
            queue_ = static_cast<Queue<N>*>(memory);
        }
        BENCH_INLINE void send(const Message<N>& message) {
            while (!queue_->push(message)) bitrpc::shared_memory::detail::cpu_pause();
        }

    private:
        Queue<N>* queue_ = nullptr;
    };

    template <std::size_t N>
    class Receiver {
    public:
        Receiver(const std::string& name, const Args& args) {
            const std::string path = args.folder + "/" + name + ".boost";
            const std::string unfinished = path + ".unfinished";
            void* memory = map(unfinished, O_CREAT | O_EXCL, sizeof(Queue<N>));
            if (memory == nullptr) throw std::runtime_error("cannot make " + unfinished);
            queue_ = new (memory) Queue<N>();
            if (std::rename(unfinished.c_str(), path.c_str()) != 0) {
                throw std::runtime_error("cannot rename " + unfinished);
            }
        }
        BENCH_INLINE void receive(Message<N>& message) {
            while (!queue_->pop(message)) bitrpc::shared_memory::detail::cpu_pause();
        }

    private:
        Queue<N>* queue_ = nullptr;
    };
};

#else
#define BENCH_HAS_BOOST 0
#endif
