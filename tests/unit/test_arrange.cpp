// The order of a program's literals and policies, and that every CPU level finds with it what the
// plainest way does: lone literals, those that are looked up, and the others.
#include "index/arrange.hpp"
#include "kernels/kernels.hpp"

#include "unit/world.hpp"

#include <limits>
#include <random>

using namespace qice;

namespace {

constexpr std::uint32_t kPolicies = 5'000; // of one shape there are more than go into one
constexpr std::uint32_t kFields = 2;

/// Policies of one to three literals over two fields: ranges, one in seven of which is one that
/// many have, and one in five looked up.
class ArrangedWorld {
  public:
    ArrangedWorld(std::uint32_t codes, unsigned seed) : codes_(codes), random_(seed) {
        NumberSet cuts;
        for (std::uint32_t code = 1; code < codes; ++code)
            cuts.toggles.push_back(code);
        for (std::uint32_t field = 0; field < kFields; ++field) {
            program.fields.push_back({field, {}});
            program.fields.back().cuts.add(cuts);
            program.fields.back().cuts.finish();
        }
        for (const auto op : {GraphNode::Op::never, GraphNode::Op::always, GraphNode::Op::manual})
            program.nodes.push_back({.op = op, .manual = op == GraphNode::Op::manual});
        for (std::uint32_t slot = 0; slot < kFields; ++slot)
            add_literal(slot);
        for (std::uint32_t number = 0; number < kPolicies; ++number)
            add_policy(number);
        arrange(program);
    }

    /// What a policy's literals say of a firm, one by one.
    std::vector<std::pair<Truth, bool>> said(const CompiledPolicy& policy,
                                             const std::array<std::uint32_t, kFields>& firm) const {
        std::vector<std::pair<Truth, bool>> out;
        for (Ref ref : program.literals_of(policy.rule)) {
            const Literal& literal = program.literals[ref & ~kLiteralBit];
            const std::uint32_t code = firm[literal.slot];
            bool inside = false;
            for (std::uint32_t r = literal.first; r < literal.first + literal.count; ++r)
                inside |= program.ranges[r].first <= code && code <= program.ranges[r].last;
            out.emplace_back(code == kUnknown ? literal.on_unknown : truth_of(inside),
                             literal.fixed);
        }
        return out;
    }

    static constexpr std::uint32_t kUnknown = UINT32_MAX;
    Program program;

  private:
    std::uint32_t code() { return static_cast<std::uint32_t>(random_() % codes_); }

    Ref add_literal(std::uint32_t slot) {
        Literal literal;
        literal.slot = slot;
        literal.fixed = random_() % 3 == 0;
        literal.on_unknown = std::array{Truth::no, Truth::unknown, Truth::yes}[random_() % 3];
        literal.first = static_cast<std::uint32_t>(program.ranges.size());
        if (random_() % 5 == 0 && program.literals.size() >= kFields) return add_lookup(literal);
        const std::uint32_t a = code(), b = code();
        const std::uint32_t first = std::min(a, b), last = std::max(a, b);
        if (random_() % 3 == 0 && first > 0 && last + 1 < codes_) // all but the range
            program.ranges.insert(program.ranges.end(), {{0, first - 1}, {last + 1, codes_ - 1}});
        else if (random_() % 9 == 0 && first + 2 < last) // two in the middle: never lone
            program.ranges.insert(program.ranges.end(), {{first, first}, {first + 2, last}});
        else
            program.ranges.push_back({first, last});
        literal.count = static_cast<std::uint32_t>(program.ranges.size()) - literal.first;
        program.literals.push_back(literal);
        return static_cast<Ref>(program.literals.size() - 1) | kLiteralBit;
    }

