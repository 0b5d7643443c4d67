// Firms: how they are read, tables of them, one of them, and rows on their way into a table.
#include "capi/guard.hpp"

using namespace qice;
using namespace qice::capi;

namespace {

/// Makes a table of what was read.
/// What out parameters say where there is no such entry.
const Quarantined nothing_bad{};

Outcome make_firms(qice_firms*& out, Result<FirmsRead> read) {
    if (!read.ok()) return read.status();
    out = make_handle<qice_firms>(FirmSet::make(std::move(read).value()));
    return {};
}

/// A field that may be set, of one of two kinds.
const Field& settable(const OneFirm& firm, uint32_t field) {
    const Schema& schema = *firm.schema();
    if (field >= schema.size()) throw no_such("field", field, schema.size());
    if (schema[field].derived())
        throw Refusal{QICE_USAGE, "field " + in_quotes(schema[field].name) +
                                      " is derived from others and cannot be set"};
    return schema[field];
}

void require_kind(const OneFirm& firm, uint32_t field, Kind kind) {
    const Field& of = settable(firm, field);
    if (of.kind != kind)
        throw Refusal{QICE_USAGE, "field " + in_quotes(of.name) + " is of kind " +
                                      name_of(of.kind) + ", not " + name_of(kind)};
}

/// What became of a value.
Outcome told(const OneFirm& firm, uint32_t field, std::string_view value, const char* reason) {
    if (reason == nullptr) return {};
    return invalid_input("field " + in_quotes((*firm.schema())[field].name) + ": " +
                         in_quotes(value) + " " + reason);
}

} // namespace

// ----------------------------------------------------------------------------- options

int32_t qice_read_options_create(qice_read_options** out, int32_t as_of, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_read_options*& made = out_of(out, "out");
        ReadOptions options;
        options.as_of = day_of(as_of, "as_of");
        made = make_handle<qice_read_options>(options);
        return {};
    });
}

int32_t qice_read_options_set_strict(qice_read_options* options, int32_t on) {
    return set_option(options, [&](auto& body) { body.strict = on != 0; });
}

int32_t qice_read_options_set_ignore_unknown_columns(qice_read_options* options, int32_t on) {
    return set_option(options, [&](auto& body) { body.ignore_unknown_columns = on != 0; });
}

int32_t qice_read_options_set_gb18030(qice_read_options* options, int32_t on) {
    return set_option(
        options, [&](auto& body) { body.encoding = on != 0 ? Encoding::gb18030 : Encoding::utf8; });
}

int32_t qice_read_options_set_threads(qice_read_options* options, uint32_t threads) {
    return set_option(options, [&](auto& body) { body.threads = threads_of(threads); });
}

int32_t qice_read_options_refused(qice_error** out, const qice_read_options* options,
                                  qice_error** error) {
    return refused_by(out, options, error);
}

int32_t qice_read_options_destroy(qice_read_options* options) { return destroy(options); }

// ------------------------------------------------------------------------------- firms

int32_t qice_firms_open(qice_firms** out, const qice_schema* schema,
                        const qice_read_options* options, const char* path, size_t length,
                        qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_firms*& made = out_of(out, "out");
        const std::string from = path_of(path, length);
        if (from == "-") throw Refusal{QICE_BAD_ARGUMENT, "standard input is the program's own"};
        return make_firms(made, read_firms(from, get(schema, "schema"), get(options, "options")));
    });
}

int32_t qice_firms_read_csv(qice_firms** out, const qice_schema* schema,
                            const qice_read_options* options, const char* text, size_t length,
                            qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_firms*& made = out_of(out, "out");
        return make_firms(made, read_firms_csv(bytes_of(text, length, "text"), "firms",
                                               get(schema, "schema"), get(options, "options")));
    });
}

int32_t qice_firms_read_jsonl(qice_firms** out, const qice_schema* schema,
                              const qice_read_options* options, const char* text, size_t length,
                              qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_firms*& made = out_of(out, "out");
        return make_firms(made, read_firms_jsonl(bytes_of(text, length, "text"), "firms",
                                                 get(schema, "schema"), get(options, "options")));
    });
}

