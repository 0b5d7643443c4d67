#include "qice/live/firm_set_builder.hpp"

#include "io/firm_collector.hpp"

#include <algorithm>
#include <cstring>

namespace qice {
namespace {

constexpr std::size_t kPiece = 1 << 20; // bytes
constexpr std::uint32_t kBatch = 4096;  // rows

/// A row is its id and its cells; each of them is these two numbers and the bytes of a text.
struct CellHead {
    std::uint32_t field;
    std::uint32_t bytes;
};
constexpr std::uint32_t kId = UINT32_MAX;      // in place of a field
constexpr std::uint32_t kUnknown = UINT32_MAX; // in place of a number of bytes; there are none

/// Appends cells to a row.
struct CellsOut {
    std::string& row;

    void head(std::uint32_t field, std::uint32_t bytes) {
        const CellHead head{field, bytes};
        row.append(reinterpret_cast<const char*>(&head), sizeof head);
    }
    void cell(std::uint32_t field, std::string_view text) {
        if (text.empty() && field != kId) return; // as if there were none
        head(field, static_cast<std::uint32_t>(text.size()));
        row.append(text);
    }
    void set_unknown(std::uint32_t field) { head(field, kUnknown); }
};

/// Gives the rows of a piece to a batch, and full batches to the table.
class RowsIn {
  public:
    RowsIn(const SchemaPtr& schema, const ReadOptions& options)
        : reading_(schema, options), batch_(schema, options) {
        batch_.look_in(&reading_.seen(), &reading_.table(), 0);
    }
    void take(std::string_view piece) {
        while (!piece.empty()) {
            CellHead head;
            std::memcpy(&head, piece.data(), sizeof head);
            piece.remove_prefix(sizeof head);
            if (head.bytes == kUnknown) {
                if (taken_) batch_.set_unknown(head.field);
                continue;
            }
            const std::string_view text = piece.substr(0, head.bytes);
            piece.remove_prefix(head.bytes);
            if (head.field == kId)
                begin(text);
            else if (taken_)
                batch_.cell(head.field, text);
        }
    }
    FirmsRead finish() && {
        end();
        reading_.take(batch_);
        return std::move(reading_).finish(1);
    }

  private:
    void begin(std::string_view id) {
        end();
        if (batch_.size() >= kBatch) reading_.take(batch_);
        taken_ = batch_.begin(++line_, id);
    }
    void end() {
        if (taken_) batch_.end();
        taken_ = false;
    }

    FirmReading reading_;
    FirmCollector batch_;
    std::uint64_t line_ = 0;
    bool taken_ = false; // the current row
};

} // namespace

FirmSetBuilder::FirmSetBuilder(SchemaPtr schema, const ReadOptions& options)
    : schema_(std::move(schema)), options_(options) {}

void FirmSetBuilder::add(const OneFirm& firm) {
    row_.clear();
    CellsOut cells{row_};
    cells.cell(kId, firm.id());
    firm.write_to(cells);
    if (pieces_.empty() || pieces_.back().capacity() - pieces_.back().size() < row_.size()) {
        std::string piece;
        piece.reserve(std::max(kPiece, row_.size()));
        pieces_.push_back(std::move(piece));
    }
    pieces_.back().append(row_); // for which there is room
}

FirmsRead FirmSetBuilder::finish() const {
    RowsIn rows(schema_, options_);
    for (const std::string& piece : pieces_)
        rows.take(piece);
    return std::move(rows).finish();
}

} // namespace qice
