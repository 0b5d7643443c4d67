#include "qice/rule/parse.hpp"

#include "base/in_threads.hpp"
#include "base/json.hpp"
#include "base/string_map.hpp"
#include "qice/base/text.hpp"
#include "rule/policy_lines.hpp"
#include "rule/rule_parser.hpp"

#include <algorithm>
#include <filesystem>

namespace qice {
namespace {

/// Reads one policy object.
class PolicyReader {
  public:
    PolicyReader(const JsonSource& source, const Schema& schema, const PolicyLimits& limits)
        : source_(source), schema_(schema), rules_(source, schema, limits) {}

    Result<Policy> read(const Json& json) {
        if (!json.is(Json::Kind::object))
            return rules_.error(json, "a policy is an object, got " + json.describe());
        const Json* id = json.find("id");
        if (id == nullptr || !id->is(Json::Kind::string) || id->text.empty())
            return rules_.error(id ? *id : json,
                                "a policy needs an \"id\": a text that is not empty" +
                                    (id ? ", got " + id->describe() : std::string()));
        policy_.id = id->text;
        rules_.set_policy(policy_.id);
        policy_.place = source_.place(json.offset);
        if (json.find("rule") == nullptr)
            return rules_.error(json,
                                "a policy needs a \"rule\"; {\"all\": []} is open to everybody");
        for (const auto& [key, value] : json.members)
            QICE_RETURN_IF_ERROR(member(key, value));
        return std::move(policy_);
    }

  private:
    Status member(const std::string& key, const Json& value) {
        if (key == "id" || key == "note" || key == "summary" || key == "source" || key == "meta" ||
            key.substr(0, 2) == "x-")
            return {};
        if (key == "title") return rules_.read_text(value, key, policy_.title);
        if (key == "issuer") return rules_.read_text(value, key, policy_.issuer);
        if (key == "document") return rules_.read_text(value, key, policy_.document);
        if (key == "url") return rules_.read_text(value, key, policy_.url);
        if (key == "level") return rules_.read_text(value, key, policy_.level);
        if (key == "exclusive_group") return rules_.read_text(value, key, policy_.exclusive_group);
        if (key == "version")
            return rules_.read_scaled(value, key, 0, 0, INT32_MAX, policy_.version);
        if (key == "quota") {
            policy_.quota.emplace();
            return rules_.read_scaled(value, key, 0, 0, INT64_MAX / 2, *policy_.quota);
        }
        if (key == "priority") return read_score(value, key, policy_.priority);
        if (key == "status") return read_publication(value);
        if (key == "effective") return read_period(value, key, "from", "to", policy_.effective);
        if (key == "windows") return read_windows(value);
        if (key == "supersedes") return read_supersedes(value);
        if (key == "tags") return read_tags(value);
        if (key == "prefer") return read_prefer(value);
        if (key == "benefit") return read_benefit(value);
        if (key == "rule") {
            QICE_ASSIGN_OR_RETURN(policy_.rule, rules_.rule(value));
            return {};
        }
        return rules_.unknown_key(
            value, key, {"id",      "version",  "title",     "issuer",  "document",        "url",
                         "level",   "status",   "effective", "windows", "supersedes",      "rule",
                         "tags",    "priority", "prefer",    "benefit", "exclusive_group", "quota",
                         "summary", "note",     "source",    "meta"});
    }

    Status read_score(const Json& value, std::string_view key, Score& out) {
        constexpr Score kMost = 1'000'000 * kScoreUnit;
        return rules_.read_scaled(value, key, 6, -kMost, kMost, out);
    }

    Status read_publication(const Json& value) {
        if (value.is(Json::Kind::string)) {
            if (value.text == "published") return {};
            if (value.text == "draft") return policy_.publication = Publication::draft, Status{};
            if (value.text == "withdrawn")
                return policy_.publication = Publication::withdrawn, Status{};
        }
        return rules_.expected(value, "status", "published, draft or withdrawn");
    }

    Status read_period(const Json& value, std::string_view key, std::string_view from,
                       std::string_view to, Period& out) {
        if (!value.is(Json::Kind::object))
            return rules_.expected(value, key, "an object with dates");
        for (const auto& [name, text] : value.members) {
            if (name == "note" || name == "text") continue;
            if (name != from && name != to)
                return rules_.unknown_key(text, name, {from, to, "text"});
            if (text.is(Json::Kind::null)) continue;
            const auto date = text.is(Json::Kind::string) ? Date::parse(text.text) : std::nullopt;
            if (!date) return rules_.expected(text, name, "a date like 2026-11-23");
            (name == from ? out.from : out.to) = *date;
        }
        if (out.from && out.to && *out.to < *out.from)
            return rules_.error(value, RuleParser::in_key(key) + " ends before it begins");
        return {};
    }

