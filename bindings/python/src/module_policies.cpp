// Policies and Moment of the module: policies that change, one firm, explanations, lint.
#include "base/json.hpp"
#include "dict_firm.hpp"
#include "in_background.hpp"
#include "json_text.hpp"
#include "module.hpp"
#include "qice/base/text.hpp"
#include "qice/rule/lint.hpp"

namespace qice::python {
namespace {

struct PyPolicies {
    std::unique_ptr<PolicyBook> book;
};

/// Working memory of questions about one firm, a thread's.
struct Asking {
    Snapshot::Scratch scratch;
    SchemaPtr schema;
    std::unique_ptr<OneFirm> firm;
    std::unique_ptr<KeyFields> keys;
    std::unique_ptr<FirmRecord> row;
    std::vector<Quarantined> bad;

    static Asking& here(const SchemaPtr& schema) {
        static thread_local Asking asking;
        if (asking.schema != schema) {
            asking.firm = std::make_unique<OneFirm>(schema);
            asking.keys = std::make_unique<KeyFields>(schema);
            asking.row = std::make_unique<FirmRecord>(schema);
            asking.schema = schema;
        }
        asking.bad.clear();
        return asking;
    }
};

CompileOptions compile_options(const std::string& as_of, bool include_closed,
                               const std::optional<std::pair<std::string, std::int64_t>>& urgency) {
    CompileOptions options;
    options.as_of = day_of(as_of);
    options.include_closed = include_closed;
    if (!urgency) return options;
    constexpr Score kMost = 1'000'000 * kScoreUnit;
    if (parse_number(urgency->first, {}, 6, options.urgency.weight) != NumberError::none ||
        options.urgency.weight > kMost || options.urgency.weight < -kMost || urgency->second < 1 ||
        urgency->second > 1'000'000)
        throw UsageError("urgency is (weight, days), like (0.2, 30)");
    options.urgency.days = urgency->second;
    return options;
}

/// ([(status, rank, policy_id, score), ...], {status: count}, one_fact_away)
py::tuple ask(const PyMoment& of, const FirmRecord& record, const QueryOptions& options) {
    Asking& asking = Asking::here(of.moment->schema());
    const SnapshotAnswer& answer = of.moment->one_firm().ask(record, options, asking.scratch);
    py::list pushes;
    py::dict counts;
    for (std::size_t s = 0; s < kStatuses; ++s) {
        const auto status = static_cast<Verdict>(s);
        if ((options.statuses & status_bit(status)) == 0) continue;
        const py::str name = to_str(name_of(status));
        std::size_t rank = 0;
        for (const RankedPolicy& push : answer.policies(status))
            pushes.append(py::make_tuple(name, ++rank, to_str(push.policy->id),
                                         static_cast<double>(push.score) / kScoreUnit));
        counts[name] = answer.count(status);
    }
    return py::make_tuple(pushes, counts, answer.one_fact_away());
}

py::tuple ask_dict(const PyMoment& of, const py::dict& firm, const std::optional<std::int64_t>& top,
                   const std::vector<std::string>& statuses) {
    const SchemaPtr& schema = of.moment->schema();
    Asking& asking = Asking::here(schema);
    assign_dict(*asking.firm, *asking.keys, of.moment->as_of(), firm.ptr(), asking.bad);
    const py::list bad = to_list(asking.bad);
    return ask(of, asking.firm->record(), {top_of(top), statuses_of(statuses)}) +
           py::make_tuple(bad);
}

py::tuple ask_row(const PyMoment& of, const PyFirms& firms, std::size_t row,
                  const std::optional<std::int64_t>& top,
                  const std::vector<std::string>& statuses) {
    require(firms.firms->check(*of.moment));
    FirmRecord& record = *Asking::here(of.moment->schema()).row;
    record.assign(firms.firms->table()[row]);
    return ask(of, record, {top_of(top), statuses_of(statuses)}) + py::make_tuple(py::list());
}

struct PyExplanation {
    Explanation explanation;

