// Firms from Arrow and answers to Arrow, over the Arrow C stream interface; no Arrow library.
//
//   Result<FirmsRead> read = read_firms_arrow(&stream, schema, {.as_of = day, .threads = 2});
//   export_pushes({.result = &result, .firms = &firms, .policies = policies, .keep = all}, &out);
//
// Whatever speaks the interface takes part: DuckDB, polars, pyarrow, and through them Parquet. A
// producer's structures are checked as far as they can be (they do not say how long buffers are),
// and a fault is a Status that names batch, column and row. A structure is released exactly once,
// whatever happens; a producer's functions run on the calling thread only.
#pragma once

#include "qice/arrow_abi.h"
#include "qice/io/reader.hpp"
#include "qice/io/writer.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace qice {

/// Reads a stream of tables whose columns are the id column and fields of the schema; types and
/// nulls are in docs/arrow.md. Takes the stream: it is moved from at once, whatever comes of it.
/// Bad cells and rows are as in CSV, and their `line` is the row in the stream, the first is 1.
Result<FirmsRead> read_firms_arrow(ArrowArrayStream* stream, SchemaPtr schema,
                                   const ReadOptions& options);
/// The same from one batch and its type; takes both.
Result<FirmsRead> read_firms_arrow(ArrowSchema* type, ArrowArray* batch, SchemaPtr schema,
                                   const ReadOptions& options);

/// The rows and columns that write_pushes() writes.
struct ArrowPushes {
    const MatchResult* result = nullptr;
    const FirmTable* firms = nullptr;
    std::span<const Policy> policies;
    std::span<const LifeCycle> states; // of the policies; only for `life_cycle`
    StatusSet statuses = kEligibleAndReview;
    bool by_policy = false;  // as the result is
    bool life_cycle = false; // a sixth column
    /// Owns all of the above and the matcher; held until the stream is released. Without it they
    /// must outlive the stream. Batches hold nothing but themselves.
    std::shared_ptr<const void> keep;
    std::uint32_t batch_rows = 1 << 16; // at most, and at least 1
};

/// firm_id: utf8; status: dictionary(int8, utf8); rank: int32; policy_id: dictionary(int32, utf8);
/// score: decimal128(19, 6); life_cycle: dictionary(int8, utf8). Rows are made when a batch is
/// asked for.
void export_pushes(const ArrowPushes& pushes, ArrowArrayStream* out);

/// policy_id: utf8; eligible, review, needs_data, near: int64. One batch, a copy.
void export_counts(std::span<const PolicyCounts> counts, std::span<const Policy> policies,
                   ArrowArrayStream* out);

/// line: int64; firm_id, field, value, reason: utf8, null where empty. One batch, a copy.
void export_quarantine(std::span<const Quarantined> entries, ArrowArrayStream* out);

} // namespace qice
