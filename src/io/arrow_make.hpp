// Arrow structures of our own making: columns that own their bytes, batches, streams.
//
// Buffers are shared: a structure that moves away from its parent keeps what it needs, and a
// dictionary is the same bytes in each batch. Each structure is released by itself, its children
// with it unless they moved away.
#pragma once

#include "io/arrow_owned.hpp"
#include "qice/base/array.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

/// A column, or a dictionary.
struct ArrowColumnData {
    std::int64_t length = 0;
    std::vector<std::shared_ptr<const Array<char>>> buffers; // null: there is none
    std::shared_ptr<const ArrowColumnData> dictionary;
};

/// What it is called and of which type.
struct ArrowColumnType {
    std::string name, format;
    bool nullable = false;
    std::string dictionary_format; // of its values; empty: it has none
};

/// Texts in the making: utf8, null where empty if asked.
class ArrowTexts {
  public:
    explicit ArrowTexts(bool empty_is_null = false) : empty_is_null_(empty_is_null) {
        put<std::int32_t>(ends_, 0);
    }
    void add(std::string_view text);
    std::size_t bytes() const { return bytes_.size(); }
    ArrowColumnData finish();

    template <class T> static void put(Array<char>& to, T value) {
        const std::size_t size = to.size();
        to.resize(size + sizeof value);
        std::memcpy(to.data() + size, &value, sizeof value);
    }

  private:
    const bool empty_is_null_;
    std::int64_t length_ = 0;
    Array<char> ends_, bytes_, validity_;
};

std::shared_ptr<const Array<char>> arrow_buffer(Array<char> bytes);

/// Moves a table's type or batch into `out`.
void make_arrow_schema(const std::vector<ArrowColumnType>& columns, ArrowSchema* out);
void make_arrow_batch(std::int64_t rows, std::vector<ArrowColumnData> columns, ArrowArray* out);

/// Where a stream's batches come from; no rows: the end.
class ArrowSource {
  public:
    virtual ~ArrowSource() = default;
    virtual void give_type(ArrowSchema* out) = 0;
    /// Leaves `out` released at the end. May throw.
    virtual void give_batch(ArrowArray* out) = 0;
};

/// A stream over a source. What the source throws is the stream's error.
ArrowArrayStream arrow_stream(std::unique_ptr<ArrowSource> source);

/// A stream of the one batch.
ArrowArrayStream arrow_stream_of(ArrowOwned<ArrowSchema> type, ArrowOwned<ArrowArray> batch);

} // namespace qice
