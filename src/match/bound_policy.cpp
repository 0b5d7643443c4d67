#include "match/bound_policy.hpp"

#include <algorithm>
#include <numeric>

namespace qice {
namespace {

using Range = FieldCuts::Range;

/// What of 0 to `last` is in none of the ranges, which ascend.
std::vector<Range> complement(const std::vector<Range>& ranges, std::uint32_t last) {
    std::vector<Range> out;
    std::uint32_t next = 0;
    for (const Range& range : ranges) {
        if (next < range.first) out.push_back({next, range.first - 1});
        next = range.last + 1;
    }
    if (next <= last) out.push_back({next, last});
    return out;
}

/// Sorts ranges and joins those that touch.
void normalize(std::vector<Range>& ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const Range& a, const Range& b) { return a.first < b.first; });
    std::size_t kept = 0;
    for (const Range& range : ranges) {
        if (kept > 0 && range.first <= ranges[kept - 1].last + 1)
            ranges[kept - 1].last = std::max(ranges[kept - 1].last, range.last);
        else
            ranges[kept++] = range;
    }
    ranges.resize(kept);
}

std::uint8_t width_for(std::uint32_t codes) { return codes <= 0xff ? 1 : codes <= 0xffff ? 2 : 4; }

} // namespace

// ---------------------------------------------------------------------------------- CutBinding

namespace {

template <class T>
void place_cuts(const std::vector<T>& own, const std::vector<T>& base,
                std::vector<CutBinding::Place>& places) {
    auto from = base.begin();
    for (const T& cut : own) {
        from = std::lower_bound(from, base.end(), cut);
        const bool is_cut = from != base.end() && *from == cut;
        places.push_back({static_cast<std::uint32_t>(from - base.begin()), !is_cut});
    }
}

} // namespace

CutBinding::CutBinding(const FieldCuts& own, const FieldCuts& base) {
    place_cuts(own.numbers(), base.numbers(), places);
    place_cuts(own.strings(), base.strings(), places);
    asks = std::any_of(places.begin(), places.end(), [](const Place& at) { return at.inside; });
}

CutBinding::Settled CutBinding::settled(const Range& own, std::uint32_t base_codes) const {
    // Own code c lies between own cuts c - 1 and c.
    Settled out{0, std::int64_t{base_codes} - 1};
    if (own.first > 0) out.first = std::int64_t{places[own.first - 1].code} + 1;
    if (own.last < places.size())
        out.last = std::int64_t{places[own.last].code} - (places[own.last].inside ? 1 : 0);
    return out;
}

std::vector<std::uint32_t> CutBinding::own_codes(std::uint32_t base_codes) const {
    std::vector<std::uint32_t> out(std::size_t{base_codes} + 1);
    std::uint32_t own = 0;
    for (std::uint32_t code = 0; code < base_codes; ++code) {
        while (own < places.size() && places[own].code < code)
            ++own;
        out[code] =
            own < places.size() && places[own].code == code && places[own].inside ? kAsk : own;
    }
    out[base_codes] = kUnknown;
    return out;
}

// -------------------------------------------------------------------------------- PolicyBinder

void PolicyBinder::bind(BoundPolicy::Parts& parts) const {
    parts.of_any = base_.codes.any_finer() ? nullptr : &base_.program;
    for (std::uint32_t own = 0; own < parts.program.fields.size(); ++own)
        bind_field(parts, own);
    for (std::uint32_t own = 0; own < parts.program.sets.size(); ++own)
        bind_set(parts, own);
    bind_demands(parts); // reads literals in own codes
    bind_rest(parts);
    for (Literal& literal : parts.program.literals) {
        if (literal.form != Literal::Form::ranges || parts.fields[literal.slot].asks) continue;
        rewrite(parts, base_.codes.cuts(parts.fields[literal.slot].slot).codes(), literal);
    }
}

