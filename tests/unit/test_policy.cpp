// The life cycle of policies, and urgency.
#include "qice/rule/policy.hpp"

#include "unit/world.hpp"

#include <random>
#include <tuple>

using namespace qice;
using world::day;

namespace {

/// The states of a list of policies (their keys but id and rule) on a day, one word each.
std::string states(const std::vector<std::string>& keys, std::string_view as_of) {
    std::string json = "[";
    for (std::size_t i = 0; i < keys.size(); ++i)
        json += (i == 0 ? "" : ", ") + ("{\"id\": \"P" + std::to_string(i)) +
                "\", \"rule\": {\"all\": []}" + (keys[i].empty() ? "" : ", ") + keys[i] + "}";
    const std::vector<Policy> set = world::policies(world::schema(), json + "]");
    std::string text;
    for (LifeCycle state : life_cycles(set, day(as_of)))
        text += (text.empty() ? "" : " ") + std::string(name_of(state));
    return text;
}

Policy policy(const std::string& keys) {
    return world::policies(world::schema(),
                           "{\"id\": \"P\", \"rule\": {\"all\": []}, " + keys + "}")[0];
}

} // namespace

TEST_CASE("a policy without dates is open, a draft and a withdrawn one never") {
    CHECK(states({""}, "2026-11-23") == "open");
    CHECK(states({R"("status": "published")"}, "0001-01-01") == "open");
    CHECK(states({R"("status": "draft")", R"("status": "withdrawn")"}, "2026-11-23") ==
          "draft withdrawn");
    CHECK(states({R"("status": "draft", "effective": {"to": "2020-01-01"})"}, "2026-11-23") ==
          "draft");
}

TEST_CASE("a policy is in force from its first day to its last, both included") {
    const std::string keys = R"("effective": {"from": "2025-01-01", "to": "2025-12-31"})";
    CHECK(states({keys}, "2024-12-31") == "not_in_force");
    CHECK(states({keys}, "2025-01-01") == "open");
    CHECK(states({keys}, "2025-12-31") == "open");
    CHECK(states({keys}, "2026-01-01") == "not_in_force");
    CHECK(states({R"("effective": {"from": "2025-01-01"})"}, "9999-12-31") == "open");
    CHECK(states({R"("effective": {"to": "2025-01-01"})"}, "2025-01-02") == "not_in_force");
    CHECK(states({R"("effective": {})"}, "2025-01-02") == "open");
}

TEST_CASE("a policy is open in its windows, both ends included") {
    const std::string keys = R"("windows": [{"opens": "2025-03-01", "closes": "2025-04-30"},
                                            {"opens": "2025-09-01"}])";
    CHECK(states({keys}, "2025-02-28") == "closed");
    CHECK(states({keys}, "2025-03-01") == "open");
    CHECK(states({keys}, "2025-04-30") == "open");
    CHECK(states({keys}, "2025-05-01") == "closed");
    CHECK(states({keys}, "2030-01-01") == "open");
    CHECK(states({R"("windows": [{"closes": "2025-04-30"}])"}, "2000-01-01") == "open");
    CHECK(states({R"("windows": [])"}, "2000-01-01") == "open");
    CHECK(states({R"("effective": {"to": "2025-01-01"}, "windows": [{"opens": "2025-01-02"}])"},
                 "2025-06-01") == "not_in_force");
}

TEST_CASE("a policy is superseded once a published successor is in force") {
    const std::string successor = R"("supersedes": ["P0"], "effective": {"from": "2025-06-01")";
    CHECK(states({"", successor + "}"}, "2025-05-31") == "open not_in_force");
    CHECK(states({"", successor + "}"}, "2025-06-01") == "superseded open");
    // Also once the successor has run out: the old one does not come back.
    CHECK(states({"", successor + R"(, "to": "2025-06-30"})"}, "2025-07-01") ==
          "superseded not_in_force");
    CHECK(states({"", successor + R"(}, "status": "draft")"}, "2025-07-01") == "open draft");
    CHECK(states({"", successor + R"(}, "status": "withdrawn")"}, "2025-07-01") ==
          "open withdrawn");
    CHECK(states({"", R"("supersedes": ["P0", "none"])"}, "2025-07-01") == "superseded open");
    CHECK(states({R"("supersedes": ["P1"])", R"("supersedes": ["P0"])"}, "2025-07-01") ==
          "superseded superseded");
    CHECK(states({R"("windows": [{"closes": "2020-01-01"}])", R"("supersedes": ["P0"])"},
                 "2025-07-01") == "superseded open");
}

