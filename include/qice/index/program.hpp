// The program: all rules of a policy set as one shared graph over exact small codes.
//
// Negations are pushed to the leaves; the same leaf and the same sub-rule, whoever wrote it, is one
// node. The graph is flat arrays of numbers, so that block executors can run it without pointers.
// Three readers: blocks of firms (kernels/), one firm (firm_query), one policy (policy_query).
//
// A node has up to five planes, each a bit a firm (see docs/engine.md):
//   certain   true, with unknowns and manual conditions taken as false
//   confirmed true, with manual conditions taken as true
//   possible  not false
//   near      at most one false condition away (unknown ones never mend)
//   fact      at most one unknown condition away
#pragma once

#include "qice/base/bits.hpp"
#include "qice/base/truth.hpp"
#include "qice/index/cuts.hpp"
#include "qice/rule/policy.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace qice {

/// A condition, or its negation, over codes.
struct Literal {
    enum class Form : std::uint8_t { ranges, elements };
    Form form = Form::ranges;
    bool negated = false; // elements only: ranges are complemented when compiled
    bool fixed = false;   // on a field a firm cannot change
    Truth on_unknown = Truth::unknown;
    std::uint32_t slot = 0;  // which coded field, or which set
    std::uint32_t first = 0; // into ranges, or into element_tests
    std::uint32_t count = 0;
    std::uint32_t bitmap = kNoBitmap; // ranges: into bitmaps, where there are many
    static constexpr std::uint32_t kNoBitmap = UINT32_MAX;
};
inline constexpr std::uint32_t kMostRanges = 4; // more are looked up in a bitmap

/// One test of a set condition: of these elements any, all or none must be there.
struct ElementTest {
    enum class Mode : std::uint8_t { any, all, none };
    Mode mode = Mode::any;
    std::uint32_t first = 0; // into elements
    std::uint32_t count = 0;
    std::uint32_t united = kNotUnited; // any, none: into Program::unions, where there are many
    static constexpr std::uint32_t kNotUnited = UINT32_MAX;
};
inline constexpr std::uint32_t kMostElements = 8; // more have a plane of their own: their union

/// Elements of one set that a FirmIndex keeps one plane for: the firms that have any of them.
struct ElementUnion {
    std::uint32_t set = 0;
    std::uint32_t first = 0; // into elements
    std::uint32_t count = 0;
};

/// A node or a leaf: literals have the top bit set.
using Ref = std::uint32_t;
inline constexpr Ref kLiteralBit = 1u << 31;
inline constexpr Ref kNever = 0, kAlways = 1, kManual = 2; // the first three nodes

struct GraphNode {
    enum class Op : std::uint8_t { never, always, manual, all, any, at_least, points };
    Op op = Op::never;
    bool negated = false;    // points: the table is negated
    bool manual = false;     // certain and confirmed may differ
    bool in_table = false;   // a table of points asks where it is possible, whatever the status
    bool shared = false;     // it stands in several places, or in a preference
    std::uint32_t first = 0; // into refs; points: into items
    std::uint32_t count = 0;
    std::uint32_t threshold = 0; // at_least, points
};

/// An item of a table of points. From 0 to its highest tier points rise by steps, one for each
/// number of points that some tier gives.
struct GraphItem {
    std::uint32_t first = 0; // into tiers
    std::uint32_t count = 0; // 0: judged by a person
    std::uint32_t manual_points = 0;
    std::uint32_t most = 0;                  // by its highest tier, or by a person
    std::uint32_t first_step = 0, steps = 0; // into Program::steps
};

struct GraphTier {
    Ref when = kNever;
    std::uint32_t points = 0;
    std::uint32_t steps = 0; // of the item's, how many add up to that
};

/// A rule as a conjunction: literals first, lone ones last among them, then what is not one.
struct Conjunction {
    std::uint32_t first = 0; // into refs
    std::uint32_t literals = 0;
    std::uint32_t others = 0;
    bool manual = false;    // certain and confirmed may differ
    std::uint32_t lone = 0; // of the literals
};