void PolicyBinder::bind_field(BoundPolicy::Parts& parts, std::uint32_t own) const {
    const CodedField& coded = parts.program.fields[own];
    BoundField field;
    field.slot = base_.slot_of[coded.field];
    if (field.slot == BoundField::kNoSlot) {
        field.asks = true;
    } else {
        const FieldCuts& base = base_.codes.cuts(field.slot);
        field.cuts = CutBinding(coded.cuts, base);
        field.asks = field.cuts.asks;
        if (field.asks) field.own_codes = field.cuts.own_codes(base.codes());
    }
    field.width = field.asks ? width_for(coded.cuts.codes()) : base_.codes.width(field.slot);
    parts.asks |= field.asks;
    parts.fields.push_back(std::move(field));
}

void PolicyBinder::bind_set(BoundPolicy::Parts& parts, std::uint32_t own) const {
    const CodedSet& coded = parts.program.sets[own];
    const Dictionary& names = base_.firms.column(coded.field).dictionary;
    const std::uint32_t slot = base_.slot_of[coded.field];
    BoundSet set;
    if (slot == BoundField::kNoSlot) set.asks = true; // who is unknown has to be asked, too
    for (std::uint32_t i = 0; i < coded.elements.size(); ++i) {
        const CodedSet::Element& element = coded.elements[i];
        set.planes.push_back(BoundSet::kNoPlane);
        if (slot != BoundField::kNoSlot) {
            const CodedSet& base = base_.program.sets[slot];
            const auto found =
                std::lower_bound(base.elements.begin(), base.elements.end(), element,
                                 [](const CodedSet::Element& a, const CodedSet::Element& b) {
                                     return std::tie(a.name, a.ever) < std::tie(b.name, b.ever);
                                 });
            if (found != base.elements.end() && found->name == element.name &&
                found->ever == element.ever) {
                set.planes.back() =
                    base.first_plane + static_cast<std::uint32_t>(found - base.elements.begin());
                continue;
            }
        }
        parts.of_any = nullptr;
        const auto name = names.find(element.name);
        if (!name) continue; // no firm has it
        set.missing.push_back({*name, coded.first_plane + i, element.ever});
        set.asks = true;
    }
    set.planes.push_back(
        slot == BoundField::kNoSlot
            ? BoundSet::kNoPlane
            : base_.program.sets[slot].first_plane +
                  static_cast<std::uint32_t>(base_.program.sets[slot].elements.size()));
    parts.asks |= set.asks;
    parts.sets.push_back(std::move(set));
}

void PolicyBinder::bind_demands(BoundPolicy::Parts& parts) const {
    Program& program = parts.program;
    const CompiledPolicy& policy = program.policies[0];
    std::vector<Ref> rest;
    for (Ref ref : program.literals_of(policy.rule)) {
        Demand demand;
        demand.literal = ref & ~kLiteralBit;
        const Literal& literal = program.literals[demand.literal];
        demand.form = literal.form;
        bool settled = false;
        if (literal.form == Literal::Form::ranges) {
            if (parts.fields[literal.slot].slot != BoundField::kNoSlot) {
                bind_ranges(parts, literal, demand);
                parts.demands.push_back(std::move(demand));
                settled = true;
            }
        } else if (!parts.sets[literal.slot].asks) {
            bind_elements(parts, literal, demand);
            parts.demands.push_back(std::move(demand));
            settled = true;
        }
        if (!settled) rest.push_back(ref);
    }
    parts.rest.first = static_cast<std::uint32_t>(program.refs.size());
    parts.rest.literals = static_cast<std::uint32_t>(rest.size());
    parts.rest.others = policy.rule.others;
    parts.rest.manual = policy.rule.manual;
    const auto others = program.others_of(policy.rule);
    rest.insert(rest.end(), others.begin(), others.end());
    program.refs.insert(program.refs.end(), rest.begin(), rest.end());
    std::stable_sort(parts.demands.begin(), parts.demands.end(),
                     [](const Demand& a, const Demand& b) { return a.firms < b.firms; });
}

