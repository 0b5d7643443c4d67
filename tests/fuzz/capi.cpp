// Bytes become calls of the C interface, in any order and with any handle: open, add, ask, cancel,
// destroy, destroy again, NULL, a handle of another type, one that is gone. Buffers are exactly as
// long as was said.
#include "capi_caller.hpp"

namespace qice::fuzz {

void Caller::options() {
    const auto on = static_cast<int32_t>(bytes_.below(2));
    switch (bytes_.below(18)) {
    case 0: return try_make(engine_options_, qice_engine_options_create);
    case 1: known(qice_engine_options_set_include_closed(one(engine_options_), on)); return;
    case 2:
        known(qice_engine_options_set_urgency(one(engine_options_), bytes_.number<int64_t>() >> 30,
                                              bytes_.byte()));
        return;
    case 3: known(qice_engine_options_set_skip_bad_policies(one(engine_options_), on)); return;
    case 4: known(qice_engine_options_set_limits(one(engine_options_), small(), small())); return;
    case 5: return destroy_one(qice_engine_options_destroy, engine_options_);
    case 6:
        return try_make(read_options_, [&](auto** out, auto** error) {
            return qice_read_options_create(out, day(), error);
        });
    case 7: known(qice_read_options_set_strict(one(read_options_), on)); return;
    case 8: known(qice_read_options_set_ignore_unknown_columns(one(read_options_), on)); return;
    case 9: known(qice_read_options_set_gb18030(one(read_options_), on)); return;
    case 10:
        known(qice_read_options_set_threads(one(read_options_),
                                            static_cast<uint32_t>(bytes_.below(3))));
        return;
    case 11: return destroy_one(qice_read_options_destroy, read_options_);
    case 12: return try_make(match_options_, qice_match_options_create);
    case 13: known(qice_match_options_set_top(one(match_options_), small())); return;
    case 14: known(qice_match_options_set_statuses(one(match_options_), small())); return;
    case 15: known(qice_match_options_set_by_policy(one(match_options_), on)); return;
    case 16: known(qice_match_options_set_count_all(one(match_options_), on)); return;
    default:
        known(qice_match_options_set_threads(one(match_options_),
                                             static_cast<uint32_t>(bytes_.below(3))));
        if (bytes_.rarely(6)) destroy_one(qice_match_options_destroy, match_options_);
        told([&](auto** out, auto** error) {
            return qice_engine_options_refused(out, one(engine_options_), error);
        });
        told([&](auto** out, auto** error) {
            return qice_read_options_refused(out, one(read_options_), error);
        });
        told([&](auto** out, auto** error) {
            return qice_match_options_refused(out, one(match_options_), error);
        });
    }
}

void Caller::schema() {
    const char* text_out = nullptr;
    std::size_t length = 0;
    uint32_t number = 0;
    switch (bytes_.below(8)) {
    case 0: {
        const Text path{paths()[bytes_.below(paths().size() - 1)]};
        return try_make(schemas_, [&](auto** out, auto** error) {
            return qice_schema_open(out, path.data(), path.size(), error);
        });
    }
    case 1: {
        const Text json = text(std::array{schema_without_list().c_str(), "{}", "[", ""}),
                   file = text(kNames);
        return try_make(schemas_, [&](auto** out, auto** error) {
            return qice_schema_parse(out, json.data(), json.size(), file.data(), file.size(),
                                     error);
        });
    }
    case 2: known(qice_schema_fields(&number, one(schemas_))); return;
    case 3: {
        const Text name = text(kNames);
        return call([&](auto** error) {
            return qice_schema_find(&number, one(schemas_), name.data(), name.size(), error);
        });
    }
    case 4:
        call([&](auto** error) {
            return qice_schema_field_name(&text_out, &length, one(schemas_), small(), error);
        });
        return read(text_out, length);
    case 5: {
        int32_t kind = 0, decimals = 0, derived = 0;
        return call([&](auto** error) {
            return qice_schema_field_kind(&kind, bytes_.rarely(2) ? &decimals : nullptr, &derived,
                                          one(schemas_), small(), error);
        });
    }
    case 6: return texts();
    default:
        if (bytes_.rarely(3)) destroy_one(qice_schema_destroy, schemas_);
    }
}

void Caller::texts() {
    const char* out = nullptr;
    std::size_t length = 0;
    switch (bytes_.below(5)) {
    case 0:
        if (qice_text_get(&out, &length, one(texts_)) == QICE_OK) read(out, length);
        return;
    case 1: return destroy_one(qice_text_destroy, texts_);
    case 2: return try_make(texts_, qice_data_directory);
    case 3: {
        int32_t read_day = 0;
        char buffer[11];
        const Text day_text = text(std::array{"2026-06-15", "20260615", "2026-02-30", ""});
        call([&](auto** error) {
            return qice_day_parse(&read_day, day_text.data(), day_text.size(), error);
        });
        known(qice_day_format(buffer, bytes_.rarely(2) ? read_day : day()));
        known(qice_day_format(nullptr, read_day));
        return;
    }
    default:
        require(qice_version() != nullptr && qice_abi_version() == QICE_ABI_VERSION, "a version");
        known(qice_error_code(one(errors_)));
        require(qice_error_count(nullptr) == 0, "no error has no fault");
        qice_error_message(&out, &length, one(errors_), small());
        read(out, length);
        qice_error_place(nullptr, nullptr, nullptr, nullptr, one(errors_), small());
        destroy_one(qice_error_destroy, errors_);
    }
}

void Caller::engine() {
    qice_engine* const of = one(engines_);
    const Text json = text(kPolicies), name = text(kNames);
    const std::string& path = bytes_.one_of(paths());
    switch (bytes_.below(10)) {
    case 0:
        return try_make(engines_, [&](auto** out, auto** error) {
            return qice_engine_open(out, one(schemas_), day(),
                                    bytes_.rarely(2) ? one(engine_options_) : nullptr, path.data(),
                                    path.size(), error);
        });
    case 1:
    case 2:
        return call(
            [&](auto** error) { return qice_engine_put(of, json.data(), json.size(), error); });
    case 3:
        return call(
            [&](auto** error) { return qice_engine_replace(of, json.data(), json.size(), error); });
    case 4:
        return call(
            [&](auto** error) { return qice_engine_reload(of, path.data(), path.size(), error); });
    case 5: {
        int32_t removed = 7;
        return call([&](auto** error) {
            return qice_engine_remove(bytes_.rarely(4) ? nullptr : &removed, of, name.data(),
                                      name.size(), error);
        });
    }
    case 6: return call([&](auto** error) { return qice_engine_set_day(of, day(), error); });
    case 7:
        return told([&](auto** out, auto** error) { return qice_engine_skipped(out, of, error); });
    case 8:
        return try_make(snapshots_, [&](auto** out, auto** error) {
            return qice_engine_snapshot(out, of, error);
        });
    default: {
        if (bytes_.rarely(4)) return destroy_one(qice_engine_destroy, engines_);
        const auto how = static_cast<int32_t>(bytes_.below(4));
        const bool from_file = how == QICE_RELOAD;
        return told([&](auto** out, auto** error) {
            return qice_engine_change(out, of, how, from_file ? path.data() : json.data(),
                                      from_file ? path.size() : json.size(), error);
        });
    }
    }
}

void Caller::snapshot() {
    qice_snapshot* const of = one(snapshots_);
    const char* out = nullptr;
    std::size_t length = 0;
    uint32_t number = 0;
    int32_t of_day = 0;
    const Text name = text(kNames);
    switch (bytes_.below(8)) {
    case 0: known(qice_snapshot_policies(&number, of)); return;
    case 1: known(qice_snapshot_day(&of_day, of)); return;
    case 2:
        return call([&](auto** error) {
            return qice_snapshot_find(&number, of, name.data(), name.size(), error);
        });
    case 3:
        call([&](auto** error) {
            return qice_snapshot_policy_id(&out, &length, of, small(), error);
        });
        return read(out, length);
    case 4:
        call([&](auto** error) {
            return qice_snapshot_policy_title(&out, &length, of, small(), error);
        });
        return read(out, length);
    case 5: {
        int64_t version = 0;
        return call([&](auto** error) {
            return qice_snapshot_policy_state(bytes_.rarely(2) ? nullptr : &version, &of_day, of,
                                              small(), error);
        });
    }
    case 6:
        return try_make(texts_,
                        [&](auto** made, auto** error) { return qice_lint(made, of, error); });
    default:
        if (bytes_.rarely(4)) destroy_one(qice_snapshot_destroy, snapshots_);
    }
}

void Caller::firms() {
    qice_firms* const of = one(firms_);
    const char* texts[4] = {};
    std::size_t lengths[4] = {}, count = 0;
    uint64_t number = 0, more = 0;
    const Text table = text(kTables), lines = text(kFirms), name = text(kNames);
    switch (bytes_.below(11)) {
    case 0: {
        const std::string& path = bytes_.one_of(paths());
        return try_make(firms_, [&](auto** out, auto** error) {
            return qice_firms_open(out, one(schemas_), one(read_options_), path.data(), path.size(),
                                   error);
        });
    }
    case 1:
        return try_make(firms_, [&](auto** out, auto** error) {
            return qice_firms_read_csv(out, one(schemas_), one(read_options_), table.data(),
                                       table.size(), error);
        });
    case 2:
        return try_make(firms_, [&](auto** out, auto** error) {
            return qice_firms_read_jsonl(out, one(schemas_), one(read_options_), lines.data(),
                                         lines.size(), error);
        });
    case 3: known(qice_firms_count(&number, of)); return;
    case 4:
        call([&](auto** error) {
            return qice_firms_id(&texts[0], &lengths[0], of, small(), error);
        });
        return read(texts[0], lengths[0]);
    case 5:
        return call([&](auto** error) {
            return qice_firms_find(&number, of, name.data(), name.size(), error);
        });
    case 6: known(qice_firms_bad_count(&number, bytes_.rarely(2) ? nullptr : &more, of)); return;
    case 7:
        call([&](auto** error) {
            return qice_firms_bad(&number, &texts[0], &lengths[0], &texts[1], &lengths[1],
                                  &texts[2], &lengths[2], &texts[3], &lengths[3], of, small(),
                                  error);
        });
        for (int i = 0; i < 4; ++i)
            read(texts[i], lengths[i]);
        return;
    case 8: known(qice_firms_ignored_count(&count, of)); return;
    case 9:
        call([&](auto** error) {
            return qice_firms_ignored(&texts[0], &lengths[0], of, bytes_.below(3), error);
        });
        return read(texts[0], lengths[0]);
    default:
        if (bytes_.rarely(4)) destroy_one(qice_firms_destroy, firms_);
    }
}

void Caller::firm() {
    qice_firm* const of = one(firm_);
    const Text json = text(kFirms), name = text(kNames);
    const char* texts[3] = {};
    std::size_t lengths[3] = {}, count = 0;
    switch (bytes_.below(12)) {
    case 0:
        return try_make(firm_, [&](auto** out, auto** error) {
            return qice_firm_create(out, one(schemas_), error);
        });
    case 1: known(qice_firm_clear(of)); return;
    case 2:
        return call([&](auto** error) {
            return qice_firm_set_json(of, one(read_options_), json.data(), json.size(), error);
        });
    case 3:
        return call(
            [&](auto** error) { return qice_firm_set_id(of, name.data(), name.size(), error); });
    case 4: known(qice_firm_bad_count(&count, of)); return;
    case 5:
        call([&](auto** error) {
            return qice_firm_bad(&texts[0], &lengths[0], &texts[1], &lengths[1], &texts[2],
                                 &lengths[2], of, bytes_.below(4), error);
        });
        for (int i = 0; i < 3; ++i)
            read(texts[i], lengths[i]);
        return;
    case 6:
        if (bytes_.rarely(4)) destroy_one(qice_firm_destroy, firm_);
        return;
    case 7:
        return try_make(rows_, [&](auto** out, auto** error) {
            return qice_rows_create(out, one(schemas_), one(read_options_), error);
        });
    case 8: return call([&](auto** error) { return qice_rows_add(one(rows_), of, error); });
    case 9:
        return try_make(firms_, [&](auto** out, auto** error) {
            return qice_rows_finish(out, one(rows_), error);
        });
    case 10:
        if (bytes_.rarely(4)) destroy_one(qice_rows_destroy, rows_);
        return;
    default: return firm_values();
    }
}

void Caller::firm_values() {
    qice_firm* const of = one(firm_);
    const Text cell = text(std::array{"2000万元", "2026-11-23", "是", "C39", "x@2027-01-01|y",
                                      "x:0.5", "x|x", "many", "", "\xff"});
    const uint32_t field = small();
    switch (bytes_.below(7)) {
    case 0:
        return call([&](auto** error) {
            return qice_firm_set_text(of, field, cell.data(), cell.size(), error);
        });
    case 1:
        return call([&](auto** error) {
            return qice_firm_set_number(of, field, bytes_.number<int64_t>(),
                                        static_cast<int32_t>(bytes_.below(12)) - 1, error);
        });
    case 2: return call([&](auto** error) { return qice_firm_set_date(of, field, day(), error); });
    case 3:
        return call([&](auto** error) {
            return qice_firm_set_flag(of, field, static_cast<int32_t>(bytes_.below(3)), error);
        });
    case 4:
        return call([&](auto** error) {
            return qice_firm_add_element(of, field, cell.data(), cell.size(),
                                         bytes_.rarely(2) ? day() : QICE_FOREVER, error);
        });
    case 5:
        return call([&](auto** error) {
            return qice_firm_add_tag(of, field, cell.data(), cell.size(),
                                     static_cast<uint32_t>(bytes_.byte()) * 5, error);
        });
    default: return call([&](auto** error) { return qice_firm_set_unknown(of, field, error); });
    }
}

void Caller::match() {
    uint64_t done = 0, total = 0;
    switch (bytes_.below(6)) {
    case 0: return try_make(controls_, qice_control_create);
    case 1: known(qice_control_progress(&done, &total, one(controls_))); return;
    case 2: known(qice_control_cancel(one(controls_))); return;
    case 3:
        return try_make(results_, [&](auto** out, auto** error) {
            return qice_match(out, one(snapshots_), one(firms_),
                              bytes_.rarely(2) ? one(match_options_) : nullptr,
                              bytes_.rarely(3) ? one(controls_) : nullptr, error);
        });
    case 4:
        if (bytes_.rarely(3)) destroy_one(qice_control_destroy, controls_);
        if (bytes_.rarely(3)) destroy_one(qice_result_destroy, results_);
        return;
    default: return result();
    }
}

/// Room for exactly so many numbers, or none.
template <class Number> std::unique_ptr<Number[]> room(std::size_t count, bool is_wanted) {
    return is_wanted ? std::make_unique<Number[]>(count) : nullptr;
}

void Caller::result() {
    qice_result* const of = one(results_);
    const std::size_t capacity = bytes_.below(9);
    uint64_t policies = 0, pushes = 0;
    std::size_t count = 0;
    switch (bytes_.below(6)) {
    case 0: known(qice_result_size(&policies, bytes_.rarely(2) ? &pushes : nullptr, of)); return;
    case 1:
        return call([&](auto** error) { return qice_result_total(&pushes, of, status(), error); });
    case 2:
        return call(
            [&](auto** error) { return qice_result_count(&pushes, of, small(), status(), error); });
    case 3: {
        const auto others = room<uint32_t>(capacity, bytes_.rarely(2));
        const auto scores = room<int64_t>(capacity, bytes_.rarely(2));
        return call([&](auto** error) {
            return qice_result_pushes(&count, of, small(), status(), others.get(), scores.get(),
                                      capacity, error);
        });
    }
    case 4: {
        const auto firms = room<uint64_t>(capacity, bytes_.rarely(2));
        const auto statuses = room<int32_t>(capacity, bytes_.rarely(2));
        const auto ranks = room<uint32_t>(capacity, bytes_.rarely(2));
        const auto numbers = room<uint32_t>(capacity, bytes_.rarely(2));
        const auto scores = room<int64_t>(capacity, bytes_.rarely(2));
        call([&](auto** error) {
            return qice_result_read(&count, of, bytes_.below(5), capacity, firms.get(),
                                    statuses.get(), ranks.get(), numbers.get(), scores.get(),
                                    error);
        });
        return require(count <= capacity, "no more is written than there is room for");
    }
    default: {
        ArrowArrayStream stream;
        stream.release = nullptr;
        call([&](auto** error) { return qice_result_export_arrow(&stream, of, error); });
        if (stream.release == nullptr) return;
        if (bytes_.rarely(2)) destroy_one(qice_result_destroy, results_);
        if (bytes_.rarely(2)) // these are no firms of the schema, but the stream is taken
            return try_make(firms_, [&](auto** out, auto** error) {
                const int32_t code =
                    qice_firms_read_arrow(out, one(schemas_), one(read_options_), &stream, error);
                require(stream.release == nullptr, "the stream was taken");
                return code;
            });
        stream.release(&stream);
    }
    }
}

void Caller::answer() {
    qice_answer* const of = one(answers_);
    const Text json = text(kPolicies);
    const qice_match_options* const how = bytes_.rarely(2) ? one(match_options_) : nullptr;
    const auto form = static_cast<int32_t>(bytes_.below(4));
    switch (bytes_.below(9)) {
    case 0: return try_make(answers_, qice_answer_create);
    case 1:
        return call([&](auto** error) {
            return qice_answer_firm(of, one(snapshots_), one(firm_), how, error);
        });
    case 2:
        return call([&](auto** error) {
            return qice_answer_policy(of, one(snapshots_), one(firms_), small(), how, error);
        });
    case 3:
        return call([&](auto** error) {
            return qice_answer_draft(of, one(snapshots_), one(firms_), json.data(), json.size(),
                                     how, error);
        });
    case 4:
        return try_make(texts_, [&](auto** out, auto** error) {
            return qice_explain_firm(out, one(snapshots_), one(firm_), small(), form, error);
        });
    case 5:
        return try_make(texts_, [&](auto** out, auto** error) {
            return qice_explain_row(out, one(snapshots_), one(firms_), small(), small(), form,
                                    error);
        });
    case 6:
        return try_make(texts_, [&](auto** out, auto** error) {
            return qice_explain_draft(out, one(snapshots_), one(firm_), json.data(), json.size(),
                                      form, error);
        });
    case 7:
        if (bytes_.rarely(4)) destroy_one(qice_answer_destroy, answers_);
        return;
    default: return answers_of();
    }
}

void Caller::answers_of() {
    qice_answer* const of = one(answers_);
    const std::size_t capacity = bytes_.below(5);
    uint64_t count = 0;
    int32_t life_cycle = 0;
    int64_t score = 0;
    std::size_t needed = 0;
    const char* id = nullptr;
    switch (bytes_.below(6)) {
    case 0:
        return call([&](auto** error) { return qice_answer_count(&count, of, status(), error); });
    case 1: known(qice_answer_one_fact_away(&count, of)); return;
    case 2: known(qice_answer_life_cycle(&life_cycle, of)); return;
    case 3: {
        const auto others = room<uint32_t>(capacity, bytes_.rarely(2));
        const auto scores = room<int64_t>(capacity, bytes_.rarely(2));
        return call([&](auto** error) {
            return qice_answer_read(&needed, of, status(), others.get(), scores.get(), capacity,
                                    error);
        });
    }
    case 4:
        call([&](auto** error) {
            return qice_answer_at(&id, &needed, bytes_.rarely(2) ? nullptr : &score, of, status(),
                                  capacity, error);
        });
        return read(id, needed);
    default:
        return try_make(texts_,
                        [&](auto** out, auto** error) { return qice_answer_json(out, of, error); });
    }
}

} // namespace qice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    qice::fuzz::Bytes bytes(data, size);
    qice::fuzz::Caller caller(bytes);
    if (!bytes.rarely(8)) caller.start();
    for (int steps = 0; steps < 400 && !bytes.empty(); ++steps)
        caller.step();
    return 0;
}
