// Answer and PolicyFirms of the module: all firms with all policies, one policy's firms, rows out.
#include "in_background.hpp"
#include "module.hpp"
#include "qice/io/arrow.hpp"

namespace qice::python {
namespace {

/// Memory of ours that Python may look at: np.frombuffer(column, dtype) copies nothing.
struct Column {
    std::shared_ptr<const void> keep;
    const void* data;
    py::ssize_t size, width;
    std::string format;
};

template <class Number> Column column_of(std::vector<Number> numbers) {
    const auto kept = std::make_shared<const std::vector<Number>>(std::move(numbers));
    return {kept, kept->data(), static_cast<py::ssize_t>(kept->size()), sizeof(Number),
            py::format_descriptor<Number>::format()};
}

/// What an answer's rows are made of, statuses in their order.
struct PyAnswer {
    BatchAnswerPtr answer;
    std::vector<Verdict> statuses;

    explicit PyAnswer(BatchAnswerPtr of) : answer(std::move(of)) {
        for (std::size_t s = 0; s < kStatuses; ++s)
            if (answer->options().statuses >> s & 1) statuses.push_back(static_cast<Verdict>(s));
    }
    bool by_policy() const { return answer->options().by_policy; }
    const FirmTable& firms() const { return answer->firms()->table(); }
    /// How many firms, or by policy how many policies, there are pushes of.
    std::size_t groups() const {
        return by_policy() ? answer->moment().size() : answer->firms()->size();
    }
    std::size_t size() const {
        std::size_t rows = 0;
        for (const Verdict status : statuses)
            rows += answer->result().total(status);
        return rows;
    }
    /// Calls take(firm row, status, rank, policy number, score) for every push of a group.
    template <class Take> void each_of(std::size_t group, Take&& take) const {
        const auto of = static_cast<std::uint32_t>(group);
        for (const Verdict status : statuses) {
            std::uint32_t rank = 0;
            for (const Push push : answer->result().pushes(of, status))
                by_policy() ? take(push.other, status, ++rank, of, push.score)
                            : take(of, status, ++rank, push.other, push.score);
        }
    }
    WriteOptions write_options(bool json_lines, bool neutralise) const {
        WriteOptions options;
        options.json_lines = json_lines;
        options.neutralise = neutralise;
        options.statuses = answer->options().statuses;
        options.by_policy = by_policy();
        options.life_cycle = answer->moment().options().include_closed;
        return options;
    }
};

PyAnswer match(const PyMoment& of, const PyFirms& firms, const std::optional<std::int64_t>& top,
               const std::vector<std::string>& statuses, bool by_policy, bool count_all,
               unsigned threads) {
    MatchOptions options;
    options.top = top_of(top);
    options.statuses = statuses_of(statuses);
    options.by_policy = by_policy;
    options.count_all = count_all;
    options.threads = std::max(threads, 1u);
    MatchControl control;
    return PyAnswer(require(in_background(
        [&] { return match_firms(of.moment, firms.firms, options, &control); }, &control.cancel)));
}

/// {"firm": rows of the firms, "status", "rank", "policy": numbers, "score": millionths}
py::dict columns_of(const PyAnswer& of) {
    struct Columns {
        std::vector<std::uint32_t> firm, rank, policy;
        std::vector<std::uint8_t> status;
        std::vector<std::int64_t> score;
    };
    Columns made = in_background([&] {
        Columns columns;
        const std::size_t rows = of.size();
        for (auto* numbers : {&columns.firm, &columns.rank, &columns.policy})
            numbers->reserve(rows);
        columns.status.reserve(rows);
        columns.score.reserve(rows);
        for (std::size_t group = 0; group < of.groups(); ++group)
            of.each_of(group, [&](std::uint32_t firm, Verdict status, std::uint32_t rank,
                                  std::uint32_t policy, Score score) {
                columns.firm.push_back(firm);
                columns.status.push_back(static_cast<std::uint8_t>(status));
                columns.rank.push_back(rank);
                columns.policy.push_back(policy);
                columns.score.push_back(score);
            });
        return columns;
    });
    py::dict out;
    out["firm"] = column_of(std::move(made.firm));
    out["status"] = column_of(std::move(made.status));
    out["rank"] = column_of(std::move(made.rank));
    out["policy"] = column_of(std::move(made.policy));
    out["score"] = column_of(std::move(made.score));
    return out;
}

/// The pushes of some firms (or policies) as tuples.
py::list rows_of(const PyAnswer& of, std::size_t begin, std::size_t end) {
    std::array<py::object, kStatuses> names;
    for (const Verdict status : of.statuses)
        names[static_cast<std::size_t>(status)] = to_str(name_of(status));
    py::list rows;
    for (std::size_t group = begin; group < std::min(end, of.groups()); ++group) {
        py::object same; // the firm's id, or the policy's
        of.each_of(group, [&](std::uint32_t firm, Verdict status, std::uint32_t rank,
                              std::uint32_t policy, Score score) {
            const std::string_view id = of.by_policy()
                                            ? std::string_view(of.answer->moment()[policy].id)
                                            : of.firms().id(firm);
            if (!same) same = to_str(id);
            const py::object other = of.by_policy() ? to_str(of.firms().id(firm))
                                                    : to_str(of.answer->moment()[policy].id);
            rows.append(py::make_tuple(
                of.by_policy() ? other : same, names[static_cast<std::size_t>(status)], rank,
                of.by_policy() ? same : other, static_cast<double>(score) / kScoreUnit));
        });
    }
    return rows;
}

void write_answer(const PyAnswer& of, const std::string& path, bool neutralise, unsigned threads) {
    require(in_background([&]() -> Status {
        AtomicFile file(path);
        QICE_RETURN_IF_ERROR(file.open());
        const PolicyMoment& moment = of.answer->moment();
        QICE_RETURN_IF_ERROR(write_pushes(
            file, of.answer->result(), of.firms(), moment.list(), moment.life_cycles(),
            of.write_options(path.ends_with(".jsonl"), neutralise), std::max(threads, 1u)));
        return file.commit();
    }));
}

std::vector<PolicyCounts> counts_of(const PyAnswer& of) {
    std::vector<PolicyCounts> counts;
    for (std::uint32_t policy = 0; policy < of.answer->moment().size(); ++policy)
        counts.push_back(of.answer->result().counts(policy));
    return counts;
}

void write_counts_of(const PyAnswer& of, const std::string& path, bool neutralise) {
    require(in_background([&]() -> Status {
        AtomicFile file(path);
        QICE_RETURN_IF_ERROR(file.open());
        QICE_RETURN_IF_ERROR(
            write_counts(file, counts_of(of), of.answer->moment().list(), neutralise));
        return file.commit();
    }));
}

/// A capsule that releases its stream unless somebody took it.
py::object stream_capsule(std::unique_ptr<ArrowArrayStream> stream) {
    PyObject* const capsule =
        PyCapsule_New(stream.get(), "arrow_array_stream", [](PyObject* dying) {
            auto* const held =
                static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(dying, "arrow_array_stream"));
            if (held->release != nullptr) held->release(held);
            delete held;
        });
    if (capsule == nullptr) {
        stream->release(stream.get());
        throw py::error_already_set();
    }
    stream.release();
    return py::reinterpret_steal<py::object>(capsule);
}

py::object export_answer(const PyAnswer& of, std::uint32_t batch_rows) {
    const PolicyMoment& moment = of.answer->moment();
    const WriteOptions options = of.write_options(false, false);
    auto stream = std::make_unique<ArrowArrayStream>();
    ArrowPushes pushes;
    pushes.result = &of.answer->result();
    pushes.firms = &of.firms();
    pushes.policies = moment.list();
    pushes.states = moment.life_cycles();
    pushes.statuses = options.statuses;
    pushes.by_policy = options.by_policy;
    pushes.life_cycle = options.life_cycle;
    pushes.keep = of.answer;
    pushes.batch_rows = std::max(batch_rows, 1u);
    export_pushes(pushes, stream.get());
    return stream_capsule(std::move(stream));
}

/// (life cycle, [(firm_id, status, rank, score), ...], {status: count})
py::tuple firms_of_policy(const PyMoment& of, const PyFirms& of_firms, const py::object& policy,
                          const std::optional<std::int64_t>& top,
                          const std::vector<std::string>& statuses) {
    const FirmSet& firms = *of_firms.firms;
    PolicyQueryOptions options;
    options.top = top_of(top);
    options.statuses = statuses_of(statuses);
    options.count_all = true;
    std::optional<std::uint32_t> number;
    PolicySet draft;
    if (py::isinstance<py::list>(policy)) {
        py::list errors;
        draft = parse_or_throw(policy, of.moment->schema(), false, errors);
        if (draft.policies.size() != 1) throw UsageError("policy takes one policy");
    } else {
        number = require(of.moment->require(py::cast<std::string>(policy)));
    }
    PolicyQuery::Scratch scratch;
    PolicyFirms who;
    require(in_background([&] {
        return number ? find_firms(of.moment, firms, *number, options, scratch, who)
                      : find_firms(of.moment, firms, draft.policies[0], options, scratch, who);
    }));
    py::list rows;
    py::dict counts;
    for (std::size_t s = 0; s < kStatuses; ++s) {
        const auto status = static_cast<Verdict>(s);
        const py::str name = to_str(name_of(status));
        counts[name] = who.answer.count(status);
        if ((options.statuses & status_bit(status)) == 0) continue;
        std::size_t rank = 0;
        for (const Push& push : who.answer.pushes(status))
            rows.append(py::make_tuple(to_str(firms.table().id(push.other)), name, ++rank,
                                       static_cast<double>(push.score) / kScoreUnit));
    }
    return py::make_tuple(to_str(name_of(who.life_cycle)), rows, counts);
}

} // namespace