/// Policies whose rules have the same numbers of literals and others, side by side, their refs too:
/// policy p of the shape has refs[first_ref + (p - first) x (literals + others)...].
struct Shape {
    std::uint32_t first = 0, last = 0; // of Program::policies: [first, last)
    std::uint32_t first_ref = 0;
    std::uint32_t literals = 0;
    std::uint32_t others = 0;
    bool manual = false;
    std::uint32_t lone = 0; // of the literals
    std::uint32_t first_lone_field = 0, lone_fields = 0;
};
inline constexpr std::uint32_t kMostLonePolicies = 2048; // of one shape

/// A range that hardly any other policy demands. A row for each would go through memory twice; so
/// executors meet them shape by shape and field by field, see docs/engine.md.
struct LoneLiteral {
    enum : std::uint16_t { kOutside = 1, kMetByUnknown = 2, kLeavesUnknown = 4, kFixed = 8 };
    std::uint32_t first, end; // met by codes in [first, end); kOutside: by the other known ones
    std::uint16_t place;      // of the policy, from the shape's first
    std::uint16_t how;
};

/// Those of one shape on one field.
struct LoneField {
    std::uint32_t slot = 0;
    std::uint32_t first = 0, count = 0; // of Program::lone_literals
};

struct CompiledPreference {
    Ref when;
    Score add;
};

struct CompiledPolicy {
    std::uint32_t policy = 0; // in the set
    Score prior = 0;          // priority + urgency: the score of a firm that shares nothing
    Conjunction rule;
    std::uint32_t first_preference = 0, preferences = 0;
    std::uint32_t first_tag = 0, tags = 0;
};

struct CompiledTag {
    std::uint32_t tag;   // in Program::tag_names
    std::int32_t weight; // thousandths
};

/// A field of codes in the order the firm index keeps them.
struct CodedField {
    std::uint32_t field;
    FieldCuts cuts;
    std::uint32_t first_literal = 0, literals = 0; // all over it but the lone stand together
    bool is_crowded = false;                   // by literals, the lone ones too: worth RangeRows
    std::uint32_t first_table = 0, tables = 0; // of Program::lookup_tables
};

/// Literals of one field that are looked up in bitmaps, up to 512 with numbers in a row; once more
/// the other way about, so that all of them are looked up at once: a row a code with a bit a
/// literal.
struct LookupTable {
    std::uint32_t first_literal = 0, literals = 0;
    std::size_t first_row = 0; // of Program::lookup_rows; the row after the last code's is empty
};

/// A set field and the elements that rules name; an element counts while valid, or for ever.
struct CodedSet {
    struct Element {
        std::string name;
        bool ever;
    };
    std::uint32_t field;
    std::vector<Element> elements; // sorted by (name, ever)
    std::uint32_t first_plane;     // plane of elements[0]; the set's "unknown" plane comes last
};

struct Program {
    std::vector<CodedField> fields;
    std::vector<CodedSet> sets;
    std::uint32_t planes = 0; // of all sets

    std::vector<Literal> literals;
    std::vector<FieldCuts::Range> ranges;
    std::vector<std::uint64_t> bitmaps;
    std::vector<ElementTest> element_tests;
    std::vector<std::uint32_t> elements; // plane numbers
    std::vector<ElementUnion> unions;    // each other elements; planes apart from those of elements

    std::vector<GraphNode> nodes;
    std::vector<Ref> refs;
    std::vector<GraphItem> items;
    std::vector<GraphTier> tiers;
    std::vector<std::uint32_t> steps; // points of each

    std::vector<CompiledPolicy> policies; // by shape; within one, those with the same refs together
    std::vector<Shape> shapes;
    std::vector<LoneField> lone_fields;
    std::vector<LoneLiteral> lone_literals;
    std::vector<LookupTable> lookup_tables;
    AlignedVector<BlockRow> lookup_rows;
    std::vector<CompiledPreference> preferences;
    std::vector<CompiledTag> tags;
    std::vector<std::string> tag_names;

    std::span<const Ref> literals_of(const Conjunction& rule) const {
        return std::span(refs).subspan(rule.first, rule.literals);
    }
    std::span<const Ref> others_of(const Conjunction& rule) const {
        return std::span(refs).subspan(rule.first + rule.literals, rule.others);
    }
};

struct CompileOptions {
    Date as_of;
    bool include_closed = false;
    Urgency urgency = {};
};

/// Compiles the policies of a set that are open on a day (or all of them).
Program compile(const Schema& schema, std::span<const Policy> policies,
                const CompileOptions& options);

} // namespace qice
