#include "push/run.hpp"

#include "base/json.hpp"
#include "base/string_map.hpp"
#include "push/firm_record.hpp"
#include "push/reason.hpp"
#include "qice/version.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <future>
#include <thread>

namespace qice {
namespace {

constexpr std::uint32_t kLeastTop = 8;
constexpr std::size_t kBatch = 1 << 16;

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

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}

/// The firms of a night by place: those that are there, in the order of their numbers.
struct NightFirms {
    std::vector<std::int64_t> numbers, versions;
    TextColumn ids;
    std::vector<std::size_t> first_earlier; // by place, and one more
    std::vector<EarlierPush> earlier;
    std::map<std::uint32_t, FirmOptOut> opt_outs; // by place

    std::span<const EarlierPush> earlier_of(std::uint32_t place) const {
        return std::span(earlier).subspan(first_earlier[place],
                                          first_earlier[place + 1] - first_earlier[place]);
    }
    const FirmOptOut* opt_out_of(std::uint32_t place) const {
        const auto found = opt_outs.find(place);
        return found == opt_outs.end() ? nullptr : &found->second;
    }
};

/// Numbers for what is the same to a night: (policy, version its author gave).
class Editions {
  public:
    std::uint32_t add(std::int64_t policy, std::int64_t edition, std::int64_t version) {
        const auto [found, is_new] = numbers_.emplace(std::pair(policy, edition), count_);
        count_ += is_new;
        if (of_version_.size() <= static_cast<std::size_t>(version))
            of_version_.resize(static_cast<std::size_t>(version) + 1);
        return of_version_[static_cast<std::size_t>(version)] = found->second;
    }
    std::uint32_t of(std::int64_t version) const {
        return of_version_[static_cast<std::size_t>(version)];
    }
    std::uint32_t size() const { return count_; }
    bool knows(std::int64_t version) const {
        return static_cast<std::size_t>(version) < of_version_.size();
    }

  private:
    std::map<std::pair<std::int64_t, std::int64_t>, std::uint32_t> numbers_;
    std::vector<std::uint32_t> of_version_;
    std::uint32_t count_ = 0;
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
    };

    Status read_input();
    Status read_policies();
    Status read_firms();
    Status read_opt_outs();
    Status read_earlier();
    Result<Portion> read_portion(std::span<const std::uint32_t> places);
    Status choose();
    Status choose_among(const Matcher& matcher, std::span<const std::uint32_t> places,
                        std::uint32_t top, std::uint32_t portion,
                        std::vector<std::uint32_t>& cut_short);
    void choose_in(const MatchResult& result, const Portion& portion, std::uint32_t top,
                   std::vector<std::uint32_t>& cut_short);
    Chosen choose_rows(const MatchResult& result, const Portion& portion, std::uint32_t top,
                       std::pair<std::size_t, std::size_t> rows, ReasonBook& book) const;
    void adopt_reasons(Chosen& chosen, const ReasonBook& book);
    void cut_by_quota();
    Status record();
    Status number_reasons(std::vector<std::int64_t>& numbers);
    Status compare_with_last();

    Store& store_;
    const NightOptions& options_;
    NightReport report_;
    SchemaPtr schema_;
    CurrentPolicies policies_;
    std::vector<NightPolicy> night_policies_;
    Editions editions_;
    std::map<std::int64_t, std::string> layouts_, policy_ids_; // ids by version
    NightFirms firms_;
    std::vector<std::int64_t> firms_had_; // by edition
    Sha256 input_;
    std::vector<NightPush> pushes_;
    StringMap<std::uint32_t> reason_numbers_;
    std::vector<std::string_view> reasons_;
};

// ----------------------------------------------------------------------------------- reading

Status NightRun::read_policies() {
    QICE_ASSIGN_OR_RETURN(const std::optional<StoredSchema> stored, store_.schema());
    if (!stored)
        return {StatusCode::storage, "this store has no firms and no policies yet: qice import"};
    QICE_ASSIGN_OR_RETURN(schema_, parse_schema(*stored));
    input_.add_text(stored->json);
    for (const StoredSchema::CodeList& list : stored->code_lists)
        input_.add_text(list.content);
    QICE_ASSIGN_OR_RETURN(policies_, current_policies(store_, schema_, options_.policy_limits));
    report_.bad_policies = policies_.set.errors;
    if (!report_.bad_policies.empty() && !options_.skip_bad_policies)
        return invalid_input(report_.bad_policies.front().message() +
                                 "; import it again, or leave it out with --skip-bad-policies",
                             report_.bad_policies.front().place());
    QICE_RETURN_IF_ERROR(store_.read_policy_versions(false, [&](const StoredPolicy& policy) {
        editions_.add(policy.policy, policy.edition, policy.version);
        policy_ids_[policy.version] = policy.id;
        return Status();
    }));
    std::map<std::string, std::uint32_t> groups;
    for (std::size_t i = 0; i < policies_.stored.size(); ++i) {
        const Policy& policy = policies_.set.policies[i];
        NightPolicy night{editions_.of(policies_.stored[i].version), 0, policy.quota, {}};
        if (!policy.exclusive_group.empty())
            night.group = groups.emplace(policy.exclusive_group, groups.size() + 1).first->second;
        for (const PolicyTag& tag : policy.tags)
            night.tags.push_back(tag.name);
        std::sort(night.tags.begin(), night.tags.end());
        night_policies_.push_back(std::move(night));
        input_.add_text(policy.id);
        input_.add(policies_.stored[i].digest);
    }
    input_.add_number(static_cast<std::int64_t>(policies_.stored.size()));
    return {};
}

