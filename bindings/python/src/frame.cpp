#include "frame.hpp"

#include "base/in_threads.hpp"
#include "errors.hpp"
#include "frame_texts.hpp"
#include "in_background.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>

namespace py = pybind11;

namespace qice::python {
namespace {

constexpr std::int64_t kNanosecondsADay = 86'400'000'000'000;
constexpr std::int64_t kNotATime = INT64_MIN;

/// Room for a bit a row, all set; clear_bit() counts.
void make_validity(FrameColumn& column, std::size_t rows) {
    const std::size_t words = (rows + 63) / 64;
    column.validity = std::make_unique<std::uint64_t[]>(words);
    std::memset(column.validity.get(), 0xff, words * 8);
}

/// Marks the rows of which is_null(row) says so.
template <class IsNull> void mark_nulls(FrameColumn& column, std::size_t rows, IsNull&& is_null) {
    make_validity(column, rows);
    for (std::size_t first = 0; first < rows; first += 64) {
        std::uint64_t nulls = 0;
        const std::size_t count = std::min<std::size_t>(64, rows - first);
        for (std::size_t i = 0; i < count; ++i)
            nulls |= std::uint64_t{is_null(first + i)} << i;
        column.validity[first / 64] = ~nulls;
        column.nulls += static_cast<std::size_t>(__builtin_popcountll(nulls));
    }
    if (column.nulls == 0) column.validity.reset();
    if (column.nulls == rows && rows > 0) column.format = "n";
}

/// Floats as whole numbers, NaN as 0; false if one is neither, or may not be exact.
template <class Float>
bool take_whole(const Float* values, std::size_t count, std::int64_t* whole) {
    constexpr double kMostExact = 9007199254740992.0; // 2^53
    bool all_whole = true;
    for (std::size_t i = 0; i < count; ++i) {
        const double value = values[i];
        const double small = std::fabs(value) < kMostExact ? value : 0.0; // also of NaN
        whole[i] = static_cast<std::int64_t>(small);
        all_whole &= (static_cast<double>(whole[i]) == value) | (value != value);
    }
    return all_whole;
}

/// pandas has whole numbers and codes as floats where one is missing: they are handed on as what
/// they are.
template <class Float>
void take_whole_numbers(const Float* values, FrameColumn& column, std::size_t rows) {
    mark_nulls(column, rows, [&](std::size_t row) { return values[row] != values[row]; });
    if (column.nulls == rows) return;
    constexpr std::size_t kBlock = 4096; // a column that is not of whole numbers shows it early
    auto* const whole = column.make<std::int64_t>(rows);
    for (std::size_t row = 0; row < rows; row += kBlock)
        if (!take_whole(values + row, std::min(kBlock, rows - row), whole + row)) {
            column.values = values;
            column.made = {};
            return;
        }
    column.format = "l";
}

/// Flags that pandas has as floats, NaN as null; false, with nothing made, where another is there.
template <class Float>
bool take_float_flags(const Float* values, FrameColumn& column, std::size_t rows) {
    const std::size_t words = (rows + 63) / 64;
    Array<std::byte> made;
    made.resize(words * sizeof(std::uint64_t));
    auto* const flags = reinterpret_cast<std::uint64_t*>(made.data());
    auto known = std::make_unique<std::uint64_t[]>(words);
    std::size_t nulls = 0;
    for (std::size_t first = 0; first < rows; first += 64) {
        std::uint64_t set = 0, clear = 0, missing = 0;
        const std::size_t count = std::min<std::size_t>(64, rows - first);
        for (std::size_t i = 0; i < count; ++i) {
            const Float value = values[first + i];
            set |= std::uint64_t{value == 1} << i;
            clear |= std::uint64_t{value == 0} << i;
            missing |= std::uint64_t{value != value} << i;
        }
        if (static_cast<std::size_t>(std::popcount(set | clear | missing)) != count) return false;
        flags[first / 64] = set;
        known[first / 64] = ~missing;
        nulls += static_cast<std::size_t>(std::popcount(missing));
    }
    column.made = std::move(made);
    column.values = column.made.data();
    column.nulls = nulls;
    if (nulls > 0) column.validity = std::move(known);
    column.format = nulls == rows && rows > 0 ? "n" : "b";
    return true;
}

/// Floats of which the field is told: a field of numbers takes them as they lie, NaN for a null.
template <class Float>
void take_floats(const Float* values, Kind kind, FrameColumn& column, std::size_t rows) {
    if (kind == Kind::flag && take_float_flags(values, column, rows)) return;
    const auto is_number = [](Float value) { return value == value; };
    if (kind == Kind::number && sizeof(Float) == 8 && std::any_of(values, values + rows, is_number))
        return;
    take_whole_numbers(values, column, rows);
}

void take_flags(const std::uint8_t* values, FrameColumn& column, std::size_t rows) {
    auto* const made = column.make<std::uint8_t>((rows + 7) / 8);
    for (std::size_t first = 0; first < rows; first += 8) {
        unsigned bits = 0;
        for (std::size_t i = 0; i < std::min<std::size_t>(8, rows - first); ++i)
            bits |= static_cast<unsigned>(values[first + i] != 0) << i;
        made[first / 8] = static_cast<std::uint8_t>(bits);
    }
}

/// Nanoseconds as days, if all are midnight.
void take_times(const std::int64_t* times, FrameColumn& column, std::size_t rows) {
    column.format = "tdD";
    auto* const days = column.make<std::int32_t>(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        const std::int64_t time = times[row] == kNotATime ? 0 : times[row];
        if (time % kNanosecondsADay != 0) {
            column.format = "tsn:";
            column.values = times;
            column.made = {};
            break;
        }
        days[row] = static_cast<std::int32_t>(time / kNanosecondsADay);
    }
    mark_nulls(column, rows, [&](std::size_t row) { return times[row] == kNotATime; });
}

/// pandas marks a missing category by -1.
template <class Number>
void take_numbers(const Number* numbers, FrameColumn& column, std::size_t rows) {
    mark_nulls(column, rows, [&](std::size_t row) { return numbers[row] < 0; });
}

/// The Arrow format of a buffer's; empty where there is none.
std::string_view arrow_format(char type, std::size_t width) {
    static constexpr std::string_view kSigned[] = {"c", "s", "", "i", "", "", "", "l"};
    static constexpr std::string_view kUnsigned[] = {"C", "S", "", "I", "", "", "", "L"};
    if (width == 0 || width > 8) return {};
    if (std::strchr("bhilq", type) != nullptr) return kSigned[width - 1];
    if (std::strchr("BHILQ", type) != nullptr) return kUnsigned[width - 1];
    if (type == '?') return "b";
    if (type == 'f') return "f";
    if (type == 'd') return "g";
    return {};
}

} // namespace

/// What a column comes from.
struct Frame::Source {
    enum class Kind { plain, times, objects, dictionary } kind = Kind::plain;
    const void* values = nullptr;
    const std::uint8_t* mask = nullptr; // of plain: 1 is missing
    PyObject* const* categories = nullptr;
    std::size_t category_count = 0;
    qice::Kind field = qice::Kind::text; // of the field that the column goes to, if one does
};

const void* Frame::buffer(const py::object& values, std::string& format) {
    Py_buffer& view = buffers_.emplace_back();
    if (PyObject_GetBuffer(values.ptr(), &view, PyBUF_ND | PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) !=
        0) {
        buffers_.pop_back();
        throw py::error_already_set();
    }
    if (view.ndim != 1) throw InvalidInputError("a column must have one dimension");
    const char type = view.format == nullptr ? 'B' : view.format[std::strlen(view.format) - 1];
    if (type == 'O')
        format = "O";
    else
        format = arrow_format(type, static_cast<std::size_t>(view.itemsize));
    if (format.empty())
        throw InvalidInputError(std::string("values of the type '") +
                                (view.format == nullptr ? "" : view.format) + "' cannot be taken");
    return view.buf;
}

Frame::Source Frame::source(const py::tuple& given, const Schema& schema) {
    Source source;
    FrameColumn& column = columns_.emplace_back();
    column.name = py::cast<std::string>(given[0]);
    if (const auto field = schema.find(column.name)) source.field = schema[*field].kind;
    const auto kind = py::cast<std::string>(given[1]);
    const py::object values = given[2], extra = given[3];
    const auto take_buffer = [&](const py::object& of, std::string& format, std::size_t size) {
        const void* const data = buffer(of, format);
        if (static_cast<std::size_t>(buffers_.back().shape[0]) != size)
            throw InvalidInputError("column \"" + column.name + "\" has another length");
        return data;
    };
    source.values = take_buffer(values, column.format, rows_);
    std::string format;
    if (kind == "times") {
        source.kind = Source::Kind::times;
    } else if (kind == "objects") {
        source.kind = Source::Kind::objects;
    } else if (kind == "dictionary") {
        source.kind = Source::Kind::dictionary;
        source.category_count = py::len(extra);
        source.categories =
            static_cast<PyObject* const*>(take_buffer(extra, format, source.category_count));
    } else if (!extra.is_none()) {
        source.mask = static_cast<const std::uint8_t*>(take_buffer(extra, format, rows_));
    }
    const bool fits = source.kind == Source::Kind::times        ? column.format == "l"
                      : source.kind == Source::Kind::objects    ? column.format == "O"
                      : source.kind == Source::Kind::dictionary ? format == "O"
                                                                : column.format != "O";
    if (!fits)
        throw InvalidInputError("column \"" + column.name + "\" is not what it is said to be");
    return source;
}

/// What needs no Python. `left`: the column is of objects that are no texts.
void Frame::take(const Source& source, FrameColumn& column, bool& left) const {
    column.values = source.values;
    switch (source.kind) {
    case Source::Kind::times:
        return take_times(static_cast<const std::int64_t*>(source.values), column, rows_);
    case Source::Kind::objects:
        left = !take_texts(static_cast<PyObject* const*>(source.values), rows_, column);
        return;
    case Source::Kind::dictionary:
        column.is_dictionary = true;
        if (column.format == "c")
            take_numbers(static_cast<const std::int8_t*>(source.values), column, rows_);
        else if (column.format == "s")
            take_numbers(static_cast<const std::int16_t*>(source.values), column, rows_);
        else
            take_numbers(static_cast<const std::int32_t*>(source.values), column, rows_);
        return;
    case Source::Kind::plain: break;
    }
    if (column.format == "g")
        take_floats(static_cast<const double*>(source.values), source.field, column, rows_);
    else if (column.format == "f")
        take_floats(static_cast<const float*>(source.values), source.field, column, rows_);
    else if (column.format == "b")
        take_flags(static_cast<const std::uint8_t*>(source.values), column, rows_);
    if (source.mask != nullptr)
        mark_nulls(column, rows_, [&](std::size_t row) { return source.mask[row] != 0; });
}

// ---------------------------------------------------------------------------------- export

/// The structs of the interface. The frame owns what they point to, so releasing frees nothing.
struct Frame::Exports {
    std::vector<ArrowSchema> types, dictionary_types;
    std::vector<ArrowArray> arrays, dictionaries;
    std::vector<ArrowSchema*> type_children;
    std::vector<ArrowArray*> array_children;
    std::vector<std::array<const void*, 3>> buffers, dictionary_buffers;
    std::array<const void*, 1> no_validity{nullptr};
    std::size_t rows = 0;
    bool given = false;

