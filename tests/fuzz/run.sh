#!/usr/bin/env bash
# Fuzzes one target: tests/fuzz/run.sh TARGET [EXECUTIONS]
# Targets: archive axml arsc signature package. Needs cargo-fuzz (cargo install cargo-fuzz) and a
# C++ compiler. Seeds are cut from the packages in PISCOPE_CORPUS (default ../shared/corpus) and
# samples/; they stay in tests/fuzz/seeds, which git ignores.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${1:?target}
runs=${2:-1000000}
export RUSTC_BOOTSTRAP=1 # coverage instrumentation is an unstable flag of rustc
if [ ! -d "tests/fuzz/seeds/$target" ]; then
  cargo run --release --quiet --manifest-path tests/fuzz/Cargo.toml --example seeds -- \
    tests/fuzz/seeds "${PISCOPE_CORPUS:-../shared/corpus}" samples
fi
mkdir -p "tests/fuzz/corpus/$target"
exec cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none "$target" \
  "tests/fuzz/corpus/$target" "tests/fuzz/seeds/$target" -- \
  -runs="$runs" -max_len=65536 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1
