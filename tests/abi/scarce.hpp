// Memory and threads that the system refuses when told to.
//
//   scarce::memory.plan(k, k + 1);                   // refuse the k-th allocation, and no other,
//   scarce::memory.on(); ... scarce::memory.off();   // of those that are made between here and
//   here
//
// Stands in place of malloc and pthread_create of the whole program, libraries included: include it
// once. Under a sanitizer, which has a malloc of its own, operator new takes malloc's place.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <dlfcn.h>
#include <new>
#include <pthread.h>

namespace scarce {

class Supply {
  public:
    /// From `first` on, and not from `end` on, what is asked for is refused.
    void plan(long first, long end) {
        first_ = first;
        end_ = end;
        asked_ = 0;
        has_refused_ = false;
    }
    /// From now on nothing is refused.
    void recover() { end_ = 0; }
    void on() { watched_ = true; }
    void off() { watched_ = false; }
    bool refuses() {
        if (!watched_.load(std::memory_order_relaxed)) return false;
        const long number = asked_++;
        if (number < first_ || number >= end_) return false;
        has_refused_ = true;
        return true;
    }
    bool has_refused() const { return has_refused_; }

  private:
    std::atomic<bool> watched_{false}, has_refused_{false};
    std::atomic<long> asked_{0}, first_{0}, end_{0};
};

inline Supply memory, threads;
inline std::atomic<long> living{0}; // allocations that were not given back

inline void* counted(void* made) {
    if (made != nullptr) ++living;
    return made;
}

} // namespace scarce

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) {
    using Create = decltype(&pthread_create);
    static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
    if (scarce::threads.refuses()) return EAGAIN;
    return create(thread, attributes, start, argument);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

inline void* granted(std::size_t size) {
    if (scarce::memory.refuses()) throw std::bad_alloc();
    return scarce::counted(std::malloc(size == 0 ? 1 : size));
}
inline void* granted(std::size_t size, std::align_val_t to) {
    if (scarce::memory.refuses()) throw std::bad_alloc();
    const auto alignment = static_cast<std::size_t>(to);
    return scarce::counted(
        std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment));
}
inline void give_back(void* memory) {
    if (memory != nullptr) --scarce::living;
    std::free(memory);
}

void* operator new(std::size_t size) { return granted(size); }
void* operator new[](std::size_t size) { return granted(size); }
void* operator new(std::size_t size, std::align_val_t to) { return granted(size, to); }
void* operator new[](std::size_t size, std::align_val_t to) { return granted(size, to); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return scarce::memory.refuses() ? nullptr : scarce::counted(std::malloc(size == 0 ? 1 : size));
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { give_back(memory); }
void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete[](void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { give_back(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { give_back(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { give_back(memory); }

#else

extern "C" { // glibc's own
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

inline void* no_memory() {
    errno = ENOMEM;
    return nullptr;
}
void* malloc(std::size_t size) {
    return scarce::memory.refuses() ? no_memory() : scarce::counted(__libc_malloc(size));
}
void* calloc(std::size_t count, std::size_t size) {
    return scarce::memory.refuses() ? no_memory() : scarce::counted(__libc_calloc(count, size));
}
void* realloc(void* memory, std::size_t size) {
    if (size > 0 && scarce::memory.refuses()) return no_memory();
    void* const moved = __libc_realloc(memory, size);
    if (memory == nullptr) return scarce::counted(moved);
    if (size == 0) --scarce::living;
    return moved;
}
void* memalign(std::size_t alignment, std::size_t size) {
    return scarce::memory.refuses() ? no_memory()
                                    : scarce::counted(__libc_memalign(alignment, size));
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
    *out = memalign(alignment, size);
    return *out == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
    if (memory != nullptr) --scarce::living;
    __libc_free(memory);
}
}

#endif
