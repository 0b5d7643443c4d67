// Who was told of a policy: what a matcher said by firm, turned round.
//
// The firms of a policy are there at once, for 4 bytes a push, where asking for them would mean
// matching it.
#pragma once

#include "qice/base/array.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qice {

class PolicyHolders {
  public:
    PolicyHolders() = default;
    /// Of what each position was told, one after another: policies, and where each position's end.
    /// `policies` is how many there are. Costs two passes.
    PolicyHolders(std::span<const std::uint32_t> told, std::span<const std::size_t> ends,
                  std::size_t policies);

    /// Positions in the index, ascending.
    std::span<const std::uint32_t> of(std::uint32_t policy) const {
        const std::size_t begin = begins_[policy];
        return {positions_.data() + begin, begins_[policy + 1] - begin};
    }

  private:
    std::vector<std::size_t> begins_; // by policy, and the end of the last, and one to spare
    Array<std::uint32_t> positions_;
};

} // namespace qice
