#include "json_text.hpp"

#include "errors.hpp"

#include <datetime.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace py = pybind11;

namespace qice::python {
namespace {

constexpr int kMostDepth = 512; // the reader's own limit is lower; this one guards the stack

void require_datetime() {
    if (PyDateTimeAPI != nullptr) return;
    PyDateTime_IMPORT;
    if (PyDateTimeAPI == nullptr) throw py::error_already_set();
}

/// The last part of a type's name: NaTType of pandas._libs.tslibs.nattype.NaTType.
std::string_view short_name(PyObject* value) {
    const std::string_view name = Py_TYPE(value)->tp_name;
    return name.substr(name.rfind('.') + 1); // npos + 1 = 0
}

std::string str_of(PyObject* value) {
    const auto text = py::reinterpret_steal<py::object>(PyObject_Str(value));
    if (!text) throw py::error_already_set();
    std::string spare;
    return std::string(utf8_of(text.ptr(), spare));
}

/// Of datetime64's text the day, if the rest is midnight.
std::string day_of_datetime64(std::string text) {
    const std::size_t time = text.find('T');
    if (text != "NaT" && time != text.npos && text.find_first_not_of("T0:.", time) == text.npos)
        text.resize(time);
    return text;
}

} // namespace

bool is_missing(PyObject* value) {
    const std::string_view name = short_name(value);
    return name == "NAType" || name == "NaTType";
}

std::string_view utf8_of(PyObject* text, std::string& spare) {
    Py_ssize_t size = 0;
    if (const char* bytes = PyUnicode_AsUTF8AndSize(text, &size))
        return {bytes, static_cast<std::size_t>(size)};
    PyErr_Clear();
    const auto bytes = py::reinterpret_steal<py::object>(
        PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass"));
    if (!bytes) throw py::error_already_set();
    spare.assign(PyBytes_AS_STRING(bytes.ptr()),
                 static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr())));
    return spare;
}

bool cell_text(PyObject* value, std::string& out) {
    if (PyUnicode_Check(value)) {
        std::string spare;
        out = utf8_of(value, spare);
        return true;
    }
    JsonText json;
    json.append(value);
    out = json.take();
    if (out == "null") return false;
    if (out.size() >= 2 && out.front() == '"') out = out.substr(1, out.size() - 2);
    return true;
}

void JsonText::append_string(std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    text_ += '"';
    std::size_t from = 0; // of what is still to be copied
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') [[likely]]
            continue;
        text_.append(text.data() + from, i - from);
        from = i + 1;
        if (c >= 0x20) {
            text_ += '\\';
            text_ += static_cast<char>(c);
        } else {
            text_ += "\\u00";
            text_ += kHex[c >> 4];
            text_ += kHex[c & 15];
        }
    }
    text_.append(text.data() + from, text.size() - from);
    text_ += '"';
}

void JsonText::append_unicode(PyObject* text) {
    std::string spare;
    append_string(utf8_of(text, spare));
}

void JsonText::append(PyObject* value, int depth) {
    if (value == Py_None) {
        text_ += "null";
    } else if (PyUnicode_Check(value)) {
        append_unicode(value);
    } else if (PyBool_Check(value)) {
        text_ += value == Py_True ? "true" : "false";
    } else if (PyLong_Check(value)) {
        int overflow = 0;
        const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        text_ += overflow == 0 ? std::to_string(number) : str_of(value);
    } else if (PyFloat_Check(value)) {
        append_float(PyFloat_AS_DOUBLE(value));
    } else {
        if (depth > kMostDepth) throw InvalidInputError("values are nested too deep");
        append_other(value, depth);
    }
}

void JsonText::append_float(double value) {
    if (std::isnan(value)) {
        text_ += "null";
    } else if (std::isinf(value)) {
        text_ += value > 0 ? "\"inf\"" : "\"-inf\""; // a text, which no field takes for a number
    } else {
        std::array<char, 40> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        text_.append(digits.data(), end);
    }
}

void JsonText::append_other(PyObject* value, int depth) {
    require_datetime();
    if (is_missing(value)) {
        text_ += "null";
    } else if (PyDict_Check(value)) {
        append_object(value, depth);
    } else if (PyList_Check(value) || PyTuple_Check(value) || PyAnySet_Check(value)) {
        append_list(value, depth);
    } else if (PyDate_Check(value)) { // a datetime is a date
        append_day(value);
    } else if (const std::string_view name = short_name(value); name == "Decimal") {
        const std::string digits = str_of(value);
        const bool finite = digits.find_first_not_of("0123456789.-+E") == digits.npos;
        if (finite)
            text_ += digits;
        else if (digits.find("NaN") != digits.npos)
            text_ += "null";
        else
            append_string(digits);
    } else if (name == "datetime64") {
        const std::string day = day_of_datetime64(str_of(value));
        if (day == "NaT")
            text_ += "null";
        else
            append_string(day);
    } else if (PyObject_HasAttrString(value, "item") || PyObject_HasAttrString(value, "tolist")) {
        // numpy's scalars and arrays
        const char* const method = PyObject_HasAttrString(value, "tolist") ? "tolist" : "item";
        const auto plain =
            py::reinterpret_steal<py::object>(PyObject_CallMethod(value, method, nullptr));
        if (!plain) throw py::error_already_set();
        append(plain.ptr(), depth + 1);
    } else {
        throw InvalidInputError("a value of type " + std::string(Py_TYPE(value)->tp_name) +
                                " is none that a field or a policy may have");
    }
}

void JsonText::append_object(PyObject* dict, int depth) {
    text_ += '{';
    PyObject *key = nullptr, *value = nullptr;
    bool first = true;
    for (Py_ssize_t place = 0; PyDict_Next(dict, &place, &key, &value);) {
        if (!PyUnicode_Check(key))
            throw InvalidInputError("a key must be a str, not " +
                                    std::string(Py_TYPE(key)->tp_name));
        if (!first) text_ += ',';
        first = false;
        append_unicode(key);
        text_ += ':';
        // The value may run code of its own, which may change the dict.
        const auto held = py::reinterpret_borrow<py::object>(value);
        append(held.ptr(), depth + 1);
    }
    text_ += '}';
}

void JsonText::append_list(PyObject* items, int depth) {
    const auto iterator = py::reinterpret_steal<py::object>(PyObject_GetIter(items));
    if (!iterator) throw py::error_already_set();
    text_ += '[';
    bool first = true;
    while (const auto item = py::reinterpret_steal<py::object>(PyIter_Next(iterator.ptr()))) {
        if (!first) text_ += ',';
        first = false;
        append(item.ptr(), depth + 1);
    }
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    text_ += ']';
}

/// 2026-06-15; of a time that is not midnight all of it, which no field takes for a day.
void JsonText::append_day(PyObject* day) {
    std::array<char, 16> digits{};
    const auto put = [&](std::size_t at, int count, int number) {
        for (int i = count - 1; i >= 0; --i, number /= 10)
            digits[at + static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
    };
    if (PyDateTime_Check(day) &&
        (PyDateTime_DATE_GET_HOUR(day) != 0 || PyDateTime_DATE_GET_MINUTE(day) != 0 ||
         PyDateTime_DATE_GET_SECOND(day) != 0 || PyDateTime_DATE_GET_MICROSECOND(day) != 0))
        return append_string(str_of(day));
    put(0, 4, PyDateTime_GET_YEAR(day));
    put(5, 2, PyDateTime_GET_MONTH(day));
    put(8, 2, PyDateTime_GET_DAY(day));
    digits[4] = digits[7] = '-';
    append_string({digits.data(), 10});
}

} // namespace qice::python