Status NightRun::read_firms() {
    QICE_RETURN_IF_ERROR(store_.read_layouts([&](std::int64_t number, std::string_view header) {
        layouts_[number] = header;
        return Status();
    }));
    return store_.read_firms([&](const StoredFirm& firm) {
        if (firm.version == 0) return Status();
        firms_.numbers.push_back(firm.firm);
        firms_.versions.push_back(firm.version);
        firms_.ids.append(firm.id);
        input_.add_text(firm.id);
        input_.add(firm.digest);
        return Status();
    });
}

Status NightRun::read_opt_outs() {
    std::map<std::string, FirmOptOut, std::less<>> by_id;
    QICE_RETURN_IF_ERROR(store_.read_opt_outs([&](const OptOut& opt_out) {
        input_.add_text(opt_out.firm_id);
        input_.add_text(opt_out.tag);
        FirmOptOut& of = by_id[opt_out.firm_id];
        of.everything = of.everything || opt_out.tag.empty();
        of.tags.push_back(opt_out.tag);
        return Status();
    }));
    for (auto& [id, opt_out] : by_id)
        std::sort(opt_out.tags.begin(), opt_out.tags.end());
    for (std::uint32_t place = 0; place < firms_.numbers.size() && !by_id.empty(); ++place)
        if (const auto found = by_id.find(firms_.ids[place]); found != by_id.end())
            firms_.opt_outs[place] = std::move(found->second);
    return {};
}

Status NightRun::read_earlier() {
    firms_had_.resize(editions_.size());
    std::vector<bool> has_quota(editions_.size());
    for (const NightPolicy& policy : night_policies_)
        if (policy.quota) has_quota[policy.edition] = true;
    std::size_t place = 0;
    const auto end_places_before = [&](std::int64_t firm) {
        while (place < firms_.numbers.size() && firms_.numbers[place] < firm) {
            firms_.first_earlier.push_back(firms_.earlier.size());
            ++place;
        }
    };
    std::vector<std::uint32_t> had;
    QICE_RETURN_IF_ERROR(
        store_.read_pushed([&](std::int64_t firm, std::span<const Pushed> pushed) -> Status {
            end_places_before(firm);
            const bool is_there = place < firms_.numbers.size() && firms_.numbers[place] == firm;
            if (is_there) end_places_before(firm + 1);
            had.clear();
            for (const Pushed& push : pushed) {
                if (!editions_.knows(push.policy_version))
                    return {StatusCode::storage, "a push is of a policy the store does not know"};
                const std::uint32_t edition = editions_.of(push.policy_version);
                if (is_there) firms_.earlier.push_back({edition, push.day, push.status});
                if (!has_quota[edition] || std::find(had.begin(), had.end(), edition) != had.end())
                    continue;
                had.push_back(edition);
                ++firms_had_[edition];
            }
            return Status();
        }));
    end_places_before(INT64_MAX);
    firms_.first_earlier.push_back(firms_.earlier.size());
    return {};
}

Status NightRun::read_input() {
    const Clock clock(report_.seconds.read);
    QICE_RETURN_IF_ERROR(read_policies());
    QICE_RETURN_IF_ERROR(read_firms());
    return read_opt_outs();
}

