// qice firm: one firm's policies, ranked.
#include "base/json.hpp"
#include "cli/common.hpp"
#include "cli/one_firm.hpp"
#include "qice/base/text.hpp"
#include "qice/io/writer.hpp"
#include "qice/match/explain.hpp"
#include "qice/match/firm_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace qice::cli {
namespace {

constexpr const char* kAbout = R"(Examples:
  qice firm 91441900MA4W000037 --policies data/policies --firms firms.csv
  qice firm 91441900MA4W000037 --policies data/policies --firms firms.csv --status eligible,needs_data --top all
  qice firm 91441900MA4W000037 --policies data/policies --firms firms.csv --as-of 2026-06-15 --json

Rank one firm's policies: which it can claim, which a person has to review, which lack data (and
which data), which are one change away (and which change). The same ranking as `qice match` gives.
Exit code 3: the firm's row has a bad cell.)";

/// How many columns a terminal needs: Chinese characters and signs take two.
std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x80 || (byte >= 0xc0 && byte < 0xe2)) columns += 1;
        if (byte == 0xe2) columns += 1; // quotation marks, dashes
        if (byte > 0xe2) columns += 2;
    }
    return columns;
}

std::string padded(std::string text, std::size_t columns) {
    const std::size_t has = columns_of(text);
    if (has < columns) text.append(columns - has, ' ');
    return text;
}

/// One policy of the firm, as it is shown.
struct Row {
    std::size_t rank;
    Explanation explanation;
    Words missing, benefit;
};

class FirmRanking : public Command {
  public:
    explicit FirmRanking(CLI::App& program) {
        app = program.add_subcommand("firm", kAbout);
        app->add_option("firm", firm_, "the firm's id")->required();
        add_policy_options(*app, options_);
        add_firm_options(*app, options_);
        app->add_option("--top", top_, "how many of each status: a number or all")
            ->capture_default_str();
        app->add_option("--status", statuses_, "which statuses, of eligible,review,needs_data,near")
            ->capture_default_str();
        app->add_option("--urgency", urgency_,
                        "WEIGHT:DAYS: raise policies whose window closes within DAYS days");
        app->add_flag("--json", options_.json, "one JSON object instead of text");
        add_output_options(*app, options_);
    }

    int run() override {
        if (const Status status = read_arguments(); !status.ok()) return fail(status);
        Loaded loaded;
        if (const int code = load(options_, loaded); code != kDone) return code;
        const Result<FirmsRead> read = load_one_firm(options_, loaded.schema, as_of_, firm_);
        if (!read.ok()) return fail(read.status());
        const bool bad = complain_of_cells(options_, read.value());

        const std::vector<Policy>& policies = loaded.policies.policies;
        const FirmQuery query(loaded.schema, policies,
                              {as_of_, options_.include_closed, parsed_urgency_});
        matched_ = query.program().policies.size();
        const FirmTable& firms = read.value().firms;
        FirmRecord record(loaded.schema);
        record.assign(firms[0]);
        FirmQuery::Scratch scratch(query);
        explain_rows(query.ask(record, {query_.top, kAllStatuses}, scratch), policies, firms);

        const std::string text = options_.json ? json(firms) : table(firms);
        AtomicFile out("-");
        if (const Status status = out.open(); !status.ok()) return fail(status);
        if (const Status status = out.write(text); !status.ok()) return fail(status);
        return bad || loaded.skipped_policies ? kQuarantined : kDone;
    }

  private:
    Status read_arguments() {
        QICE_ASSIGN_OR_RETURN(as_of_, as_of(options_));
        QICE_ASSIGN_OR_RETURN(parsed_urgency_, read_urgency(urgency_));
        std::int64_t top = kNoLimit;
        if (top_ != "all" &&
            (parse_number(top_, {}, 0, top) != NumberError::none || top < 1 || top >= kNoLimit))
            return {StatusCode::usage,
                    "--top needs a whole number from 1, or all; got \"" + top_ + "\""};
        query_.top = static_cast<std::uint32_t>(top);
        query_.statuses = 0;
        for (std::string_view name : split(statuses_, ',')) {
            int s = 0;
            while (s < kStatuses && trim(name) != name_of(static_cast<Verdict>(s)))
                ++s;
            if (s == kStatuses)
                return {StatusCode::usage,
                        "--status takes eligible, review, needs_data and near; got \"" +
                            std::string(name) + "\""};
            query_.statuses |= status_bit(static_cast<Verdict>(s));
        }
        return {};
    }

    void explain_rows(const FirmAnswer& answer, const std::vector<Policy>& policies,
                      const FirmTable& firms) {
        const std::vector<LifeCycle> states = life_cycles(policies, as_of_);
        const ExplainOptions options{parsed_urgency_, states};
        for (std::size_t s = 0; s < kStatuses; ++s) {
            counts_[s] = answer.count(static_cast<Verdict>(s));
            if (!asked(s)) continue;
            std::size_t rank = 0;
            for (const Push& push : answer.pushes(static_cast<Verdict>(s))) {
                Row row{++rank,
                        explain(firms.schema(), policies, push.other, firms[0], options),
                        {},
                        {}};
                row.missing = reason_of(row.explanation);
                row.benefit = words_for(row.explanation.benefit);
                rows_[s].push_back(std::move(row));
            }
        }
    }