    Status read_windows(const Json& value) {
        if (!value.is(Json::Kind::array))
            return rules_.expected(value, "windows", "a list of windows");
        for (const Json& item : value.items) {
            Period window;
            QICE_RETURN_IF_ERROR(read_period(item, "windows", "opens", "closes", window));
            if (!window.from && !window.to)
                return rules_.error(item, "a window needs \"opens\", \"closes\" or both");
            policy_.windows.push_back(window);
        }
        return {};
    }

    Status read_supersedes(const Json& value) {
        if (!value.is(Json::Kind::array))
            return rules_.expected(value, "supersedes", "a list of ids");
        for (const Json& item : value.items) {
            std::string id;
            QICE_RETURN_IF_ERROR(rules_.read_text(item, "supersedes", id));
            if (id == policy_.id) return rules_.error(item, "a policy cannot supersede itself");
            policy_.supersedes.push_back(std::move(id));
        }
        return {};
    }

    Status read_tags(const Json& value) {
        if (!value.is(Json::Kind::object))
            return rules_.expected(value, "tags", "an object of weights");
        for (const auto& [name, weight] : value.members) {
            PolicyTag tag{name, 0};
            if (name.empty()) return rules_.error(weight, "a tag needs a name");
            QICE_RETURN_IF_ERROR(
                rules_.read_scaled(weight, name, 3, -1'000'000, 1'000'000, tag.weight));
            policy_.tags.push_back(std::move(tag));
        }
        return {};
    }

    Status read_prefer(const Json& value) {
        if (!value.is(Json::Kind::array))
            return rules_.expected(value, "prefer", "a list of {when, add}");
        for (const Json& item : value.items) {
            if (!item.is(Json::Kind::object)) return rules_.expected(item, "prefer", "{when, add}");
            Preference preference{};
            const Json* when = item.find("when");
            const Json* add = item.find("add");
            if (when == nullptr || add == nullptr)
                return rules_.error(item, "an entry of \"prefer\" needs \"when\" and \"add\"");
            for (const auto& [key, member] : item.members) {
                if (key == "text")
                    QICE_RETURN_IF_ERROR(rules_.read_text(member, key, preference.text));
                else if (key != "when" && key != "add" && key != "note")
                    return rules_.unknown_key(member, key, {"when", "add", "text"});
            }
            QICE_ASSIGN_OR_RETURN(preference.when, rules_.rule(*when));
            QICE_RETURN_IF_ERROR(read_score(*add, "add", preference.add));
            policy_.prefer.push_back(std::move(preference));
        }
        return {};
    }

    /// Money in 分.
    Status read_money(const Json& value, std::string_view key, std::optional<std::int64_t>& out) {
        std::int64_t money = 0;
        const bool text = value.is(Json::Kind::string);
        if (!text && !value.is(Json::Kind::number))
            return rules_.expected(value, key, "an amount of money");
        if (parse_number(value.text, Unit::parse("元"), 2, money, !text) != NumberError::none ||
            money < 0)
            return rules_.expected(value, key, "an amount of money like \"15万元\"");
        out = money;
        return {};
    }

    Status read_amount(const Json& json, BenefitAmount& out) {
        const Json* amount = json.find("amount");
        const Json* rate = json.find("rate");
        const Json* of = json.find("of");
        const Json* cap = json.find("cap");
        if (amount != nullptr && rate != nullptr)
            return rules_.error(*rate, "a benefit has \"amount\" or \"rate\", not both");
        if ((rate == nullptr) != (of == nullptr) || (cap != nullptr && rate == nullptr))
            return rules_.error(json,
                                "\"rate\" needs \"of\": a number field; \"cap\" goes with them");
        if (amount != nullptr) return read_money(*amount, "amount", out.amount);
        if (rate == nullptr) return {};
        const bool percent = rate->text.ends_with('%');
        if (!is_plain_number(std::string_view(rate->text).substr(0, rate->text.size() - percent)) &&
            rate->is(Json::Kind::string))
            return rules_.expected(*rate, "rate", "a rate from 0 to 1 like 0.5 or \"50%\"");
        if (parse_number(rate->text, {}, kRatioDecimals, out.rate, rate->is(Json::Kind::number)) !=
                NumberError::none ||
            out.rate < 0 || out.rate > kMaxRatioConstant)
            return rules_.expected(*rate, "rate", "a rate from 0 to 1 like 0.5 or \"50%\"");
        QICE_ASSIGN_OR_RETURN(out.of, rules_.number_field(*of, "of"));
        const Unit& unit = schema_[*out.of].unit;
        if (unit.base != "元" && !unit.base.empty())
            return rules_.error(*of, "\"of\" needs a field in 元, 万元 or 亿元");
        return cap ? read_money(*cap, "cap", out.cap) : Status{};
    }