Result<NightRun::Portion> NightRun::read_portion(std::span<const std::uint32_t> places) {
    Portion portion{places, {}};
    std::vector<std::int64_t> versions;
    versions.reserve(places.size());
    for (const std::uint32_t place : places)
        versions.push_back(firms_.versions[place]);
    FirmRecordReader reader(schema_, layouts_);
    std::size_t next = 0;
    QICE_RETURN_IF_ERROR(store_.read_records(versions, [&](const StoredRecord& record) {
        reader.add(firms_.ids[places[next++]], record.layout, record.record);
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

Status NightRun::choose() {
    const FirmNight night(night_policies_, options_.limits);
    std::vector<std::uint32_t> open, depths;
    for (std::uint32_t place = 0; place < firms_.numbers.size(); ++place) {
        const FirmOptOut* opt_out = firms_.opt_out_of(place);
        const std::uint32_t room = night.room(firms_.earlier_of(place));
        if (room == 0 || (opt_out != nullptr && opt_out->everything)) continue;
        open.push_back(place);
        const auto had = static_cast<std::uint32_t>(firms_.earlier_of(place).size());
        depths.push_back(room >= kNoLimit - had ? kNoLimit : room + had);
    }
    report_.firms_open = static_cast<std::int64_t>(open.size());
    const Matcher matcher(*schema_, policies_.set.policies,
                          {options_.limits.as_of, false, options_.urgency});
    report_.policies_open = static_cast<std::int64_t>(matcher.program().policies.size());
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
        books.emplace_back(policies_.set.policies, options_.language);
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
    }
}

NightRun::Chosen NightRun::choose_rows(const MatchResult& result, const Portion& portion,
                                       std::uint32_t top, std::pair<std::size_t, std::size_t> rows,
                                       ReasonBook& book) const {
    Chosen out;
    FirmNight night(night_policies_, options_.limits);
    const FirmTable& table = portion.read->firms;
    for (std::size_t row = rows.first; row < rows.second; ++row) {
        const std::uint32_t place = portion.places[row];
        FirmRanking ranking;
        ranking.top = top;
        for (std::size_t s = 0; s < kStatuses; ++s)
            if ((options_.limits.statuses >> s & 1) != 0)
                ranking.pushes[s] =
                    result.pushes(static_cast<std::uint32_t>(row), static_cast<Verdict>(s));
        const std::size_t before = out.pushes.size();
        if (night.walk(place, ranking, firms_.earlier_of(place), firms_.opt_out_of(place),
                       out.pushes) == FirmNight::Walk::cut_short)
            out.cut_short.push_back(place);
        const FirmView firm = table[row];
        for (std::size_t i = before; i < out.pushes.size(); ++i) {
            NightPush& push = out.pushes[i];
            const Policy& policy = policies_.set.policies[push.policy];
            push.reason = book.number(push.policy, push.status, firm);
            push.benefit = benefit_fen(policy, firm);
            if (policy.quota && push.status == Verdict::needs_data)
                push.later = !judge(policy.rule, firm).one_fact_away;
        }
    }
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
    apply_quotas(
        {night_policies_, firms_had_, [&](std::uint32_t place) { return firms_.ids[place]; },
         [&](std::uint32_t place, std::uint32_t edition) {
             const auto earlier = firms_.earlier_of(place);
             return std::any_of(earlier.begin(), earlier.end(),
                                [&](const EarlierPush& push) { return push.edition == edition; });
         }},
        pushes_);
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
                          firms_.numbers[push.firm],
                          firms_.versions[push.firm],
                          policies_.stored[push.policy].version,
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
    return store_.append_audit("night", run_json(run));
}

Status NightRun::compare_with_last() {
    QICE_ASSIGN_OR_RETURN(report_.last, store_.last_run());
    for (std::size_t i = 0; i < pushes_.size(); ++i) {
        const NightPush& push = pushes_[i];
        ++report_.run.pushes[static_cast<std::size_t>(push.status)];
        if (options_.dry_run) ++report_.by_policy[policies_.set.policies[push.policy].id][0];
        report_.firms_pushed += i == 0 || pushes_[i - 1].firm != push.firm;
    }
    if (!report_.last || !options_.dry_run) return {}; // counting a run costs a pass over it
    return store_.read_run_counts(*report_.last, [&](const RunCount& count) {
        report_.by_policy[policy_ids_[count.policy_version]][1] += count.pushes;
        return Status();
    });
}

Result<NightReport> NightRun::run() {
    QICE_RETURN_IF_ERROR(read_input());
    StoredRun& run = report_.run;
    run.as_of = options_.limits.as_of;
    run.options = options_json(options_);
    run.input = input_.take();
    run.qice = QICE_VERSION_STRING;
    run.firms = static_cast<std::int64_t>(firms_.numbers.size());
    run.policies = static_cast<std::int64_t>(policies_.stored.size());
    QICE_ASSIGN_OR_RETURN(std::optional<StoredRun> before,
                          store_.find_run(run.as_of, run.options, run.input));
    if (before) {
        report_.run = std::move(*before);
        report_.done_before = true;
        return std::move(report_);
    }
    {
        const Clock clock(report_.seconds.read);
        QICE_RETURN_IF_ERROR(read_earlier());
    }
    QICE_RETURN_IF_ERROR(choose());
    cut_by_quota();
    QICE_RETURN_IF_ERROR(compare_with_last());
    if (!options_.dry_run) QICE_RETURN_IF_ERROR(record());
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
