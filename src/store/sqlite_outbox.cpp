#include "store/sqlite_outbox.hpp"

#include "store/packed.hpp"
#include "store/sqlite_rows.hpp"
#include "store/sqlite_store.hpp"

#include <algorithm>

namespace qice {
namespace {

class SqliteOutbox final : public Outbox {
  public:
    Status open(const std::string& path) {
        // The store checks that this is one, and brings an older one up to date.
        QICE_ASSIGN_OR_RETURN(const auto store, open_sqlite_store(path, OpenMode::existing));
        QICE_RETURN_IF_ERROR(db_.open(path, false));
        return prepare_connection(db_);
    }

    Status claim(const Claim& claim, std::vector<Offer>& offers) override {
        return in_transaction([&]() -> Status {
            const std::size_t before = offers.size();
            QICE_RETURN_IF_ERROR(take(kUnclaimed, claim, before, offers));
            QICE_RETURN_IF_ERROR(take(kEnded, claim, before, offers));
            QICE_RETURN_IF_ERROR(take(kWrong, claim, before, offers));
            std::sort(offers.begin() + static_cast<std::ptrdiff_t>(before), offers.end(),
                      [](const Offer& a, const Offer& b) { return a.push < b.push; });
            Statement mark =
                db_.prepare("UPDATE push SET claim = ?2, claim_until = ?3 WHERE push_no = ?1");
            for (std::size_t i = before; i < offers.size(); ++i)
                QICE_RETURN_IF_ERROR(
                    mark.run(offers[i].push, std::string_view(claim.token), claim.until));
            return {};
        });
    }

    Status move(std::span<const Move> moves, std::int64_t now,
                std::vector<Outcome>& outcomes) override {
        outcomes.clear();
        return in_transaction([&]() -> Status {
            Statement find = db_.prepare("SELECT state, ifnull(claim, ''), firm_no, "
                                         "policy_version_no, run_no, status FROM push "
                                         "WHERE push_no = ?");
            Statement put =
                db_.prepare("UPDATE push SET state = ?2, state_at = ?3 WHERE push_no = ?1");
            for (const Move& move : moves) {
                Outcome outcome{Moved::unknown, Delivery::pending};
                PushedPair pair;
                QICE_RETURN_IF_ERROR(find.each(
                    [&](const Statement& row) {
                        outcome.from = static_cast<Delivery>(row.number(0));
                        outcome.moved = moved(move, outcome.from, row.text(1));
                        pair = {row.number(2), row.number(3), row.number(4), row.number(5)};
                        return Status();
                    },
                    move.push));
                outcomes.push_back(outcome);
                if (outcome.moved != Moved::done) continue;
                QICE_RETURN_IF_ERROR(put.run(move.push, static_cast<std::int64_t>(move.to), now));
                if (move.to == Delivery::withdrawn) QICE_RETURN_IF_ERROR(forget(pair));
            }
            return {};
        });
    }

    Result<std::array<std::int64_t, kDeliveryStates>> counts() override {
        std::array<std::int64_t, kDeliveryStates> counts{};
        QICE_RETURN_IF_ERROR(db_.prepare("SELECT state, count(*) FROM push GROUP BY state")
                                 .each([&](const Statement& row) {
                                     counts[static_cast<std::size_t>(row.number(0))] =
                                         row.number(1);
                                     return Status();
                                 }));
        return counts;
    }

  private:
    /// What a push is known by in table pushed.
    struct PushedPair {
        std::int64_t firm = 0, policy_version = 0, run = 0, status = 0;
    };

    // ?1 is now, ?3 the last second until which a claim may hold.
    static constexpr const char* kUnclaimed = "p.state = 0 AND p.claim IS NULL AND ?1 < ?3 "
                                              "ORDER BY p.push_no";
    static constexpr const char* kEnded = "p.state = 0 AND p.claim IS NOT NULL AND p.claim_until < "
                                          "?1 AND ?1 < ?3 ORDER BY p.claim_until, p.push_no";
    static constexpr const char* kWrong = "p.state = 0 AND p.claim IS NOT NULL AND p.claim_until > "
                                          "?3 AND ?1 < ?3 ORDER BY p.claim_until, p.push_no";