void PolicyBinder::bind_ranges(const BoundPolicy::Parts& parts, const Literal& literal,
                               Demand& demand) const {
    const BoundField& field = parts.fields[literal.slot];
    const std::uint32_t codes = base_.codes.cuts(field.slot).codes();
    const std::uint32_t last_own = parts.program.fields[literal.slot].cuts.codes() - 1;
    demand.slot = field.slot;
    std::vector<Range> certain;
    const auto open = [&](std::uint32_t cut) { // the code that an own cut divides may pass
        if (!field.cuts.places[cut].inside) return;
        demand.open.push_back({field.cuts.places[cut].code, field.cuts.places[cut].code});
    };
    for (std::uint32_t i = 0; i < literal.count; ++i) {
        const Range& own = parts.program.ranges[literal.first + i];
        const CutBinding::Settled range = field.cuts.settled(own, codes);
        if (range.first <= range.last)
            certain.push_back(
                {static_cast<std::uint32_t>(range.first), static_cast<std::uint32_t>(range.last)});
        if (own.first > 0) open(own.first - 1);
        if (own.last < last_own) open(own.last);
    }
    if (literal.on_unknown == Truth::yes) certain.push_back({codes, codes});
    normalize(demand.open);
    demand.rows = certain;
    demand.rows.insert(demand.rows.end(), demand.open.begin(), demand.open.end());
    normalize(demand.rows);
    demand.refusing = complement(certain, codes);
    for (Range range : demand.rows) {
        demand.firms += base_.presence.firms(field.slot, range.first, range.last);
        if (range.last == codes) { // the column holds unknown as its greatest number
            const std::uint8_t width = base_.codes.width(field.slot);
            const std::uint32_t unknown = UINT32_MAX >> (32 - 8 * width);
            demand.passing.push_back({unknown, unknown});
            if (range.first == codes) continue;
            --range.last;
        }
        demand.passing.push_back(range);
    }
}

void PolicyBinder::bind_elements(const BoundPolicy::Parts& parts, const Literal& literal,
                                 Demand& demand) const {
    const BoundSet& set = parts.sets[literal.slot];
    const std::uint32_t first_plane = parts.program.sets[literal.slot].first_plane;
    demand.firms = base_.index.firms();
    if (literal.negated) return;
    for (std::uint32_t i = 0; i < literal.count; ++i) {
        const ElementTest& test = parts.program.element_tests[literal.first + i];
        if (test.mode == ElementTest::Mode::none) continue;
        const bool all = test.mode == ElementTest::Mode::all;
        std::uint64_t firms = all ? base_.index.firms() : 0;
        for (std::uint32_t e = 0; e < test.count; ++e) {
            const std::uint32_t plane =
                set.planes[parts.program.elements[test.first + e] - first_plane];
            const std::uint64_t of_plane =
                plane == BoundSet::kNoPlane ? 0 : base_.presence.firms_with_plane(plane);
            firms = all ? std::min(firms, of_plane) : firms + of_plane;
        }
        demand.firms = std::min(demand.firms, firms);
    }
}

namespace {

/// Notes the fields and sets that a ref reads.
class Reader {
  public:
    explicit Reader(const Program& program)
        : program_(program), fields_(program.fields.size()), sets_(program.sets.size()),
          seen_(program.nodes.size()) {}

    void read(Ref ref) {
        if ((ref & kLiteralBit) != 0) {
            const Literal& literal = program_.literals[ref & ~kLiteralBit];
            (literal.form == Literal::Form::elements ? sets_ : fields_)[literal.slot] = true;
            return;
        }
        if (seen_[ref]) return;
        seen_[ref] = true;
        const GraphNode& node = program_.nodes[ref];
        if (node.op == GraphNode::Op::points) {
            for (std::uint32_t i = node.first; i < node.first + node.count; ++i)
                for (std::uint32_t t = 0; t < program_.items[i].count; ++t)
                    read(program_.tiers[program_.items[i].first + t].when);
        } else if (node.op >= GraphNode::Op::all) {
            for (std::uint32_t i = 0; i < node.count; ++i)
                read(program_.refs[node.first + i]);
        }
    }

