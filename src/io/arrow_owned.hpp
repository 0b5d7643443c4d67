// Owners of Arrow structures: each is released once, when its owner goes, whatever happens.
#pragma once

#include "qice/arrow_abi.h"

namespace qice {

/// One of ArrowSchema, ArrowArray, ArrowArrayStream.
template <class Structure> class ArrowOwned {
  public:
    ArrowOwned() = default;
    /// Moves from a structure.
    explicit ArrowOwned(Structure* from) {
        if (from == nullptr) return;
        value_ = *from;
        from->release = nullptr;
    }
    ArrowOwned(ArrowOwned&& other) noexcept : ArrowOwned(&other.value_) {}
    ArrowOwned& operator=(ArrowOwned&&) = delete;
    ~ArrowOwned() { release(); }

    void release() {
        if (value_.release == nullptr) return;
        value_.release(&value_);
        value_.release = nullptr; // whether or not it did so itself
    }
    bool is_released() const { return value_.release == nullptr; }
    Structure* get() { return &value_; }
    const Structure* operator->() const { return &value_; }

  private:
    Structure value_{};
};

} // namespace qice