    template <class Work> Status in_transaction(Work&& work) {
        QICE_RETURN_IF_ERROR(db_.execute("BEGIN IMMEDIATE"));
        Status status = work();
        if (status.ok()) status = db_.execute("COMMIT");
        if (!status.ok() && db_.in_transaction()) (void)db_.execute("ROLLBACK");
        return status;
    }

    /// Up to `most` of the pushes that fit `condition`, less those taken since `before`.
    Status take(const std::string& condition, const Claim& claim, std::size_t before,
                std::vector<Offer>& offers) {
        const std::size_t taken = offers.size() - before;
        if (taken >= claim.most) return {};
        Statement find = db_.prepare(
            "SELECT p.push_no, p.run_no, r.as_of, p.firm_no, p.firm_version_no, "
            "ifnull(f.version_no, 0), p.policy_version_no, ifnull(y.version_no, 0), f.firm_id, "
            "y.policy_id, v.edition, p.status, p.rank, p.score, p.benefit, w.text "
            "FROM (SELECT * FROM push p WHERE " +
            condition +
            " LIMIT ?2) p JOIN run r USING(run_no) JOIN reason w USING(reason_no) "
            "LEFT JOIN firm f USING(firm_no) "
            "LEFT JOIN policy_version v ON v.version_no = p.policy_version_no "
            "LEFT JOIN policy y ON y.policy_no = v.policy_no");
        return find.each(
            [&](const Statement& row) {
                offers.push_back(offer_in(row));
                return Status();
            },
            claim.now, static_cast<std::int64_t>(claim.most - taken), claim.now + kMostLease);
    }

    static Offer offer_in(const Statement& row) {
        Offer offer;
        offer.push = row.number(0);
        offer.run = row.number(1);
        offer.as_of = Date::parse(row.text(2)).value_or(Date{});
        offer.firm = row.number(3);
        offer.firm_version = row.number(4);
        offer.firm_version_now = row.number(5);
        offer.policy_version = row.number(6);
        offer.policy_version_now = row.number(7);
        offer.firm_id = row.text(8);
        offer.policy_id = row.text(9);
        offer.edition = row.number(10);
        offer.status = static_cast<Verdict>(row.number(11));
        offer.rank = static_cast<std::uint32_t>(row.number(12));
        offer.score = row.number(13);
        if (!row.is_null(14)) offer.benefit = row.number(14);
        offer.reason = row.text(15);
        return offer;
    }

    /// Takes a withdrawn push out of what nights know of earlier ones.
    Status forget(const PushedPair& pair) {
        std::string kept;
        Date day{};
        QICE_RETURN_IF_ERROR(db_.prepare("SELECT as_of FROM run WHERE run_no = ?")
                                 .each(
                                     [&](const Statement& row) {
                                         day = Date::parse(row.text(0)).value_or(Date{});
                                         return Status();
                                     },
                                     pair.run));
        QICE_RETURN_IF_ERROR(db_.prepare("SELECT pairs FROM pushed WHERE firm_no = ?")
                                 .each(
                                     [&](const Statement& row) {
                                         kept = row.bytes(0);
                                         return Status();
                                     },
                                     pair.firm));
        remove_pair(kept, {static_cast<std::uint32_t>(pair.policy_version), day.days,
                           static_cast<Verdict>(pair.status)});
        if (kept.empty()) return db_.prepare("DELETE FROM pushed WHERE firm_no = ?").run(pair.firm);
        return db_.prepare("UPDATE pushed SET pairs = ?2 WHERE firm_no = ?1")
            .run(pair.firm, Blob{kept});
    }

    Sqlite db_;
};

} // namespace

Result<std::unique_ptr<Outbox>> open_sqlite_outbox(const std::string& path) {
    auto outbox = std::make_unique<SqliteOutbox>();
    QICE_RETURN_IF_ERROR(outbox->open(path));
    return std::unique_ptr<Outbox>(std::move(outbox));
}

} // namespace qice