int32_t qice_firms_count(uint64_t* count, const qice_firms* firms) {
    return guarded(nullptr, [&]() -> Outcome {
        uint64_t& out = out_of(count, "count");
        out = get(firms, "firms")->size();
        return {};
    });
}

int32_t qice_firms_id(const char** id, size_t* length, const qice_firms* firms, uint64_t row,
                      qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        put_text(id, length, "");
        const FirmSet& of = *get(firms, "firms");
        if (row >= of.size()) throw no_such("row", row, of.size());
        put_text(id, length, of.table().id(row));
        return {};
    });
}

int32_t qice_firms_find(uint64_t* row, const qice_firms* firms, const char* id, size_t length,
                        qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        uint64_t& out = out_of(row, "row");
        out = value_of(get(firms, "firms")->require(text_of(id, length, "id")));
        return {};
    });
}

int32_t qice_firms_bad_count(uint64_t* entries, uint64_t* rows_set_aside, const qice_firms* firms) {
    return guarded(nullptr, [&]() -> Outcome {
        put(entries, 0);
        put(rows_set_aside, 0);
        const FirmSet& of = *get(firms, "firms");
        put(entries, of.quarantine().size());
        put(rows_set_aside, of.rows_set_aside());
        return {};
    });
}

int32_t qice_firms_bad(uint64_t* line, const char** firm, size_t* firm_length, const char** field,
                       size_t* field_length, const char** value, size_t* value_length,
                       const char** reason, size_t* reason_length, const qice_firms* firms,
                       uint64_t entry, qice_error** error) {
    const auto tell = [&](const Quarantined& bad) {
        put(line, bad.line);
        put_text(firm, firm_length, bad.firm_id);
        put_text(field, field_length, bad.field);
        put_text(value, value_length, bad.value);
        put_text(reason, reason_length, bad.reason);
    };
    return guarded(error, [&]() -> Outcome {
        tell(nothing_bad);
        const FirmSet& of = *get(firms, "firms");
        const std::size_t count = of.quarantine().size();
        if (entry >= count) throw no_such("entry", entry, count);
        tell(of.quarantine()[entry]);
        return {};
    });
}

int32_t qice_firms_ignored_count(size_t* count, const qice_firms* firms) {
    return guarded(nullptr, [&]() -> Outcome {
        size_t& out = out_of(count, "count");
        out = get(firms, "firms")->ignored_columns().size();
        return {};
    });
}

int32_t qice_firms_ignored(const char** name, size_t* length, const qice_firms* firms, size_t index,
                           qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        put_text(name, length, "");
        const auto& columns = get(firms, "firms")->ignored_columns();
        if (index >= columns.size()) throw no_such("column", index, columns.size());
        put_text(name, length, columns[index]);
        return {};
    });
}

int32_t qice_firms_destroy(qice_firms* firms) { return destroy(firms); }

// ---------------------------------------------------------------------------- one firm

int32_t qice_firm_create(qice_firm** out, const qice_schema* schema, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_firm*& made = out_of(out, "out");
        made = make_handle<qice_firm>(get(schema, "schema"));
        return {};
    });
}

int32_t qice_firm_clear(qice_firm* firm) {
    return guarded(nullptr, [&]() -> Outcome {
        get(firm, "firm").clear();
        return {};
    });
}

int32_t qice_firm_set_json(qice_firm* firm, const qice_read_options* options, const char* json,
                           size_t length, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        OneFirm& body = get(firm, "firm");
        const std::string_view text = bytes_of(json, length, "json");
        return body.assign_json(text, get(options, "options"));
    });
}

int32_t qice_firm_set_id(qice_firm* firm, const char* id, size_t length, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        get(firm, "firm").set_id(text_of(id, length, "id"));
        return {};
    });
}

int32_t qice_firm_set_text(qice_firm* firm, uint32_t field, const char* text, size_t length,
                           qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        OneFirm& body = get(firm, "firm");
        settable(body, field);
        const std::string_view cell = text_of(text, length, "text");
        return told(body, field, cell, body.set_cell(field, cell));
    });
}