    template <class Struct> static void release(Struct* released) {
        for (std::int64_t i = 0; i < released->n_children; ++i)
            if (released->children[i]->release != nullptr)
                released->children[i]->release(released->children[i]);
        if (released->dictionary != nullptr && released->dictionary->release != nullptr)
            released->dictionary->release(released->dictionary);
        released->release = nullptr;
    }
    static void release_stream(ArrowArrayStream* stream) { stream->release = nullptr; }
    static const char* no_error(ArrowArrayStream*) { return nullptr; }

    explicit Exports(const std::vector<FrameColumn>& columns, std::size_t row_count);
    void add(const FrameColumn& column, std::size_t at);
    static int get_schema(ArrowArrayStream* stream, ArrowSchema* out);
    static int get_next(ArrowArrayStream* stream, ArrowArray* out);
};

Frame::Exports::Exports(const std::vector<FrameColumn>& columns, std::size_t row_count)
    : types(columns.size()), dictionary_types(columns.size()), arrays(columns.size()),
      dictionaries(columns.size()), buffers(columns.size()), dictionary_buffers(columns.size()),
      rows(row_count) {
    for (std::size_t i = 0; i < columns.size(); ++i)
        add(columns[i], i);
}

void Frame::Exports::add(const FrameColumn& column, std::size_t at) {
    const auto texts_of = [](const Texts& texts, const void* validity) {
        return std::array<const void*, 3>{validity, texts.ends.data(), texts.bytes.data()};
    };
    ArrowSchema& type = types[at] = {};
    ArrowArray& array = arrays[at] = {};
    type.format = column.format.c_str();
    type.name = column.name.c_str();
    type.flags = ARROW_FLAG_NULLABLE;
    type.release = release<ArrowSchema>;
    const bool is_null = column.format == "n", is_text = column.format == "U";
    array.length = static_cast<std::int64_t>(rows);
    array.null_count = static_cast<std::int64_t>(column.nulls);
    array.n_buffers = is_null ? 0 : is_text ? 3 : 2;
    buffers[at] = is_text
                      ? texts_of(column.texts, column.validity.get())
                      : std::array<const void*, 3>{column.validity.get(), column.values, nullptr};
    array.buffers = buffers[at].data();
    array.release = release<ArrowArray>;
    if (column.is_dictionary && !is_null) {
        ArrowSchema& texts_type = dictionary_types[at] = {};
        texts_type.format = "U";
        texts_type.name = "";
        texts_type.release = release<ArrowSchema>;
        ArrowArray& texts = dictionaries[at] = {};
        texts.length = static_cast<std::int64_t>(column.texts.size());
        texts.n_buffers = 3;
        dictionary_buffers[at] = texts_of(column.texts, nullptr);
        texts.buffers = dictionary_buffers[at].data();
        texts.release = release<ArrowArray>;
        type.dictionary = &texts_type;
        array.dictionary = &texts;
    }
    type_children.push_back(&type);
    array_children.push_back(&array);
}

int Frame::Exports::get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
    auto& exports = *static_cast<Exports*>(stream->private_data);
    *out = {};
    out->format = "+s";
    out->name = "";
    out->n_children = static_cast<std::int64_t>(exports.types.size());
    out->children = exports.type_children.data();
    out->release = release<ArrowSchema>;
    return 0;
}

