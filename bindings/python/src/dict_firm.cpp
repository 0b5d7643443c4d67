#include "dict_firm.hpp"

#include "errors.hpp"
#include "json_text.hpp"
#include "qice/base/text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace py = pybind11;

namespace qice::python {
namespace {

/// Takes values one by one; false where JSON has to decide.
class PlainValues {
  public:
    PlainValues(OneFirm& firm, const Schema& schema, std::vector<Quarantined>& bad)
        : firm_(firm), schema_(schema), bad_(bad) {}

    bool take_all(PyObject* dict) {
        PyObject *key = nullptr, *value = nullptr;
        for (Py_ssize_t place = 0; PyDict_Next(dict, &place, &key, &value);) {
            std::string_view name, text;
            if (!PyUnicode_CheckExact(key) || !read(key, name)) return false;
            if (name == schema_.id_column()) {
                if (!PyUnicode_CheckExact(value) || !read(value, text)) return false;
                firm_.set_id(text);
                continue;
            }
            const auto field = schema_.find(name);
            if (!field || schema_[*field].derived() || !take(*field, value)) return false;
        }
        return true;
    }

  private:
    static bool read(PyObject* text, std::string_view& out) {
        Py_ssize_t size = 0;
        const char* const bytes = PyUnicode_AsUTF8AndSize(text, &size);
        if (bytes == nullptr) {
            PyErr_Clear();
            return false;
        }
        out = {bytes, static_cast<std::size_t>(size)};
        return true;
    }

    bool take(std::uint32_t field, PyObject* value) {
        const Kind kind = schema_[field].kind;
        if (value == Py_None) return true;
        if (PyUnicode_CheckExact(value)) {
            std::string_view text;
            if (!read(value, text)) return false;
            take_cell(field, text);
            return true;
        }
        if (PyBool_Check(value)) {
            if (kind != Kind::flag) return false;
            firm_.set_flag(field, value == Py_True);
            return true;
        }
        if (PyLong_CheckExact(value)) return kind == Kind::number && take_integer(field, value);
        if (PyFloat_CheckExact(value)) return take_float(field, PyFloat_AS_DOUBLE(value));
        if (PyList_CheckExact(value)) return take_list(field, value);
        if (PyDict_CheckExact(value)) return kind == Kind::tags && take_weights(value);
        return false;
    }

    void take_cell(std::uint32_t field, std::string_view text) {
        if (const char* reason = firm_.set_cell(field, text))
            bad_.push_back({1, firm_.id(), schema_[field].name, excerpt(text, 200), reason});
    }

    bool take_integer(std::uint32_t field, PyObject* value) {
        int overflow = 0;
        const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        return overflow == 0 && firm_.set_number(field, number, 0) == nullptr;
    }

    bool take_float(std::uint32_t field, double value) {
        if (std::isnan(value)) return true;
        if (schema_[field].kind == Kind::flag && (value == 0 || value == 1)) {
            firm_.set_flag(field, value == 1); // what pandas makes of flags
            return true;
        }
        if (schema_[field].kind != Kind::number || !(std::fabs(value) < 1e15)) return false;
        std::array<char, 400> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                       std::chars_format::fixed)
                             .ptr;
        take_cell(field, {digits.data(), static_cast<std::size_t>(end - digits.data())});
        return true;
    }

    /// Has no sign that means something in a cell.
    static bool is_plain(std::string_view name) {
        return !name.empty() && name.find_first_of("|@: \t\n") == name.npos;
    }

    /// Tags with weights that are thousandths.
    bool take_weights(PyObject* dict) {
        PyObject *key = nullptr, *value = nullptr;
        for (Py_ssize_t place = 0; PyDict_Next(dict, &place, &key, &value);) {
            std::string_view name;
            if (!PyUnicode_CheckExact(key) || !read(key, name) || !is_plain(name)) return false;
            const double weight = PyFloat_CheckExact(value)  ? PyFloat_AS_DOUBLE(value)
                                  : PyLong_CheckExact(value) ? PyLong_AsDouble(value)
                                                             : -1;
            if (!(weight >= 0 && weight <= 1)) {
                PyErr_Clear(); // a long beyond all doubles
                return false;
            }
            const auto thousandths = static_cast<std::uint32_t>(std::lround(weight * 1000));
            if (thousandths / 1000.0 != weight || firm_.add_tag(name, thousandths) != nullptr)
                return false;
        }
        return true;
    }

    /// As a cell has them, between bars.
    bool take_list(std::uint32_t field, PyObject* list) {
        const Kind kind = schema_[field].kind;
        if (kind != Kind::set && kind != Kind::tags) return false;
        joined_.clear();
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
            PyObject* const item = PyList_GET_ITEM(list, i);
            std::string_view name;
            if (!PyUnicode_CheckExact(item) || !read(item, name)) return false;
            if (!joined_.empty()) joined_ += '|';
            joined_ += name;
        }
        take_cell(field, joined_);
        return true;
    }

    std::string joined_;
    OneFirm& firm_;
    const Schema& schema_;
    std::vector<Quarantined>& bad_;
};

} // namespace

void assign_dict(OneFirm& firm, const Schema& schema, Date as_of, PyObject* dict,
                 std::vector<Quarantined>& bad) {
    firm.clear();
    if (PlainValues(firm, schema, bad).take_all(dict)) return;
    bad.clear();
    JsonText text;
    text.append(dict);
    ReadOptions options;
    options.as_of = as_of;
    require(firm.assign_json(text.text(), options));
    bad = firm.bad_values();
}

} // namespace qice::python
