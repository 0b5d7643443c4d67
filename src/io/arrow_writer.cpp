#include "base/fetch_ahead.hpp"
#include "io/arrow_make.hpp"
#include "qice/io/arrow.hpp"

#include <algorithm>

namespace qice {
namespace {

constexpr char kText[] = "u", kInt8[] = "c", kInt32[] = "i", kInt64[] = "l";
constexpr char kScore[] = "d:19,6";                      // 64 bits of millionths have 19 digits
constexpr std::size_t kMostBytes = std::size_t{1} << 26; // of firm ids in a batch
constexpr std::size_t kMostAsked = 256;
constexpr std::size_t kAhead = 12; // firms between asking memory for an answer and writing it

template <class T> std::shared_ptr<const Array<char>> buffer_of(const Array<T>& values) {
    Array<char> bytes;
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    return arrow_buffer(std::move(bytes));
}

/// A buffer of values in the making: room for a number of them, and the number there are.
template <class T> class Values {
  public:
    explicit Values(std::size_t most) { bytes_.resize(most * sizeof(T)); }
    void set(std::size_t i, T value) {
        std::memcpy(bytes_.data() + i * sizeof(T), &value, sizeof value);
    }
    ArrowColumnData finish(std::size_t size,
                           std::shared_ptr<const ArrowColumnData> dictionary = nullptr) {
        bytes_.resize(size * sizeof(T));
        return {static_cast<std::int64_t>(size),
                {nullptr, arrow_buffer(std::move(bytes_))},
                std::move(dictionary)};
    }

  private:
    Array<char> bytes_;
};

std::shared_ptr<const ArrowColumnData> dictionary_of(ArrowTexts texts) {
    return std::make_shared<const ArrowColumnData>(texts.finish());
}

/// The rows of a result, made as they are asked for.
class PushSource : public ArrowSource {
  public:
    explicit PushSource(const ArrowPushes& pushes) : pushes_(pushes) {
        ArrowTexts statuses, states, policies;
        for (std::size_t status = 0; status < kStatuses; ++status) {
            statuses.add(name_of(static_cast<Verdict>(status)));
            if (pushes.statuses & status_bit(static_cast<Verdict>(status)))
                asked_.push_back(static_cast<Verdict>(status));
        }
        for (std::size_t state = 0; state <= static_cast<std::size_t>(LifeCycle::closed); ++state)
            states.add(name_of(static_cast<LifeCycle>(state)));
        for (const Policy& policy : pushes.policies)
            policies.add(policy.id);
        statuses_ = dictionary_of(std::move(statuses));
        states_ = dictionary_of(std::move(states));
        policies_ = dictionary_of(std::move(policies));
        pushes_.batch_rows = std::max(pushes.batch_rows, 1u);
    }

    void give_type(ArrowSchema* out) override {
        std::vector<ArrowColumnType> columns{{"firm_id", kText, false, ""},
                                             {"status", kInt8, false, kText},
                                             {"rank", kInt32, false, ""},
                                             {"policy_id", kInt32, false, kText},
                                             {"score", kScore, false, ""}};
        if (pushes_.life_cycle) columns.push_back({"life_cycle", kInt8, false, kText});
        make_arrow_schema(columns, out);
    }

    void give_batch(ArrowArray* out) override {
        Rows rows(pushes_.batch_rows);
        fill(rows);
        if (rows.size == 0) return;
        std::vector<ArrowColumnData> columns;
        columns.push_back(rows.firms.finish());
        columns.push_back(rows.statuses.finish(rows.size, statuses_));
        columns.push_back(rows.ranks.finish(rows.size));
        columns.push_back(rows.policies.finish(rows.size, policies_));
        columns.push_back(rows.scores.finish(rows.size));
        if (pushes_.life_cycle) columns.push_back(rows.states.finish(rows.size, states_));
        make_arrow_batch(static_cast<std::int64_t>(rows.size), std::move(columns), out);
    }

  private:
    struct Rows {
        explicit Rows(std::size_t most)
            : statuses(most), states(most), ranks(most), policies(most), scores(most) {}
        std::size_t size = 0;
        ArrowTexts firms;
        Values<std::int8_t> statuses, states;
        Values<std::int32_t> ranks, policies;
        Values<__int128> scores;
    };

    std::size_t firms_or_policies() const {
        return pushes_.by_policy ? pushes_.policies.size() : pushes_.firms->size();
    }

    /// From where the last batch ended; stops within a firm where the batch is full.
    void fill(Rows& rows) {
        for (; of_ < firms_or_policies(); ++of_, status_ = 0)
            for (; status_ < asked_.size(); ++status_, next_ = 0) {
                ask_ahead(asked_[status_]);
                const Pushes pushes =
                    pushes_.result->pushes(static_cast<std::uint32_t>(of_), asked_[status_]);
                for (; next_ < pushes.size(); ++next_) {
                    if (rows.size == pushes_.batch_rows || rows.firms.bytes() >= kMostBytes) return;
                    put(rows, pushes[next_]);
                }
            }
    }