    Status read_benefit(const Json& value) {
        if (!value.is(Json::Kind::object)) return rules_.expected(value, "benefit", "an object");
        Benefit benefit;
        for (const auto& [key, member] : value.members) {
            if (key == "kind")
                QICE_RETURN_IF_ERROR(rules_.read_text(member, key, benefit.kind));
            else if (key == "text")
                QICE_RETURN_IF_ERROR(rules_.read_text(member, key, benefit.text));
            else if (key == "tiers")
                QICE_RETURN_IF_ERROR(read_benefit_tiers(member, benefit));
            else if (key != "amount" && key != "rate" && key != "of" && key != "cap" &&
                     key != "note")
                return rules_.unknown_key(member, key,
                                          {"kind", "text", "amount", "rate", "of", "cap", "tiers"});
        }
        QICE_RETURN_IF_ERROR(read_amount(value, benefit.amount));
        if (!benefit.tiers.empty() && (benefit.amount.amount || benefit.amount.of))
            return rules_.error(value, "a benefit has tiers or one amount, not both");
        policy_.benefit = std::move(benefit);
        return {};
    }

    Status read_benefit_tiers(const Json& value, Benefit& benefit) {
        if (!value.is(Json::Kind::array) || value.items.empty())
            return rules_.expected(value, "tiers", "a list of tiers");
        for (const Json& item : value.items) {
            if (!item.is(Json::Kind::object))
                return rules_.expected(item, "tiers", "{when, amount}");
            const Json* when = item.find("when");
            if (when == nullptr) return rules_.error(item, "a tier needs \"when\"");
            for (const auto& [key, member] : item.members)
                if (key != "when" && key != "amount" && key != "rate" && key != "of" &&
                    key != "cap" && key != "text" && key != "note")
                    return rules_.unknown_key(member, key,
                                              {"when", "amount", "rate", "of", "cap", "text"});
            BenefitTier tier;
            QICE_ASSIGN_OR_RETURN(tier.when, rules_.rule(*when));
            if (const Json* text = item.find("text"); text && tier.when.root.text.empty())
                QICE_RETURN_IF_ERROR(rules_.read_text(*text, "text", tier.when.root.text));
            QICE_RETURN_IF_ERROR(read_amount(item, tier.amount));
            benefit.tiers.push_back(std::move(tier));
        }
        return {};
    }

    const JsonSource& source_;
    const Schema& schema_;
    RuleParser rules_;
    Policy policy_;
};

struct ParsedPolicy {
    Result<Policy> policy;
    std::string content; // where it is to be kept
};

/// Appends what a text holds: a policy or a list of them, each right or wrong.
void parse_text(const JsonSource& source, const Schema& schema, const PolicyLimits& limits,
                std::vector<ParsedPolicy>& out) {
    const Result<Json> json = parse_json(source);
    if (!json.ok()) return out.push_back({json.status(), {}});
    const auto parse = [&](const Json& item) {
        ParsedPolicy parsed{PolicyReader(source, schema, limits).read(item), {}};
        if (limits.keep_contents && parsed.policy.ok()) parsed.content = item.dump();
        out.push_back(std::move(parsed));
    };
    if (json->is(Json::Kind::array))
        for (const Json& item : json->items)
            parse(item);
    else
        parse(*json);
}

/// Adds policies to a set, watching over unique ids and the limit on conditions.
class PolicyCollector {
  public:
    PolicyCollector(SchemaPtr schema, const PolicyLimits& limits) : limits_(limits) {
        set_.schema = std::move(schema);
    }

