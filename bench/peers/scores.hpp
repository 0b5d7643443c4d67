// The ranking alone, as a product of sparse matrices: for libraries of linear algebra.
//
//   scores = prior + (firm x tag) (policy x tag)'    where the pair is eligible
//
// They are given who is eligible (the mask, firm by firm), and preferences as more tags: a firm has
// such a tag if it is true for it. Weights are thousandths, scores millionths, all whole numbers.
#pragma once

#include "peer.hpp"

#include <algorithm>

namespace qice::peer {

/// One sparse matrix by rows.
struct Sparse {
    std::size_t columns = 0;
    std::vector<std::int64_t> starts{0};
    std::vector<std::int64_t> column;
    std::vector<std::int64_t> value;

    std::size_t rows() const { return starts.size() - 1; }
    void add(std::size_t at, std::int64_t weight) {
        column.push_back(static_cast<std::int64_t>(at));
        value.push_back(weight);
    }
    void end_row() { starts.push_back(static_cast<std::int64_t>(column.size())); }
};

class ScoreTask {
  public:
    explicit ScoreTask(const City& city) : city_(city) {
        const Program& program = city.program();
        for (std::uint32_t place = 0; place < program.policies.size(); ++place)
            by_id_.push_back(place);
        std::sort(by_id_.begin(), by_id_.end(),
                  [&](std::uint32_t a, std::uint32_t b) { return id(a) < id(b); });
        by_number_.resize(city.set.policies.size());
        for (std::uint32_t column = 0; column < by_id_.size(); ++column)
            by_number_[program.policies[by_id_[column]].policy] = column;
        make_policies();
        make_firms();
        make_mask();
    }

    Sparse firms, policies; // x (tags, then preferences); policies in the order of their ids
    Sparse mask;            // firm x policy; value: the prior
    std::size_t pairs() const { return mask.column.size(); }

    struct Best {
        std::int64_t column, score;
    };
    /// The first kTop of a row of scores (what the product gave, where it gave something).
    void keep_best(std::size_t firm, const std::int64_t* columns, const std::int64_t* products,
                   std::size_t products_count) {
        row_.clear();
        std::size_t next = 0;
        for (std::int64_t at = mask.starts[firm]; at < mask.starts[firm + 1]; ++at) {
            const std::int64_t column = mask.column[static_cast<std::size_t>(at)];
            std::int64_t score = mask.value[static_cast<std::size_t>(at)];
            while (next < products_count && columns[next] < column)
                ++next;
            if (next < products_count && columns[next] == column) score += products[next];
            row_.push_back({column, score});
        }
        const std::size_t count = std::min<std::size_t>(kTop, row_.size());
        std::partial_sort(row_.begin(), row_.begin() + static_cast<std::ptrdiff_t>(count),
                          row_.end(), [](const Best& a, const Best& b) {
                              return a.score != b.score ? a.score > b.score : a.column < b.column;
                          });
        best_[firm].assign(row_.begin(), row_.begin() + static_cast<std::ptrdiff_t>(count));
    }

    std::string wrong(const MatchResult& ours) const {
        for (std::uint32_t row = 0; row < best_.size(); ++row) {
            const Pushes pushes = ours.pushes(row, Verdict::eligible);
            const std::vector<Best>& best = best_[(*city_.firms.index.positions())[row]];
            bool equal = best.size() == pushes.size();
            for (std::size_t i = 0; equal && i < best.size(); ++i)
                equal = by_number_[pushes[i].other] == best[i].column &&
                        pushes[i].score == best[i].score;
            if (!equal) return "the pushes of a firm differ";
        }
        return {};
    }

  private:
    const std::string& id(std::uint32_t place) const {
        return city_.set.policies[city_.program().policies[place].policy].id;
    }

    void make_policies() {
        const Program& program = city_.program();
        for (std::uint32_t place : by_id_) {
            const CompiledPolicy& policy = program.policies[place];
            std::map<std::size_t, std::int64_t> row;
            for (std::uint32_t tag = policy.first_tag; tag < policy.first_tag + policy.tags; ++tag)
                row[program.tags[tag].tag] += program.tags[tag].weight;
            const std::vector<Preference>& prefer = city_.set.policies[policy.policy].prefer;
            for (std::uint32_t p = 0; p < policy.preferences; ++p)
                row[column_of(program.preferences[policy.first_preference + p].when,
                              prefer[p].when)] += prefer[p].add;
            for (const auto& [column, weight] : row)
                policies.add(column, weight);
            policies.end_row();
        }
        firms.columns = policies.columns = program.tag_names.size() + preferred_.size();
    }

    /// Equal preferences have one column, behind those of the tags.
    std::size_t column_of(Ref same, const Rule& when) {
        const auto known = preferred_number_.emplace(same, preferred_.size());
        if (known.second) preferred_.push_back(&when);
        return city_.program().tag_names.size() + known.first->second;
    }

    void make_firms() {
        const std::size_t tags = city_.program().tag_names.size();
        for (std::size_t position = 0; position < city_.firms.index.firms(); ++position) {
            for (TagMatrix::InnerIterator tag(city_.firms.tags,
                                              static_cast<std::int64_t>(position));
                 tag; ++tag)
                firms.add(static_cast<std::size_t>(tag.col()), tag.value());
            const FirmView firm = city_.read.firms[city_.firms.index.row_at(position)];
            for (std::size_t p = 0; p < preferred_.size(); ++p)
                if (evaluate(*preferred_[p], firm) == Truth::yes) firms.add(tags + p, 1);
            firms.end_row();
        }
    }

    void make_mask() {
        const MatchResult all = city_.matcher.match(
            city_.firms, {.top = kNoLimit, .statuses = status_bit(Verdict::eligible)});
        mask.columns = by_id_.size();
        best_.resize(city_.firms.index.firms());
        std::vector<std::uint32_t> row;
        for (std::size_t position = 0; position < best_.size(); ++position) {
            row.clear();
            for (const Push& push :
                 all.pushes(city_.firms.index.row_at(position), Verdict::eligible))
                row.push_back(by_number_[push.other]);
            std::sort(row.begin(), row.end());
            for (std::uint32_t column : row)
                mask.add(column, city_.program().policies[by_id_[column]].prior);
            mask.end_row();
        }
    }

    const City& city_;
    std::vector<std::uint32_t> by_id_;     // column -> place
    std::vector<std::uint32_t> by_number_; // number in the set -> column
    std::vector<const Rule*> preferred_;   // distinct preferences
    std::map<Ref, std::size_t> preferred_number_;
    std::vector<std::vector<Best>> best_; // by position
    std::vector<Best> row_;
};

} // namespace qice::peer
