// A slow second opinion: what a rule says of a firm, written so that it can be checked by eye.
//
// It reads the plain data of schema, rule and policy, and a firm's cells by a parser of its own. It
// shares no code with the evaluator, the program or the kernels: own three values, costs by trying
// every single change, points by enumerating every outcome, ranks by sorting everything.
#pragma once

#include "qice/model/schema.hpp"
#include "qice/rule/policy.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace qice::agree {

using Wide = __int128;

/// What a firm has in one field.
struct Value {
    bool known = false;
    Wide number = 0;                              // number (x 10^decimals), date (days), flag
    Wide numerator = 0, denominator = 1;          // ratio
    std::string text;                             // category, code
    std::map<std::string, std::int64_t> elements; // set: the last valid day of each
};

struct ReferenceFirm {
    std::string id;
    std::vector<Value> values;        // by field
    std::map<std::string, Wide> tags; // thousandths
};

/// Reads firms for one schema and day.
class ReferenceReader {
  public:
    /// `lists`: the text of the code lists by their name in the schema; `sizes`: sme_size.csv.
    ReferenceReader(const Schema& schema, const std::map<std::string, std::string>& lists,
                    const std::string& sizes, const std::string& as_of);

    ReferenceFirm read(const std::string& id,
                       const std::map<std::string, std::string>& cells) const;

  private:
    struct CodeTable {
        std::map<std::string, std::string> parent, level, real_code; // real_code: of an alias too
    };
    struct SizeRow {
        std::vector<std::vector<Wide>> bounds; // employees, revenue, assets: three each, or none
    };

    Value plain(const Field& field, const std::string& cell) const;
    Value code(const Field& field, const std::string& cell) const;
    Value set(const Field& field, const std::string& cell) const;
    const Value& derived(std::uint32_t field, ReferenceFirm& firm, std::vector<bool>& done) const;
    Value sum(const Field& field, const std::vector<Value>& operands) const;
    Value ratio(const Field& field, const std::vector<Value>& operands) const;
    Value size_class(const Field& field, const std::vector<Value>& operands) const;
    int class_of(const std::vector<Wide>& bounds, const Value& value, const Field& field,
                 bool money) const;

    friend class Reference;
    const Schema& schema_;
    std::map<std::string, CodeTable> codes_;
    std::map<std::string, SizeRow> sizes_; // by industry code
    std::int64_t as_of_ = 0;               // days
    int year_ = 0, month_ = 0, day_ = 0;
};

enum class Answer : std::uint8_t { no, unknown, yes };
/// In the order of pushes.
enum class Status4 : std::uint8_t { eligible, review, needs_data, near, ineligible };

struct PairAnswer {
    Status4 status = Status4::ineligible;
    bool one_fact_away = false;
    Wide score = 0;
};

struct RankedPair {
    std::uint32_t policy = 0;
    Wide score = 0;
};

class Reference {
  public:
    Reference(const ReferenceReader& reader, std::span<const Policy> policies, bool include_closed,
              std::int64_t urgency_weight, std::int64_t urgency_days);

    /// Is this policy matched at all on the day?
    bool matched(std::uint32_t policy) const { return matched_[policy]; }
    PairAnswer judge(std::uint32_t policy, const ReferenceFirm& firm) const;
    /// The policies of one firm in one status, best first.
    std::vector<RankedPair> rank(const std::vector<PairAnswer>& of_firm, Status4 status) const;

    Answer answer(const Node& node, const ReferenceFirm& firm, bool manual_is_true) const;

  private:
    Answer condition(const Condition& condition, const ReferenceFirm& firm) const;
    Answer test(const Test& test, const Field& field, const Value& value) const;
    bool scalar_test(const Test& test, const Field& field, const Value& value) const;
    bool set_test(const Test& test, const Value& value) const;
    Answer points(const Node& node, const ReferenceFirm& firm, bool manual_is_true) const;
    Wide score(std::uint32_t policy, const ReferenceFirm& firm) const;
    Wide urgency(const Policy& policy) const;
    bool is_open(const Policy& policy) const;

    enum class Leaf : std::uint8_t { costs_nothing, costs_one, costs_too_much };
    void collect(const Node& node, bool negated, const ReferenceFirm& firm, bool learning,
                 std::vector<Leaf>& leaves) const;
    bool holds(const Node& node, bool negated, const std::vector<Leaf>& leaves, std::size_t changed,
               std::size_t& next) const;
    bool one_change_away(const Node& root, const ReferenceFirm& firm, bool learning) const;

    const ReferenceReader& reader_;
    std::span<const Policy> policies_;
    std::int64_t urgency_weight_, urgency_days_;
    std::vector<bool> matched_;
};

/// Days since 1970-01-01, counted year by year.
std::int64_t count_days(int year, int month, int day);

} // namespace qice::agree
