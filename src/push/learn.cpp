#include "push/learn.hpp"

#include "base/json.hpp"
#include "push/outbox.hpp"
#include "qice/base/decimal.hpp"
#include "qice/base/text.hpp"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace qice {
namespace {

constexpr std::int64_t kWhole = 1000; // thousandths
constexpr std::int64_t kSteps = 10;   // that a weight is divided into

std::int64_t worth(int state) {
    switch (static_cast<Delivery>(state)) {
    case Delivery::opened: return 1;
    case Delivery::dismissed: return -1;
    case Delivery::applied:
    case Delivery::accepted:
    case Delivery::returned: return 2;
    default: return 0;
    }
}

Status damaged(const char* what) {
    return {StatusCode::storage, std::string(what) + " in this store is damaged"};
}

/// The tags that contents of a policy carry with a weight above 0.
Result<std::vector<std::string>> tags_of(std::string_view content) {
    QICE_ASSIGN_OR_RETURN(const Json policy, parse_json({"policies of the store", content}));
    std::vector<std::string> tags;
    const Json* given = policy.find("tags");
    if (given == nullptr) return tags;
    for (const auto& [name, weight] : given->members)
        if (std::int64_t value = 0;
            parse_number(weight.text, {}, 3, value, true) == NumberError::none && value > 0)
            tags.push_back(name);
    return tags;
}

} // namespace

std::int64_t learnt_weight(std::int64_t weight, int taste) {
    return std::min(kWhole, weight * (kSteps + taste) / kSteps);
}

std::string learnt_cell(std::string_view cell, const Taste& taste) {
    std::string out;
    for (const std::string_view part : split(cell, '|')) {
        if (!out.empty()) out += '|';
        const std::size_t colon = part.rfind(':');
        const auto found = taste.find(part.substr(0, colon));
        std::int64_t weight = 0;
        if (colon == std::string_view::npos || found == taste.end() ||
            parse_number(part.substr(colon + 1), {}, 3, weight) != NumberError::none) {
            out += part;
            continue;
        }
        out += part.substr(0, colon + 1);
        out += format_decimal(learnt_weight(weight, found->second), 3);
    }
    return out;
}

std::string to_json(const Taste& taste) {
    std::string out = "{";
    for (const auto& [tag, n] : taste) {
        out += out.size() == 1 ? "" : ", ";
        append_json_string(out, tag);
        out += ": " + std::to_string(n);
    }
    return out + "}";
}

Result<Taste> parse_taste(std::string_view text) {
    QICE_ASSIGN_OR_RETURN(const Json json, parse_json({"what was learnt", text}));
    Taste taste;
    for (const auto& [tag, n] : json.members) {
        const char* end = n.text.data() + n.text.size();
        int& value = taste[tag];
        if (std::from_chars(n.text.data(), end, value).ptr != end || n.text.empty())
            return damaged("what was learnt");
    }
    return taste;
}

Result<Tastes> read_tastes(Store& store) {
    std::vector<Feedback> answers;
    absl::flat_hash_map<std::int64_t, std::vector<std::string>> tags; // of versions of policies
    QICE_RETURN_IF_ERROR(store.read_feedback([&](const Feedback& answer) {
        answers.push_back(answer);
        tags.try_emplace(answer.policy_version);
        return Status();
    }));
    if (answers.empty()) return Tastes();
    QICE_RETURN_IF_ERROR(
        store.read_policy_versions(true, [&](const StoredPolicy& policy) -> Status {
            const auto asked = tags.find(policy.version);
            if (asked == tags.end()) return Status();
            QICE_ASSIGN_OR_RETURN(asked->second, tags_of(policy.content));
            return Status();
        }));
    Tastes tastes;
    std::map<std::string, std::int64_t, std::less<>> sums; // of one firm
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const Feedback& answer = answers[i];
        for (const std::string& tag : tags[answer.policy_version])
            sums[tag] += worth(answer.state) * answer.pushes;
        if (i + 1 < answers.size() && answers[i + 1].firm == answer.firm) continue;
        for (const auto& [tag, sum] : sums)
            if (sum != 0)
                tastes[answer.firm][tag] =
                    static_cast<int>(std::clamp<std::int64_t>(sum, -kMostTaste, kMostTaste));
        sums.clear();
    }
    return tastes;
}

Result<Tastes> read_tastes_of(Store& store, std::int64_t run) {
    Tastes tastes;
    QICE_RETURN_IF_ERROR(store.read_learned(run, [&](const Learned& learned) -> Status {
        QICE_ASSIGN_OR_RETURN(Taste taste, parse_taste(learned.tags));
        if (!taste.empty()) tastes[learned.firm] = std::move(taste);
        return Status();
    }));
    return tastes;
}

Status put_tastes(Store& store, std::int64_t run, const Tastes& tastes) {
    QICE_ASSIGN_OR_RETURN(Tastes known, read_tastes_of(store, run));
    std::vector<std::pair<std::int64_t, std::string>> news;
    for (const auto& [firm, taste] : tastes)
        if (const auto found = known.find(firm); found == known.end() || found->second != taste)
            news.emplace_back(firm, to_json(taste));
    for (const auto& [firm, taste] : known)
        if (!tastes.contains(firm)) news.emplace_back(firm, "{}");
    std::sort(news.begin(), news.end());
    std::vector<Learned> learned;
    for (const auto& [firm, tags] : news)
        learned.push_back({firm, tags});
    return store.put_learned(run, learned);
}

} // namespace qice
