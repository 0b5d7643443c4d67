#include "qice/io/writer.hpp"

#include "base/fetch_ahead.hpp"
#include "base/json.hpp"
#include "io/ordered_rows.hpp"
#include "io/row_text.hpp"
#include "qice/base/csv.hpp"

#include <algorithm>

namespace qice {
namespace {

constexpr std::size_t kFlushBytes = std::size_t{1} << 20;
constexpr std::size_t kFirmsAPart = 128, kPoliciesAPart = 16;
constexpr std::size_t kMostAsked = 256;
constexpr std::size_t kAhead = 12; // firms between asking memory for an answer and writing it

/// Collects rows and hands them to a file in large pieces.
class PlainRows {
  public:
    explicit PlainRows(AtomicFile& file) : file_(file) {}
    Status flush_if_full() { return text.size() < kFlushBytes ? Status{} : flush(); }
    Status flush() {
        Status status = file_.write(text);
        text.clear();
        return status;
    }
    void append_number(std::uint64_t value) {
        char digits[rows::kMostDigits + rows::kOverrun];
        text.append(digits, rows::append_number(digits, value));
    }
    std::string text;

  private:
    AtomicFile& file_;
};

void append_cell(std::string& out, std::string_view text, const WriteOptions& options) {
    if (options.json_lines)
        append_json_string(out, text);
    else
        append_csv_cell(out, text, options.neutralise);
}

} // namespace

std::string format_score(Score score) {
    char text[rows::kMostScore + rows::kOverrun];
    return {text, rows::append_score(text, score)};
}

// ---------------------------------------------------------------------------------- pushes

/// A row is three texts made beforehand, with a rank and a score between them:
///   firm and status | rank | policy | score | end
class PushWriter::Rows {
  public:
    Rows(std::span<const Policy> policies, std::span<const LifeCycle> states,
         const WriteOptions& options);

    std::string_view header() const;
    /// A part is some firms, or some policies.
    std::size_t parts(const FirmTable& firms) const;
    void fill(std::size_t part, const MatchResult& result, const FirmTable& firms,
              RowBuffer& buffer) const;

  private:
    std::size_t size(const FirmTable& firms) const {
        return options_.by_policy ? states_.size() : firms.size();
    }
    std::size_t a_part() const { return options_.by_policy ? kPoliciesAPart : kFirmsAPart; }
    void fill_firm(std::string_view id, Verdict status, const Pushes& pushes,
                   RowBuffer& buffer) const;
    void fill_policy(std::uint32_t policy, Verdict status, const Pushes& pushes,
                     const FirmTable& firms, RowBuffer& buffer) const;
    rows::Piece firm_text(std::string_view id, Verdict status, rows::PieceText& text) const;
    rows::Piece end_of(std::uint32_t policy) const {
        return ends_[options_.life_cycle ? static_cast<std::size_t>(states_[policy]) : 0];
    }
    std::size_t longest(std::size_t firm) const;