void add_answer(py::module_& module) {
    py::class_<Column>(module, "Column", py::buffer_protocol())
        .def("__len__", [](const Column& of) { return of.size; })
        .def_buffer([](Column& of) {
            return py::buffer_info(const_cast<void*>(of.data), of.width, of.format, 1, {of.size},
                                   {of.width}, true);
        });
    py::class_<PyAnswer>(module, "Answer")
        .def("__len__", &PyAnswer::size)
        .def_property_readonly("groups", &PyAnswer::groups)
        .def_property_readonly("policies_matched",
                               [](const PyAnswer& of) { return of.answer->policies_matched(); })
        .def_property_readonly("firms",
                               [](const PyAnswer& of) { return PyFirms{of.answer->firms()}; })
        .def("policy_ids",
             [](const PyAnswer& of) {
                 py::list ids;
                 for (std::uint32_t i = 0; i < of.answer->moment().size(); ++i)
                     ids.append(to_str(of.answer->moment()[i].id));
                 return ids;
             })
        .def("life_cycles",
             [](const PyAnswer& of) {
                 py::list states;
                 for (const LifeCycle state : of.answer->moment().life_cycles())
                     states.append(to_str(name_of(state)));
                 return states;
             })
        .def("total",
             [](const PyAnswer& of, const std::string& status) {
                 std::uint64_t total = 0;
                 for (const Verdict verdict : of.statuses)
                     if (name_of(verdict) == status) total = of.answer->result().total(verdict);
                 return total;
             })
        .def("counts", counts_of)
        .def("columns", columns_of)
        .def("rows", rows_of)
        .def("write", write_answer)
        .def("write_counts", write_counts_of)
        .def("arrow_stream", export_answer);
    module.def("match", match);
    module.def("firms_of_policy", firms_of_policy);
}

} // namespace qice::python