int Frame::Exports::get_next(ArrowArrayStream* stream, ArrowArray* out) {
    auto& exports = *static_cast<Exports*>(stream->private_data);
    *out = {};
    if (std::exchange(exports.given, true)) return 0; // a released array ends the stream
    out->length = static_cast<std::int64_t>(exports.rows);
    out->n_buffers = 1;
    out->buffers = exports.no_validity.data();
    out->n_children = static_cast<std::int64_t>(exports.arrays.size());
    out->children = exports.array_children.data();
    out->release = release<ArrowArray>;
    return 0;
}

// ----------------------------------------------------------------------------------- frame

Frame::Frame(std::size_t rows, const py::list& given, const Schema& schema, unsigned threads)
    : rows_(rows) {
    try {
        std::vector<Source> sources;
        columns_.reserve(given.size());
        for (const py::handle column : given)
            sources.push_back(source(py::cast<py::tuple>(column), schema));
        std::unique_ptr<bool[]> left = std::make_unique<bool[]>(given.size());
        std::atomic<std::size_t> next{0};
        in_threads(threads, [&](unsigned) {
            for (std::size_t i; (i = next.fetch_add(1)) < sources.size();)
                take(sources[i], columns_[i], left[i]);
        });
        for (std::size_t i = 0; i < sources.size(); ++i) {
            throw_if_signalled();
            if (left[i])
                take_objects(static_cast<PyObject* const*>(sources[i].values), rows_, columns_[i]);
            else if (sources[i].kind == Source::Kind::dictionary)
                take_categories(sources[i].categories, sources[i].category_count, columns_[i]);
        }
        exports_ = std::make_unique<Exports>(columns_, rows_);
    } catch (...) {
        for (Py_buffer& view : buffers_)
            PyBuffer_Release(&view);
        throw;
    }
    stream_.get_schema = Exports::get_schema;
    stream_.get_next = Exports::get_next;
    stream_.get_last_error = Exports::no_error;
    stream_.release = Exports::release_stream;
    stream_.private_data = exports_.get();
}

Frame::~Frame() {
    for (Py_buffer& view : buffers_)
        PyBuffer_Release(&view);
}

} // namespace qice::python
