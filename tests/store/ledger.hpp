// A small ledger for the tests of outbox and archive: firms A and B, policies P (edition 1 then 2)
// and Q.
#pragma once

#include "push/archive.hpp"
#include "push/outbox.hpp"
#include "store/places.hpp"

namespace qice::tests {

inline StoredRun small_run(std::int64_t number, std::int64_t first_push, std::int64_t pushes) {
    StoredRun run;
    run.run = number;
    run.as_of = Date{20'000 + static_cast<std::int32_t>(number)};
    run.recorded = "2026-11-25T19:04:05Z";
    run.options = "{}";
    run.qice = "0.1";
    run.first_push = first_push;
    run.pushes[0] = pushes;
    return run;
}

inline void put_firms_and_policies(Store& store) {
    const std::vector<FirmChange> firms{{1, 1, "A", {}, 1, "1"}, {2, 2, "B", {}, 1, "2"}};
    const std::vector<PolicyChange> policies{{1, 1, "P", 1, {}, "{}"}, {2, 2, "Q", 3, {}, "{}"}};
    REQUIRE(store.put_layout(1, "x").ok());
    REQUIRE(store.put_firms(firms).ok());
    REQUIRE(store.put_policies(policies).ok());
    const std::vector<std::string_view> reasons{"because"};
    std::int64_t number = 0;
    REQUIRE(store.reason_numbers(reasons, {&number, 1}).ok());
    REQUIRE(number == 1);
}

/// Pushes 1 to 3 of run 1 (A: P, Q; B: P) and 4 of run 3 (B: Q); run 2 has none.
inline void put_small_ledger(Store& store) {
    REQUIRE(store.begin(Access::write).ok());
    REQUIRE(store.put_schema({"one.json", "{1}", {{"b.csv", "B"}, {"a.csv", "A"}}}).ok());
    put_firms_and_policies(store);
    const std::vector<StoredPush> first{{1, 1, 1, 1, Verdict::eligible, 1, 500'000, 100, 1},
                                        {2, 1, 1, 2, Verdict::review, 1, -1, {}, 1},
                                        {3, 2, 2, 1, Verdict::eligible, 1, 0, {}, 1}};
    const std::vector<StoredPush> second{{4, 2, 2, 2, Verdict::near, 2, 7, {}, 1}};
    REQUIRE(store.add_run(small_run(1, 1, 3)).ok());
    REQUIRE(store.add_pushes(small_run(1, 1, 3), first).ok());
    REQUIRE(store.add_run(small_run(2, 4, 0)).ok());
    REQUIRE(store.append_audit("night", "{}").ok());
    REQUIRE(store.commit().ok());
    REQUIRE(store.begin(Access::write).ok());
    REQUIRE(store.put_schema({"two.json", "{2}", {}}).ok());
    REQUIRE(store.add_run(small_run(3, 4, 1)).ok());
    REQUIRE(store.add_pushes(small_run(3, 4, 1), second).ok());
    REQUIRE(store.append_audit("night", "{2}").ok());
    REQUIRE(store.commit().ok());
}

/// What nights know: "firm: version@day/status ...;", as of now.
inline std::string what_was_pushed(Store& store) {
    std::string out;
    const Status status = store.read_pushed([&](std::int64_t firm, std::span<const Pushed> pushed) {
        out += std::to_string(firm) + ":";
        for (const Pushed& push : pushed)
            out += " " + std::to_string(push.policy_version) + "@" + std::to_string(push.day) +
                   "/" + std::string(name_of(push.status));
        out += ";";
        return Status();
    });
    INFO(status.to_string());
    REQUIRE(status.ok());
    return out;
}

} // namespace qice::tests
