#include "qice/live/firm_set_builder.hpp"

#include "io/firm_collector.hpp"

namespace qice {

struct FirmSetBuilder::Parts {
    static constexpr std::size_t kBatch = 4096;

    Parts(SchemaPtr schema, const ReadOptions& options)
        : reading(schema, options), batch(schema, options) {
        batch.look_in(&reading.seen(), &reading.table(), 0);
    }

    FirmReading reading;
    FirmCollector batch;
    std::uint64_t line = 0;
};

FirmSetBuilder::FirmSetBuilder(SchemaPtr schema, const ReadOptions& options)
    : parts_(std::make_unique<Parts>(std::move(schema), options)) {}
FirmSetBuilder::FirmSetBuilder(FirmSetBuilder&&) noexcept = default;
FirmSetBuilder& FirmSetBuilder::operator=(FirmSetBuilder&&) noexcept = default;
FirmSetBuilder::~FirmSetBuilder() = default;

void FirmSetBuilder::add(const OneFirm& firm) {
    struct Cells {
        FirmCollector& batch;
        void cell(std::uint32_t field, std::string_view text) { batch.cell(field, text); }
        void set_unknown(std::uint32_t field) { batch.set_unknown(field); }
    };
    Cells cells{parts_->batch};
    if (!parts_->batch.begin(++parts_->line, firm.id())) return;
    firm.write_to(cells);
    parts_->batch.end();
    if (parts_->batch.size() >= Parts::kBatch) parts_->reading.take(parts_->batch);
}

FirmsRead FirmSetBuilder::finish() && {
    parts_->reading.take(parts_->batch);
    return std::move(parts_->reading).finish(1);
}

} // namespace qice
