// FirmTableWriter and FirmTableBuilder: batches of rows become a table.
#include "model/firm_rows.hpp"

#include <mutex>

namespace qice {

FirmTableWriter::FirmTableWriter(SchemaPtr schema, Date as_of)
    : table_(std::move(schema)), is_used_(table_.schema().size()) {
    table_.as_of_ = as_of;
    used_.reserve(table_.schema().size()); // write() reads it while add() appends
}

namespace {

bool is_items(Kind kind) { return kind == Kind::set || kind == Kind::tags || kind == Kind::text; }

} // namespace

/// Storage for a field that had no value in any firm before.
void FirmTableWriter::start_column(std::uint32_t field, std::size_t first_row) {
    Column& column = table_.columns_[field];
    switch (table_.schema()[field].kind) {
    case Kind::number:
    case Kind::date:
        reserve_large(column.numbers, capacity_, filled_, pages_);
        column.numbers.assign(first_row, kUnknownNumber);
        break;
    case Kind::flag:
        reserve_large(column.flags, capacity_, filled_, pages_);
        column.flags.assign(first_row, 2);
        break;
    case Kind::category:
    case Kind::code:
        reserve_large(column.codes, capacity_, filled_, pages_);
        column.codes.assign(first_row, kUnknownCode);
        break;
    case Kind::set:
        reserve_large(column.unknown, capacity_, filled_, pages_);
        column.unknown.assign(first_row, table_.schema()[field].missing_is_unknown);
        [[fallthrough]];
    case Kind::tags:
        reserve_large(column.offsets, capacity_ + 1, filled_, pages_);
        column.offsets.assign(first_row + 1, 0);
        break;
    case Kind::text:
        column.texts.ends_.reserve(capacity_ + 1);
        for (std::size_t row = 0; row < first_row; ++row)
            column.texts.ends_.push_back(0);
    }
    used_.push_back(field);
    is_used_[field] = true;
}

/// Do the columns take these rows where they are?
bool FirmTableWriter::has_room(const FirmRows& rows) const {
    if (table_.size() + rows.size() > capacity_) return false;
    for (std::uint32_t field : used_) {
        const Column& column = table_.columns_[field];
        const FirmRows::Values& values = rows.values_[field];
        const std::size_t bytes = column.texts.bytes_.size() + values.bytes.size();
        if (column.elements.size() + values.elements.size() > column.elements.capacity() ||
            column.tags.size() + values.tags.size() > column.tags.capacity() ||
            bytes > column.texts.bytes_.capacity() || !column.texts.ends_.has_room_for(bytes))
            return false;
    }
    return true;
}

void FirmTableWriter::make_room(const FirmRows& rows) {
    // Growing copies up to the 32 MiB from which malloc moves pages instead, and room that is never
    // touched costs nothing: so in large steps, once there is enough for large pages.
    const auto grown = [](std::size_t size, std::size_t capacity) {
        constexpr std::size_t kSome = 1 << 17, kMany = 1 << 22;
        const std::size_t next = capacity < kSome   ? capacity * 2
                                 : capacity < kMany ? capacity * 8
                                                    : capacity + capacity / 2;
        return size <= capacity ? capacity : std::max(size, next);
    };
    const std::size_t size = table_.size() + rows.size();
    if (size > capacity_) capacity_ = std::max(grown(size, capacity_), expected_);
    filled_ = std::max(size, expected_);
    for (std::uint32_t field : used_) {
        Column& column = table_.columns_[field];
        const FirmRows::Values& values = rows.values_[field];
        switch (table_.schema()[field].kind) {
        case Kind::number:
        case Kind::date: reserve_large(column.numbers, capacity_, filled_, pages_); break;
        case Kind::flag: reserve_large(column.flags, capacity_, filled_, pages_); break;
        case Kind::category:
        case Kind::code: reserve_large(column.codes, capacity_, filled_, pages_); break;
        case Kind::set:
        case Kind::tags: {
            const std::size_t elements = column.elements.size() + values.elements.size();
            const std::size_t tags = column.tags.size() + values.tags.size();
            if (table_.schema()[field].kind == Kind::set)
                reserve_large(column.unknown, capacity_, filled_, pages_);
            reserve_large(column.offsets, capacity_ + 1, filled_, pages_);
            reserve_large(column.elements, grown(elements, column.elements.capacity()), elements,
                          pages_);
            reserve_large(column.tags, grown(tags, column.tags.capacity()), tags, pages_);
            break;
        }
        case Kind::text: {
            const std::size_t bytes = column.texts.bytes_.size() + values.bytes.size();
            column.texts.ends_.make_room_for(bytes);
            column.texts.ends_.reserve(capacity_ + 1);
            reserve_large(column.texts.bytes_, grown(bytes, column.texts.bytes_.capacity()), bytes,
                          pages_);
        }
        }
    }
}

void FirmTableWriter::append_texts(TextColumn& to, const TextColumn& from) {
    const std::uint64_t base = to.bytes_.size();
    const std::size_t first = to.ends_.size();
    to.bytes_.append(from.bytes_.data(), from.bytes_.size());
    to.ends_.make_room_for(to.bytes_.size());
    to.ends_.resize(first + from.size());
    for (std::size_t i = 0; i < from.size(); ++i)
        to.ends_.set(first + i, base + from.ends_[i + 1]);
}

FirmTableWriter::Place FirmTableWriter::add(FirmRows& rows, std::uint64_t first_line) {
    Place place;
    place.first_row = table_.size();
    place.first_item.resize(table_.schema().size());
    const std::size_t size = place.first_row + rows.size();
    for (std::uint32_t field = 0; field < table_.schema().size(); ++field) {
        FirmRows::Values& values = rows.values_[field];
        values.names.merge_into(table_.columns_[field].dictionary);
        if (!is_used_[field] && (values.prepared > 0 || !values.rows.empty()))
            start_column(field, place.first_row);
    }
    place.fields = used_.size();
    if (!has_room(rows)) {
        const std::unique_lock alone(columns_mutex_);
        make_room(rows);
    }
    for (std::uint32_t field : used_) { // room is there: nothing moves
        Column& column = table_.columns_[field];
        const FirmRows::Values& values = rows.values_[field];
        switch (table_.schema()[field].kind) {
        case Kind::number:
        case Kind::date: column.numbers.resize(size); break;
        case Kind::flag: column.flags.resize(size); break;
        case Kind::category:
        case Kind::code: column.codes.resize(size); break;
        case Kind::set:
            column.unknown.resize(size);
            column.offsets.resize(size + 1);
            place.first_item[field] = column.elements.size();
            column.elements.resize(column.elements.size() + values.elements.size());
            break;
        case Kind::tags:
            column.offsets.resize(size + 1);
            place.first_item[field] = column.tags.size();
            column.tags.resize(column.tags.size() + values.tags.size());
            break;
        case Kind::text:
            place.first_item[field] = column.texts.bytes_.size();
            column.texts.bytes_.resize(column.texts.bytes_.size() + values.bytes.size());
            column.texts.ends_.resize(size + 1);
        }
    }
    if (table_.lines_.capacity() < size) {
        table_.lines_.reserve(capacity_);
        table_.ids_.ends_.reserve(capacity_ + 1);
    }
    append_texts(table_.ids_, rows.ids_);
    for (std::size_t row = 0; row < rows.size(); ++row)
        table_.lines_.push_back(first_line + rows.line(row));
    return place;
}

void FirmTableWriter::write(const FirmRows& rows, const Place& place) {
    const std::shared_lock with_others(columns_mutex_);
    for (std::size_t i = 0; i < place.fields; ++i)
        write_column(used_[i], rows.values_[used_[i]], rows.size(), place);
}

namespace {

/// Values of the first rows, "unknown" for the others.
template <class T>
void copy_or_unknown(T* to, const Array<T>& from, std::size_t rows, const T& unknown) {
    const std::size_t known = std::min(from.size(), rows);
    if (known > 0) std::memcpy(to, from.data(), known * sizeof(T));
    std::fill(to + known, to + rows, unknown);
}

} // namespace

void FirmTableWriter::write_column(std::uint32_t field, const FirmRows::Values& values,
                                   std::size_t rows, const Place& place) {
    const Field& of = table_.schema()[field];
    Column& column = table_.columns_[field];
    const std::size_t first = place.first_row;
    if (of.kind == Kind::number || of.kind == Kind::date)
        copy_or_unknown(column.numbers.data() + first, values.numbers, rows, kUnknownNumber);
    if (of.kind == Kind::flag)
        copy_or_unknown(column.flags.data() + first, values.flags, rows, std::uint8_t{2});
    if (of.kind == Kind::category || of.kind == Kind::code) {
        std::uint32_t* const codes = column.codes.data() + first;
        copy_or_unknown(codes, values.codes, rows, kUnknownCode);
        if (of.is_string())
            for (std::size_t row = 0; row < rows; ++row)
                if (codes[row] != kUnknownCode) codes[row] = values.names.table_number(codes[row]);
    }
    if (!is_items(of.kind)) return;

    const std::uint64_t base = place.first_item[field];
    std::uint64_t end = base;
    for (std::size_t row = 0, cell = 0; row < rows; ++row) {
        const bool has_cell = cell < values.rows.size() && values.rows[cell] == row;
        if (has_cell) end = base + values.ends[cell];
        if (of.kind == Kind::set)
            column.unknown[first + row] =
                has_cell ? values.unknown[cell] : std::uint8_t{of.missing_is_unknown};
        if (of.kind == Kind::text)
            column.texts.ends_.set(first + row + 1, end);
        else
            column.offsets[first + row + 1] = static_cast<std::uint32_t>(end);
        cell += has_cell;
    }
    for (std::size_t i = 0; i < values.elements.size(); ++i)
        column.elements[base + i] = {values.names.table_number(values.elements[i].name),
                                     values.elements[i].until};
    for (std::size_t i = 0; i < values.tags.size(); ++i)
        column.tags[base + i] = {values.names.table_number(values.tags[i].name),
                                 values.tags[i].weight};
    if (!values.bytes.empty())
        std::memcpy(column.texts.bytes_.data() + base, values.bytes.data(), values.bytes.size());
}

FirmTable FirmTableWriter::finish(unsigned threads) && {
    table_.ids_.bytes_.shrink();
    table_.ids_.ends_.shrink();
    table_.lines_.shrink();
    for (std::uint32_t field : used_) {
        Column& column = table_.columns_[field];
        column.numbers.shrink();
        column.flags.shrink();
        column.codes.shrink();
        column.unknown.shrink();
        column.offsets.shrink();
        column.elements.shrink();
        column.tags.shrink();
        if (column.texts.size() == 0) continue;
        column.texts.bytes_.shrink();
        column.texts.ends_.shrink();
    }
    table_.derive(table_.as_of_, threads);
    return std::move(table_);
}

// ------------------------------------------------------------------------ FirmTableBuilder

struct FirmTableBuilder::Parts {
    static constexpr std::uint32_t kBatch = 4096;

