#include "dict_firm.hpp"

#include "errors.hpp"
#include "json_text.hpp"

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
        return false;
    }

    void take_cell(std::uint32_t field, std::string_view text) {
        if (const char* reason = firm_.set_cell(field, text))
            bad_.push_back({1, firm_.id(), schema_[field].name, std::string(text), reason});
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

    /// Names without signs that mean something in a cell.
    bool take_list(std::uint32_t field, PyObject* list) {
        const Kind kind = schema_[field].kind;
        if (kind != Kind::set && kind != Kind::tags) return false;
        std::vector<std::string_view> names(static_cast<std::size_t>(PyList_GET_SIZE(list)));
        for (std::size_t i = 0; i < names.size(); ++i) {
            PyObject* const item = PyList_GET_ITEM(list, static_cast<Py_ssize_t>(i));
            if (!PyUnicode_CheckExact(item) || !read(item, names[i]) || names[i].empty() ||
                names[i].find_first_of("|@: \t\n") != names[i].npos)
                return false;
            for (std::size_t j = 0; j < i && kind == Kind::tags; ++j)
                if (names[j] == names[i]) return false;
        }
        if (kind == Kind::set && names.empty()) return false;
        for (const std::string_view name : names)
            if ((kind == Kind::set ? firm_.add_element(field, name) : firm_.add_tag(name)) !=
                nullptr)
                return false;
        return true;
    }

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