    py::str text(const std::string& language) const {
        if (language != "zh" && language != "en")
            throw UsageError("lang is \"zh\" or \"en\", not \"" + language + "\"");
        return to_str(to_text(explanation, language == "zh" ? Language::zh : Language::en));
    }
};

PyExplanation explain_one(const PyMoment& of, const FirmView& firm, const py::object& policy) {
    if (py::isinstance<py::list>(policy)) { // texts of a draft
        py::list errors;
        const PolicySet set = parse_or_throw(policy, of.moment->schema(), false, errors);
        if (set.policies.size() != 1) throw UsageError("explain takes one policy");
        return {of.moment->explain(set.policies[0], firm)};
    }
    return {of.moment->explain(require(of.moment->require(py::cast<std::string>(policy))), firm)};
}

py::object explain_dict(const PyMoment& of, const py::dict& firm, const py::object& policy) {
    const SchemaPtr& schema = of.moment->schema();
    Asking& asking = Asking::here(schema);
    assign_dict(*asking.firm, *asking.keys, of.moment->as_of(), firm.ptr(), asking.bad);
    const py::list bad = to_list(asking.bad);
    const FirmTable table = asking.firm->table(of.moment->as_of());
    return py::make_tuple(explain_one(of, table[0], policy), bad);
}

py::object explain_row(const PyMoment& of, const PyFirms& firms, std::size_t row,
                       const py::object& policy) {
    require(firms.firms->check(*of.moment));
    return py::make_tuple(explain_one(of, firms.firms->table()[row], policy), py::list());
}

py::list lint_of(const PyMoment& of) {
    const auto warnings = in_background([&] {
        const std::span<const Policy> all = of.moment->list();
        return lint({of.moment->schema(), {all.begin(), all.end()}, {}, {}}, of.moment->as_of());
    });
    py::list list;
    for (const Warning& warning : warnings)
        list.append(py::make_tuple(to_str(warning.place.file), warning.place.line,
                                   warning.place.column, to_str(warning.policy),
                                   to_str(warning.field), to_str(warning.kind),
                                   to_str(warning.message)));
    return list;
}

/// What the package shows of a policy.
py::dict about(const PyMoment& of, std::uint32_t number) {
    const Policy& policy = of.policy(number);
    py::dict out;
    out["id"] = to_str(policy.id);
    out["version"] = policy.version;
    for (const auto& [key, text] : {std::pair{"title", &policy.title},
                                    {"issuer", &policy.issuer},
                                    {"document", &policy.document},
                                    {"url", &policy.url},
                                    {"level", &policy.level}})
        if (!text->empty()) out[key] = to_str(*text);
    out["life_cycle"] = to_str(name_of(of.moment->life_cycles()[number]));
    if (!policy.exclusive_group.empty()) out["exclusive_group"] = to_str(policy.exclusive_group);
    if (policy.quota) out["quota"] = *policy.quota;
    return out;
}

py::list ids_of(const PyMoment& of) {
    py::list ids(of.moment->size());
    for (std::size_t i = 0; i < of.moment->size(); ++i)
        ids[i] = to_str((*of.moment)[i].id);
    return ids;
}

/// (policies, errors of those left out)
py::tuple open_policies(const py::list& texts, const PySchema& schema, const std::string& as_of,
                        bool include_closed,
                        const std::optional<std::pair<std::string, std::int64_t>>& urgency,
                        bool skip_bad) {
    const CompileOptions options = compile_options(as_of, include_closed, urgency);
    py::list errors;
    PolicySet set = parse_or_throw(texts, schema.schema, skip_bad, errors);
    auto book = in_background(
        [&] { return PolicyBook::open(schema.schema, std::move(set.policies), options); });
    return py::make_tuple(PyPolicies{require(std::move(book))}, errors);
}

/// The texts of single policies, to be put by themselves. What cannot be split stays as it is; who
/// parses it says what is wrong.
py::list split_policies(const py::list& texts) {
    py::list single;
    const auto add = [&](const std::string& file, std::string_view text) {
        single.append(py::make_tuple(to_str(file), py::bytes(text.data(), text.size())));
    };
    for (const PolicyText& text : policy_texts(texts)) {
        const bool lines = text.file.ends_with(".jsonl");
        const Result<Json> json =
            lines ? Result<Json>(Status{}) : parse_json({text.file, text.text});
        if (lines) {
            for (const std::string_view line : split(text.text, '\n'))
                if (!trim(line).empty()) add(text.file, line);
        } else if (json.ok() && json->is(Json::Kind::array)) {
            for (const Json& item : json->items)
                add(text.file, item.dump());
        } else {
            add(text.file, text.text);
        }
    }
    return single;
}

/// The ids of what was put.
py::list put(PyPolicies& into, const py::list& texts, const PySchema& schema, bool replace) {
    py::list errors, ids;
    PolicySet set = parse_or_throw(texts, schema.schema, false, errors);
    for (const Policy& policy : set.policies)
        ids.append(to_str(policy.id));
    require(in_background([&] {
        return replace ? into.book->replace_all(std::move(set.policies))
                       : into.book->put(std::move(set.policies));
    }));
    return ids;
}

} // namespace

std::vector<PolicyText> policy_texts(const py::list& texts) {
    std::vector<PolicyText> out;
    for (const py::handle item : texts) {
        const auto pair = py::cast<py::tuple>(item);
        out.push_back({py::cast<std::string>(pair[0]), std::string(py::cast<py::bytes>(pair[1]))});
    }
    return out;
}

PolicySet parse_or_throw(const py::list& texts, const SchemaPtr& schema, bool skip_bad,
                         py::list& errors) {
    const std::vector<PolicyText> plain = policy_texts(texts);
    PolicySet set = in_background([&] { return parse_policy_texts(plain, schema); });
    for (const Status& error : set.errors)
        errors.append(to_exception(error));
    if (set.errors.empty() || skip_bad) return set;
    const py::object first = to_exception(set.errors.front());
    first.attr("errors") = py::tuple(errors);
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(first.ptr())), first.ptr());
    throw py::error_already_set();
}

