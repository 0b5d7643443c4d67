// Python objects as JSON text, so that what Python hands over is read by the one reader of JSON.
//
//   JsonText text;
//   text.append(firm);  // a dict
//
// None, NaN, NaT and NA become null; numpy and Decimal numbers become numbers, digit for digit; a
// float is the shortest decimal that gives it; days (date, midnight, datetime64) become 2026-06-15;
// lists, tuples and sets become lists. What has no counterpart is an InvalidInput that names the
// type. A text that is no Unicode (lone surrogates) is written in bytes that no reader takes for
// UTF-8. Costs about 30 ns a value. To be called with the GIL held.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

namespace qice::python {

class JsonText {
  public:
    /// One value. Throws a Python exception.
    void append(PyObject* value) { append(value, 0); }
    /// Bytes as they are: for line breaks and brackets between values.
    void append_raw(std::string_view bytes) { text_ += bytes; }
    void append_string(std::string_view text);
    void clear() { text_.clear(); }

    const std::string& text() const { return text_; }
    std::string take() { return std::move(text_); }

  private:
    void append(PyObject* value, int depth);
    void append_object(PyObject* dict, int depth);
    void append_list(PyObject* items, int depth);
    void append_other(PyObject* value, int depth);
    void append_float(double value);
    void append_day(PyObject* day);
    void append_unicode(PyObject* text);

    std::string text_;
};

/// The UTF-8 of a str. With lone surrogates, which no UTF-8 has, their three bytes each. Holds
/// while `text` and `spare` do.
std::string_view utf8_of(PyObject* text, std::string& spare);

/// pandas' NA and NaT; calls no Python.
bool is_missing(PyObject* value);

/// The text of a value that is to be a cell: a str as it is, another as in JSON, unquoted. False
/// for what means unknown.
bool cell_text(PyObject* value, std::string& out);

} // namespace qice::python
