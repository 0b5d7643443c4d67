#include "match/standing_queries.hpp"

#include <algorithm>

namespace qice {

StandingQueries::StandingQueries(SchemaPtr schema, const std::vector<Policy>& first,
                                 const Program& program, const StandingPolicies& policies)
    : schema_(std::move(schema)), first_policies_(first), program_(program), policies_(policies),
      record_(schema_) {}

void StandingQueries::prepare(const CompileOptions& options) {
    if (ready_) return;
    if (!first_) {
        first_.emplace(schema_, first_policies_, program_, options.as_of);
        first_scratch_.emplace(*first_);
    }
    first_open_ = first_->all_open();
    for (std::uint32_t slot = 0; slot < policies_.first_count(); ++slot)
        if (!policies_.alive(slot)) first_->set_open(first_open_, slot, false);
    later_slots_ = policies_.later();
    const std::vector<Policy> later = policies_.later_policies(); // only while compiling
    later_scratch_.reset();
    later_.emplace(schema_, later, whoever_takes_part(options));
    later_scratch_.emplace(*later_);
    ready_ = true;
}

void StandingQueries::ask(const FirmView& firm, Verdict status, std::uint32_t top,
                          const CompileOptions& options, std::vector<Push>& out) {
    prepare(options);
    const QueryOptions ask{top, status_bit(status), options.as_of};
    record_.assign(firm);
    const FirmAnswer& first = first_->ask(record_, ask, first_open_, *first_scratch_);
    const FirmAnswer& later = later_->ask(record_, ask, *later_scratch_);
    const auto in_order = [&](const Push& a, const Push& b) { return policies_.before(a, b); };
    // In needs_data pairs one fact away come first; elsewhere there are none of them.
    const auto take = [&](std::size_t begin_first, std::size_t end_first, std::size_t begin_later,
                          std::size_t end_later) {
        const auto begin = static_cast<std::ptrdiff_t>(out.size());
        for (std::size_t i = begin_first; i < end_first; ++i)
            out.push_back(first.pushes(status)[i]);
        for (std::size_t i = begin_later; i < end_later; ++i) {
            const Push& push = later.pushes(status)[i];
            out.push_back({later_slots_[push.other], push.score});
        }
        std::sort(out.begin() + begin, out.end(), in_order);
    };
    const bool by_facts = status == Verdict::needs_data;
    const std::size_t first_facts = by_facts ? first.one_fact_away() : 0;
    const std::size_t later_facts = by_facts ? later.one_fact_away() : 0;
    out.clear();
    take(0, first_facts, 0, later_facts);
    take(first_facts, first.pushes(status).size(), later_facts, later.pushes(status).size());
    if (out.size() > top) out.resize(top);
}

} // namespace qice
