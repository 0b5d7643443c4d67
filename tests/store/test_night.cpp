#include "push/night.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>

using namespace qice;

namespace {

constexpr Verdict kE = Verdict::eligible, kR = Verdict::review;
const Date kToday{20'000};

NightLimits limits(std::uint32_t per_firm, std::optional<DayLimit> in_days = {}) {
    return {.as_of = kToday, .per_firm = per_firm, .in_days = in_days};
}

/// A firm's ranking, by status; the lists must outlive it.
FirmRanking ranking(const std::vector<Push>& eligible, const std::vector<Push>& review = {},
                    std::uint32_t top = kNoLimit) {
    FirmRanking out;
    out.top = top;
    out.pushes[0] = Pushes(eligible.data(), eligible.size());
    out.pushes[1] = Pushes(review.data(), review.size());
    return out;
}

std::string words(const std::vector<NightPush>& pushes) {
    std::string out;
    for (const NightPush& push : pushes)
        out += (out.empty() ? "" : " ") + std::to_string(push.policy) +
               (push.status == kE ? "e" : "r") + std::to_string(push.rank);
    return out;
}

std::vector<NightPolicy> plain(std::size_t count) {
    std::vector<NightPolicy> out(count);
    for (std::uint32_t i = 0; i < count; ++i)
        out[i].edition = i;
    return out;
}

const std::vector<Push> kThree{{2, 30}, {0, 20}, {1, 10}};

} // namespace

TEST_CASE("a firm gets its first pairs in order, and keeps their ranks") {
    const auto policies = plain(4);
    FirmNight night(policies, limits(3));
    std::vector<NightPush> out;
    const std::vector<Push> eligible{{2, 30}, {0, 20}}, review{{3, 50}, {1, 5}};
    CHECK(night.walk(0, ranking(eligible, review), {}, nullptr, out) == FirmNight::Walk::done);
    CHECK(words(out) == "2e1 0e2 3r1");
}

TEST_CASE("what was pushed drops out, unless the status is better now") {
    const auto policies = plain(3);
    FirmNight night(policies, limits(5));
    std::vector<NightPush> out;
    const std::vector<EarlierPush> earlier{
        {2, 19'000, kE}, {0, 19'000, kR}, {1, 19'500, kR}, {1, 19'600, kE}};
    night.walk(0, ranking(kThree), earlier, nullptr, out);
    CHECK(words(out) == "0e2");
}

TEST_CASE("a group's first pair keeps the others out, pushed before or not, refused ones apart") {
    auto policies = plain(3);
    policies[2].group = policies[0].group = 7;
    policies[2].tags = {"t"};
    FirmNight night(policies, limits(5));
    std::vector<NightPush> out;
    night.walk(0, ranking(kThree), {}, nullptr, out);
    CHECK(words(out) == "2e1 1e3");
    out.clear();
    const std::vector<EarlierPush> earlier{{2, 19'000, kE}};
    night.walk(0, ranking(kThree), earlier, nullptr, out);
    CHECK(words(out) == "1e3");
    out.clear();
    const FirmOptOut opt_out{false, {"s", "t"}};
    night.walk(0, ranking(kThree), {}, &opt_out, out);
    CHECK(words(out) == "0e2 1e3");
    out.clear();
    const FirmOptOut everything{true, {}};
    night.walk(0, ranking(kThree), {}, &everything, out);
    CHECK(out.empty());
}

TEST_CASE("room counts the day's own pushes, and the days before it but not after") {
    const auto policies = plain(1);
    const std::vector<EarlierPush> earlier{
        {0, 19'997, kE}, {0, 19'998, kE}, {0, 20'000, kE}, {0, 20'001, kE}};
    CHECK(FirmNight(policies, limits(5)).room(earlier) == 4);
    CHECK(FirmNight(policies, limits(1)).room(earlier) == 0);
    CHECK(FirmNight(policies, limits(kNoLimit)).room(earlier) == kNoLimit);
    CHECK(FirmNight(policies, limits(5, DayLimit{4, 3})).room(earlier) == 2);
    CHECK(FirmNight(policies, limits(5, DayLimit{4, 4})).room(earlier) == 1);
    CHECK(FirmNight(policies, limits(5, DayLimit{2, 3})).room(earlier) == 0);
}

TEST_CASE("a ranking that ends too early is told of, and gives nothing") {
    const auto policies = plain(3);
    FirmNight night(policies, limits(5));
    std::vector<NightPush> out;
    CHECK(night.walk(0, ranking(kThree, {}, 3), {}, nullptr, out) == FirmNight::Walk::cut_short);
    CHECK(out.empty());
    FirmNight enough(policies, limits(3));
    CHECK(enough.walk(0, ranking(kThree, {}, 3), {}, nullptr, out) == FirmNight::Walk::done);
    CHECK(words(out) == "2e1 0e2 1e3");
}

TEST_CASE("a quota goes to the first firms of the policy; a firm that has a place needs no other") {
    auto policies = plain(2);
    policies[1].quota = 3;
    const std::vector<std::string> ids{"C", "B", "A", "D", "E"};
    const std::vector<std::int64_t> had{0, 1}; // firm 3 had policy 1
    std::vector<NightPush> pushes;
    const auto add = [&](std::uint32_t firm, std::uint32_t policy, Verdict status, Score score) {
        pushes.push_back({.firm = firm, .policy = policy, .status = status, .score = score});
    };
    add(0, 1, kE, 10);
    add(1, 1, kR, 99);
    add(1, 0, kE, 1);
    add(2, 1, kE, 10);
    add(3, 1, kE, 1);
    add(4, 1, kE, 9);
    apply_quotas(
        {policies, had, [&](std::uint32_t firm) { return std::string_view(ids[firm]); },
         [](std::uint32_t firm, std::uint32_t edition) { return firm == 3 && edition == 1; }},
        pushes);
    std::string left;
    for (const NightPush& push : pushes)
        left += ids[push.firm] + std::to_string(push.policy) + " ";
    CHECK(left == "C1 B0 A1 D1 ");
}

TEST_CASE("random firms agree with the steps done one after another over whole lists") {
    std::mt19937 random(20'260'615);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    for (int turn = 0; turn < 3'000; ++turn) {
        auto policies = plain(12);
        for (NightPolicy& policy : policies) {
            policy.group = below(3) == 0 ? 1 + below(2) : 0;
            policy.edition = below(10);
            if (below(4) == 0) policy.tags = {std::string(1, static_cast<char>('a' + below(3)))};
        }
        std::vector<std::uint32_t> order(12);
        for (std::uint32_t i = 0; i < 12; ++i)
            order[i] = i;
        std::shuffle(order.begin(), order.end(), random);
        std::vector<Push> lists[2];
        for (const std::uint32_t policy : order)
            if (below(4) != 0) lists[below(2)].push_back({policy, 0});
        std::vector<EarlierPush> earlier(below(8));
        for (EarlierPush& push : earlier)
            push = {below(10), 19'996 + static_cast<std::int32_t>(below(6)),
                    static_cast<Verdict>(below(4))};
        const FirmOptOut opt_out{false, {"a"}};
        const FirmOptOut* refused = below(2) == 0 ? &opt_out : nullptr;
        const NightLimits chosen = limits(
            1 + below(5), below(2) == 0 ? std::optional(DayLimit{1 + below(6), 3}) : std::nullopt);

        // 1: pairs; 2: groups; 3: pushed before; 4: limits.
        std::vector<NightPush> left;
        std::set<std::uint32_t> groups;
        for (std::uint32_t s = 0; s < 2; ++s)
            for (std::uint32_t i = 0; i < lists[s].size(); ++i)
                left.push_back({.policy = lists[s][i].other,
                                .status = static_cast<Verdict>(s),
                                .rank = i + 1});
        std::erase_if(left, [&](const NightPush& push) {
            const auto& tags = policies[push.policy].tags;
            return refused != nullptr && !tags.empty() && tags[0] == "a";
        });
        std::erase_if(left, [&](const NightPush& push) {
            const std::uint32_t group = policies[push.policy].group;
            return group != 0 && !groups.insert(group).second;
        });
        std::erase_if(left, [&](const NightPush& push) {
            int best = 9;
            for (const EarlierPush& before : earlier)
                if (before.edition == policies[push.policy].edition)
                    best = std::min(best, static_cast<int>(before.status));
            return best <= static_cast<int>(push.status);
        });
        std::int64_t room = chosen.per_firm, window = chosen.in_days ? chosen.in_days->pushes : 99;
        for (const EarlierPush& before : earlier) {
            room -= before.day == 20'000;
            window -= before.day >= 19'998 && before.day <= 20'000;
        }
        const auto fit =
            static_cast<std::size_t>(std::max<std::int64_t>(0, std::min(room, window)));
        if (left.size() > fit) left.resize(fit);

        FirmNight night(policies, chosen);
        std::vector<NightPush> out;
        INFO("turn " << turn);
        REQUIRE(night.walk(0, ranking(lists[0], lists[1]), earlier, refused, out) ==
                FirmNight::Walk::done);
        REQUIRE(words(out) == words(left));
        // Lists that are cut give the same, or say that they are too short.
        for (std::uint32_t top = 1; top < 8; ++top) {
            std::vector<Push> cut[2];
            for (int s = 0; s < 2; ++s)
                cut[s].assign(lists[s].begin(),
                              lists[s].begin() + std::min<std::ptrdiff_t>(top, lists[s].size()));
            std::vector<NightPush> shorter;
            if (night.walk(0, ranking(cut[0], cut[1], top), earlier, refused, shorter) ==
                FirmNight::Walk::done)
                REQUIRE(words(shorter) == words(left));
            else
                REQUIRE(shorter.empty());
        }
    }
}