    bool asked(std::size_t s) const { return (query_.statuses >> s & 1) != 0; }

    std::string table(const FirmTable& firms) const {
        const bool zh = chinese(options_);
        const Language language = zh ? Language::zh : Language::en;
        std::string out;
        std::size_t id_width = 0, title_width = 0;
        for (const auto& rows : rows_) {
            for (const Row& row : rows) {
                id_width = std::max(id_width, columns_of(row.explanation.policy_id));
                title_width = std::max(title_width, columns_of(row.explanation.title));
            }
        }
        title_width = std::min<std::size_t>(title_width, 44);
        out += fmt::format(
            fmt::runtime(zh ? "{}{}  {}，参与匹配的政策{}项\n" : "{}{}  {}, {} policies matched\n"),
            firm_, name_of_firm(firms), as_of_.to_string(), matched_);
        for (std::size_t s = 0; s < kStatuses; ++s) {
            if (!asked(s)) continue;
            out +=
                fmt::format("\n{} {}", words_for(static_cast<Verdict>(s)).in(language), counts_[s]);
            if (rows_[s].size() < counts_[s])
                out += fmt::format(fmt::runtime(zh ? "（显示前{}项）" : " (the first {})"),
                                   rows_[s].size());
            out += '\n';
            for (const Row& row : rows_[s])
                append_row(out, row, language, id_width, title_width);
        }
        return out;
    }

    void append_row(std::string& out, const Row& row, Language language, std::size_t id_width,
                    std::size_t title_width) const {
        const Explanation& of = row.explanation;
        const bool zh = language == Language::zh;
        std::string line =
            fmt::format("{:>3}  {}  {}  {:>9}", row.rank, padded(of.policy_id, id_width),
                        padded(of.title, title_width), format_score(of.score));
        if (of.life_cycle != LifeCycle::open)
            line += "  [" + words_for(of.life_cycle).in(language) + "]";
        if (of.benefit.state == ExplainedBenefit::State::known)
            line += (zh ? "  约" : "  about ") + row.benefit.in(language);
        out += line + '\n';
        if (of.verdict != Verdict::eligible) out += "     " + row.missing.in(language) + '\n';
    }

    static std::string name_of_firm(const FirmTable& firms) {
        const auto field = firms.schema().find("name");
        if (!field || firms.schema()[*field].kind != Kind::text || !firms[0].known(*field))
            return {};
        return "  " + std::string(firms.column(*field).texts[0]);
    }

    static std::string words(const Words& of) {
        if (of.empty()) return "null";
        std::string out = "{\"zh\":";
        append_json_string(out, of.zh);
        out += ",\"en\":";
        append_json_string(out, of.en);
        return out + "}";
    }

    std::string json(const FirmTable& firms) const {
        std::string out = "{\"format\":\"qice-firm\",\"version\":1,\"firm_id\":";
        append_json_string(out, firms.id(0));
        out += fmt::format(",\"as_of\":\"{}\",\"policies_matched\":{},\"counts\":{{",
                           as_of_.to_string(), matched_);
        for (std::size_t s = 0; s < kStatuses; ++s)
            out += fmt::format("{}\"{}\":{}", s == 0 ? "" : ",", name_of(static_cast<Verdict>(s)),
                               counts_[s]);
        out += "},\"policies\":[";
        bool first = true;
        for (const auto& rows : rows_) {
            for (const Row& row : rows) {
                out += first ? "\n" : ",\n";
                out += json(row);
                first = false;
            }
        }
        return out + "]}\n";
    }

    static std::string json(const Row& row) {
        const Explanation& of = row.explanation;
        std::string out = fmt::format(
            "{{\"status\":\"{}\",\"rank\":{},\"policy_id\":", name_of(of.verdict), row.rank);
        append_json_string(out, of.policy_id);
        out += ",\"title\":";
        append_json_string(out, of.title);
        out += fmt::format(",\"score\":{},\"life_cycle\":\"{}\"", format_score(of.score),
                           name_of(of.life_cycle));
        if (of.verdict == Verdict::needs_data)
            out += fmt::format(",\"one_fact_away\":{}", of.one_fact_away);
        out += ",\"reason\":" + words(row.missing);
        out += ",\"benefit_fen\":";
        out += of.benefit.state == ExplainedBenefit::State::known ? std::to_string(of.benefit.fen)
                                                                  : "null";
        return out + ",\"benefit\":" + words(row.benefit) + "}";
    }

    Options options_;
    std::string firm_, top_ = "20", statuses_ = "eligible,review,needs_data,near", urgency_;
    Date as_of_{};
    Urgency parsed_urgency_;
    QueryOptions query_; // which statuses to show; all are counted
    std::size_t matched_ = 0;
    std::array<std::uint64_t, kStatuses> counts_{};
    std::array<std::vector<Row>, kStatuses> rows_;
};

} // namespace

std::unique_ptr<Command> firm_command(CLI::App& program) {
    return std::make_unique<FirmRanking>(program);
}

} // namespace qice::cli
