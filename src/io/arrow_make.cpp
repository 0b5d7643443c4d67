#include "io/arrow_make.hpp"

#include <cerrno>
#include <deque>
#include <new>
#include <stdexcept>

namespace qice {

void ArrowTexts::add(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(INT32_MAX) - bytes_.size())
        throw std::length_error("texts of more than 2 GiB in one batch");
    if (empty_is_null_) {
        if (length_ % 8 == 0) validity_.push_back(0);
        if (!text.empty())
            validity_.back() = static_cast<char>(validity_.back() | 1 << length_ % 8);
    }
    bytes_.append(text.data(), text.size());
    put(ends_, static_cast<std::int32_t>(bytes_.size()));
    ++length_;
}

ArrowColumnData ArrowTexts::finish() {
    ArrowColumnData column;
    column.length = length_;
    column.buffers.push_back(empty_is_null_ ? arrow_buffer(std::move(validity_)) : nullptr);
    column.buffers.push_back(arrow_buffer(std::move(ends_)));
    column.buffers.push_back(arrow_buffer(std::move(bytes_)));
    return column;
}

std::shared_ptr<const Array<char>> arrow_buffer(Array<char> bytes) {
    bytes.reserve(1); // a buffer has an address even if it is empty
    return std::make_shared<const Array<char>>(std::move(bytes));
}

// ----------------------------------------------------------------------------------- types

namespace {

/// What a schema leads to. Children and a dictionary release themselves.
struct SchemaParts {
    std::string name, format;
    std::deque<ArrowSchema> children;
    std::vector<ArrowSchema*> pointers;
    ArrowSchema dictionary{};
};

void release_schema(ArrowSchema* schema) {
    auto* const parts = static_cast<SchemaParts*>(schema->private_data);
    for (ArrowSchema& child : parts->children)
        if (child.release != nullptr) child.release(&child);
    if (parts->dictionary.release != nullptr) parts->dictionary.release(&parts->dictionary);
    delete parts;
    schema->release = nullptr;
}

/// Fills `out` from parts that are whole; nothing here fails.
void hand_over(std::unique_ptr<SchemaParts> parts, bool nullable, ArrowSchema* out) {
    *out = {};
    out->format = parts->format.c_str();
    out->name = parts->name.c_str();
    out->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
    out->n_children = static_cast<std::int64_t>(parts->pointers.size());
    out->children = parts->pointers.empty() ? nullptr : parts->pointers.data();
    if (parts->dictionary.release != nullptr) out->dictionary = &parts->dictionary;
    out->release = release_schema;
    out->private_data = parts.release();
}

void make_column_schema(const ArrowColumnType& column, ArrowSchema* out) {
    auto parts = std::make_unique<SchemaParts>();
    parts->name = column.name;
    parts->format = column.format;
    if (!column.dictionary_format.empty())
        make_column_schema({"", column.dictionary_format, false, ""}, &parts->dictionary);
    hand_over(std::move(parts), column.nullable, out);
}

} // namespace

void make_arrow_schema(const std::vector<ArrowColumnType>& columns, ArrowSchema* out) {
    ArrowOwned<ArrowSchema> whole; // what is made so far is released if the rest cannot be
    auto parts = std::make_unique<SchemaParts>();
    parts->format = "+s";
    parts->children.resize(columns.size());
    for (ArrowSchema& child : parts->children)
        parts->pointers.push_back(&child);
    SchemaParts& made = *parts;
    hand_over(std::move(parts), false, whole.get());
    for (std::size_t i = 0; i < columns.size(); ++i)
        make_column_schema(columns[i], &made.children[i]);
    *out = *whole.get();
    whole.get()->release = nullptr;
}

// --------------------------------------------------------------------------------- batches

