// The policies of a random world.
#include "world.hpp"

#include <algorithm>

namespace qice::agree {
namespace {

std::string truth_text(bool value) { return value ? "true" : "false"; }

} // namespace

World WorldMaker::make() {
    const Shape shape = world_.shape;
    std::size_t firms = random_.below(50), policies = 1 + random_.below(25);
    if (shape == Shape::blocks) {
        firms = random_.one_of<std::size_t>({511, 512, 513, 700, 1023, 1024, 1025, 1200});
        policies = 5 + random_.below(25);
    } else if (shape == Shape::many) {
        firms = 20 + random_.below(80);
        policies = random_.one_of<std::size_t>({63, 64, 65, 128, 200});
    } else if (shape == Shape::wide) {
        firms = 40 + random_.below(120);
        policies = 80 + random_.below(60);
    } else if (shape == Shape::very_wide) {
        firms = 30 + random_.below(60);
        policies = 8;
    } else if (shape == Shape::apart) {
        firms = random_.one_of<std::size_t>({30, 60, 513});
        policies = 500 + random_.below(200);
    }
    std::vector<std::string> ids{"=x", "-P", "@p", "策-1", "a,b", "P1", "P10", "P9", "p", "~"};
    while (ids.size() < policies + 3)
        ids.push_back("DG-" + std::to_string(ids.size()));
    random_.shuffle(ids);
    for (std::size_t p = 0; p < policies; ++p)
        world_.policies.push_back(
            policy(ids[p], shape == Shape::very_wide && p < 6 ? very_wide_rule(p) : rule()));
    for (std::size_t f = 0; f < firms; ++f)
        world_.firms.push_back(firm(f));
    if (random_.chance(50)) {
        world_.urgency_weight = random_.one_of<std::int64_t>({250'000, 1'000'000, 333'333});
        world_.urgency_days = random_.one_of<std::int64_t>({7, 30, 90});
    }
    world_.include_closed = shape == Shape::very_wide || random_.chance(20);
    return world_;
}

std::string WorldMaker::policy(const std::string& id, const std::string& rule) {
    std::string text = "{\"id\": " + quoted(id) + ", \"rule\": " + rule;
    if (random_.chance(50))
        text += ", \"priority\": " + random_.one_of<std::string>(
                                         {"0", "0.5", "0.5", "1", "0.000001", "-0.25", "1000000"});
    if (random_.chance(50)) text += tags_member();
    if (random_.chance(30)) {
        std::vector<std::string> prefer;
        for (std::size_t i = 1 + random_.below(random_.chance(15) ? 7 : 2); i > 0; --i)
            prefer.push_back(
                "{\"when\": " + node(1, options_.manual) + ", \"add\": " +
                random_.one_of<std::string>({"0.2", "0.2", "0.5", "-0.5", "0.000001"}) + "}");
        text += ", \"prefer\": [" + joined(prefer) + "]";
    }
    return text + life_cycle(id) + "}";
}

std::string WorldMaker::tags_member() {
    std::vector<std::string> tags;
    for (const std::string& tag : random_.some(tag_names_, world_.shape == Shape::wide ? 12 : 3))
        tags.push_back(quoted(tag) + ": " +
                       random_.one_of<std::string>({"1", "1", "0.5", "0.125", "-1", "3", "1000"}));
    return ", \"tags\": {" + joined(tags) + "}";
}

std::string WorldMaker::life_cycle(const std::string& id) {
    std::string text;
    if (random_.chance(5))
        text += ", \"status\": " + random_.one_of<std::string>({"\"draft\"", "\"withdrawn\""});
    if (random_.chance(15)) {
        const std::int64_t from = random_.one_of<std::int64_t>({0, -1, -300, -300, 1});
        const std::int64_t to = random_.one_of<std::int64_t>({1, 15, 30, 300});
        text += ", \"effective\": {\"from\": " + quoted(day(from)) +
                ", \"to\": " + quoted(day(to)) + "}";
    }
    if (random_.chance(25)) {
        std::vector<std::string> windows;
        for (std::size_t i = 1 + random_.below(2); i > 0; --i) {
            const std::int64_t opens = random_.one_of<std::int64_t>({0, -1, -20, -20, 1});
            const std::int64_t closes =
                std::max(opens, random_.one_of<std::int64_t>({0, 1, 7, 29, 30, 90, -1}));
            const std::string end =
                random_.chance(15) ? "" : ", \"closes\": " + quoted(day(closes));
            windows.push_back("{\"opens\": " + quoted(day(opens)) + end + "}");
        }
        text += ", \"windows\": [" + joined(windows) + "]";
    }
    if (id != "DG-10" && random_.chance(4)) text += ", \"supersedes\": [\"DG-10\", \"OLD\"]";
    return text;
}

// ----------------------------------------------------------------------------------- rules

std::string WorldMaker::rule() {
    if (random_.chance(3)) return "{\"all\": []}";
    if (world_.shape == Shape::wide && random_.chance(50)) return wide_rule();
    if (world_.shape == Shape::apart && random_.chance(90)) return apart_rule();
    std::vector<std::string> parts;
    const bool flat = random_.chance(50);
    for (std::size_t i = 1 + random_.below(flat ? 5 : 4); i > 0; --i)
        parts.push_back(flat ? condition()
                             : node(random_.one_of<int>({1, 1, 2, 2, 3, 5}), options_.manual));
    if (options_.manual && random_.chance(25)) parts.push_back("{\"manual\": \"专家认定\"}");
    if (random_.chance(5)) parts.push_back(parts[0]);
    random_.shuffle(parts);
    if (parts.size() == 1 && random_.chance(50)) return parts[0];
    return "{\"all\": [" + joined(parts) + "]}";
}

std::string WorldMaker::wide_rule() {
    switch (random_.below(4)) {
    case 0: {
        const std::size_t count = 21 + random_.below(30);
        const std::size_t k =
            random_.one_of<std::size_t>({1, count / 3, count / 2, count - 1, count});
        return "{\"at_least\": " + std::to_string(k) + ", \"of\": [" + children(count, 0, false) +
               "]}";
    }
    case 1: return points(options_.manual, 8 + random_.below(60));
    case 2:
        return "{\"any\": [" + bands(spec("patents"), 12, random_.below(200)) + ", " +
               node(1, options_.manual) + "]}";
    default: {
        std::vector<std::string> named(brands_);
        random_.shuffle(named);
        named.resize(named.size() - 20);
        return "{\"all\": [{\"field\": \"brand\", " +
               quoted(random_.one_of<std::string>({"in", "in", "not_in"})) + ": " + list_of(named) +
               "}, " + condition() + "]}";
    }
    }
}

/// Rules that together give `patents` and `brand` over 65,535 cuts.
std::string WorldMaker::very_wide_rule(std::size_t number) {
    if (number < 4) return "{\"any\": [" + bands(spec("patents"), 9'000, 18'100 * number) + "]}";
    if (number == 4) {
        const std::vector<std::string> most(brands_.begin(), brands_.end() - 500);
        return "{\"field\": \"brand\", \"in\": " + list_of(most) + "}";
    }
    return "{\"all\": [{\"field\": \"patents\", \"ge\": 90000}, {\"field\": \"brand\", \"not_in\": "
           "[\"v7\", \"v39000\", \"甲\"]}, " +
           condition() + "]}";
}

/// Ranges over one field and lists over another; sometimes so many that a policy alone has a field
/// of many.
std::string WorldMaker::apart_rule() {
    const FieldSpec& field = spec("patents");
    std::vector<std::string> parts;
    if (random_.chance(1))
        parts.push_back("{\"not\": {\"any\": [" + bands(field, 520, random_.below(300)) + "]}}");
    if (random_.chance(1)) {
        std::vector<std::string> lists;
        for (int i = 0; i < 50; ++i)
            lists.push_back(own_list(60)); // fewer cuts than all policies have together
        parts.push_back("{\"at_least\": 25, \"of\": [" + joined(lists) + "]}");
    }
    if (random_.chance(20)) parts.push_back(own_list(brands_.size()));
    for (std::size_t i = random_.below(2) + (parts.empty() ? 1 : 0); i > 0; --i)
        parts.push_back(own_range(field));
    if (random_.chance(40)) parts.push_back(condition());
    if (random_.chance(10)) parts.push_back(node(2, options_.manual));
    if (options_.manual && random_.chance(20)) parts.push_back("{\"manual\": \"专家认定\"}");
    random_.shuffle(parts);
    return "{\"all\": [" + joined(parts) + "]}";
}

std::string WorldMaker::own_range(const FieldSpec& field) {
    const std::int64_t a = random_.one_of(field.constants), b = random_.one_of(field.constants);
    const std::string name = "{\"field\": " + quoted(field.name);
    if (a == b || random_.chance(30))
        return name + random_.one_of<std::string>({", \"ge\": ", ", \"lt\": "}) +
               constant(field, a) + "}";
    const std::string range = name + ", \"ge\": " + constant(field, std::min(a, b)) +
                              ", \"lt\": " + constant(field, std::max(a, b)) + "}";
    return random_.chance(40) ? "{\"not\": " + range + "}" : range;
}

/// Names some of the first brands.
std::string WorldMaker::own_list(std::size_t brands) {
    std::vector<std::string> named(brands_.begin(),
                                   brands_.begin() + static_cast<std::ptrdiff_t>(brands));
    random_.shuffle(named);
    named.resize(20 + random_.below(brands - 25));
    return "{\"field\": \"brand\", " + quoted(random_.one_of<std::string>({"in", "in", "not_in"})) +
           ": " + list_of(named) + "}";
}

/// Narrow ranges side by side.
std::string WorldMaker::bands(const FieldSpec& field, std::size_t count, std::size_t first) {
    std::vector<std::string> parts;
    std::vector<std::int64_t> constants(field.constants);
    std::sort(constants.begin(), constants.end());
    constants.erase(std::unique(constants.begin(), constants.end()), constants.end());
    for (std::size_t i = first; parts.size() < count && i + 1 < constants.size(); i += 2)
        parts.push_back("{\"field\": " + quoted(field.name) +
                        ", \"ge\": " + constant(field, constants[i]) +
                        ", \"lt\": " + constant(field, constants[i + 1]) + "}");
    return joined(parts);
}

std::string WorldMaker::children(std::size_t count, int depth, bool manual) {
    std::vector<std::string> parts;
    for (; count > 0; --count)
        parts.push_back(node(depth, manual));
    return joined(parts);
}

std::string WorldMaker::node(int depth, bool manual) {
    const int roll = static_cast<int>(random_.below(100));
    if (depth == 0 || roll < 45) return condition();
    const std::size_t count = random_.chance(3) ? 0 : 1 + random_.below(4);
    if (roll < 58) return "{\"any\": [" + children(count, depth - 1, manual) + "]}";
    if (roll < 70) return "{\"all\": [" + children(count, depth - 1, manual) + "]}";
    if (roll < 79) return "{\"not\": " + node(depth - 1, false) + "}";
    if (roll < 88)
        return "{\"at_least\": " + std::to_string(random_.below(count + 2)) + ", \"of\": [" +
               children(count, depth - 1, manual) + "]}";
    if (roll < 94) return points(manual, 1 + random_.below(4));
    if (roll < 98 && manual) return "{\"manual\": \"由专家认定\"}";
    return "{\"always\": " + truth_text(random_.chance(60)) + "}";
}

std::string WorldMaker::points(bool manual, std::size_t count) {
    std::vector<std::string> items;
    std::int64_t total = 0;
    for (; count > 0; --count) {
        const auto worth =
            random_.one_of<std::int64_t>({5, 10, 20, 30, 15, 0, random_.chance(20) ? 1000 : 7});
        total += worth;
        if (manual && random_.chance(15)) {
            items.push_back("{\"manual\": \"评分\", \"points\": " + std::to_string(worth) + "}");
            continue;
        }
        std::vector<std::string> tiers;
        for (std::size_t t = 1 + random_.below(3); t > 0; --t)
            tiers.push_back(
                "{\"when\": " + node(static_cast<int>(random_.below(2)), false) + ", \"points\": " +
                std::to_string(random_.one_of<std::int64_t>({worth, worth / 2, 0, worth})) + "}");
        items.push_back("{\"label\": \"项\", \"tiers\": [" + joined(tiers) + "]}");
    }
    const auto bound = random_.one_of<std::int64_t>(
        {0, total / 4, total / 3, total / 3, total / 2, total, total + 1});
    return "{\"points\": " + std::to_string(bound) + ", \"of\": [" + joined(items) + "]}";
}

// ------------------------------------------------------------------------------ conditions

std::string WorldMaker::condition() {
    if (!seen_conditions_.empty() && random_.chance(15)) return random_.one_of(seen_conditions_);
    const FieldSpec& chosen = specs_[random_.below(specs_.size())];
    if ((chosen.kind == "tags" || chosen.kind == "text") && (!options_.known || random_.chance(70)))
        return condition();
    seen_conditions_.push_back(condition(chosen));
    return seen_conditions_.back();
}

std::string WorldMaker::condition(const FieldSpec& field) {
    std::string tests;
    if (field.kind == "number" || field.kind == "date") {
        tests = range(field);
    } else if (field.kind == "flag") {
        tests = "\"is\": " + truth_text(random_.chance(40));
    } else if (field.name == "scale") {
        tests = membership({"micro", "small", "medium", "large"}, "in", "not_in");
    } else if (field.name == "stage") {
        tests = membership({"种子", "成长", "成熟", "other"}, "in", "not_in");
    } else if (field.name == "brand") {
        tests = membership({"甲", "乙", "丙", "x,y", "丁 ", "v7"}, "in", "not_in");
    } else if (field.kind == "code") {
        tests = code_tests(field);
    } else if (field.kind == "set") {
        tests = set_tests();
    }
    if (tests.empty() || (options_.known && random_.chance(4)))
        tests += (tests.empty() ? "" : ", ") + std::string("\"known\": ") +
                 truth_text(random_.chance(65));
    return "{\"field\": " + quoted(field.name) + ", " + tests + "}";
}

std::string WorldMaker::constant(const FieldSpec& field, std::int64_t value) {
    if (field.kind == "date") return quoted(day(value));
    const std::string text = decimal_text(value, field.decimals);
    return random_.chance(30) ? quoted(text + field.unit) : text;
}

std::string WorldMaker::range(const FieldSpec& field) {
    std::int64_t low = random_.one_of(field.constants), high = random_.one_of(field.constants);
    if (low > high) std::swap(low, high);
    const auto test = [&](const std::string& op, std::int64_t value) {
        return quoted(op) + ": " + constant(field, value);
    };
    const auto lower = random_.one_of<std::string>({"ge", "gt"}),
               upper = random_.one_of<std::string>({"le", "lt"});
    const int roll = static_cast<int>(random_.below(100));
    if (roll < 35) return test(lower, low);
    if (roll < 65) return test(upper, high);
    if (roll < 75) return test("ne", low);
    if (roll < 80) return test("eq", high);
    if (low == high) return test("ge", low) + ", " + test("le", high);
    const std::string both = test(lower, low) + ", " + test(upper, high);
    return random_.chance(25) ? both + ", " + test("ne", random_.one_of(field.constants)) : both;
}

std::string WorldMaker::list_of(const std::vector<std::string>& values) {
    std::vector<std::string> texts;
    for (const std::string& value : values)
        texts.push_back(quoted(value));
    if (texts.size() == 1 && random_.chance(60)) return texts[0];
    if (random_.chance(10)) texts.push_back(texts[0]);
    return "[" + joined(texts) + "]";
}

std::string WorldMaker::membership(const std::vector<std::string>& values, const std::string& yes,
                                   const std::string& no) {
    const std::string wanted = quoted(yes) + ": " + list_of(random_.some(values, values.size()));
    const std::string barred = quoted(no) + ": " + list_of(random_.some(values, 2));
    const int roll = static_cast<int>(random_.below(100));
    return roll < 55 ? wanted : roll < 85 ? barred : wanted + ", " + barred;
}

std::string WorldMaker::code_tests(const FieldSpec& field) {
    std::vector<std::string> above{"A",  "C", "39", "C39", "I65",  "F",
                                   "59", "G", "K",  "51",  "3911", "J"};
    std::vector<std::string> inside{"0111", "3911", "制造3911", "39", "51",
                                    "591",  "6513", "72",       "C"};
    if (field.name == "region") {
        above = {"100000", "440000", "粤", "441900", "东莞", "440300", "500000", "650000"};
        inside = {"441900003", "441900006", "440305001", "500103001", "659001001"};
    } else if (field.name == "park") {
        above = inside = {"P", "P1", "P12", "P123", "Q", "Q1", "园", "园区1"};
    }
    if (random_.chance(60)) return membership(above, "under", "not_under");
    if (random_.chance(70)) return membership(inside, "in", "not_in");
    return membership(above, "under", "not_under") +
           ", \"in\": " + list_of(random_.some(inside, 4));
}

std::string WorldMaker::set_tests() {
    const std::size_t most = world_.shape == Shape::wide && random_.chance(15) ? 100 : 3;
    std::vector<std::string> tests;
    const std::vector<std::string> ops{"has_any", "has_all", "has_none", "ever_has_any",
                                       "ever_has_none"};
    for (const std::string& op : random_.some(ops, random_.chance(20) ? 3 : 1))
        tests.push_back(quoted(op) + ": " + list_of(random_.some(set_names_, most)));
    return joined(tests);
}

} // namespace qice::agree