    /// So many ranges that a bitmap says which codes they hold.
    Ref add_lookup(Literal literal) {
        literal.bitmap = static_cast<std::uint32_t>(program.bitmaps.size());
        const std::uint32_t step = codes_ / 8;
        for (std::uint32_t first = code() % step; first < codes_; first += step) {
            const std::uint32_t last = std::min(codes_ - 1, first + code() % (step - 1));
            program.ranges.push_back({first, last});
            program.bitmaps.resize(
                std::max<std::size_t>(program.bitmaps.size(), literal.bitmap + last / 64 + 1));
            for (std::uint32_t of = first; of <= last; ++of)
                program.bitmaps[literal.bitmap + of / 64] |= std::uint64_t{1} << of % 64;
        }
        literal.count = static_cast<std::uint32_t>(program.ranges.size()) - literal.first;
        program.literals.push_back(literal);
        return static_cast<Ref>(program.literals.size() - 1) | kLiteralBit;
    }

    void add_policy(std::uint32_t number) {
        CompiledPolicy policy;
        policy.policy = number;
        policy.rule.first = static_cast<std::uint32_t>(program.refs.size());
        policy.rule.literals =
            random_() % 8 == 0 ? 1 + static_cast<std::uint32_t>(random_() % 3) : 2;
        for (std::uint32_t i = 0; i < policy.rule.literals; ++i) {
            const auto slot = static_cast<std::uint32_t>(random_() % kFields);
            program.refs.push_back(random_() % 7 == 0 ? slot | kLiteralBit : add_literal(slot));
        }
        if (random_() % 10 == 0) {
            program.refs.push_back(kManual);
            policy.rule.others = 1;
            policy.rule.manual = true;
        }
        program.policies.push_back(policy);
    }

    std::uint32_t codes_;
    std::mt19937 random_;
};

/// The class of a pair; kRankClasses: none.
int class_of(const std::vector<std::pair<Truth, bool>>& said, bool manual, bool all_planes) {
    int no = 0, unknown = 0;
    bool fixed = false;
    for (const auto& [truth, is_fixed] : said) {
        no += truth == Truth::no ? 1 : 0;
        unknown += truth == Truth::unknown ? 1 : 0;
        fixed |= truth == Truth::no && is_fixed;
    }
    if (no == 0 && unknown == 0) return manual ? kReview : kEligible;
    if (!all_planes) return kRankClasses;
    if (no == 0) return unknown == 1 ? kNeedsFact : kNeedsMore;
    return no == 1 && unknown == 0 && !fixed ? kNear : kRankClasses;
}

template <class Code> void check_levels(std::uint32_t codes_there_are) {
    constexpr Code kUnknown = std::numeric_limits<Code>::max();
    const ArrangedWorld world(codes_there_are, 71 + sizeof(Code));
    const Program& program = world.program;
    std::mt19937 random(73);
    const std::uint8_t widths[kFields] = {sizeof(Code), sizeof(Code)};
    std::vector<BlockScratch> scratches(available_kernels().size(), BlockScratch(program));
    for (std::uint32_t block = 1; block <= 6; ++block) {
        AlignedVector<Code> codes[kFields];
        for (auto& column : codes) {
            column.resize(kBlockFirms);
            for (Code& code : column) // one block has no unknowns, one is of two codes
                code = static_cast<Code>(block != 2 && random() % 5 == 0 ? kUnknown
                                         : block == 3                    ? random() % 2
                                                      : random() % codes_there_are);
        }
        BlockRow valid{};
        for (std::uint64_t& word : valid.words)
            word = block == 4 ? random() : ~std::uint64_t{0};
        // Few candidates: their literals are compared one by one.
        std::vector<std::uint64_t> candidates(words_for(kPolicies));
        for (std::uint32_t place = 0; place < kPolicies; ++place)
            if (block < 5 || random() % 20 == 0)
                candidates[place / 64] |= std::uint64_t{1} << place % 64;
        const bool all_planes = block % 2 == 0;
        std::vector<std::array<std::uint8_t, kBlockFirms>> wanted(kPolicies);
        for (std::uint32_t place = 0; place < kPolicies; ++place) {
            const CompiledPolicy& policy = program.policies[place];
            const bool asked = (candidates[place / 64] >> place % 64 & 1) != 0;
            for (std::size_t firm = 0; firm < kBlockFirms; ++firm) {
                std::array<std::uint32_t, kFields> of{};
                for (std::size_t f = 0; f < kFields; ++f)
                    of[f] = codes[f][firm] == kUnknown ? ArrangedWorld::kUnknown : codes[f][firm];
                const bool is_valid = (valid.words[firm / 64] >> firm % 64 & 1) != 0;
                wanted[place][firm] = static_cast<std::uint8_t>(
                    asked && is_valid
                        ? class_of(world.said(policy, of), policy.rule.manual, all_planes)
                        : kRankClasses);
            }
        }
        const std::uint8_t* columns[kFields] = {
            reinterpret_cast<const std::uint8_t*>(codes[0].data()),
            reinterpret_cast<const std::uint8_t*>(codes[1].data())};
        for (std::size_t l = 0; l < scratches.size(); ++l) {
            const Kernels& level = *available_kernels()[l];
            BlockScratch& scratch = scratches[l];
            scratch.block = block;
            for (BlockMatches& matches : scratch.matches)
                matches.size = 0;
            const BlockTask task{
                &program, {columns, widths, nullptr, valid}, candidates.data(), all_planes, 31};
            level.run_block(task, scratch);
            std::vector<std::array<std::uint8_t, kBlockFirms>> found(kPolicies);
            for (auto& of_policy : found)
                of_policy.fill(kRankClasses);
            for (int c = 0; c < kRankClasses; ++c)
                for (std::size_t m = 0; m < scratch.matches[c].size; ++m)
                    for (std::size_t firm = 0; firm < kBlockFirms; ++firm)
                        if ((scratch.matches[c].firms[m].words[firm / 64] >> firm % 64 & 1) != 0)
                            found[scratch.matches[c].policies[m]][firm] =
                                static_cast<std::uint8_t>(c);
            INFO(level.name << ", " << sizeof(Code) << " bytes, block " << block);
            std::size_t faults = 0;
            for (std::uint32_t place = 0; place < kPolicies; ++place)
                for (std::size_t firm = 0; firm < kBlockFirms; ++firm)
                    faults += found[place][firm] != wanted[place][firm] ? 1 : 0;
            CHECK(faults == 0);
        }
    }
}

} // namespace

