#include "push/run.hpp"

#include "base/json.hpp"
#include "base/string_map.hpp"
#include "base/utc_time.hpp"
#include "push/firm_record.hpp"
#include "push/night_input.hpp"
#include "push/reason.hpp"
#include "push/settled.hpp"
#include "qice/version.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

namespace qice {
namespace {

constexpr std::uint32_t kLeastTop = 8;
constexpr std::size_t kBatch = 1 << 16;
constexpr std::string_view kMemo = "settled";

class Clock {
  public:
    explicit Clock(double& total) : total_(total) {}
    ~Clock() {
        total_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

  private:
    double& total_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class NightRun {
  public:
    NightRun(Store& store, const NightOptions& options) : store_(store), options_(options) {}

    Result<NightReport> run();

  private:
    /// Firms of a portion by place, and their table.
    struct Portion {
        std::span<const std::uint32_t> places;
        std::optional<FirmsRead> read;
    };
    struct Chosen {
        std::vector<NightPush> pushes;
        std::vector<std::uint32_t> cut_short; // places
        std::vector<SettledFirm> settled;     // firm: its place; without a fingerprint
        HeldBack held_back;
    };

    Status read_input();
    Result<Portion> read_portion(std::span<const std::uint32_t> places);
    Status choose();
    std::vector<std::uint32_t> open_places();
    Status skip_settled(const Matcher& matcher, std::vector<std::uint32_t>& open);
    Status keep_stirred(std::span<const Policy> policies, std::span<const NightPolicy> of_night,
                        std::vector<std::uint32_t>& places);
    void settle();
    std::uint64_t fingerprint(std::uint32_t place, std::span<const EarlierPush> tonight) const;
    Status choose_among(const Matcher& matcher, std::span<const std::uint32_t> places,
                        std::uint32_t top, std::uint32_t portion,
                        std::vector<std::uint32_t>& cut_short);
    void choose_in(const MatchResult& result, const Portion& portion, std::uint32_t top,
                   std::vector<std::uint32_t>& cut_short);
    Chosen choose_rows(const MatchResult& result, const Portion& portion, std::uint32_t top,
                       std::pair<std::size_t, std::size_t> rows, ReasonBook& book) const;
    FirmRanking ranking_of(const MatchResult& result, std::uint32_t row, std::uint32_t top) const;
    void adopt_reasons(Chosen& chosen, const ReasonBook& book);
    void cut_by_quota();
    Status record();
    Status number_reasons(std::vector<std::int64_t>& numbers);
    Status compare_with_last();
    void tell(NightStep step) const {
        if (options_.on_step) options_.on_step(step, report_);
    }

    Store& store_;
    const NightOptions& options_;
    NightReport report_;
    NightInput in_;
    Settled settled_;      // what tonight leaves settled
    bool is_late_ = false; // a night before the one that settled_ is of
    std::vector<NightPush> pushes_;
    StringMap<std::uint32_t> reason_numbers_;
    std::vector<std::string_view> reasons_;
};

// ----------------------------------------------------------------------------------- reading

Status NightRun::read_input() {
    const Clock clock(report_.seconds.read);
    QICE_ASSIGN_OR_RETURN(in_, read_night_input(store_, options_));
    report_.bad_policies = in_.policies.set.errors;
    report_.firms_learnt = static_cast<std::int64_t>(in_.tastes.size());
    return {};
}

Result<NightRun::Portion> NightRun::read_portion(std::span<const std::uint32_t> places) {
    Portion portion{places, {}};
    std::vector<std::int64_t> versions;
    versions.reserve(places.size());
    for (const std::uint32_t place : places)
        versions.push_back(in_.firms.versions[place]);
    FirmRecordReader reader(in_.schema, in_.layouts);
    std::size_t next = 0;
    QICE_RETURN_IF_ERROR(store_.read_records(versions, [&](const StoredRecord& record) {
        const std::uint32_t place = places[next++];
        reader.add(in_.firms.ids[place], record.layout, record.record, in_.taste_of(place));
        return Status();
    }));
    QICE_ASSIGN_OR_RETURN(portion.read, reader.read(options_.limits.as_of, options_.threads));
    if (portion.read->firms.size() != places.size())
        return Status(StatusCode::storage, "the values of a firm in this store are damaged");
    return portion;
}

// ---------------------------------------------------------------------------------- choosing

/// How deep nine firms in ten have to be ranked, from what they have had and may still get.
std::uint32_t usual_depth(std::vector<std::uint32_t> depths) {
    if (depths.empty()) return kLeastTop;
    const auto at = depths.begin() + static_cast<std::ptrdiff_t>(depths.size() * 9 / 10);
    std::nth_element(depths.begin(), at, depths.end());
    return *at > kNoLimit - kLeastTop ? kNoLimit : *at + kLeastTop;
}

/// Firms whose limits leave them room tonight.
std::vector<std::uint32_t> NightRun::open_places() {
    const FirmNight night(in_.night_policies, options_.limits);
    std::vector<std::uint32_t> open;
    for (std::uint32_t place = 0; place < in_.firms.numbers.size(); ++place) {
        const FirmOptOut* opt_out = in_.firms.opt_out_of(place);
        if (opt_out != nullptr && opt_out->everything)
            ++report_.firms_opted_out;
        else if (night.room(in_.firms.earlier_of(place)) == 0)
            ++report_.firms_full;
        else
            open.push_back(place);
    }
    return open;
}

Status NightRun::choose() {
    std::vector<std::uint32_t> open = open_places();
    report_.firms_open = static_cast<std::int64_t>(open.size());
    const Matcher matcher(*in_.schema, in_.policies.set.policies,
                          {options_.limits.as_of, false, options_.urgency});
    report_.policies_open = static_cast<std::int64_t>(matcher.program().policies.size());
    QICE_RETURN_IF_ERROR(skip_settled(matcher, open));
    const FirmNight night(in_.night_policies, options_.limits);
    std::vector<std::uint32_t> depths;
    for (const std::uint32_t place : open) {
        const auto had = static_cast<std::uint32_t>(in_.firms.earlier_of(place).size());
        const std::uint32_t room = night.room(in_.firms.earlier_of(place));
        depths.push_back(room >= kNoLimit - had ? kNoLimit : room + had);
    }
    std::vector<std::uint32_t> cut_short, none;
    QICE_RETURN_IF_ERROR(
        choose_among(matcher, open, usual_depth(std::move(depths)), options_.portion, cut_short));
    report_.firms_deep = static_cast<std::int64_t>(cut_short.size());
    QICE_RETURN_IF_ERROR(
        choose_among(matcher, cut_short, kNoLimit, std::max(options_.portion / 8, 1u), none));
    if (!cut_short.empty())
        std::stable_sort(pushes_.begin(), pushes_.end(),
                         [](const NightPush& a, const NightPush& b) { return a.firm < b.firm; });
    return {};
}

Status NightRun::choose_among(const Matcher& matcher, std::span<const std::uint32_t> places,
                              std::uint32_t top, std::uint32_t portion,
                              std::vector<std::uint32_t>& cut_short) {
    // One portion is read while the one before is matched; nothing else uses the store meanwhile.
    const auto read = [&](std::size_t begin) {
        const std::size_t count = std::min<std::size_t>(portion, places.size() - begin);
        return std::async(
            options_.threads > 1 ? std::launch::async : std::launch::deferred,
            [this, part = places.subspan(begin, count)] { return read_portion(part); });
    };
    if (places.empty()) return {};
    auto next = read(0);
    for (std::size_t begin = 0; begin < places.size(); begin += portion) {
        Result<Portion> part = [&] {
            const Clock clock(report_.seconds.read);
            return next.get();
        }();
        if (!part.ok()) return part.status();
        if (begin + portion < places.size()) next = read(begin + portion);
        report_.bad_cells += part->read->quarantine.size();
        MatchOptions match;
        match.top = top;
        match.statuses = options_.limits.statuses;
        match.threads = options_.threads;
        std::optional<MatchResult> result;
        {
            const Clock clock(report_.seconds.match);
            result.emplace(matcher.match(part->read->firms, match));
        }
        choose_in(*result, *part, top, cut_short);
        if (options_.progress) options_.progress(begin + part->places.size(), places.size());
    }
    return {};
}

void NightRun::choose_in(const MatchResult& result, const Portion& portion, std::uint32_t top,
                         std::vector<std::uint32_t>& cut_short) {
    const Clock clock(report_.seconds.choose);
    const std::size_t rows = portion.places.size();
    const std::size_t workers = std::max(options_.threads, 1u);
    std::vector<ReasonBook> books;
    for (std::size_t i = 0; i < workers; ++i)
        books.emplace_back(in_.policies.set.policies, options_.language);
    std::vector<std::future<Chosen>> chosen;
    for (std::size_t i = 0; i < workers; ++i)
        chosen.push_back(std::async(
            workers > 1 ? std::launch::async : std::launch::deferred,
            [&, range = std::pair(rows * i / workers, rows * (i + 1) / workers), book = &books[i]] {
                return choose_rows(result, portion, top, range, *book);
            }));
    for (std::size_t i = 0; i < workers; ++i) {
        Chosen part = chosen[i].get();
        adopt_reasons(part, books[i]);
        pushes_.insert(pushes_.end(), part.pushes.begin(), part.pushes.end());
        cut_short.insert(cut_short.end(), part.cut_short.begin(), part.cut_short.end());
        settled_.firms.insert(settled_.firms.end(), part.settled.begin(), part.settled.end());
        report_.held_back += part.held_back;
    }
}

FirmRanking NightRun::ranking_of(const MatchResult& result, std::uint32_t row,
                                 std::uint32_t top) const {
    FirmRanking ranking;
    ranking.top = top;
    for (std::size_t s = 0; s < kStatuses; ++s)
        if ((options_.limits.statuses >> s & 1) != 0)
            ranking.pushes[s] = result.pushes(row, static_cast<Verdict>(s));
    return ranking;
}

NightRun::Chosen NightRun::choose_rows(const MatchResult& result, const Portion& portion,
                                       std::uint32_t top, std::pair<std::size_t, std::size_t> rows,
                                       ReasonBook& book) const {
    Chosen out;
    FirmNight night(in_.night_policies, options_.limits);
    const FirmTable& table = portion.read->firms;
    for (std::size_t row = rows.first; row < rows.second; ++row) {
        const std::uint32_t place = portion.places[row];
        const FirmRanking ranking = ranking_of(result, static_cast<std::uint32_t>(row), top);
        const std::size_t before = out.pushes.size();
        if (night.walk(place, ranking, in_.firms.earlier_of(place), in_.firms.opt_out_of(place),
                       out.pushes) == FirmNight::Walk::cut_short)
            out.cut_short.push_back(place);
        const FirmView firm = table[row];
        if (night.has_all()) out.settled.push_back({place, 0, quiet_until(firm)});
        for (std::size_t i = before; i < out.pushes.size(); ++i) {
            NightPush& push = out.pushes[i];
            const Policy& policy = in_.policies.set.policies[push.policy];
            push.reason = book.number(push.policy, push.status, firm);
            push.benefit = benefit_fen(policy, firm);
            if (policy.quota && push.status == Verdict::needs_data)
                push.later = !judge(policy.rule, firm).one_fact_away;
        }
    }
    out.held_back = night.held_back();
    return out;
}

void NightRun::adopt_reasons(Chosen& chosen, const ReasonBook& book) {
    std::vector<std::uint32_t> numbers(book.size());
    for (std::uint32_t i = 0; i < book.size(); ++i) {
        const auto [found, is_new] = reason_numbers_.emplace(
            book.text(i), static_cast<std::uint32_t>(reason_numbers_.size()));
        numbers[i] = found->second;
    }
    for (NightPush& push : chosen.pushes)
        push.reason = numbers[push.reason];
}

void NightRun::cut_by_quota() {
    const Clock clock(report_.seconds.choose);
    std::vector<std::uint32_t> cut; // places, of each push
    apply_quotas({in_.night_policies, in_.firms_had,
                  [&](std::uint32_t place) { return in_.firms.ids[place]; },
                  [&](std::uint32_t place, std::uint32_t edition) {
                      const auto earlier = in_.firms.earlier_of(place);
                      return std::any_of(
                          earlier.begin(), earlier.end(),
                          [&](const EarlierPush& push) { return push.edition == edition; });
                  }},
                 pushes_, &cut);
    report_.cut_by_quota = static_cast<std::int64_t>(cut.size());
    std::erase_if(settled_.firms, [&](const SettledFirm& firm) { // it may get it another night
        return std::binary_search(cut.begin(), cut.end(), static_cast<std::uint32_t>(firm.firm));
    });
}

// ----------------------------------------------------------------------------------- settled

std::uint64_t NightRun::fingerprint(std::uint32_t place,
                                    std::span<const EarlierPush> tonight) const {
    return fingerprint_of(in_.firms.versions[place], in_.firms.opt_out_of(place),
                          in_.taste_of(place), in_.firms.earlier_of(place), tonight);
}

/// Takes firms out of `open` that an earlier night left settled and nothing has stirred since.
Status NightRun::skip_settled(const Matcher& matcher, std::vector<std::uint32_t>& open) {
    const std::vector<Policy>& policies = in_.policies.set.policies;
    Sha256 world;
    world.add_text(QICE_VERSION_STRING);
    world.add(in_.schema_digest);
    world.add_number(options_.limits.statuses);
    world.add_number(options_.learn ? 1 : 0);
    settled_.world = world.take();
    settled_.day = options_.limits.as_of;
    std::vector<std::pair<OpenPolicy, std::uint32_t>> now;
    for (const CompiledPolicy& open_policy : matcher.program().policies) {
        const std::uint32_t place = open_policy.policy;
        now.push_back(
            {{in_.policies.stored[place].version, group_number(policies[place].exclusive_group)},
             place});
    }
    std::sort(now.begin(), now.end(),
              [](const auto& a, const auto& b) { return a.first.version < b.first.version; });
    for (const auto& [policy, place] : now)
        settled_.open.push_back(policy);
    if (options_.urgency.days > 0) return {}; // ranks, and so groups, change with the day
    QICE_ASSIGN_OR_RETURN(const std::string memo, store_.memo(kMemo));
    const std::optional<Settled> known = Settled::from_memo(memo);
    if (!known || known->world != settled_.world) return {};
    is_late_ = options_.limits.as_of < known->day;
    if (is_late_) return {};
    std::vector<std::uint32_t> due, quiet;
    for (const std::uint32_t place : open)
        (known->find(in_.firms.numbers[place], fingerprint(place, {}), settled_.day) == nullptr
             ? due
             : quiet)
            .push_back(place);
    std::vector<Policy> stirring_policies;
    std::vector<NightPolicy> of_night;
    for (const std::uint32_t i : stirring(known->open, settled_.open)) {
        stirring_policies.push_back(policies[now[i].second]);
        of_night.push_back(in_.night_policies[now[i].second]);
    }
    std::vector<std::uint32_t> stirred = quiet;
    QICE_RETURN_IF_ERROR(keep_stirred(stirring_policies, of_night, stirred));
    open.clear();
    std::merge(due.begin(), due.end(), stirred.begin(), stirred.end(), std::back_inserter(open));
    for (const std::uint32_t place : quiet)
        if (!std::binary_search(stirred.begin(), stirred.end(), place))
            settled_.firms.push_back(
                {place, 0,
                 known->find(in_.firms.numbers[place], fingerprint(place, {}), settled_.day)
                     ->until});
    report_.firms_settled = static_cast<std::int64_t>(settled_.firms.size());
    return {};
}

/// Keeps the firms that would get something of these policies, or may.
Status NightRun::keep_stirred(std::span<const Policy> policies,
                              std::span<const NightPolicy> of_night,
                              std::vector<std::uint32_t>& places) {
    std::vector<std::uint32_t> kept;
    if (policies.empty()) {
        places.clear();
        return {};
    }
    const Matcher matcher(*in_.schema, policies, {options_.limits.as_of, false, options_.urgency});
    FirmNight night(of_night, options_.limits);
    for (std::size_t begin = 0; begin < places.size(); begin += options_.portion) {
        const std::size_t count = std::min<std::size_t>(options_.portion, places.size() - begin);
        const Clock clock(report_.seconds.read);
        QICE_ASSIGN_OR_RETURN(const Portion portion,
                              read_portion(std::span(places).subspan(begin, count)));
        MatchOptions match;
        match.top = kLeastTop;
        match.statuses = options_.limits.statuses;
        match.threads = options_.threads;
        const MatchResult result = matcher.match(portion.read->firms, match);
        std::vector<NightPush> pushes;
        for (std::uint32_t row = 0; row < count; ++row) {
            const std::uint32_t place = portion.places[row];
            pushes.clear();
            if (night.walk(place, ranking_of(result, row, kLeastTop), in_.firms.earlier_of(place),
                           in_.firms.opt_out_of(place), pushes) == FirmNight::Walk::cut_short ||
                !pushes.empty())
                kept.push_back(place);
        }
    }
    places = std::move(kept);
    return {};
}

/// Puts numbers and fingerprints, those after tonight, in the place of places.
void NightRun::settle() {
    std::sort(settled_.firms.begin(), settled_.firms.end(),
              [](const SettledFirm& a, const SettledFirm& b) { return a.firm < b.firm; });
    std::size_t next = 0;
    std::vector<EarlierPush> tonight;
    for (SettledFirm& firm : settled_.firms) {
        const auto place = static_cast<std::uint32_t>(firm.firm);
        tonight.clear();
        for (; next < pushes_.size() && pushes_[next].firm <= place; ++next)
            if (pushes_[next].firm == place)
                tonight.push_back({in_.night_policies[pushes_[next].policy].edition,
                                   options_.limits.as_of.days, pushes_[next].status});
        firm.fingerprint = fingerprint(place, tonight);
        firm.firm = in_.firms.numbers[place];
    }
}

// --------------------------------------------------------------------------------- recording

/// The store's numbers of the sentences that are used, in the order of their first use.
Status NightRun::number_reasons(std::vector<std::int64_t>& numbers) {
    std::vector<std::string_view> texts(reason_numbers_.size());
    for (const auto& [text, number] : reason_numbers_)
        texts[number] = text;
    std::vector<std::uint32_t> used;
    std::vector<bool> is_used(texts.size());
    for (const NightPush& push : pushes_) {
        if (is_used[push.reason]) continue;
        is_used[push.reason] = true;
        used.push_back(push.reason);
    }
    std::vector<std::string_view> asked;
    for (const std::uint32_t reason : used)
        asked.push_back(texts[reason]);
    std::vector<std::int64_t> found(asked.size());
    QICE_RETURN_IF_ERROR(store_.reason_numbers(asked, found));
    numbers.assign(texts.size(), 0);
    for (std::size_t i = 0; i < used.size(); ++i)
        numbers[used[i]] = found[i];
    return {};
}

Status NightRun::record() {
    const Clock clock(report_.seconds.write);
    // What senders did meanwhile comes after this night: they take pushes out, it adds some.
    QICE_RETURN_IF_ERROR(store_.start_writing());
    QICE_ASSIGN_OR_RETURN(const NextNumbers next, store_.next_numbers());
    std::vector<std::int64_t> reasons;
    QICE_RETURN_IF_ERROR(number_reasons(reasons));
    StoredRun& run = report_.run;
    run.run = next.run;
    run.first_push = next.push;
    run.recorded = utc_now();
    std::vector<StoredPush> batch;
    const auto stored = [&](std::size_t i) {
        const NightPush& push = pushes_[i];
        return StoredPush{next.push + static_cast<std::int64_t>(i),
                          in_.firms.numbers[push.firm],
                          in_.firms.versions[push.firm],
                          in_.policies.stored[push.policy].version,
                          push.status,
                          push.rank,
                          push.score,
                          push.benefit < 0 ? std::nullopt : std::optional(push.benefit),
                          reasons[push.reason]};
    };
    Sha256 sha;
    for (std::size_t i = 0; i < pushes_.size(); ++i)
        add_to_digest(sha, stored(i));
    run.digest = sha.take();
    QICE_RETURN_IF_ERROR(store_.add_run(run));
    for (std::size_t i = 0; i < pushes_.size(); ++i) {
        const bool same_firm = !batch.empty() && pushes_[i].firm == pushes_[i - 1].firm;
        if (batch.size() >= kBatch && !same_firm) {
            QICE_RETURN_IF_ERROR(store_.add_pushes(run, batch));
            batch.clear();
        }
        batch.push_back(stored(i));
    }
    QICE_RETURN_IF_ERROR(store_.add_pushes(run, batch));
    if (options_.learn) QICE_RETURN_IF_ERROR(put_tastes(store_, run.run, in_.tastes));
    if (!is_late_ && options_.urgency.days == 0)
        QICE_RETURN_IF_ERROR(store_.put_memo(kMemo, settled_.to_memo()));
    return store_.append_audit("night", run_json(run));
}

Status NightRun::compare_with_last() {
    QICE_ASSIGN_OR_RETURN(report_.last, store_.last_run());
    for (std::size_t i = 0; i < pushes_.size(); ++i) {
        const NightPush& push = pushes_[i];
        ++report_.run.pushes[static_cast<std::size_t>(push.status)];
        if (options_.dry_run) ++report_.by_policy[in_.policies.set.policies[push.policy].id][0];
        report_.firms_pushed += i == 0 || pushes_[i - 1].firm != push.firm;
    }
    if (!report_.last || !options_.dry_run) return {}; // counting a run costs a pass over it
    return store_.read_run_counts(*report_.last, [&](const RunCount& count) {
        report_.by_policy[in_.policy_ids[count.policy_version]][1] += count.pushes;
        return Status();
    });
}

Result<NightReport> NightRun::run() {
    QICE_RETURN_IF_ERROR(read_input());
    StoredRun& run = report_.run;
    run.as_of = options_.limits.as_of;
    run.options = options_json(options_);
    run.input = in_.digest;
    run.qice = QICE_VERSION_STRING;
    run.firms = static_cast<std::int64_t>(in_.firms.numbers.size());
    run.policies = static_cast<std::int64_t>(in_.policies.stored.size());
    QICE_ASSIGN_OR_RETURN(std::optional<StoredRun> before,
                          store_.find_run(run.as_of, run.options, run.input));
    if (before) {
        report_.run = std::move(*before);
        report_.done_before = true;
        return std::move(report_);
    }
    {
        const Clock clock(report_.seconds.read);
        QICE_RETURN_IF_ERROR(read_earlier(store_, in_));
    }
    tell(NightStep::read);
    QICE_RETURN_IF_ERROR(choose());
    cut_by_quota();
    settle();
    QICE_RETURN_IF_ERROR(compare_with_last());
    tell(NightStep::chosen);
    if (options_.dry_run) return std::move(report_);
    QICE_RETURN_IF_ERROR(record());
    tell(NightStep::recorded);
    return std::move(report_);
}

} // namespace

std::string options_json(const NightOptions& options) {
    const NightLimits& limits = options.limits;
    std::string statuses;
    for (std::size_t s = 0; s < kStatuses; ++s)
        if ((limits.statuses >> s & 1) != 0)
            statuses += (statuses.empty() ? "\"" : ", \"") +
                        std::string(name_of(static_cast<Verdict>(s))) + '"';
    std::string out = "{\"status\": [" + statuses + "], \"per_firm\": ";
    out += limits.per_firm == kNoLimit ? "null" : std::to_string(limits.per_firm);
    if (limits.in_days)
        out += ", \"per_firm_days\": [" + std::to_string(limits.in_days->pushes) + ", " +
               std::to_string(limits.in_days->days) + "]";
    if (options.urgency.days > 0)
        out += ", \"urgency\": [" + std::to_string(options.urgency.weight) + ", " +
               std::to_string(options.urgency.days) + "]";
    if (options.learn) out += ", \"learn\": true";
    return out + "}";
}

void add_to_digest(Sha256& sha, const StoredPush& push) {
    sha.add_number(push.push);
    sha.add_number(push.firm);
    sha.add_number(push.firm_version);
    sha.add_number(push.policy_version);
    sha.add_number(static_cast<std::int64_t>(push.status));
    sha.add_number(push.rank);
    sha.add_number(push.score);
    sha.add_number(push.benefit.value_or(-1));
    sha.add_number(push.reason);
}

std::string run_json(const StoredRun& run) {
    std::string out = "{\"run\": " + std::to_string(run.run) + ", \"as_of\": \"" +
                      run.as_of.to_string() + "\", \"options\": " + run.options +
                      ", \"input\": \"" + to_hex(run.input) + "\", \"qice\": ";
    append_json_string(out, run.qice);
    out += ", \"firms\": " + std::to_string(run.firms) +
           ", \"policies\": " + std::to_string(run.policies) +
           ", \"first_push\": " + std::to_string(run.first_push) +
           ", \"pushes\": " + std::to_string(run.total()) + ", \"digest\": \"" +
           to_hex(run.digest) + "\"}";
    return out;
}

Result<NightReport> run_night(Store& store, const NightOptions& options) {
    return NightRun(store, options).run();
}

} // namespace qice
