// A generated city in memory, made once a size and kept for all benchmarks of a run.
#pragma once

#include "generate/generate.hpp"
#include "qice/io/reader.hpp"
#include "qice/rule/parse.hpp"

#include <cstdint>
#include <memory>

namespace qice::bench {

struct City {
    SchemaPtr schema;
    PolicySet policies;
    FirmTable firms;
    Date as_of;
};

/// Seed 1, 2026-06-15. Generated under $QICE_BENCH_DIR (default: build/bench) if it is not there.
const City& city(std::uint64_t firms, std::uint64_t policies);

/// Any city, to own; `out` is chosen as above.
std::unique_ptr<City> make_city(GenerateOptions options);

} // namespace qice::bench
