// A CPU level chosen through the environment, as a user would, for a part of a test.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace qice {

/// Sets $QICE_KERNELS for as long as it lives; then it is what it was.
class ForcedKernels {
  public:
    explicit ForcedKernels(const char* level) {
        if (const char* const before = std::getenv("QICE_KERNELS")) before_ = before;
        ::setenv("QICE_KERNELS", level, 1);
    }
    ForcedKernels(const ForcedKernels&) = delete;
    ~ForcedKernels() {
        if (before_)
            ::setenv("QICE_KERNELS", before_->c_str(), 1);
        else
            ::unsetenv("QICE_KERNELS");
    }

  private:
    std::optional<std::string> before_;
};

} // namespace qice
