#!/usr/bin/env bash
# Runs every fuzz driver: tests/fuzz/run.sh [seconds for each, default 20] [driver ...]
#
# Builds into build/fuzz. New inputs that reach new code are kept in build/fuzz/corpus; the seeds in
# tests/fuzz/corpus are never written to. Any crash, leak, hang, undefined behaviour or disagreement
# fails the run; what brought it about lies in build/fuzz/findings.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-20}
shift || true
drivers=("$@")
[ ${#drivers[@]} -gt 0 ] || drivers=(policies firms_csv firms_jsonl schema match arrow capi)

build=build/fuzz
launcher=()
if command -v ccache > /dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
# Without NDEBUG, so that asserts hold, too.
cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O1 \
    -DCMAKE_CXX_COMPILER="${QICE_FUZZ_CXX:-clang++-14}" "${launcher[@]}" \
    -DQICE_BUILD_FUZZ=ON -DQICE_BUILD_TESTS=OFF -DQICE_BUILD_PROGRAM=OFF > /dev/null
ninja -C $build "${drivers[@]/#/fuzz_}"

mkdir -p $build/findings
# -entropic=0: libFuzzer's weighing of inputs would take most of the time here.
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
failed=()
for driver in "${drivers[@]}"; do
    mkdir -p "$build/corpus/$driver"
    dictionary=tests/fuzz/dictionaries/$driver.dict
    words=()
    if [ -f "$dictionary" ]; then words=(-dict="$dictionary"); fi
    echo "== $driver: $seconds s"
    if ! "$(find $build -name "fuzz_$driver" -type f -perm -u+x | head -n 1)" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -entropic=0 \
        -print_final_stats=1 "${words[@]}" -artifact_prefix="$build/findings/$driver-" \
        "$build/corpus/$driver" "tests/fuzz/corpus/$driver" > "$build/$driver.log" 2>&1; then
        failed+=("$driver")
        tail -n 60 "$build/$driver.log"
    fi
    grep -E 'stat::number_of_executed_units|stat::peak_rss_mb' "$build/$driver.log" || true
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "findings: ${failed[*]}; see $build/findings" >&2
    exit 1
fi
echo "no finding"
