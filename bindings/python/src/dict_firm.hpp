// One firm from a dict, fast: plain values go into a OneFirm as they are, everything else through
// JSON, which decides. Both mean the same.
#pragma once

#include "qice/live/one_firm.hpp"

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace qice::python {

/// Which field a key names. Python keeps the hash of each str, so a key that came before costs one
/// look and a comparison. Of one schema, and of whoever holds the GIL.
class KeyFields {
  public:
    static constexpr std::uint32_t kId = UINT32_MAX - 1, kNone = UINT32_MAX;

    explicit KeyFields(SchemaPtr schema);
    /// A field that is not derived, kId or kNone, of a str.
    std::uint32_t find(PyObject* key);

  private:
    struct Slot {
        Py_hash_t hash = 0;
        std::uint32_t field = kNone;
    };

    std::string_view name(std::uint32_t field) const {
        return field == kId ? std::string_view(schema_->id_column()) : (*schema_)[field].name;
    }

    SchemaPtr schema_;
    std::vector<Slot> slots_; // of names that came; a power of two, never full
};

/// Fills `firm` from a dict; `keys` are of its schema. Throws what is wrong with the whole of it (a
/// key that is no field); values that could not be taken go to `bad`. With the GIL.
void assign_dict(OneFirm& firm, KeyFields& keys, Date as_of, PyObject* dict,
                 std::vector<Quarantined>& bad);

} // namespace qice::python
