// Firms from Arrow, results to Arrow.
#include "qice/io/arrow.hpp"
#include "capi/guard.hpp"

using namespace qice;
using namespace qice::capi;

namespace {

/// A stream that was handed over is released whatever becomes of the call.
void let_go(ArrowArrayStream* stream) {
    if (stream != nullptr && stream->release != nullptr) stream->release(stream);
}

} // namespace

int32_t qice_firms_read_arrow(qice_firms** out, const qice_schema* schema,
                              const qice_read_options* options, struct ArrowArrayStream* stream,
                              qice_error** error) {
    const std::int32_t code = guarded(error, [&]() -> Outcome {
        qice_firms*& made = out_of(out, "out");
        if (stream == nullptr || stream->release == nullptr)
            throw Refusal{QICE_BAD_ARGUMENT, "stream is NULL or was released"};
        Result<FirmsRead> read =
            read_firms_arrow(stream, get(schema, "schema"), get(options, "options"));
        if (!read.ok()) return read.status();
        made = make_handle<qice_firms>(FirmSet::make(std::move(read).value()));
        return {};
    });
    let_go(stream);
    return code;
}

int32_t qice_result_export_arrow(struct ArrowArrayStream* out, const qice_result* result,
                                 qice_error** error) {
    return guarded(error, [&]() -> Outcome {
        if (out == nullptr) throw Refusal{QICE_BAD_ARGUMENT, "out is NULL"};
        *out = ArrowArrayStream{};
        const BatchAnswerPtr& answer = get(result, "result");
        ArrowPushes pushes;
        pushes.result = &answer->result();
        pushes.firms = &answer->firms()->table();
        pushes.policies = answer->moment().list();
        pushes.states = answer->moment().life_cycles();
        pushes.statuses = answer->options().statuses;
        pushes.by_policy = answer->options().by_policy;
        pushes.life_cycle = answer->moment().options().include_closed;
        pushes.keep = answer;
        export_pushes(pushes, out);
        return {};
    });
}
