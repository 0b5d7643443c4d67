#include "push/learn.hpp"
#include "push/settled.hpp"

#include <catch2/catch.hpp>

using namespace qice;

TEST_CASE("a weight moves by tenths of itself, between half and one and a half, never above 1") {
    CHECK(learnt_weight(800, 1) == 880);
    CHECK(learnt_weight(800, -1) == 720);
    CHECK(learnt_weight(800, -kMostTaste) == 400);
    CHECK(learnt_weight(800, kMostTaste) == 1000);
    CHECK(learnt_weight(1, -1) == 0);
    CHECK(learnt_weight(0, 5) == 0);
    CHECK(learnt_cell("甲:0.8|a:b:1|c:0.001", {{"甲", 1}, {"a:b", -2}, {"d", 5}}) ==
          "甲:0.88|a:b:0.8|c:0.001");
    CHECK(learnt_cell("", {{"甲", 1}}).empty());
}

TEST_CASE("a taste is kept as JSON") {
    const Taste taste{{"a\"b", -5}, {"甲", 2}};
    CHECK(parse_taste(to_json(taste)).value() == taste);
    CHECK(parse_taste("{}").value().empty());
    CHECK(parse_taste("{\"a\": \"x\"}").status().code() == StatusCode::storage);
}

TEST_CASE("what is settled comes back from its memo; other bytes are none") {
    Settled settled;
    settled.world.fill(7);
    settled.day = Date{20'000};
    settled.open = {{3, 0}, {9, 77}};
    settled.firms = {{1, 11, 20'010}, {5, 55, INT32_MAX}};
    const std::string memo = settled.to_memo();
    const Settled back = Settled::from_memo(memo).value();
    CHECK(back.to_memo() == memo);
    CHECK(back.firms == settled.firms);
    for (const std::size_t size : {std::size_t{0}, std::size_t{9}, memo.size() - 1})
        CHECK(!Settled::from_memo(memo.substr(0, size)));
    CHECK(!Settled::from_memo(memo + "x"));
    CHECK(back.find(1, 11, Date{20'009}) != nullptr);
    CHECK(back.find(1, 11, Date{20'010}) == nullptr); // its day has come
    CHECK(back.find(1, 12, Date{20'009}) == nullptr); // it has changed
    CHECK(back.find(2, 11, Date{20'009}) == nullptr);
}

TEST_CASE("new policies stir, and whole groups in which one comes, goes or changes") {
    const std::vector<OpenPolicy> then{{1, 0}, {2, 7}, {3, 7}, {4, 8}, {5, 0}};
    CHECK(stirring(then, then).empty());
    const std::vector<OpenPolicy> now{{1, 0}, {3, 7}, {4, 8}, {6, 0}, {9, 5}};
    CHECK(stirring(then, now) == std::vector<std::uint32_t>{1, 3, 4}); // 3 of group 7; 6; 9
}

TEST_CASE("a fingerprint tells firms apart by all that decides, but not by the order of pushes") {
    const FirmOptOut opt_out{false, {"t"}};
    const Taste taste{{"t", 1}};
    const std::vector<EarlierPush> pushes{{1, 100, Verdict::eligible}, {2, 100, Verdict::review}},
        turned{pushes[1], pushes[0]}, other{{1, 100, Verdict::eligible}, {2, 101, Verdict::review}};
    const std::uint64_t one = fingerprint_of(4, nullptr, nullptr, pushes, {});
    CHECK(one == fingerprint_of(4, nullptr, nullptr, turned, {}));
    CHECK(one == fingerprint_of(4, nullptr, nullptr, std::span(pushes).first(1),
                                std::span(pushes).subspan(1)));
    CHECK(one != fingerprint_of(5, nullptr, nullptr, pushes, {}));
    CHECK(one != fingerprint_of(4, &opt_out, nullptr, pushes, {}));
    CHECK(one != fingerprint_of(4, nullptr, &taste, pushes, {}));
    CHECK(one != fingerprint_of(4, nullptr, nullptr, other, {}));
    CHECK(one != fingerprint_of(4, nullptr, nullptr, {}, {}));
}