TEST_CASE("lone literals and tables say what literals say one by one, on every level") {
    check_levels<std::uint8_t>(200);
    check_levels<std::uint16_t>(20'000);
    check_levels<std::uint32_t>(100'000);
}

TEST_CASE("lone literals stand behind the others, and by field") {
    const ArrangedWorld world(5'000, 79);
    const Program& program = world.program;
    std::size_t lone = 0, shapes = 0;
    for (const Shape& shape : program.shapes) {
        std::size_t listed = 0;
        for (std::uint32_t f = 0; f < shape.lone_fields; ++f) {
            const LoneField& field = program.lone_fields[shape.first_lone_field + f];
            for (std::uint32_t i = field.first; i < field.first + field.count; ++i) {
                const LoneLiteral& own = program.lone_literals[i];
                CHECK(own.first < own.end);
                REQUIRE(shape.first + own.place < shape.last);
                const auto literals =
                    program.literals_of(program.policies[shape.first + own.place].rule);
                CHECK(std::any_of(literals.end() - shape.lone, literals.end(), [&](Ref ref) {
                    return program.literals[ref & ~kLiteralBit].slot == field.slot;
                }));
            }
            listed += field.count;
        }
        CHECK(listed == std::size_t{shape.lone} * (shape.last - shape.first));
        for (std::uint32_t place = shape.first; place < shape.last; ++place)
            CHECK(program.policies[place].rule.lone == shape.lone);
        if (shape.lone == 0) continue;
        CHECK(shape.last - shape.first <= kMostLonePolicies);
        lone += listed;
        ++shapes;
    }
    CHECK(lone > 5'000);
    CHECK(shapes > 4);
    // What many share, and what is in parts, is not among them.
    for (const CodedField& field : program.fields) {
        CHECK(field.literals > 0);
        for (std::uint32_t i = 0; i < field.literals; ++i)
            CHECK(&program.fields[program.literals[field.first_literal + i].slot] == &field);
    }
}

TEST_CASE("literals that are looked up stand in tables") {
    const ArrangedWorld world(5'000, 79);
    const Program& program = world.program;
    for (const CodedField& field : program.fields) {
        REQUIRE(field.tables == 2); // some six hundred
        std::uint32_t next = program.lookup_tables[field.first_table].first_literal;
        for (std::uint32_t t = 0; t < field.tables; ++t) {
            const LookupTable& table = program.lookup_tables[field.first_table + t];
            CHECK(table.first_literal == next);
            CHECK(table.literals <= kBlockFirms);
            next += table.literals;
            for (std::uint32_t i = 0; i < table.literals; ++i) {
                const Literal& literal = program.literals[table.first_literal + i];
                CHECK(literal.bitmap != Literal::kNoBitmap);
                CHECK(&program.fields[literal.slot] == &field);
            }
            const BlockRow& unknown = program.lookup_rows[table.first_row + field.cuts.codes()];
            CHECK(std::all_of(std::begin(unknown.words), std::end(unknown.words),
                              [](std::uint64_t word) { return word == 0; }));
        }
        CHECK(next == field.first_literal + field.literals);
    }
}

TEST_CASE("a field of few literals has none that are lone") {
    const SchemaPtr schema = world::schema();
    std::string text = "[";
    for (int i = 0; i < 500; ++i)
        text += std::string(i == 0 ? "" : ",") + R"({"id": "p)" + std::to_string(i) +
                R"(", "rule": {"field": "patents", "ge": )" + std::to_string(i) + "}}";
    const Program program = compile(*schema, world::policies(schema, text + "]"),
                                    {.as_of = {}, .include_closed = true, .urgency = {}});
    CHECK(program.literals.size() == 500);
    CHECK(program.lone_literals.empty());
    CHECK_FALSE(program.fields[0].is_crowded);
    CHECK(program.fields[0].literals == 500);
}

TEST_CASE("unions of elements are numbered as policies ask for them") {
    const auto any_of_ten = [](const char* prefix) {
        std::string names;
        for (int i = 0; i < 10; ++i)
            names += std::string(i == 0 ? "\"" : ", \"") + prefix + std::to_string(i) + "\"";
        return R"({"field": "titles", "has_any": [)" + names + "]}";
    };
    // The second policy has fewer literals and stands first; a preference comes last.
    const SchemaPtr schema = world::schema();
    const std::vector<Policy> policies = world::policies(
        schema, R"([{"id": "a", "rule": {"all": [{"field": "patents", "ge": 1}, )" +
                    any_of_ten("x") + R"(]}, "prefer": [{"when": )" + any_of_ten("z") +
                    R"(, "add": 1}]}, {"id": "b", "rule": )" + any_of_ten("y") + "}]");
    const Program program =
        compile(*schema, policies, {.as_of = {}, .include_closed = true, .urgency = {}});
    REQUIRE(program.unions.size() == 3);
    const auto first_name = [&](std::size_t number) {
        const CodedSet& set = program.sets[program.unions[number].set];
        return set.elements[program.elements[program.unions[number].first] - set.first_plane].name;
    };
    CHECK(first_name(0) == "y0");
    CHECK(first_name(1) == "x0");
    CHECK(first_name(2) == "z0");
    for (const Literal& literal : program.literals)
        if (literal.form == Literal::Form::elements) {
            const ElementTest& test = program.element_tests[literal.first];
            REQUIRE(test.united < 3);
            CHECK(program.unions[test.united].first == test.first);
        }
}
