// Sets of values, against looking at every value.
#include "qice/rule/value_set.hpp"

#include "qice/rule/evaluate.hpp"
#include "unit/world.hpp"

#include <random>

using namespace qice;
using world::day;

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

NumberSet random_set(std::mt19937& random) {
    NumberSet set{random() % 2 == 0, {}};
    for (std::int64_t value = 0; value < 10; ++value)
        if (random() % 3 == 0) set.toggles.push_back(value);
    return set;
}

bool well_formed(const NumberSet& set) {
    return std::adjacent_find(set.toggles.begin(), set.toggles.end(), std::greater_equal<>()) ==
           set.toggles.end();
}

/// The condition of a rule that is one condition.
Condition condition(const SchemaPtr& schema, const std::string& json) {
    return world::rule(schema, json).root.condition;
}

/// Do a condition's set and the evaluator say the same of every firm?
template <class Value>
void check_against_evaluator(const ScalarCondition<Value>& scalar, const Condition& condition,
                             const FirmTable& firms) {
    for (std::size_t row = 0; row < firms.size(); ++row) {
        const FirmView firm = firms[row];
        Truth expected = scalar.on_unknown;
        if constexpr (std::is_same_v<Value, std::string>) {
            if (const auto value = firm.string(condition.field))
                expected = truth_of(scalar.values.contains(std::string(*value)));
        } else if (firms.schema()[condition.field].is_ratio()) {
            if (const auto ratio = firm.ratio(condition.field))
                expected = truth_of(scalar.values.contains(ratio_slot(*ratio)));
        } else if (const auto value = firm.scalar(condition.field)) {
            expected = truth_of(scalar.values.contains(*value));
        }
        REQUIRE(evaluate(condition, firm) == expected);
    }
}

} // namespace

TEST_CASE("union, intersection and complement agree with every value") {
    std::mt19937 random(41);
    for (int round = 0; round < 2'000; ++round) {
        const NumberSet a = random_set(random), b = random_set(random);
        const NumberSet both = a & b, either = a | b, none = a.complement();
        REQUIRE(well_formed(both));
        REQUIRE(well_formed(either));
        for (std::int64_t value = -1; value <= 10; ++value) {
            REQUIRE(both.contains(value) == (a.contains(value) && b.contains(value)));
            REQUIRE(either.contains(value) == (a.contains(value) || b.contains(value)));
            REQUIRE(none.contains(value) != a.contains(value));
        }
    }
}

TEST_CASE("everything and nothing are known for what they are") {
    CHECK(NumberSet::everything().is_everything());
    CHECK(NumberSet::everything().complement().is_nothing());
    CHECK(NumberSet::everything().contains(-kMost - 1));
    CHECK_FALSE(NumberSet::nothing().contains(kMost));
    const NumberSet some{false, {3}};
    CHECK((some | some.complement()).is_everything());
    CHECK((some & some.complement()).is_nothing());
}

TEST_CASE("every operator on numbers says what the evaluator says") {
    const SchemaPtr schema = world::schema();
    std::vector<world::Cells> rows{
        {}, {{"patents", std::to_string(kMost)}}, {{"patents", std::to_string(-kMost)}}};
    for (int value = -4; value <= 4; ++value)
        rows.push_back({{"patents", std::to_string(value)}});
    const FirmTable firms = world::firms(schema, day("2026-11-23"), rows);
    const Field& field = (*schema)[schema->find("patents").value()];
    const std::vector<std::string> constants{
        "-3", "0", "2", std::to_string(kMost), std::to_string(kMost - 1), std::to_string(-kMost)};
    const char* const ops[] = {"ge", "gt", "le", "lt", "eq", "ne"};
    for (const char* op : ops) {
        for (const std::string& constant : constants) {
            const std::string one = std::string("\"") + op + "\": " + constant;
            INFO(one);
            for (const char* other :
                 {"", ", \"ne\": 1", ", \"known\": true", ", \"known\": false"}) {
                if (std::string_view(op) == "ne" && std::string_view(other).find("ne\"") == 3)
                    continue;
                const Condition of =
                    condition(schema, "{\"field\": \"patents\", " + one + other + "}");
                check_against_evaluator(number_condition(of, field), of, firms);
            }
        }
    }
    for (const char* range : {"\"ge\": -2, \"lt\": 3", "\"gt\": -2, \"le\": 2, \"ne\": 0",
                              "\"ge\": 1, \"le\": 1", "\"known\": true", "\"known\": false"}) {
        INFO(range);
        const Condition of =
            condition(schema, std::string("{\"field\": \"patents\", ") + range + "}");
        check_against_evaluator(number_condition(of, field), of, firms);
    }
}

TEST_CASE("dates and flags are numbers, too") {
    const SchemaPtr schema = world::schema();
    const FirmTable firms = world::firms(schema, day("2026-11-23"),
                                         {{},
                                          {{"established", "2024-02-28"}, {"dishonest", "1"}},
                                          {{"established", "2024-02-29"}, {"dishonest", "0"}},
                                          {{"established", "2024-03-01"}}});
    for (const char* json :
         {R"({"field": "established", "le": "2024-02-29"})",
          R"({"field": "established", "gt": "2024-02-28", "ne": "2024-03-01"})",
          R"({"field": "dishonest", "is": true})", R"({"field": "dishonest", "is": false})",
          R"({"field": "dishonest", "known": true, "is": false})"}) {
        INFO(json);
        const Condition of = condition(schema, json);
        check_against_evaluator(number_condition(of, (*schema)[of.field]), of, firms);
    }
}