int32_t qice_firm_set_number(qice_firm* firm, uint32_t field, int64_t value, int32_t decimals,
                             qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        OneFirm& body = get(firm, "firm");
        require_kind(body, field, Kind::number);
        const char* const reason = body.set_number(field, value, decimals);
        if (reason == nullptr) return {};
        return told(body, field, std::to_string(value) + " / 10^" + std::to_string(decimals),
                    reason);
    });
}

int32_t qice_firm_set_date(qice_firm* firm, uint32_t field, int32_t day, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        OneFirm& body = get(firm, "firm");
        require_kind(body, field, Kind::date);
        const char* const reason = body.set_date(field, Date{day});
        if (reason == nullptr) return {};
        return told(body, field, std::to_string(day), reason);
    });
}

int32_t qice_firm_set_flag(qice_firm* firm, uint32_t field, int32_t value, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        OneFirm& body = get(firm, "firm");
        require_kind(body, field, Kind::flag);
        if (value != 0 && value != 1)
            throw Refusal{QICE_BAD_ARGUMENT, "a flag is 0 or 1, got " + std::to_string(value)};
        body.set_flag(field, value == 1);
        return {};
    });
}

int32_t qice_firm_add_element(qice_firm* firm, uint32_t field, const char* name, size_t length,
                              int32_t until, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        OneFirm& body = get(firm, "firm");
        require_kind(body, field, Kind::set);
        if (until != QICE_FOREVER) day_of(until, "until");
        const std::string_view element = text_of(name, length, "name");
        return told(body, field, element, body.add_element(field, element, until));
    });
}

int32_t qice_firm_add_tag(qice_firm* firm, uint32_t field, const char* name, size_t length,
                          uint32_t weight, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        OneFirm& body = get(firm, "firm");
        require_kind(body, field, Kind::tags);
        const std::string_view tag = text_of(name, length, "name");
        return told(body, field, tag, body.add_tag(tag, weight));
    });
}

int32_t qice_firm_set_unknown(qice_firm* firm, uint32_t field, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        OneFirm& body = get(firm, "firm");
        settable(body, field);
        body.set_unknown(field);
        return {};
    });
}

int32_t qice_firm_bad_count(size_t* count, const qice_firm* firm) {
    return guarded(nullptr, [&]() -> Outcome {
        size_t& out = out_of(count, "count");
        out = get(firm, "firm").bad_values().size();
        return {};
    });
}

int32_t qice_firm_bad(const char** field, size_t* field_length, const char** value,
                      size_t* value_length, const char** reason, size_t* reason_length,
                      const qice_firm* firm, size_t entry, qice_error** error) {
    const auto tell = [&](const Quarantined& bad) {
        put_text(field, field_length, bad.field);
        put_text(value, value_length, bad.value);
        put_text(reason, reason_length, bad.reason);
    };
    return guarded(error, [&]() -> Outcome {
        tell(nothing_bad);
        const auto& all = get(firm, "firm").bad_values();
        if (entry >= all.size()) throw no_such("entry", entry, all.size());
        tell(all[entry]);
        return {};
    });
}

int32_t qice_firm_destroy(qice_firm* firm) { return destroy(firm); }

// -------------------------------------------------------------------------------- rows

int32_t qice_rows_create(qice_rows** out, const qice_schema* schema,
                         const qice_read_options* options, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_rows*& made = out_of(out, "out");
        const SchemaPtr& of = get(schema, "schema");
        const ReadOptions& how = get(options, "options");
        made = hold<qice_rows>(std::make_unique<RowsBody>(RowsBody{of, FirmSetBuilder(of, how)}));
        return {};
    });
}

int32_t qice_rows_add(qice_rows* rows, const qice_firm* firm, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        RowsBody& body = get(rows, "rows");
        const OneFirm& added = get(firm, "firm");
        if (added.schema() != body.schema)
            throw Refusal{QICE_USAGE, "the firm is of another schema than the rows"};
        body.builder.add(added);
        return {};
    });
}

int32_t qice_rows_finish(qice_firms** out, qice_rows* rows, qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        qice_firms*& made = out_of(out, "out");
        RowsBody& body = get(rows, "rows");
        const Outcome outcome = make_firms(made, body.builder.finish());
        body.builder.clear();
        return outcome;
    });
}

int32_t qice_rows_destroy(qice_rows* rows) { return destroy(rows); }