    /// Neighbours in the table are not neighbours in the answer.
    void ask_ahead(Verdict status) const {
        if (pushes_.by_policy || of_ + kAhead >= firms_or_policies()) return;
        const Pushes later =
            pushes_.result->pushes(static_cast<std::uint32_t>(of_ + kAhead), status);
        const std::span<const std::byte> bytes = later.bytes();
        fetch_ahead(bytes.data(), std::min(bytes.size(), kMostAsked));
    }

    void put(Rows& rows, const Push& push) const {
        const std::size_t firm = pushes_.by_policy ? push.other : of_;
        const std::size_t policy = pushes_.by_policy ? of_ : push.other;
        const std::size_t row = rows.size++;
        rows.firms.add(pushes_.firms->id(firm));
        rows.statuses.set(row, static_cast<std::int8_t>(asked_[status_]));
        rows.ranks.set(row, static_cast<std::int32_t>(next_ + 1));
        rows.policies.set(row, static_cast<std::int32_t>(policy));
        rows.scores.set(row, push.score);
        if (pushes_.life_cycle)
            rows.states.set(row, static_cast<std::int8_t>(pushes_.states[policy]));
    }

    ArrowPushes pushes_;
    std::vector<Verdict> asked_;
    std::shared_ptr<const ArrowColumnData> statuses_, states_, policies_; // dictionaries
    std::size_t of_ = 0, status_ = 0, next_ = 0; // the firm or policy, its status, its push
};

ArrowColumnData column_of(const Array<std::int64_t>& numbers) {
    return {static_cast<std::int64_t>(numbers.size()), {nullptr, buffer_of(numbers)}, nullptr};
}

/// A table that is made at once, in one batch.
class TableSource : public ArrowSource {
  public:
    TableSource(std::vector<ArrowColumnType> types, std::int64_t rows,
                std::vector<ArrowColumnData> columns)
        : types_(std::move(types)), rows_(rows), columns_(std::move(columns)) {}
    void give_type(ArrowSchema* out) override { make_arrow_schema(types_, out); }
    void give_batch(ArrowArray* out) override {
        if (rows_ > 0) make_arrow_batch(rows_, std::move(columns_), out);
        rows_ = 0;
    }

  private:
    const std::vector<ArrowColumnType> types_;
    std::int64_t rows_; // that are still to be given
    std::vector<ArrowColumnData> columns_;
};

void export_table(std::vector<ArrowColumnType> types, std::int64_t rows,
                  std::vector<ArrowColumnData> columns, ArrowArrayStream* out) {
    *out = arrow_stream(std::make_unique<TableSource>(std::move(types), rows, std::move(columns)));
}

} // namespace

void export_pushes(const ArrowPushes& pushes, ArrowArrayStream* out) {
    *out = arrow_stream(std::make_unique<PushSource>(pushes));
}

void export_counts(std::span<const PolicyCounts> counts, std::span<const Policy> policies,
                   ArrowArrayStream* out) {
    ArrowTexts ids;
    for (const Policy& policy : policies)
        ids.add(policy.id);
    std::vector<ArrowColumnType> types{{"policy_id", kText, false, ""}};
    std::vector<ArrowColumnData> columns;
    columns.push_back(ids.finish());
    for (std::size_t status = 0; status < kStatuses; ++status) {
        Array<std::int64_t> numbers;
        for (const PolicyCounts& of : counts)
            numbers.push_back(static_cast<std::int64_t>(of[status]));
        types.push_back({std::string(name_of(static_cast<Verdict>(status))), kInt64, false, ""});
        columns.push_back(column_of(numbers));
    }
    export_table(std::move(types), static_cast<std::int64_t>(policies.size()), std::move(columns),
                 out);
}

void export_quarantine(std::span<const Quarantined> entries, ArrowArrayStream* out) {
    constexpr bool kEmptyIsNull = true;
    Array<std::int64_t> lines;
    ArrowTexts firms(kEmptyIsNull), fields(kEmptyIsNull), values(kEmptyIsNull),
        reasons(kEmptyIsNull);
    for (const Quarantined& entry : entries) {
        lines.push_back(static_cast<std::int64_t>(entry.line));
        firms.add(entry.firm_id);
        fields.add(entry.field);
        values.add(entry.value);
        reasons.add(entry.reason);
    }
    std::vector<ArrowColumnData> columns;
    columns.push_back(column_of(lines));
    for (ArrowTexts* texts : {&firms, &fields, &values, &reasons})
        columns.push_back(texts->finish());
    export_table({{"line", kInt64, false, ""},
                  {"firm_id", kText, true, ""},
                  {"field", kText, true, ""},
                  {"value", kText, true, ""},
                  {"reason", kText, true, ""}},
                 static_cast<std::int64_t>(entries.size()), std::move(columns), out);
}

} // namespace qice