    void add(ParsedPolicy parsed) {
        Result<Policy>& policy = parsed.policy;
        if (!policy.ok()) return set_.errors.push_back(policy.status());
        const auto [first, is_new] = places_.emplace(policy->id, policy->place.to_string());
        if (!is_new)
            return set_.errors.push_back(
                invalid_input("policy " + in_quotes(policy->id) +
                                  ": this id stands twice; the first is at " + first->second,
                              policy->place));
        conditions_ += policy->rule.conditions;
        for (const Preference& preference : policy->prefer)
            conditions_ += preference.when.conditions;
        if (policy->benefit)
            for (const BenefitTier& tier : policy->benefit->tiers)
                conditions_ += tier.when.conditions;
        if (conditions_ > limits_.conditions)
            return set_.errors.push_back({StatusCode::limit,
                                          "policy " + in_quotes(policy->id) +
                                              ": the set has more conditions than the limit of " +
                                              std::to_string(limits_.conditions),
                                          policy->place});
        set_.policies.push_back(std::move(*policy));
        if (limits_.keep_contents) set_.contents.push_back(std::move(parsed.content));
    }

    PolicySet take() && { return std::move(set_); }

  private:
    PolicyLimits limits_;
    PolicySet set_;
    StringMap<std::string> places_;
    std::uint64_t conditions_ = 0;
};

/// Parses texts in pieces, by several threads, and puts together in their order what they hold.
PolicySet parse_sources(const std::vector<JsonSource>& sources, SchemaPtr schema,
                        const PolicyLimits& limits) {
    constexpr std::size_t kPiece = 64;
    std::vector<std::vector<ParsedPolicy>> pieces((sources.size() + kPiece - 1) / kPiece);
    share_out(limits.threads, pieces.size(), [&](std::size_t piece) {
        const std::size_t end = std::min(sources.size(), (piece + 1) * kPiece);
        for (std::size_t i = piece * kPiece; i < end; ++i)
            parse_text(sources[i], *schema, limits, pieces[piece]);
    });
    PolicyCollector collector(std::move(schema), limits);
    for (std::vector<ParsedPolicy>& piece : pieces) {
        for (ParsedPolicy& parsed : piece)
            collector.add(std::move(parsed));
        piece = {};
    }
    return std::move(collector).take();
}

void append_lines(const std::string& file, std::string_view text,
                  std::vector<JsonSource>& sources) {
    if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
    std::uint32_t number = 0;
    for (std::string_view line : split(text, '\n')) {
        ++number;
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (!trim(line).empty()) sources.push_back({file, line, number});
    }
}

/// The file itself, or all files of a folder in the order of their paths.
Result<std::vector<std::string>> policy_files(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code failed;
    if (!fs::is_directory(path, failed)) return std::vector{path};
    std::vector<std::string> files;
    for (auto entry = fs::recursive_directory_iterator(path, failed);
         !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
        const std::string extension = entry->path().extension().string();
        if (entry->is_regular_file(failed) && (extension == ".json" || extension == ".jsonl"))
            files.push_back(entry->path().string());
    }
    if (failed) return invalid_input("cannot list this folder: " + failed.message(), {path});
    if (files.empty()) return invalid_input("this folder has no .json or .jsonl file", {path});
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace

Result<PolicySet> load_policies(const std::string& path, SchemaPtr schema,
                                const PolicyLimits& limits) {
    QICE_ASSIGN_OR_RETURN(const std::vector<PolicyText> texts, read_policy_texts(path));
    return parse_policy_texts(texts, std::move(schema), limits);
}

Result<std::vector<PolicyText>> read_policy_texts(const std::string& path) {
    QICE_ASSIGN_OR_RETURN(const std::vector<std::string> files, policy_files(path));
    std::vector<PolicyText> texts;
    for (const std::string& file : files) {
        QICE_ASSIGN_OR_RETURN(std::string text, read_file(file));
        texts.push_back({file, std::move(text)});
    }
    return texts;
}

PolicySet parse_policy_texts(const std::vector<PolicyText>& texts, SchemaPtr schema,
                             const PolicyLimits& limits) {
    std::vector<JsonSource> sources;
    for (const PolicyText& text : texts) {
        if (text.file.ends_with(".jsonl"))
            append_lines(text.file, text.text, sources);
        else
            sources.push_back({text.file, text.text});
    }
    return parse_sources(sources, std::move(schema), limits);
}

PolicySet parse_policies(std::string_view json, const std::string& file, SchemaPtr schema,
                         const PolicyLimits& limits) {
    return parse_sources({{file, json}}, std::move(schema), limits);
}

PolicySet parse_policy_lines(std::string_view text, const std::string& file, SchemaPtr schema,
                             const PolicyLimits& limits) {
    std::vector<JsonSource> sources;
    append_lines(file, text, sources);
    return parse_sources(sources, std::move(schema), limits);
}

} // namespace qice
