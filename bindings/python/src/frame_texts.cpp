#include "frame_texts.hpp"

#include "errors.hpp"
#include "json_text.hpp"

#include <cmath>
#include <cstring>

namespace py = pybind11;

namespace qice::python {
namespace {

/// How many rows are looked at before a column can be found to be of too many objects for a
/// dictionary, and which part of its rows they may be.
constexpr std::size_t kTried = 4096, kMostPart = 2;

enum class Is { text, missing, other };

Is look(PyObject* object) {
    if (PyUnicode_Check(object) && PyUnicode_IS_READY(object)) return Is::text;
    if (object == Py_None) return Is::missing;
    if (PyFloat_CheckExact(object) && std::isnan(PyFloat_AS_DOUBLE(object))) return Is::missing;
    return is_missing(object) ? Is::missing : Is::other;
}

/// UTF-8 of a character, of at most 4 bytes; returns its end.
char* put_character(char* to, Py_UCS4 c) {
    const auto put = [&](Py_UCS4 byte) { *to++ = static_cast<char>(byte); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xc0 | c >> 6), put(0x80 | (c & 63));
    } else if (c < 0x10000) { // a lone surrogate comes out as what no reader takes for UTF-8
        put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
    } else {
        put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 63)), put(0x80 | (c >> 6 & 63)),
            put(0x80 | (c & 63));
    }
    return to;
}

void append_text(Texts& out, PyObject* text) {
    const auto length = static_cast<std::size_t>(PyUnicode_GET_LENGTH(text));
    const void* const data = PyUnicode_DATA(text);
    if (PyUnicode_IS_ASCII(text)) {
        out.append(static_cast<const char*>(data), length);
        return;
    }
    const auto kind = static_cast<int>(PyUnicode_KIND(text));
    char* to = out.room(4 * length);
    if (kind == PyUnicode_2BYTE_KIND)
        for (std::size_t i = 0; i < length; ++i)
            to = put_character(to, static_cast<const Py_UCS2*>(data)[i]);
    else
        for (std::size_t i = 0; i < length; ++i)
            to = put_character(to, PyUnicode_READ(kind, data, i));
    out.bytes.resize(static_cast<std::size_t>(to - out.bytes.data()));
}

/// Objects lie all over the memory, so each is asked for some rows before it is looked at.
void ask_for(PyObject* const* objects, std::size_t row, std::size_t rows) {
    constexpr std::size_t kAhead = 16;
    if (row + kAhead >= rows) return;
    const char* const object = reinterpret_cast<const char*>(objects[row + kAhead]);
    __builtin_prefetch(object);
    __builtin_prefetch(object + 64); // where a short text ends
}

/// Objects by where they lie, numbered in order of first appearance.
class Numbers {
  public:
    Numbers() : slots_(1024) {}

    static constexpr std::uint32_t kNone = UINT32_MAX;

    /// The object's number, or kNone. The object itself is not looked at.
    std::uint32_t find(const PyObject* object) const {
        std::size_t at = place(object);
        while (slots_[at].object != nullptr && slots_[at].object != object)
            at = (at + 1) & (slots_.size() - 1);
        return slots_[at].object == object ? slots_[at].number : kNone;
    }
    /// The number of an object that has none yet.
    std::uint32_t add(const PyObject* object) {
        if ((count_ + 1) * 2 > slots_.size()) grow();
        std::size_t at = place(object);
        while (slots_[at].object != nullptr)
            at = (at + 1) & (slots_.size() - 1);
        slots_[at] = {object, static_cast<std::uint32_t>(count_)};
        return static_cast<std::uint32_t>(count_++);
    }
    std::size_t size() const { return count_; }

  private:
    struct Slot {
        const PyObject* object = nullptr;
        std::uint32_t number = 0;
    };
    std::size_t place(const PyObject* object) const {
        const auto address = reinterpret_cast<std::uintptr_t>(object) >> 4;
        return static_cast<std::size_t>(address * 0x9e3779b97f4a7c15u >> 20) & (slots_.size() - 1);
    }
    void grow() {
        std::vector<Slot> old(slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.object == nullptr) continue;
            std::size_t at = place(slot.object);
            while (slots_[at].object != nullptr)
                at = (at + 1) & (slots_.size() - 1);
            slots_[at] = slot;
        }
    }
    std::vector<Slot> slots_;
    std::size_t count_ = 0;
};

/// `texts`: about so many are to come.
void start(FrameColumn& column, std::size_t rows, std::size_t texts) {
    const std::size_t words = (rows + 63) / 64;
    column.validity = std::make_unique<std::uint64_t[]>(words);
    std::memset(column.validity.get(), 0xff, words * 8);
    column.nulls = 0;
    column.texts.start(texts);
    column.is_dictionary = false;
}

void mark_null(FrameColumn& column, std::size_t row) {
    column.validity[row / 64] &= ~(std::uint64_t{1} << row % 64);
    ++column.nulls;
}