    Parts(SchemaPtr schema, Date as_of) : rows(schema, as_of), writer(schema, as_of) {}

    void flush() {
        writer.write(rows, writer.add(rows));
        rows.clear();
    }

    FirmRows rows;
    FirmTableWriter writer;
};

FirmTableBuilder::FirmTableBuilder(SchemaPtr schema, Date as_of)
    : parts_(std::make_unique<Parts>(std::move(schema), as_of)) {}
FirmTableBuilder::FirmTableBuilder(FirmTableBuilder&&) noexcept = default;
FirmTableBuilder& FirmTableBuilder::operator=(FirmTableBuilder&&) noexcept = default;
FirmTableBuilder::~FirmTableBuilder() = default;

void FirmTableBuilder::begin(std::string_view id, std::uint64_t line) {
    parts_->rows.begin(id, line);
}
const char* FirmTableBuilder::set(std::uint32_t field, std::string_view text) {
    return parts_->rows.set(field, text);
}
const char* FirmTableBuilder::set_json_number(std::uint32_t field, std::string_view text) {
    return parts_->rows.set_json_number(field, text);
}
void FirmTableBuilder::set_unknown(std::uint32_t field) { parts_->rows.set_unknown(field); }
const std::vector<std::uint32_t>& FirmTableBuilder::overflows() { return parts_->rows.overflows(); }
void FirmTableBuilder::end() {
    parts_->rows.end();
    if (parts_->rows.size() >= Parts::kBatch) parts_->flush();
}
void FirmTableBuilder::abandon() { parts_->rows.abandon(); }
std::size_t FirmTableBuilder::size() const { return parts_->writer.size() + parts_->rows.size(); }

FirmTable FirmTableBuilder::finish() && {
    parts_->flush();
    return std::move(parts_->writer).finish(1);
}

} // namespace qice