void add_policies(py::module_& module) {
    py::class_<PyExplanation>(module, "Explanation")
        .def("text", &PyExplanation::text)
        .def("json", [](const PyExplanation& of) { return to_str(to_json(of.explanation)); });
    py::class_<PyMoment>(module, "Moment")
        .def("__len__", [](const PyMoment& of) { return of.moment->size(); })
        .def("ids", ids_of)
        .def("find", [](const PyMoment& of, const std::string& id) { return of.moment->find(id); })
        .def("about", about)
        .def("ask_dict", ask_dict)
        .def("ask_row", ask_row)
        .def("explain_dict", explain_dict)
        .def("explain_row", explain_row)
        .def("lint", lint_of);
    py::class_<PyPolicies>(module, "Policies")
        .def_static("open", open_policies)
        .def("now", [](const PyPolicies& of) { return PyMoment{of.book->now()}; })
        .def("put", put)
        .def("remove",
             [](PyPolicies& from, const std::string& id) { return require(from.book->remove(id)); })
        .def("set_day", [](PyPolicies& of, const std::string& day) {
            const Date date = day_of(day);
            require(in_background([&] { return of.book->set_day(date); }));
        });
    module.def("read_policy_texts", [](const std::string& path) {
        py::list texts;
        for (const PolicyText& text : require(read_policy_texts(path)))
            texts.append(py::make_tuple(to_str(text.file), py::bytes(text.text)));
        return texts;
    });
    module.def("split_policies", split_policies);
    module.def("to_json", [](const py::object& value) {
        JsonText text;
        text.append(value.ptr());
        return py::bytes(text.text());
    });
}

} // namespace qice::python
