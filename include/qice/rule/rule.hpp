// The rule: a tree of all, any, not, at_least, points, manual and always over conditions.
//
// A rule is plain data, bound to a schema when it is parsed: fields are indexes, constants are
// exact integers in the field's own terms. Only rule/evaluate.hpp says what it means.
#pragma once

#include "qice/model/schema.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

enum class Op : std::uint8_t {
    ge,
    gt,
    le,
    lt,
    eq,
    ne, // number, date
    is, // flag
    in,
    not_in, // category, code
    under,
    not_under, // code
    has_any,
    has_all,
    has_none,
    ever_has_any,
    ever_has_none, // set
    known,         // any kind
};

std::string_view name_of(Op op);

/// One operator with its constants.
///   number: value x 10^decimals · ratio: x 10^kRatioDecimals · date: days · flag, known: 0 or 1
///   listed code: its number · everything else: strings
struct Test {
    Op op;
    std::vector<std::int64_t> numbers;
    std::vector<std::string> strings;
};

/// A leaf over one field; several tests mean all of them.
struct Condition {
    std::uint32_t field = 0;
    std::vector<Test> tests;
};

struct PointsItem;

enum class NodeKind : std::uint8_t {
    all,
    any,
    negation,
    at_least,
    always,
    condition,
    manual,
    points
};

struct Node {
    NodeKind kind = NodeKind::always;
    bool value = true;             // always
    std::int64_t count = 0;        // at_least: how many; points: the sum to reach
    Condition condition;           // condition
    std::vector<Node> children;    // all, any, not (one), at_least
    std::vector<PointsItem> items; // points
    std::string manual;            // what a person has to judge
    std::string id, text, source;  // for people
    std::uint32_t index = 0;       // in preorder within its rule; the root is 0
};

struct PointsTier {
    Node when;
    std::int64_t points = 0;
};

/// The points of the first true tier, else 0; or, judged by a person, 0 to `points`.
struct PointsItem {
    std::string label;
    std::vector<PointsTier> tiers;
    std::string manual;
    std::int64_t points = 0;
    std::string id, text, source;

    bool is_manual() const { return tiers.empty(); }
};

struct Rule {
    Node root;
    std::uint32_t nodes = 1;      // indexes run from 0 to nodes - 1
    std::uint32_t conditions = 0; // leaves over a field
    bool has_manual = false;
};

/// Numbers the nodes and counts what Rule says of itself.
Rule make_rule(Node root);

inline constexpr std::int64_t kMaxTierPoints = 1'000;
inline constexpr std::int64_t kMaxPointsThreshold = 1'000'000;

} // namespace qice
