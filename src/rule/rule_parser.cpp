#include "rule/rule_parser.hpp"

#include "qice/base/text.hpp"

#include <algorithm>
#include <optional>

namespace qice {
namespace {

constexpr std::string_view kNodeKeys[] = {"all",    "any",    "not",    "at_least",
                                          "points", "manual", "always", "field"};

struct OpName {
    std::string_view name;
    Op op;
};
constexpr OpName kOps[] = {{"ge", Op::ge},
                           {"gt", Op::gt},
                           {"le", Op::le},
                           {"lt", Op::lt},
                           {"eq", Op::eq},
                           {"ne", Op::ne},
                           {"is", Op::is},
                           {"in", Op::in},
                           {"not_in", Op::not_in},
                           {"under", Op::under},
                           {"not_under", Op::not_under},
                           {"has_any", Op::has_any},
                           {"has_all", Op::has_all},
                           {"has_none", Op::has_none},
                           {"ever_has_any", Op::ever_has_any},
                           {"ever_has_none", Op::ever_has_none},
                           {"known", Op::known}};

bool fits(Op op, Kind kind) {
    switch (op) {
    case Op::ge:
    case Op::gt:
    case Op::le:
    case Op::lt:
    case Op::eq:
    case Op::ne: return kind == Kind::number || kind == Kind::date;
    case Op::is: return kind == Kind::flag;
    case Op::in:
    case Op::not_in: return kind == Kind::category || kind == Kind::code;
    case Op::under:
    case Op::not_under: return kind == Kind::code;
    case Op::has_any:
    case Op::has_all:
    case Op::has_none:
    case Op::ever_has_any:
    case Op::ever_has_none: return kind == Kind::set;
    case Op::known: return true;
    }
    return false;
}

std::string ops_of(Kind kind) {
    std::string names;
    for (const OpName& op : kOps)
        if (fits(op.op, kind)) names += (names.empty() ? "" : ", ") + std::string(op.name);
    return names;
}

} // namespace

std::string RuleParser::in_key(std::string_view key) { return in_quotes(key); }

Status RuleParser::error(const Json& json, const std::string& message) const {
    std::string where;
    if (!policy_.empty()) where += "policy " + in_quotes(policy_) + ": ";
    if (!field_.empty()) where += "field " + in_quotes(field_) + ": ";
    return invalid_input(where + message, source_.place(json.offset));
}

Status RuleParser::read_text(const Json& json, std::string_view key, std::string& out) const {
    if (!json.is(Json::Kind::string)) return expected(json, key, "a text");
    out = json.text;
    return {};
}

Status RuleParser::read_scaled(const Json& json, std::string_view key, int decimals,
                               std::int64_t least, std::int64_t most, std::int64_t& out) const {
    const auto out_of_range = [&] {
        return expected(json, key,
                        (decimals == 0 ? "a whole number from " : "a number from ") +
                            format_decimal(least, decimals) + " to " +
                            format_decimal(most, decimals));
    };
    if (!json.is(Json::Kind::number)) return out_of_range();
    const NumberError problem = parse_number(json.text, {}, decimals, out, true);
    if (problem == NumberError::too_many_decimals && decimals > 0)
        return expected(json, key, "at most " + std::to_string(decimals) + " decimals");
    if (problem != NumberError::none || out < least || out > most) return out_of_range();
    return {};
}

Status RuleParser::unknown_key(const Json& json, std::string_view key,
                               std::initializer_list<std::string_view> known) const {
    const std::string near = nearest(key, {known.begin(), known.end()});
    std::string message = in_key(key) + " is not known here";
    if (!near.empty()) return error(json, message + "; did you mean " + in_key(near) + "?");
    message += "; expected one of";
    for (std::string_view name : known)
        message += (name == *known.begin() ? " " : ", ") + std::string(name);
    return error(json, message);
}

Result<Rule> RuleParser::rule(const Json& json) {
    QICE_ASSIGN_OR_RETURN(Node root, node(json, {}));
    return make_rule(std::move(root));
}

Result<Node> RuleParser::node(const Json& json, Scope scope) {
    if (!json.is(Json::Kind::object))
        return error(json, "a rule node is an object, got " + json.describe());
    if (scope.depth > limits_.depth)
        return Status(StatusCode::limit,
                      error(json, "the rule is nested deeper than the limit of " +
                                      std::to_string(limits_.depth) + " nodes")
                          .message(),
                      source_.place(json.offset));
    std::string_view kind;
    for (const auto& [key, value] : json.members) {
        if (std::find(std::begin(kNodeKeys), std::end(kNodeKeys), key) == std::end(kNodeKeys))
            continue;
        if (!kind.empty())
            return error(value,
                         "a node has one of all, any, not, at_least, points, manual, always, "
                         "field; this one has " +
                             in_key(kind) + " and " + in_key(key));
        kind = key;
    }
    if (kind.empty()) {
        if (json.members.empty())
            return error(json, "an empty node; expected one of all, any, not, at_least, points, "
                               "manual, always, field");
        const auto& [key, value] = json.members[0];
        return unknown_key(
            value, key, {"all", "any", "not", "at_least", "points", "manual", "always", "field"});
    }
    if (kind == "field") return condition(json);
    if (kind == "at_least") return at_least(json, scope);
    if (kind == "points") return points(json, scope);
    if (kind == "manual") return manual(json, scope);

    Node out;
    QICE_RETURN_IF_ERROR(node_members(json, kind, out));
    const Json& value = *json.find(kind);
    if (kind == "always") {
        out.kind = NodeKind::always;
        if (!value.is(Json::Kind::boolean)) return expected(value, kind, "true or false");
        out.value = value.boolean;
        return out;
    }
    ++scope.depth;
    if (kind == "not") {
        out.kind = NodeKind::negation;
        scope.under_not = true;
        QICE_ASSIGN_OR_RETURN(Node child, node(value, scope));
        out.children.push_back(std::move(child));
        return out;
    }
    out.kind = kind == "all" ? NodeKind::all : NodeKind::any;
    QICE_RETURN_IF_ERROR(children(value, kind, scope, out.children));
    return out;
}

/// id, text, source and note may stand on every node; anything else beside `kind` and `of` may not.
Status RuleParser::node_members(const Json& json, std::string_view kind, Node& out) const {
    const bool counted = kind == "at_least" || kind == "points";
    for (const auto& [key, value] : json.members) {
        if (key == kind || (counted && key == "of") || key == "note") continue;
        if (key == "id")
            QICE_RETURN_IF_ERROR(read_text(value, key, out.id));
        else if (key == "text")
            QICE_RETURN_IF_ERROR(read_text(value, key, out.text));
        else if (key == "source")
            QICE_RETURN_IF_ERROR(read_text(value, key, out.source));
        else if (counted)
            return unknown_key(value, key, {"of", "id", "text", "source", "note"});
        else
            return unknown_key(value, key, {"id", "text", "source", "note"});
    }
    return {};
}

Status RuleParser::children(const Json& json, std::string_view key, Scope scope,
                            std::vector<Node>& out) {
    if (!json.is(Json::Kind::array)) return expected(json, key, "a list of nodes");
    out.reserve(json.items.size());
    for (const Json& item : json.items) {
        QICE_ASSIGN_OR_RETURN(Node child, node(item, scope));
        out.push_back(std::move(child));
    }
    return {};
}

Result<Node> RuleParser::at_least(const Json& json, Scope scope) {
    Node out;
    out.kind = NodeKind::at_least;
    QICE_RETURN_IF_ERROR(node_members(json, "at_least", out));
    QICE_RETURN_IF_ERROR(
        read_scaled(*json.find("at_least"), "at_least", 0, 0, kMaxPointsThreshold, out.count));
    const Json* of = json.find("of");
    if (of == nullptr) return error(json, "\"at_least\" needs \"of\": a list of nodes");
    ++scope.depth;
    QICE_RETURN_IF_ERROR(children(*of, "of", scope, out.children));
    return out;
}

Result<Node> RuleParser::points(const Json& json, Scope scope) {
    Node out;
    out.kind = NodeKind::points;
    QICE_RETURN_IF_ERROR(node_members(json, "points", out));
    QICE_RETURN_IF_ERROR(
        read_scaled(*json.find("points"), "points", 0, 0, kMaxPointsThreshold, out.count));
    const Json* of = json.find("of");
    if (of == nullptr) return error(json, "\"points\" needs \"of\": a list of items");
    if (!of->is(Json::Kind::array)) return expected(*of, "of", "a list of items");
    ++scope.depth;
    for (const Json& item : of->items) {
        QICE_ASSIGN_OR_RETURN(PointsItem parsed, points_item(item, scope));
        out.items.push_back(std::move(parsed));
    }
    return out;
}

Result<PointsItem> RuleParser::points_item(const Json& json, Scope scope) {
    if (!json.is(Json::Kind::object))
        return error(json, "an item of a points table is an object, got " + json.describe());
    PointsItem item;
    const Json* tiers = nullptr;
    const Json* manual = nullptr;
    const Json* points = nullptr;
    for (const auto& [key, value] : json.members) {
        if (key == "tiers")
            tiers = &value;
        else if (key == "manual")
            manual = &value;
        else if (key == "points")
            points = &value;
        else if (key == "label")
            QICE_RETURN_IF_ERROR(read_text(value, key, item.label));
        else if (key == "id")
            QICE_RETURN_IF_ERROR(read_text(value, key, item.id));
        else if (key == "text")
            QICE_RETURN_IF_ERROR(read_text(value, key, item.text));
        else if (key == "source")
            QICE_RETURN_IF_ERROR(read_text(value, key, item.source));
        else if (key != "note")
            return unknown_key(
                value, key, {"label", "tiers", "manual", "points", "id", "text", "source", "note"});
    }
    if ((tiers == nullptr) == (manual == nullptr))
        return error(
            json, "an item of a points table has either \"tiers\" or \"manual\" with \"points\"");
    if (manual != nullptr) {
        if (scope.under_not) return error(*manual, "\"manual\" may not stand under \"not\"");
        if (scope.in_points) return error(*manual, "\"manual\" may not stand inside a \"when\"");
        QICE_RETURN_IF_ERROR(read_text(*manual, "manual", item.manual));
        if (points == nullptr) return error(json, "a manual item needs \"points\"");
        QICE_RETURN_IF_ERROR(read_scaled(*points, "points", 0, 0, kMaxTierPoints, item.points));
        return item;
    }
    if (points != nullptr) return error(*points, "an item with tiers has its points in the tiers");
    if (!tiers->is(Json::Kind::array) || tiers->items.empty())
        return expected(*tiers, "tiers", "a list of tiers");
    ++scope.depth;
    scope.in_points = true;
    for (const Json& json_tier : tiers->items) {
        if (!json_tier.is(Json::Kind::object))
            return error(json_tier, "a tier is an object, got " + json_tier.describe());
        const Json* when = json_tier.find("when");
        const Json* tier_points = json_tier.find("points");
        if (when == nullptr || tier_points == nullptr)
            return error(json_tier, "a tier needs \"when\" and \"points\"");
        std::string text; // of the tier: it speaks for its condition
        for (const auto& [key, value] : json_tier.members) {
            if (key == "when" || key == "points" || key == "note") continue;
            std::string ignored;
            if (key == "text")
                QICE_RETURN_IF_ERROR(read_text(value, key, text));
            else if (key == "id" || key == "source" || key == "label")
                QICE_RETURN_IF_ERROR(read_text(value, key, ignored));
            else
                return unknown_key(value, key,
                                   {"when", "points", "label", "id", "text", "source", "note"});
        }
        QICE_ASSIGN_OR_RETURN(Node parsed, node(*when, scope));
        if (parsed.text.empty()) parsed.text = std::move(text);
        PointsTier tier{std::move(parsed), 0};
        QICE_RETURN_IF_ERROR(
            read_scaled(*tier_points, "points", 0, 0, kMaxTierPoints, tier.points));
        item.tiers.push_back(std::move(tier));
    }
    return item;
}

Result<Node> RuleParser::manual(const Json& json, Scope scope) {
    Node out;
    out.kind = NodeKind::manual;
    QICE_RETURN_IF_ERROR(node_members(json, "manual", out));
    const Json& value = *json.find("manual");
    QICE_RETURN_IF_ERROR(read_text(value, "manual", out.manual));
    if (scope.under_not) return error(value, "\"manual\" may not stand under \"not\"");
    if (scope.in_points)
        return error(value, "\"manual\" may not stand inside a \"when\" of a points table");
    return out;
}

Result<Node> RuleParser::condition(const Json& json) {
    const Json& name = *json.find("field");
    Node out;
    out.kind = NodeKind::condition;
    if (!name.is(Json::Kind::string)) return expected(name, "field", "the name of a field");
    const auto index = schema_.find(name.text);
    if (!index) {
        const std::string near = nearest(name.text, schema_.names());
        return error(name, "field " + in_quotes(name.text) + " is not in the schema" +
                               (near.empty() ? "" : "; did you mean " + in_quotes(near) + "?"));
    }
    field_ = name.text;
    const Field& field = schema_[*index];
    out.condition.field = *index;
    for (const auto& [key, value] : json.members) {
        if (key == "field" || key == "note") continue;
        if (key == "id")
            QICE_RETURN_IF_ERROR(read_text(value, key, out.id));
        else if (key == "text")
            QICE_RETURN_IF_ERROR(read_text(value, key, out.text));
        else if (key == "source")
            QICE_RETURN_IF_ERROR(read_text(value, key, out.source));
        else {
            QICE_ASSIGN_OR_RETURN(Test parsed, test(field, key, value));
            out.condition.tests.push_back(std::move(parsed));
        }
    }
    if (out.condition.tests.empty())
        return error(json, "a condition needs an operator: " + ops_of(field.kind));
    QICE_RETURN_IF_ERROR(check_range(field, json, out.condition));
    field_.clear();
    return out;
}

Result<Test> RuleParser::test(const Field& field, std::string_view name, const Json& value) const {
    const auto found = std::find_if(std::begin(kOps), std::end(kOps),
                                    [&](const OpName& op) { return op.name == name; });
    if (found == std::end(kOps)) {
        std::vector<std::string> names;
        for (const OpName& op : kOps)
            if (fits(op.op, field.kind)) names.emplace_back(op.name);
        const std::string near = nearest(name, names);
        return error(value,
                     in_key(name) + " is no operator; " +
                         (near.empty() ? "a field of kind " + std::string(name_of(field.kind)) +
                                             " takes " + ops_of(field.kind)
                                       : "did you mean " + in_key(near) + "?"));
    }
    if (!fits(found->op, field.kind))
        return error(value, in_key(name) + " does not fit a field of kind " + name_of(field.kind) +
                                "; it takes " + ops_of(field.kind));

    Test out{found->op, {}, {}};
    if (out.op == Op::is || out.op == Op::known) {
        if (!value.is(Json::Kind::boolean)) return expected(value, name, "true or false");
        out.numbers = {value.boolean ? 1 : 0};
        return out;
    }
    if (field.kind == Kind::number || field.kind == Kind::date) {
        std::int64_t constant = 0;
        QICE_RETURN_IF_ERROR(number_constant(field, name, value, constant));
        out.numbers = {constant};
        return out;
    }
    if (value.is(Json::Kind::array)) {
        if (value.items.empty()) return expected(value, name, "at least one value");
        for (const Json& item : value.items) {
            if (!item.is(Json::Kind::string)) return expected(item, name, "texts");
            QICE_RETURN_IF_ERROR(code_constant(field, out.op, item, out));
        }
        return out;
    }
    if (!value.is(Json::Kind::string)) return expected(value, name, "a text or a list of texts");
    QICE_RETURN_IF_ERROR(code_constant(field, out.op, value, out));
    return out;
}

Status RuleParser::number_constant(const Field& field, std::string_view op, const Json& value,
                                   std::int64_t& out) const {
    const bool text = value.is(Json::Kind::string);
    if (field.kind == Kind::date) {
        const auto date = text ? Date::parse(trim(value.text)) : std::nullopt;
        if (!date) return expected(value, op, "a date like 2026-11-23");
        out = date->days;
        return {};
    }
    if (!text && !value.is(Json::Kind::number)) return expected(value, op, "a number");
    // A ratio has no unit of its own; one in % counts hundredths.
    const int decimals = field.is_ratio() ? kRatioDecimals : field.decimals;
    Unit unit = field.unit;
    const bool percent = field.is_ratio() && unit.base == "%";
    const NumberError problem =
        parse_number(value.text, unit, decimals - (percent ? 2 : 0), out, !text);
    switch (problem) {
    case NumberError::none: break;
    case NumberError::not_a_number: return expected(value, op, "a number");
    case NumberError::wrong_unit:
        return expected(value, op,
                        field.unit_text.empty() ? "a number without a unit"
                                                : "a number in " + field.unit_text);
    case NumberError::too_many_decimals:
        return expected(value, op,
                        decimals == 0 ? "a whole number"
                                      : "at most " + std::to_string(decimals) + " decimals");
    case NumberError::overflow: return expected(value, op, "a smaller number");
    }
    if (field.is_ratio() && std::abs(out) > kMaxRatioConstant * power_of_ten(kRatioDecimals))
        return expected(value, op, "a ratio up to 1,000,000,000");
    return {};
}

Status RuleParser::code_constant(const Field& field, Op op, const Json& value, Test& test) const {
    const std::string name(name_of(op));
    // Cells of codes and sets are read without outer blanks; a category is taken as it is.
    const std::string_view text =
        field.kind == Kind::category ? std::string_view(value.text) : trim(value.text);
    if (text.empty()) return expected(value, name, "values that are not empty");
    if (!field.codes) {
        if (!field.values.empty() &&
            std::find(field.values.begin(), field.values.end(), text) == field.values.end()) {
            std::string message = in_quotes(value.text) + " is not one of the field's values:";
            for (const std::string& known : field.values)
                message += ' ' + known;
            return error(value, message);
        }
        test.strings.emplace_back(text);
        return {};
    }
    const CodeList& codes = *field.codes;
    const auto code = codes.find(text);
    if (!code)
        return error(value, "code " + in_quotes(value.text) + " is not on list " +
                                in_quotes(field.codes_name));
    const bool exact = op == Op::in || op == Op::not_in;
    const auto at_level = [&](std::uint32_t number) {
        return std::find(field.levels.begin(), field.levels.end(), codes[number].level) !=
               field.levels.end();
    };
    if (!field.levels.empty()) {
        bool reachable = at_level(*code);
        for (std::uint32_t below = *code; !exact && !reachable && below < codes[*code].end; ++below)
            reachable = at_level(below);
        if (!reachable) {
            std::string wanted;
            for (const std::string& level : field.levels)
                wanted += (wanted.empty() ? "" : " or ") + in_quotes(level);
            return error(value, "code " + in_quotes(value.text) + " is of level " +
                                    in_quotes(codes[*code].level) + "; the field asks for " +
                                    wanted);
        }
    }
    test.numbers.push_back(*code);
    return {};
}

/// ge, gt, le, lt and eq together must leave a value.
Status RuleParser::check_range(const Field& field, const Json& json,
                               const Condition& condition) const {
    if (field.kind != Kind::number && field.kind != Kind::date) return {};
    struct Bound {
        std::int64_t value;
        bool strict;
        Op op;
    };
    std::optional<Bound> lower, upper;
    const auto raise = [&](std::int64_t value, bool strict, Op op) {
        if (!lower || value > lower->value || (value == lower->value && strict))
            lower = Bound{value, strict, op};
    };
    const auto sink = [&](std::int64_t value, bool strict, Op op) {
        if (!upper || value < upper->value || (value == upper->value && strict))
            upper = Bound{value, strict, op};
    };
    for (const Test& test : condition.tests) {
        switch (test.op) {
        case Op::ge: raise(test.numbers[0], false, Op::ge); break;
        case Op::gt: raise(test.numbers[0], true, Op::gt); break;
        case Op::le: sink(test.numbers[0], false, Op::le); break;
        case Op::lt: sink(test.numbers[0], true, Op::lt); break;
        case Op::eq:
            raise(test.numbers[0], false, Op::eq);
            sink(test.numbers[0], false, Op::eq);
            break;
        default: break;
        }
    }
    if (!lower || !upper || lower->value < upper->value) return {};
    if (lower->value == upper->value && !lower->strict && !upper->strict) return {};
    const Json& at = *json.find(name_of(lower->op));
    const Json& other = *json.find(name_of(upper->op));
    return error(at, "the range is empty: " + in_key(name_of(lower->op)) + " " + at.text + " and " +
                         in_key(name_of(upper->op)) + " " + other.text + " leave no value");
}

Result<std::uint32_t> RuleParser::number_field(const Json& json, std::string_view key) const {
    std::string name;
    QICE_RETURN_IF_ERROR(read_text(json, key, name));
    const auto index = schema_.find(name);
    if (!index) {
        const std::string near = nearest(name, schema_.names());
        return error(json, "field " + in_quotes(name) + " is not in the schema" +
                               (near.empty() ? "" : "; did you mean " + in_quotes(near) + "?"));
    }
    if (schema_[*index].kind != Kind::number || schema_[*index].is_ratio())
        return error(json, in_key(key) + " needs a number field that is no ratio, got " +
                               in_quotes(name));
    return *index;
}

} // namespace qice