    const WriteOptions options_;
    std::vector<Verdict> statuses_;
    const std::span<const LifeCycle> states_; // of the policies
    rows::Pieces policies_;                   // what is between rank and score
    rows::Pieces ends_;                       // of each life cycle, what follows the score
};

PushWriter::Rows::Rows(std::span<const Policy> policies, std::span<const LifeCycle> states,
                       const WriteOptions& options)
    : options_(options), states_(states) {
    for (std::size_t s = 0; s < kStatuses; ++s)
        if (const auto status = static_cast<Verdict>(s); options.statuses & status_bit(status))
            statuses_.push_back(status);
    const bool json = options.json_lines;
    std::string text;
    for (const Policy& policy : policies) {
        text = json ? ",\"policy_id\":" : ",";
        append_cell(text, policy.id, options);
        text += json ? ",\"score\":" : ",";
        policies_.add(text);
    }
    for (std::size_t state = 0; state <= static_cast<std::size_t>(LifeCycle::closed); ++state) {
        text.clear();
        if (options.life_cycle) {
            text += json ? ",\"life_cycle\":\"" : ",";
            text += name_of(static_cast<LifeCycle>(state));
            if (json) text += '"';
        }
        text += json ? "}\n" : "\n";
        ends_.add(text);
    }
}

std::string_view PushWriter::Rows::header() const {
    if (options_.json_lines) return {};
    return options_.life_cycle ? "firm_id,status,rank,policy_id,score,life_cycle\n"
                               : "firm_id,status,rank,policy_id,score\n";
}

std::size_t PushWriter::Rows::parts(const FirmTable& firms) const {
    return (size(firms) + a_part() - 1) / a_part();
}

void PushWriter::Rows::fill(std::size_t part, const MatchResult& result, const FirmTable& firms,
                            RowBuffer& buffer) const {
    const std::size_t last = std::min(size(firms), (part + 1) * a_part());
    const auto pushes = [&](std::size_t of, Verdict status) {
        return result.pushes(static_cast<std::uint32_t>(of), status);
    };
    for (std::size_t of = part * a_part(); of < last; ++of) {
        for (const Verdict status : statuses_) {
            if (of + kAhead < last) {
                // Neighbours in the table are not neighbours in the answer.
                const std::span<const std::byte> bytes = pushes(of + kAhead, status).bytes();
                fetch_ahead(bytes.data(), std::min(bytes.size(), kMostAsked));
            }
            const Pushes now = pushes(of, status);
            if (now.empty()) continue;
            if (options_.by_policy)
                fill_policy(static_cast<std::uint32_t>(of), status, now, firms, buffer);
            else
                fill_firm(firms.id(of), status, now, buffer);
        }
    }
}

/// A firm and a status, up to the rank.
rows::Piece PushWriter::Rows::firm_text(std::string_view id, Verdict status,
                                        rows::PieceText& piece) const {
    const bool json = options_.json_lines;
    std::string& text = piece.clear();
    text += json ? "{\"firm_id\":" : "";
    append_cell(text, id, options_);
    text += json ? ",\"status\":\"" : ",";
    text += name_of(status);
    text += json ? "\",\"rank\":" : ",";
    return piece.piece();
}

/// The longest row whose firm and status take so many bytes.
std::size_t PushWriter::Rows::longest(std::size_t firm) const {
    return firm + rows::kMostDigits + policies_.longest() + rows::kMostScore + ends_.longest() +
           rows::kOverrun;
}

void PushWriter::Rows::fill_firm(std::string_view id, Verdict status, const Pushes& pushes,
                                 RowBuffer& buffer) const {
    rows::PieceText text;
    const rows::Piece firm = firm_text(id, status, text);
    const std::size_t longest_row = longest(firm.size), size = pushes.size();
    const bool life_cycle = options_.life_cycle;
    rows::Piece end = ends_[0];
    char* at = buffer.begin();
    for (std::size_t i = 0; i < size; ++i) {
        const Push push = pushes[i];
        if (life_cycle) end = end_of(push.other);
        at = buffer.room(at, longest_row);
        at = rows::append(at, firm);
        at = rows::append_number(at, i + 1);
        at = rows::append(at, policies_[push.other]);
        at = rows::append_score(at, push.score);
        at = rows::append(at, end);
    }
    buffer.end(at);
}

void PushWriter::Rows::fill_policy(std::uint32_t policy, Verdict status, const Pushes& pushes,
                                   const FirmTable& firms, RowBuffer& buffer) const {
    rows::PieceText text;
    char* at = buffer.begin();
    for (std::size_t i = 0; i < pushes.size(); ++i) {
        const Push push = pushes[i];
        const rows::Piece firm = firm_text(firms.id(push.other), status, text);
        at = buffer.room(at, longest(firm.size));
        at = rows::append(at, firm);
        at = rows::append_number(at, i + 1);
        at = rows::append(at, policies_[policy]);
        at = rows::append_score(at, push.score);
        at = rows::append(at, end_of(policy));
    }
    buffer.end(at);
}

PushWriter::PushWriter(AtomicFile& file, std::span<const Policy> policies,
                       std::span<const LifeCycle> states, const WriteOptions& options)
    : file_(file), rows_(std::make_unique<const Rows>(policies, states, options)) {}

PushWriter::~PushWriter() = default;

Status PushWriter::write_header() { return file_.write(rows_->header()); }

Status PushWriter::write(const MatchResult& result, const FirmTable& firms, unsigned threads) {
    OrderedRows ordered(file_, rows_->parts(firms));
    return ordered.write(threads, [&](std::size_t part, RowBuffer& buffer) {
        rows_->fill(part, result, firms, buffer);
    });
}

Status write_pushes(AtomicFile& file, const MatchResult& result, const FirmTable& firms,
                    std::span<const Policy> policies, std::span<const LifeCycle> states,
                    const WriteOptions& options, unsigned threads) {
    PushWriter writer(file, policies, states, options);
    QICE_RETURN_IF_ERROR(writer.write_header());
    return writer.write(result, firms, threads);
}

// ------------------------------------------------------------------- counts and quarantine

Status write_counts(AtomicFile& file, std::span<const PolicyCounts> counts,
                    std::span<const Policy> policies, bool neutralise) {
    PlainRows out(file);
    out.text = "policy_id,eligible,review,needs_data,near\n";
    for (std::size_t policy = 0; policy < policies.size(); ++policy) {
        append_csv_cell(out.text, policies[policy].id, neutralise);
        for (std::uint64_t count : counts[policy]) {
            out.text += ',';
            out.append_number(count);
        }
        out.text += '\n';
        QICE_RETURN_IF_ERROR(out.flush_if_full());
    }
    return out.flush();
}

Status write_counts(AtomicFile& file, const MatchResult& result, std::span<const Policy> policies,
                    bool neutralise) {
    std::vector<PolicyCounts> counts;
    for (std::uint32_t policy = 0; policy < policies.size(); ++policy)
        counts.push_back(result.counts(policy));
    return write_counts(file, counts, policies, neutralise);
}

Status write_quarantine_header(AtomicFile& file) {
    return file.write("line,firm_id,field,value,reason\n");
}

Status append_quarantine(AtomicFile& file, std::span<const Quarantined> entries, bool neutralise) {
    PlainRows out(file);
    for (const Quarantined& entry : entries) {
        out.append_number(entry.line);
        for (const std::string* text :
             {&entry.firm_id, &entry.field, &entry.value, &entry.reason}) {
            out.text += ',';
            append_csv_cell(out.text, *text, neutralise);
        }
        out.text += '\n';
        QICE_RETURN_IF_ERROR(out.flush_if_full());
    }
    return out.flush();
}

Status write_quarantine(AtomicFile& file, std::span<const Quarantined> entries, bool neutralise) {
    QICE_RETURN_IF_ERROR(write_quarantine_header(file));
    return append_quarantine(file, entries, neutralise);
}

} // namespace qice