    BoundPolicy::Parts::Reads reads() const {
        BoundPolicy::Parts::Reads out;
        for (std::uint32_t own = 0; own < fields_.size(); ++own)
            if (fields_[own]) out.fields.push_back(own);
        for (std::uint32_t own = 0; own < sets_.size(); ++own)
            if (sets_[own]) out.sets.push_back(own);
        return out;
    }

  private:
    const Program& program_;
    std::vector<bool> fields_, sets_, seen_;
};

} // namespace

/// Which of the rest can be told from the index alone, and what all of it reads.
void PolicyBinder::bind_rest(BoundPolicy::Parts& parts) const {
    Program& program = parts.program;
    Reader all(program), without_asking(program);
    std::vector<Ref> known;
    for (std::uint32_t i = 0; i < parts.rest.literals + parts.rest.others; ++i) {
        const Ref ref = program.refs[parts.rest.first + i];
        all.read(ref);
        Reader alone(program);
        alone.read(ref);
        const BoundPolicy::Parts::Reads reads = alone.reads();
        const auto field_asks = [&](std::uint32_t own) { return parts.fields[own].asks; };
        const auto set_asks = [&](std::uint32_t own) { return parts.sets[own].asks; };
        if (std::none_of(reads.fields.begin(), reads.fields.end(), field_asks) &&
            std::none_of(reads.sets.begin(), reads.sets.end(), set_asks)) {
            known.push_back(ref); // a literal of the rest asks, so this is a node
            without_asking.read(ref);
        }
    }
    const CompiledPolicy& policy = program.policies[0];
    for (std::uint32_t i = 0; i < policy.preferences; ++i)
        all.read(program.preferences[policy.first_preference + i].when);
    parts.reads[BoundPolicy::Parts::kRest] = all.reads();
    parts.reads[BoundPolicy::Parts::kKnown] = without_asking.reads();
    BoundPolicy::Parts::Reads& whole = parts.reads[BoundPolicy::Parts::kWhole];
    whole.fields.resize(program.fields.size());
    std::iota(whole.fields.begin(), whole.fields.end(), 0u);
    whole.sets.resize(program.sets.size());
    std::iota(whole.sets.begin(), whole.sets.end(), 0u);
    parts.known = {static_cast<std::uint32_t>(program.refs.size()), 0,
                   static_cast<std::uint32_t>(known.size()), true};
    program.refs.insert(program.refs.end(), known.begin(), known.end());
}

/// From own codes to those of the index; nothing is open, so every range keeps some.
void PolicyBinder::rewrite(BoundPolicy::Parts& parts, std::uint32_t base_codes, Literal& literal) {
    const CutBinding& cuts = parts.fields[literal.slot].cuts;
    Program& program = parts.program;
    for (std::uint32_t i = 0; i < literal.count; ++i) {
        Range& range = program.ranges[literal.first + i];
        const CutBinding::Settled settled = cuts.settled(range, base_codes);
        range = {static_cast<std::uint32_t>(settled.first),
                 static_cast<std::uint32_t>(settled.last)};
    }
    if (literal.bitmap == Literal::kNoBitmap) return;
    literal.bitmap = static_cast<std::uint32_t>(program.bitmaps.size());
    program.bitmaps.resize(literal.bitmap +
                           program.ranges[literal.first + literal.count - 1].last / 64 + 1);
    for (std::uint32_t i = 0; i < literal.count; ++i) {
        const Range& range = program.ranges[literal.first + i];
        for (std::uint32_t code = range.first; code <= range.last; ++code)
            program.bitmaps[literal.bitmap + code / 64] |= std::uint64_t{1} << (code % 64);
    }
}

} // namespace qice
