// Schema and Firms of the module: firms from a file, dicts, a frame, or an Arrow stream.
#include "frame.hpp"
#include "in_background.hpp"
#include "json_text.hpp"
#include "module.hpp"
#include "qice/io/arrow.hpp"

namespace qice::python {
namespace {

constexpr const char* kStream = "arrow_array_stream";
constexpr std::size_t kFirmsBetweenSignals = 1024;

struct PyReadOptions {
    ReadOptions options;

    PyReadOptions(const std::string& as_of, bool strict, bool ignore_unknown_columns,
                  const std::string& encoding, unsigned threads) {
        options.as_of = day_of(as_of);
        options.strict = strict;
        options.ignore_unknown_columns = ignore_unknown_columns;
        if (encoding != "utf-8" && encoding != "gb18030")
            throw UsageError("encoding is \"utf-8\" or \"gb18030\", not \"" + encoding + "\"");
        options.encoding = encoding == "gb18030" ? Encoding::gb18030 : Encoding::utf8;
        options.threads = std::max(threads, 1u);
    }
};

/// What a capsule of the Arrow PyCapsule interface holds.
template <class Struct> Struct* held_by(const py::object& capsule, const char* name) {
    void* const held = PyCapsule_IsValid(capsule.ptr(), name) != 0
                           ? PyCapsule_GetPointer(capsule.ptr(), name)
                           : nullptr;
    if (held == nullptr)
        throw InvalidInputError(std::string("expected a PyCapsule named \"") + name + "\", got " +
                                Py_TYPE(capsule.ptr())->tp_name);
    auto* const found = static_cast<Struct*>(held);
    if (found->release == nullptr)
        throw InvalidInputError(std::string("the \"") + name + "\" was consumed before");
    return found;
}

/// Calls read(options); Ctrl-C ends it.
template <class Read> PyFirms read_in_background(const PyReadOptions& of, Read&& read) {
    std::atomic<bool> cancel{false};
    ReadOptions options = of.options;
    options.cancel = &cancel;
    return {FirmSet::make(require(in_background([&] { return read(options); }, &cancel)))};
}

PyFirms read_path(const std::string& path, const PySchema& schema, const PyReadOptions& of) {
    return read_in_background(
        of, [&](const ReadOptions& how) { return read_firms(path, schema.schema, how); });
}

/// A line a firm, as a JSON Lines file has them.
PyFirms read_dicts(const py::iterable& firms, const PySchema& schema, const PyReadOptions& of) {
    JsonText text;
    std::size_t number = 0;
    for (const py::handle firm : firms) {
        if (++number % kFirmsBetweenSignals == 0) throw_if_signalled();
        if (!PyDict_Check(firm.ptr()))
            throw InvalidInputError("a firm is a dict, not " +
                                        std::string(Py_TYPE(firm.ptr())->tp_name),
                                    {"firms", static_cast<std::uint32_t>(number)});
        try {
            text.append(firm.ptr());
        } catch (const StatusError& error) {
            throw InvalidInputError(error.status().message(),
                                    {"firms", static_cast<std::uint32_t>(number)});
        }
        text.append_raw("\n");
    }
    return read_in_background(of, [&](const ReadOptions& how) {
        return read_firms_jsonl(text.text(), "firms", schema.schema, how);
    });
}

PyFirms read_frame(std::size_t rows, const py::list& columns, const PySchema& schema,
                   const PyReadOptions& of) {
    Frame frame(rows, columns, *schema.schema, of.options.threads);
    return read_in_background(of, [&](const ReadOptions& how) {
        return read_firms_arrow(&frame.stream(), schema.schema, how);
    });
}

PyFirms read_stream(const py::object& capsule, const PySchema& schema, const PyReadOptions& of) {
    auto* const stream = held_by<ArrowArrayStream>(capsule, kStream);
    return read_in_background(
        of, [&](const ReadOptions& how) { return read_firms_arrow(stream, schema.schema, how); });
}

PyFirms read_array(const py::object& type_capsule, const py::object& capsule,
                   const PySchema& schema, const PyReadOptions& of) {
    auto* const type = held_by<ArrowSchema>(type_capsule, "arrow_schema");
    auto* const array = held_by<ArrowArray>(capsule, "arrow_array");
    return read_in_background(of, [&](const ReadOptions& how) {
        return read_firms_arrow(type, array, schema.schema, how);
    });
}

py::list fields_of(const PySchema& of) {
    py::list fields;
    for (const Field& field : of.schema->fields())
        fields.append(py::make_tuple(to_str(field.name), name_of(field.kind), to_str(field.label),
                                     to_str(field.unit_text), field.decimals, field.derived()));
    return fields;
}

py::list ids_of(const PyFirms& of) {
    const FirmTable& table = of.firms->table();
    py::list ids(table.size());
    for (std::size_t row = 0; row < table.size(); ++row)
        ids[row] = to_str(table.id(row));
    return ids;
}

void write_quarantine_of(const PyFirms& of, const std::string& path, bool neutralise) {
    require(in_background([&]() -> Status {
        AtomicFile file(path);
        QICE_RETURN_IF_ERROR(file.open());
        QICE_RETURN_IF_ERROR(write_quarantine(file, of.firms->quarantine(), neutralise));
        return file.commit();
    }));
}

} // namespace

py::list to_list(const std::vector<Quarantined>& entries) {
    py::list list(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i)
        list[i] =
            py::make_tuple(entries[i].line, to_str(entries[i].firm_id), to_str(entries[i].field),
                           to_str(entries[i].value), to_str(entries[i].reason));
    return list;
}

void add_firms(py::module_& module) {
    py::class_<PySchema>(module, "Schema")
        .def_static("load",
                    [](const std::string& path) { return PySchema{require(Schema::load(path))}; })
        .def_static("parse",
                    [](const std::string& json, const std::string& file) {
                        return PySchema{require(Schema::parse(json, file))};
                    })
        .def_property_readonly("id_column",
                               [](const PySchema& of) { return to_str(of.schema->id_column()); })
        .def("fields", fields_of);
    py::class_<PyReadOptions>(module, "ReadOptions")
        .def(py::init<const std::string&, bool, bool, const std::string&, unsigned>());
    py::class_<PyFirms>(module, "Firms")
        .def("__len__", [](const PyFirms& of) { return of.firms->size(); })
        .def("ids", ids_of)
        .def("find", [](const PyFirms& of, const std::string& id) { return of.firms->find(id); })
        .def("require", [](const PyFirms& of,
                           const std::string& id) { return require(of.firms->require(id)); })
        .def_property_readonly(
            "as_of", [](const PyFirms& of) { return of.firms->table().as_of().to_string(); })
        .def("quarantine", [](const PyFirms& of) { return to_list(of.firms->quarantine()); })
        .def("write_quarantine", write_quarantine_of)
        .def_property_readonly("rows_set_aside",
                               [](const PyFirms& of) { return of.firms->rows_set_aside(); })
        .def_property_readonly("ignored_columns", [](const PyFirms& of) {
            py::list names;
            for (const std::string& name : of.firms->ignored_columns())
                names.append(to_str(name));
            return names;
        });
    module.def("read_path", read_path);
    module.def("read_dicts", read_dicts);
    module.def("read_frame", read_frame);
    module.def("read_stream", read_stream);
    module.def("read_array", read_array);
}

} // namespace qice::python
