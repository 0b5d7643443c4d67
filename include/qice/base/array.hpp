// Growing arrays of plain values, for columns of millions of rows.
//
// Unlike std::vector, Array leaves new values unset where asked to (they are about to be written,
// often by several threads at once) and grows by realloc, which moves pages instead of copying
// bytes once a block is large: the peak is that of one copy. Positions takes 4 bytes a number
// until one needs 8.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

namespace qice {

template <class T> class Array {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    Array() = default;
    Array(Array&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Array& operator=(Array&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    ~Array() { std::free(data_); }

    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    T* data() { return data_; }
    const T* data() const { return data_; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }
    T& operator[](std::size_t i) { return data_[i]; }
    const T& operator[](std::size_t i) const { return data_[i]; }
    T& back() { return data_[size_ - 1]; }
    const T& back() const { return data_[size_ - 1]; }

    void reserve(std::size_t capacity) {
        if (capacity > capacity_) reallocate(capacity);
    }
    /// Room in a block that begins at a multiple of `alignment`, a power of two. Copies the values.
    void reserve_aligned(std::size_t capacity, std::size_t alignment) {
        if (capacity <= capacity_) return;
        check_capacity(capacity);
        const std::size_t bytes = (capacity * sizeof(T) + alignment - 1) / alignment * alignment;
        void* const moved = std::aligned_alloc(alignment, bytes);
        if (moved == nullptr) throw std::bad_alloc();
        if (size_ > 0) std::memcpy(moved, data_, size_ * sizeof(T));
        std::free(data_);
        data_ = static_cast<T*>(moved);
        capacity_ = capacity;
    }
    /// Gives back what is not used.
    void shrink() {
        if (capacity_ > size_) reallocate(size_);
    }
    /// New values are unset.
    void resize(std::size_t size) {
        if (size > capacity_) reallocate(std::max(size, capacity_ + capacity_ / 2));
        size_ = size;
    }
    void resize(std::size_t size, const T& value) {
        const std::size_t old = size_;
        resize(size);
        if (size > old) std::fill(data_ + old, data_ + size, value);
    }
    void assign(std::size_t size, const T& value) {
        resize(0);
        resize(size, value);
    }
    void push_back(const T& value) {
        const T copy = value; // may stand in this very array
        resize(size_ + 1);
        data_[size_ - 1] = copy;
    }
    void append(const T* values, std::size_t count) {
        resize(size_ + count);
        if (count > 0) std::memcpy(data_ + size_ - count, values, count * sizeof(T));
    }
    void clear() { size_ = 0; }

  private:
    static void check_capacity(std::size_t capacity) {
        if (capacity > std::numeric_limits<std::size_t>::max() / 2 / sizeof(T))
            throw std::bad_alloc();
    }
    void reallocate(std::size_t capacity) {
        check_capacity(capacity);
        void* moved = std::realloc(data_, std::max<std::size_t>(capacity, 1) * sizeof(T));
        if (moved == nullptr) throw std::bad_alloc();
        data_ = static_cast<T*>(moved);
        capacity_ = capacity;
    }

    T* data_ = nullptr;
    std::size_t size_ = 0, capacity_ = 0;
};

/// Numbers that count something, 4 bytes each until one of them does not fit.
class Positions {
  public:
    std::size_t size() const { return wide_ ? wide_numbers_.size() : numbers_.size(); }
    std::uint64_t operator[](std::size_t i) const { return wide_ ? wide_numbers_[i] : numbers_[i]; }

    void reserve(std::size_t capacity) {
        wide_ ? wide_numbers_.reserve(capacity) : numbers_.reserve(capacity);
    }
    std::size_t capacity() const { return wide_ ? wide_numbers_.capacity() : numbers_.capacity(); }
    void shrink() { wide_ ? wide_numbers_.shrink() : numbers_.shrink(); }
    /// New numbers are unset.
    void resize(std::size_t size) { wide_ ? wide_numbers_.resize(size) : numbers_.resize(size); }
    /// `value` must be no more than what there is room for.
    void set(std::size_t i, std::uint64_t value) {
        if (wide_)
            wide_numbers_[i] = value;
        else
            numbers_[i] = static_cast<std::uint32_t>(value);
    }
    bool has_room_for(std::uint64_t value) const { return wide_ || value <= UINT32_MAX; }
    void make_room_for(std::uint64_t value) {
        if (has_room_for(value)) return;
        wide_numbers_.resize(numbers_.size());
        for (std::size_t i = 0; i < numbers_.size(); ++i)
            wide_numbers_[i] = numbers_[i];
        numbers_ = {};
        wide_ = true;
    }
    void push_back(std::uint64_t value) {
        make_room_for(value);
        resize(size() + 1);
        set(size() - 1, value);
    }

  private:
    bool wide_ = false;
    Array<std::uint32_t> numbers_;
    Array<std::uint64_t> wide_numbers_;
};

} // namespace qice
