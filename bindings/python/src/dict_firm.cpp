#include "dict_firm.hpp"

#include "errors.hpp"
#include "io/arrow_value.hpp"
#include "json_text.hpp"
#include "qice/base/text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace py = pybind11;

namespace qice::python {
namespace {

/// False, and no error, of a lone surrogate.
bool read(PyObject* text, std::string_view& out) {
    if (PyUnicode_IS_COMPACT_ASCII(text)) {
        out = {static_cast<const char*>(PyUnicode_DATA(text)),
               static_cast<std::size_t>(PyUnicode_GET_LENGTH(text))};
        return true;
    }
    Py_ssize_t size = 0;
    const char* const bytes = PyUnicode_AsUTF8AndSize(text, &size);
    if (bytes == nullptr) {
        PyErr_Clear();
        return false;
    }
    out = {bytes, static_cast<std::size_t>(size)};
    return true;
}

/// Takes values one by one; false where JSON has to decide.
class PlainValues {
  public:
    PlainValues(OneFirm& firm, KeyFields& keys, std::vector<Quarantined>& bad)
        : firm_(firm), keys_(keys), schema_(*firm.schema()), bad_(bad) {}

    bool take_all(PyObject* dict) {
        PyObject *key = nullptr, *value = nullptr;
        for (Py_ssize_t place = 0; PyDict_Next(dict, &place, &key, &value);) {
            std::string_view text;
            if (!PyUnicode_CheckExact(key)) return false;
            const std::uint32_t field = keys_.find(key);
            if (field == KeyFields::kId) {
                if (!PyUnicode_CheckExact(value) || !read(value, text)) return false;
                firm_.set_id(text);
            } else if (field == KeyFields::kNone || !take(field, value)) {
                return false;
            }
        }
        return true;
    }

  private:
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
        const Field& of = schema_[field];
        if (of.kind != Kind::number || !(std::fabs(value) < 1e15)) return false;
        std::int64_t number = 0;
        if (read_short_decimal(value, static_cast<double>(power_of_ten(of.decimals)), number))
            return firm_.set_number(field, number, of.decimals) == nullptr;
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
    KeyFields& keys_;
    const Schema& schema_;
    std::vector<Quarantined>& bad_;
};

} // namespace

KeyFields::KeyFields(SchemaPtr schema) : schema_(std::move(schema)) {
    std::size_t size = 64;
    while (size < 4 * schema_->size())
        size *= 2;
    slots_.resize(size);
}

std::uint32_t KeyFields::find(PyObject* key) {
    const Py_hash_t hash = PyObject_Hash(key);
    std::string_view text;
    if (!read(key, text)) return kNone;
    std::size_t at = static_cast<std::size_t>(hash) & (slots_.size() - 1);
    for (; slots_[at].field != kNone; at = (at + 1) & (slots_.size() - 1))
        if (slots_[at].hash == hash && name(slots_[at].field) == text) return slots_[at].field;
    if (text == schema_->id_column()) {
        slots_[at] = {hash, kId};
    } else if (const auto field = schema_->find(text); field && !(*schema_)[*field].derived()) {
        slots_[at] = {hash, *field};
    }
    return slots_[at].field;
}

void assign_dict(OneFirm& firm, KeyFields& keys, Date as_of, PyObject* dict,
                 std::vector<Quarantined>& bad) {
    firm.clear();
    if (PlainValues(firm, keys, bad).take_all(dict)) return;
    bad.clear();
    JsonText text;
    text.append(dict);
    ReadOptions options;
    options.as_of = as_of;
    require(firm.assign_json(text.text(), options));
    bad = firm.bad_values();
}

} // namespace qice::python