namespace {

struct ArrayParts {
    std::vector<std::shared_ptr<const Array<char>>> buffers;
    std::vector<const void*> addresses;
    std::deque<ArrowArray> children;
    std::vector<ArrowArray*> pointers;
    std::shared_ptr<const ArrowColumnData> dictionary_data;
    ArrowArray dictionary{};
};

void release_array(ArrowArray* array) {
    auto* const parts = static_cast<ArrayParts*>(array->private_data);
    for (ArrowArray& child : parts->children)
        if (child.release != nullptr) child.release(&child);
    if (parts->dictionary.release != nullptr) parts->dictionary.release(&parts->dictionary);
    delete parts;
    array->release = nullptr;
}

void hand_over(std::unique_ptr<ArrayParts> parts, std::int64_t length, ArrowArray* out) {
    *out = {};
    out->length = length;
    const bool may_be_null = !parts->addresses.empty() && parts->addresses[0] != nullptr;
    out->null_count = may_be_null ? -1 : 0;
    out->n_buffers = static_cast<std::int64_t>(parts->addresses.size());
    out->buffers = parts->addresses.data();
    out->n_children = static_cast<std::int64_t>(parts->pointers.size());
    out->children = parts->pointers.empty() ? nullptr : parts->pointers.data();
    if (parts->dictionary.release != nullptr) out->dictionary = &parts->dictionary;
    out->release = release_array;
    out->private_data = parts.release();
}

void make_column(const ArrowColumnData& column, ArrowArray* out) {
    auto parts = std::make_unique<ArrayParts>();
    parts->buffers = column.buffers;
    for (const auto& buffer : column.buffers)
        parts->addresses.push_back(buffer == nullptr ? nullptr : buffer->data());
    if (column.dictionary != nullptr) make_column(*column.dictionary, &parts->dictionary);
    hand_over(std::move(parts), column.length, out);
}

} // namespace

void make_arrow_batch(std::int64_t rows, std::vector<ArrowColumnData> columns, ArrowArray* out) {
    ArrowOwned<ArrowArray> whole;
    auto parts = std::make_unique<ArrayParts>();
    parts->addresses.push_back(nullptr);
    parts->children.resize(columns.size());
    for (ArrowArray& child : parts->children)
        parts->pointers.push_back(&child);
    ArrayParts& made = *parts;
    hand_over(std::move(parts), rows, whole.get());
    for (std::size_t i = 0; i < columns.size(); ++i)
        make_column(columns[i], &made.children[i]);
    *out = *whole.get();
    whole.get()->release = nullptr;
}

// --------------------------------------------------------------------------------- streams

namespace {

struct Stream {
    std::unique_ptr<ArrowSource> source;
    std::string error;
};

/// Runs a body whose exceptions are the stream's error.
template <class Structure, class Give>
int give(ArrowArrayStream* stream, Structure* out, Give&& body) {
    *out = {};
    auto& self = *static_cast<Stream*>(stream->private_data);
    try {
        self.error.clear();
        body(*self.source);
        return 0;
    } catch (const std::bad_alloc&) {
        self.error = "memory is short"; // short enough to need none
        return ENOMEM;
    } catch (const std::exception& exception) {
        try {
            self.error = exception.what();
        } catch (...) {
            self.error.clear();
        }
        return EIO;
    } catch (...) {
        return EIO;
    }
}

int give_type(ArrowArrayStream* stream, ArrowSchema* out) {
    return give(stream, out, [&](ArrowSource& source) { source.give_type(out); });
}

int give_batch(ArrowArrayStream* stream, ArrowArray* out) {
    return give(stream, out, [&](ArrowSource& source) { source.give_batch(out); });
}

const char* last_error(ArrowArrayStream* stream) {
    const std::string& error = static_cast<Stream*>(stream->private_data)->error;
    return error.empty() ? nullptr : error.c_str();
}

void release_stream(ArrowArrayStream* stream) {
    delete static_cast<Stream*>(stream->private_data);
    stream->release = nullptr;
}

/// Gives away what it was given.
class OneBatch : public ArrowSource {
  public:
    OneBatch(ArrowOwned<ArrowSchema> type, ArrowOwned<ArrowArray> batch)
        : type_(std::move(type)), batch_(std::move(batch)) {}
    void give_type(ArrowSchema* out) override { move(type_, out); }
    void give_batch(ArrowArray* out) override { move(batch_, out); }

  private:
    template <class Structure> static void move(ArrowOwned<Structure>& from, Structure* out) {
        *out = *from.get();
        from.get()->release = nullptr;
    }

    ArrowOwned<ArrowSchema> type_;
    ArrowOwned<ArrowArray> batch_;
};

} // namespace

ArrowArrayStream arrow_stream(std::unique_ptr<ArrowSource> source) {
    ArrowArrayStream stream{};
    stream.private_data = new Stream{std::move(source), {}};
    stream.get_schema = give_type;
    stream.get_next = give_batch;
    stream.get_last_error = last_error;
    stream.release = release_stream;
    return stream;
}

ArrowArrayStream arrow_stream_of(ArrowOwned<ArrowSchema> type, ArrowOwned<ArrowArray> batch) {
    return arrow_stream(std::make_unique<OneBatch>(std::move(type), std::move(batch)));
}

} // namespace qice
