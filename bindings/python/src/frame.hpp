// The columns of a pandas frame as an Arrow stream of one batch.
//
//   Frame frame(rows, columns, schema, threads);  // columns: what qice/frames.py makes of a frame
//   read_firms_arrow(&frame.stream(), ...)        // may be called without the GIL
//
// Numbers are handed on where they lie, in a field of numbers also with their NaN; elsewhere NaN
// and NaT become nulls. Texts are copied as UTF-8; a column in which the same objects come again
// and again (what readers of files make) becomes a dictionary, so that its texts are looked at
// once. Several threads take columns while the calling one holds the GIL: nothing can change under
// them, and they touch no reference counts. A column of other objects is done by the calling thread
// afterwards. Costs about 1 ns a number and 10 ns a text.
#pragma once

#include "base/large_pages.hpp"
#include "qice/arrow_abi.h"
#include "qice/model/schema.hpp"

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace qice::python {

/// Texts one after another, as Arrow's large_utf8 has them.
struct Texts {
    Array<std::int64_t> ends; // of the texts, 0 before them; none: no text was added
    Array<char> bytes;

    std::size_t size() const { return ends.size() - 1; }
    void start(std::size_t expected) {
        bytes.clear();
        ends.clear();
        reserve_large(ends, expected + 1, expected + 1);
        ends.push_back(0);
    }
    /// Room behind the bytes for so many more.
    char* room(std::size_t more) {
        const std::size_t size = bytes.size() + more;
        if (size > bytes.capacity()) reserve_large(bytes, 2 * size, size);
        return bytes.end();
    }
    void append(const char* text, std::size_t length) {
        std::memcpy(room(length), text, length);
        bytes.resize(bytes.size() + length);
    }
    void end() { ends.push_back(static_cast<std::int64_t>(bytes.size())); }
};

/// One column as the Arrow C data interface has it.
struct FrameColumn {
    std::string name;
    std::string format;                        // of the values, or of a dictionary's numbers
    std::unique_ptr<std::uint64_t[]> validity; // none: no nulls
    std::size_t nulls = 0;
    const void* values = nullptr; // the frame's own, or:
    Array<std::byte> made;        // bits, days, or numbers of a dictionary
    Texts texts;                  // of the rows, or of the dictionary
    bool is_dictionary = false;

    /// Makes room for values of the column's own, unset.
    template <class Value> Value* make(std::size_t count) {
        made = {};
        reserve_large(made, count * sizeof(Value), count * sizeof(Value));
        made.resize(count * sizeof(Value));
        values = made.data();
        return reinterpret_cast<Value*>(made.data());
    }
};

class Frame {
  public:
    /// `columns`: a list of (name, kind, values, extra), as qice/_qice.pyi describes it. With the
    /// GIL.
    Frame(std::size_t rows, const pybind11::list& columns, const Schema& schema, unsigned threads);
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;
    ~Frame(); // with the GIL

    /// To be read once, while the frame lives.
    ArrowArrayStream& stream() { return stream_; }

  private:
    struct Source;
    struct Exports;

    const void* buffer(const pybind11::object& values, std::string& format);
    Source source(const pybind11::tuple& column, const Schema& schema);
    void take(const Source& source, FrameColumn& column, bool& left) const;

    std::size_t rows_;
    std::deque<Py_buffer> buffers_;
    std::vector<FrameColumn> columns_;
    std::unique_ptr<Exports> exports_;
    ArrowArrayStream stream_{};
};

} // namespace qice::python
