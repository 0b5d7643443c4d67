// Loading a world, and asking the reference about all of it.
#include "fixture.hpp"

#include "qice/base/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>

namespace qice::agree {
namespace {

/// A folder with the code lists, for as long as the program runs.
const std::string& list_folder() {
    struct Folder {
        std::string path =
            (std::filesystem::temp_directory_path() / ("qice_agree_" + std::to_string(getpid())))
                .string();
        Folder() {
            std::filesystem::create_directories(path);
            for (const auto& [name, text] : code_lists())
                std::ofstream(path + "/" + name) << text;
        }
        ~Folder() {
            std::error_code ignored;
            std::filesystem::remove_all(path, ignored);
        }
    };
    static const Folder folder;
    return folder.path;
}

const std::string& size_standard() {
    static const std::string text =
        read_file(std::string(QICE_SOURCE_DIR) + "/data/standards/sme_size.csv").value();
    return text;
}

const char* name_of(Status4 status) {
    constexpr const char* kNames[] = {"eligible", "review", "needs_data", "near", "ineligible"};
    return kNames[static_cast<std::size_t>(status)];
}

} // namespace

Fixture::Fixture(World world) : world_(std::move(world)) {
    auto schema = Schema::parse(world_.schema(), list_folder() + "/schema.json");
    if (!schema.ok()) throw std::runtime_error(schema.status().to_string());
    schema_ = schema.value();
    PolicySet set = parse_policies("[" + joined(world_.policies, ",\n") + "]", "world", schema_);
    if (!set.errors.empty())
        throw std::runtime_error("seed " + std::to_string(world_.seed) + ": " +
                                 set.errors[0].to_string());
    policies_ = std::move(set.policies);
    reader_ =
        std::make_unique<ReferenceReader>(*schema_, code_lists(), size_standard(), world_.as_of);
    reference_ = std::make_unique<Reference>(*reader_, policies_, world_.include_closed,
                                             world_.urgency_weight, world_.urgency_days);
    for (const WorldFirm& firm : world_.firms) {
        firms_.push_back(reader_->read(firm.id, firm.cells));
        answers_.emplace_back();
        for (std::uint32_t policy = 0; policy < policies_.size(); ++policy)
            answers_.back().push_back(reference_->judge(policy, firms_.back()));
    }
}

CompileOptions Fixture::compile_options() const {
    return {*Date::parse(world_.as_of), world_.include_closed,
            Urgency{world_.urgency_weight, world_.urgency_days}};
}

std::vector<std::uint32_t> Fixture::all_firms() const {
    std::vector<std::uint32_t> firms(world_.firms.size());
    std::iota(firms.begin(), firms.end(), 0u);
    return firms;
}

FirmTable Fixture::table(const std::vector<std::uint32_t>& firms) const {
    FirmTableBuilder builder(schema_, *Date::parse(world_.as_of));
    std::uint64_t line = 1;
    for (std::uint32_t firm : firms) {
        builder.begin(world_.firms[firm].id, ++line);
        for (const auto& [name, cell] : world_.firms[firm].cells)
            builder.set(*schema_->find(name), cell); // a bad cell is refused, the firm stays
        builder.overflows();
        builder.end();
    }
    return std::move(builder).finish();
}

std::vector<Row> Fixture::policies_of(std::uint32_t firm, std::size_t status) const {
    std::vector<Row> rows;
    for (const RankedPair& pair : reference_->rank(answers_[firm], static_cast<Status4>(status)))
        rows.push_back({pair.policy, static_cast<std::int64_t>(pair.score)});
    return rows;
}

std::vector<Row> Fixture::firms_of(std::uint32_t policy, std::size_t status) const {
    std::vector<Row> rows;
    if (!matched(policy)) return rows;
    for (std::uint32_t firm = 0; firm < firms_.size(); ++firm)
        if (answers_[firm][policy].status == static_cast<Status4>(status))
            rows.push_back({firm, static_cast<std::int64_t>(answers_[firm][policy].score)});
    std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
        const bool fact_a = answers_[a.other][policy].one_fact_away;
        const bool fact_b = answers_[b.other][policy].one_fact_away;
        if (fact_a != fact_b) return fact_a;
        if (a.score != b.score) return a.score > b.score;
        return firms_[a.other].id < firms_[b.other].id;
    });
    return rows;
}

std::string Fixture::describe(std::uint32_t firm, std::uint32_t policy) const {
    std::string text = describe() + "\nfirm " + world_.firms[firm].id + ":";
    for (const auto& [name, cell] : world_.firms[firm].cells)
        text += "\n  " + name + " = " + excerpt(cell, 200);
    const PairAnswer& said = answers_[firm][policy];
    const Judgement judged = judge(policies_[policy].rule, table({firm})[0]);
    return text + "\npolicy: " + excerpt(world_.policies[policy], 4000) +
           "\nreference: " + name_of(said.status) + (said.one_fact_away ? ", one fact away" : "") +
           ", score " + std::to_string(static_cast<std::int64_t>(said.score)) +
           "\nevaluator: " + std::string(qice::name_of(judged.verdict)) +
           (judged.one_fact_away ? ", one fact away" : "");
}

std::string Fixture::describe() const {
    return "seed " + std::to_string(world_.seed) + ", shape " +
           std::to_string(static_cast<int>(world_.shape)) + ", as of " + world_.as_of +
           "\nschema: " + world_.schema();
}

std::size_t wanted_pairs(std::size_t usual) {
    const char* text = std::getenv("QICE_AGREE_PAIRS");
    return text == nullptr || *text == '\0' ? usual : std::strtoull(text, nullptr, 10);
}

} // namespace qice::agree