void finish(FrameColumn& column, std::size_t rows, const char* format) {
    column.format = column.nulls == rows && rows > 0 ? "n" : format;
    if (column.nulls == 0) column.validity.reset();
}

enum class Taken { done, too_many, other };

Taken take_as_dictionary(PyObject* const* objects, std::size_t rows, FrameColumn& column) {
    start(column, rows, kTried);
    auto* const numbers = column.make<std::int32_t>(rows);
    Numbers known;
    const PyObject* missing = Py_None; // the last object that was found to mean it
    for (std::size_t row = 0; row < rows; ++row) {
        PyObject* const object = objects[row];
        if (object == missing) {
            numbers[row] = 0;
            mark_null(column, row);
            continue;
        }
        const std::uint32_t number = known.find(object);
        if (number != Numbers::kNone) {
            numbers[row] = static_cast<std::int32_t>(number);
            continue;
        }
        const Is is = look(object);
        if (is == Is::other) return Taken::other;
        if (is == Is::missing) {
            missing = object;
            numbers[row] = 0;
            mark_null(column, row);
            continue;
        }
        numbers[row] = static_cast<std::int32_t>(known.add(object));
        if (known.size() > kTried + row / kMostPart) return Taken::too_many;
        append_text(column.texts, object);
        column.texts.end();
    }
    column.is_dictionary = true;
    finish(column, rows, "i");
    return Taken::done;
}

/// A cell's text of what is a list there: a|b@2027-12-31|c:0.8
std::string joined(PyObject* items) {
    std::string out, text;
    const auto add = [&](std::string_view element) { (out += out.empty() ? "" : "|") += element; };
    if (PyDict_Check(items)) { // tags
        PyObject *name = nullptr, *weight = nullptr;
        for (Py_ssize_t place = 0; PyDict_Next(items, &place, &name, &weight);) {
            std::string element;
            cell_text(name, element);
            const auto held = py::reinterpret_borrow<py::object>(weight);
            if (cell_text(held.ptr(), text)) element += ':' + text;
            add(element);
        }
        return out;
    }
    const auto iterator = py::reinterpret_steal<py::object>(PyObject_GetIter(items));
    if (!iterator) throw py::error_already_set();
    while (const auto item = py::reinterpret_steal<py::object>(PyIter_Next(iterator.ptr()))) {
        if (PyDict_Check(item.ptr())) { // {"value": ..., "until": ...}
            std::string element;
            PyObject* const value = PyDict_GetItemString(item.ptr(), "value");
            PyObject* const until = PyDict_GetItemString(item.ptr(), "until");
            if (value != nullptr) cell_text(value, element);
            if (until != nullptr && cell_text(until, text)) element += '@' + text;
            add(element);
        } else if (cell_text(item.ptr(), text)) {
            add(text);
        }
    }
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    return out;
}

bool is_list(PyObject* object) {
    return PyList_Check(object) || PyTuple_Check(object) || PyAnySet_Check(object) ||
           PyDict_Check(object) ||
           (!PyUnicode_Check(object) && PyObject_HasAttrString(object, "tolist") &&
            PyObject_HasAttrString(object, "__len__") && PyObject_Length(object) >= 0);
}

bool object_text(PyObject* object, std::string& text) {
    if (is_list(object)) {
        text = joined(object);
        return true;
    }
    PyErr_Clear(); // of a numpy scalar's length
    return cell_text(object, text);
}

} // namespace

bool take_texts(PyObject* const* objects, std::size_t rows, FrameColumn& column) {
    const Taken taken = take_as_dictionary(objects, rows, column);
    if (taken != Taken::too_many) return taken == Taken::done;
    start(column, rows, rows);
    column.made = {};
    for (std::size_t row = 0; row < rows; ++row) {
        ask_for(objects, row, rows);
        const Is is = look(objects[row]);
        if (is == Is::other) return false;
        if (is == Is::missing)
            mark_null(column, row);
        else
            append_text(column.texts, objects[row]);
        column.texts.end();
    }
    finish(column, rows, "U");
    return true;
}

void take_objects(PyObject* const* objects, std::size_t rows, FrameColumn& column) {
    start(column, rows, rows);
    column.made = {};
    std::string text;
    for (std::size_t row = 0; row < rows; ++row) {
        const auto held = py::reinterpret_borrow<py::object>(objects[row]);
        if (object_text(held.ptr(), text))
            column.texts.append(text.data(), text.size());
        else
            mark_null(column, row);
        column.texts.end();
    }
    finish(column, rows, "U");
}

void take_categories(PyObject* const* objects, std::size_t count, FrameColumn& column) {
    std::string text;
    column.texts.start(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (object_text(objects[i], text)) column.texts.append(text.data(), text.size());
        column.texts.end();
    }
}

} // namespace qice::python
