//! Time of this project's reader against that of the crate `apk-info`, on the same packages,
//! in one run, turn about.
//!
//! `cargo run --release --manifest-path tests/peers/apk-info/Cargo.toml` from the project's root;
//! packages come from `PISCOPE_CORPUS` (default `../shared/corpus`). Fails if ours costs more than
//! a quarter.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use apk_info::Apk;
use piscope::unpack::{self, Options};

/// Ours may cost at most this part of theirs.
const BOUND: f64 = 0.25;
const ROUNDS: usize = 10;
/// Bytes of a package that counts as large; most of the small ones are made to test one thing.
const LARGE: u64 = 400_000;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let corpus =
        std::env::var_os("PISCOPE_CORPUS").map_or_else(|| root.join("../shared/corpus"), PathBuf::from);
    let mut files: Vec<PathBuf> = std::fs::read_dir(corpus.join("apks"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(|f| f.extension().is_some_and(|e| e == "apk"))
        .collect();
    files.sort();
    let found = files.len();
    // Only what both can open counts.
    files.retain(|f| ours(f) && theirs(f));
    if files.is_empty() {
        println!("no corpus at {}: nothing compared", corpus.display());
        return ExitCode::SUCCESS;
    }
    let mut best = vec![[f64::MAX; 2]; files.len()];
    for _ in 0..ROUNDS {
        for (file, best) in files.iter().zip(&mut best) {
            for (open, best) in [ours as fn(&Path) -> bool, theirs].into_iter().zip(best) {
                let start = Instant::now();
                black_box(open(file));
                *best = best.min(start.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    println!(
        "{} of {found} packages that both open, one thread, best of {ROUNDS} rounds for each",
        files.len()
    );
    let large = |f: &Path| std::fs::metadata(f).is_ok_and(|m| m.len() >= LARGE);
    let large: Vec<[f64; 2]> = files.iter().zip(&best).filter(|(f, _)| large(f)).map(|(_, b)| *b).collect();
    let ratio = table("all", &best);
    table("of at least 400 kB", &large);
    if ratio > BOUND {
        eprintln!("more than {BOUND}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Prints one set of packages and returns the ratio of sums.
fn table(what: &str, best: &[[f64; 2]]) -> f64 {
    let sum = |i: usize| best.iter().map(|b| b[i]).sum::<f64>();
    let mean = |i: usize| sum(i) / best.len().max(1) as f64;
    let mut ratios: Vec<f64> = best.iter().map(|[ours, theirs]| ours / theirs).collect();
    ratios.sort_by(f64::total_cmp);
    println!("{what}: {} packages", best.len());
    println!("  piscope, whole record              {:>8.1} µs/package", mean(0));
    println!("  apk-info, package name and label   {:>8.1} µs/package", mean(1));
    let ratio = sum(0) / sum(1);
    println!(
        "  ratio of sums {ratio:.3}, median of ratios {:.3}",
        ratios.get(ratios.len() / 2).unwrap_or(&0.0)
    );
    ratio
}

fn ours(path: &Path) -> bool {
    black_box(unpack::open(path, &Options::default())).is_ok()
}

fn theirs(path: &Path) -> bool {
    let Ok(apk) = Apk::new(path) else { return false };
    black_box((apk.get_package_name(), apk.get_application_label()));
    true
}