TEST_CASE("listed codes and their subtrees agree with the evaluator for every code") {
    const SchemaPtr schema = world::schema();
    const Field& field = (*schema)[schema->find("industry").value()];
    std::vector<world::Cells> rows{{}};
    for (std::uint32_t code = 0; code < field.codes->size(); ++code)
        rows.push_back({{"industry", (*field.codes)[code].code}});
    const FirmTable firms = world::firms(schema, day("2026-11-23"), rows);
    for (const char* ops :
         {R"("under": ["C"])", R"("under": ["39", "C", "C3921", "I65"])", R"("not_under": "C16")",
          R"("under": ["C", "I65"], "not_under": ["C16"])", R"("in": ["3921", "3919", "A"])",
          R"("not_in": ["3921"], "under": "392")", R"("under": ["A", "T", "9700"])"}) {
        INFO(ops);
        const Condition of =
            condition(schema, std::string(R"({"field": "industry", )") + ops + "}");
        check_against_evaluator(number_condition(of, field), of, firms);
    }
}

TEST_CASE("texts and prefixes agree with the evaluator") {
    const SchemaPtr schema = world::schema();
    std::vector<world::Cells> rows{{}};
    for (const char* text : {"A", "A1", "A10", "A1a", "A2", "B", "a", "企", "企业", "伀", "仿", "~",
                             "\x7f", "\xf4\x8f\xbf\xbf", "A\xf4\x8f\xbf\xbf"})
        rows.push_back({{"park", text}});
    const FirmTable firms = world::firms(schema, day("2026-11-23"), rows);
    for (const char* ops :
         {R"("in": "A1")", R"("not_in": ["A1", "B"])", R"("under": "A1")",
          R"("under": ["A", "A1"])", R"("under": ["A1", "A"], "not_under": "A10")",
          R"("not_under": ["企", "A"])", R"("under": "企业")", "\"under\": \"\xf4\x8f\xbf\xbf\"",
          "\"under\": \"\x7f\"", R"("under": ["A", "B", "a"], "in": ["A", "B"])",
          R"("known": false, "in": "A")"}) {
        INFO(ops);
        const Condition of = condition(schema, std::string(R"({"field": "park", )") + ops + "}");
        check_against_evaluator(string_condition(of), of, firms);
    }
}

TEST_CASE("a ratio's slot stands to a constant's as the ratio to the constant") {
    std::mt19937_64 random(42);
    std::vector<std::int64_t> numbers{1, -1, 3, 7, 1'000'000'000, kMost, -kMost, kMost - 1};
    constexpr std::int64_t kFurthest = kMaxRatioConstant * 1'000'000'000;
    std::vector<std::int64_t> constants{
        0, 1, -1, kFurthest, -kFurthest, kFurthest - 1, 333'333'333, 30'000'000};
    for (int i = 0; i < 40; ++i) {
        numbers.push_back(std::max(static_cast<std::int64_t>(random()) >> (random() % 63), -kMost) |
                          1);
        constants.push_back(static_cast<std::int64_t>(random()) % kFurthest);
    }
    std::size_t faults = 0;
    for (std::int64_t top : numbers)
        for (std::int64_t bottom : numbers)
            for (int shift : {-9, -2, 0, 2, 9}) {
                const Ratio ratio{top, bottom, shift};
                const std::int64_t slot = ratio_slot(ratio);
                for (std::int64_t constant : constants) {
                    const std::int64_t at = 2 * constant;
                    const int sign = slot < at ? -1 : slot > at ? 1 : 0;
                    faults += sign != compare(ratio, constant);
                }
            }
    CHECK(faults == 0);
    CHECK(ratio_slot({303'000, 10'100'000, 0}) == 60'000'000);
    CHECK(ratio_slot({0, -5, 0}) == 0);
    CHECK(ratio_slot({1, 3, 0}) == 2 * 333'333'333 + 1);
    CHECK(ratio_slot({-1, 3, 0}) == 2 * -333'333'334 + 1);
}

TEST_CASE("every operator on ratios says what the evaluator says") {
    const SchemaPtr schema = world::schema();
    const Field& field = (*schema)[schema->find("rd_ratio").value()];
    std::vector<world::Cells> rows{{}, {{"rd", "1"}}, {{"rd", "1"}, {"revenue", "0"}}};
    for (const char* rd : {"-3", "0", "0.01", "1", "3", "92233720368547758.07"})
        for (const char* revenue :
             {"-100", "-0.01", "0.01", "33.33", "100", "92233720368547758.07"})
            rows.push_back({{"rd", rd}, {"revenue", revenue}});
    const FirmTable firms = world::firms(schema, day("2026-11-23"), rows);
    for (const char* op : {"ge", "gt", "le", "lt", "eq", "ne"}) {
        for (const char* constant : {"\"3%\"", "0", "1", "-0.03", "0.030003", "1000000000",
                                     "-1000000000", "0.000000001"}) {
            const std::string ops = std::string("\"") + op + "\": " + constant;
            INFO(ops);
            const Condition of = condition(schema, R"({"field": "rd_ratio", )" + ops + "}");
            check_against_evaluator(number_condition(of, field), of, firms);
        }
    }
}
