#!/usr/bin/env bash
# Fuzzes one target: tests/fuzz/run.sh TARGET [EXECUTIONS [MAX_LEN]]
# Targets: archive axml arsc signature package saved dex; see README.md beside this file.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${1:?target}
runs=${2:-1000000}
longest=${3:-4096}
# Coverage instrumentation is an unstable flag of rustc.
export RUSTC_BOOTSTRAP=1
if [ ! -d "tests/fuzz/seeds/$target" ]; then
  cargo run --quiet --manifest-path tests/fuzz/Cargo.toml --example seeds -- \
    tests/fuzz/seeds "${PISCOPE_CORPUS:-../shared/corpus}" samples
fi
mkdir -p "tests/fuzz/corpus/$target" "tests/fuzz/seeds/$target"
exec cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none "$target" \
  "tests/fuzz/corpus/$target" "tests/fuzz/seeds/$target" -- \
  -runs="$runs" -max_len="$longest" -timeout=10 -report_slow_units=2 -rss_limit_mb=1024 \
  -print_final_stats=1