TEST_CASE("urgency grows as the last day comes near") {
    const Urgency urgency{kScoreUnit, 30};
    const Policy april = policy(R"("windows": [{"opens": "2025-03-01", "closes": "2025-04-30"}])");
    CHECK(urgency.of(april, day("2025-04-30")) == 1'000'000); // 0 days left
    CHECK(urgency.of(april, day("2025-04-20")) == 666'666);   // 10 left, rounded down
    CHECK(urgency.of(april, day("2025-04-01")) == 33'333);    // 29 left
    CHECK(urgency.of(april, day("2025-03-31")) == 0);         // 30 left
    CHECK(urgency.of(april, day("2025-03-30")) == 0);         // 31 left
    CHECK(urgency.of(april, day("2025-05-01")) == 0);         // closed
    CHECK(urgency.of(april, day("2025-02-28")) == 0);         // not yet open
    CHECK(Urgency{}.of(april, day("2025-04-30")) == 0);
    CHECK(Urgency{-kScoreUnit, 30}.of(april, day("2025-04-20")) == -666'667); // down, not to zero
    CHECK(Urgency{1'000'000 * kScoreUnit, 1'000'000'000}.of(april, day("2025-04-20")) ==
          999'999'990'000);
}

TEST_CASE("the last day is that of the open windows, without windows that of being in force") {
    const auto last = [](const std::string& keys, std::string_view as_of) {
        const auto found = last_day(policy(keys), day(as_of));
        return found ? found->to_string() : "none";
    };
    const std::string windows = R"("windows": [{"opens": "2025-01-01", "closes": "2025-06-30"},
                                               {"opens": "2025-03-01", "closes": "2025-04-30"},
                                               {"opens": "2025-09-01", "closes": "2025-09-30"}])";
    CHECK(last(windows, "2025-02-01") == "2025-06-30");
    CHECK(last(windows, "2025-04-01") == "2025-06-30");
    CHECK(last(windows, "2025-09-30") == "2025-09-30");
    CHECK(last(windows, "2025-10-01") == "none");
    CHECK(last(R"("windows": [{"opens": "2025-01-01"}], "effective": {"to": "2025-12-31"})",
               "2025-02-01") == "none");
    CHECK(last(R"("effective": {"to": "2025-12-31"})", "2025-12-31") == "2025-12-31");
    CHECK(last(R"("effective": {"to": "2025-12-31"})", "2026-01-01") == "none");
    CHECK(last(R"("effective": {"from": "2025-12-31"})", "2026-01-01") == "none");
}

TEST_CASE("around a day nothing about a policy changes") {
    const auto around = [](const std::string& keys, std::string_view on, Urgency urgency = {}) {
        const Period days = unchanged_around(policy(keys), urgency, day(on));
        return (days.from ? days.from->to_string() : "") + " .. " +
               (days.to ? days.to->to_string() : "");
    };
    CHECK(around(R"("title": "x")", "2026-06-15") == " .. ");
    const std::string april = R"("effective": {"from": "2025-01-01"},
                                 "windows": [{"opens": "2025-03-01", "closes": "2025-04-30"}])";
    CHECK(around(april, "2024-06-15") == " .. 2024-12-31");
    CHECK(around(april, "2025-02-28") == "2025-01-01 .. 2025-02-28");
    CHECK(around(april, "2025-04-15") == "2025-03-01 .. 2025-04-30");
    CHECK(around(april, "2025-05-01") == "2025-05-01 .. ");
    const Urgency urgency{kScoreUnit, 30};
    CHECK(around(april, "2025-03-15", urgency) == "2025-03-01 .. 2025-03-31");
    CHECK(around(april, "2025-04-01", urgency) == "2025-04-01 .. 2025-04-01");
    CHECK(around(april, "2025-05-01", urgency) == "2025-05-01 .. ");
}

TEST_CASE("the days around a day are like it, whatever windows there are") {
    std::mt19937 random(7);
    const Date first = day("2026-01-01");
    const auto some_day = [&]() -> std::optional<Date> {
        if (random() % 4 == 0) return {};
        return Date{first.days + static_cast<std::int32_t>(random() % 40)};
    };
    const auto some_period = [&] {
        Period period{some_day(), some_day()};
        if (period.from && period.to && *period.to < *period.from)
            std::swap(period.from, period.to);
        return period;
    };
    std::size_t like = 0, unlike = 0, wrong = 0;
    for (int round = 0; round < 300; ++round) {
        Policy of = policy(R"("title": "x")");
        if (random() % 2 == 0) of.effective = some_period();
        for (unsigned n = random() % 4; n > 0; --n)
            of.windows.push_back(some_period());
        const Urgency urgency{kScoreUnit, static_cast<std::int64_t>(random() % 20)};
        const auto seen_on = [&](Date on) {
            return std::tuple(life_cycles({&of, 1}, on)[0], urgency.of(of, on),
                              !of.effective.from || *of.effective.from <= on);
        };
        for (Date on{first.days - 5}; on.days < first.days + 45; ++on.days) {
            const Period around = unchanged_around(of, urgency, on);
            wrong += around.contains(on) ? 0 : 1;
            for (Date other{first.days - 5}; other.days < first.days + 45; ++other.days) {
                const bool contained = around.contains(other);
                (contained ? like : unlike) += 1;
                if (contained && seen_on(other) != seen_on(on)) ++wrong;
            }
        }
    }
    CHECK(wrong == 0);
    CHECK(like > 50'000);
    CHECK(unlike > 50'000);
}
