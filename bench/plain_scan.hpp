// The peer of the index: every policy's compiled rule, one after another, for one firm.
//
// What a careful programmer writes without an index: flat arrays, exact codes, the first failing
// condition ends a policy, scores only for who is eligible, the same selection of the best.
#pragma once

#include "index/record_coder.hpp"
#include "qice/match/rank_keys.hpp"

#include <cstdint>
#include <vector>

namespace qice::bench {

class PlainScan {
  public:
    PlainScan(const Schema& schema, std::span<const Policy> policies, const Program& program,
              Date as_of);

    /// The keys of the `top` best eligible policies, best first.
    const std::vector<RankKey>& ask(const FirmRecord& firm, std::size_t top);
    const RankKeys& keys() const { return keys_; }
    void code(const FirmRecord& firm) { coder_.code(firm, as_of_, coded_); }
    /// How many policies a firm meets as far as one field of the schema goes.
    std::size_t met_in(const FirmRecord& firm, std::uint32_t field);

  private:
    bool certain(Ref ref) const;
    bool literal(std::uint32_t number) const;
    bool node(const GraphNode& node) const;
    RankKey key_of(std::uint32_t place) const;

    const Program& program_;
    RankKeys keys_;
    RecordCoder coder_;
    Date as_of_;
    CodedRecord coded_;
    std::vector<RankKey> found_;
};

} // namespace qice::bench
