//! How much memory the main job needs over every package of the corpus, bombs included.
//!
//! Alone in its binary, with one test: the kernel counts the peak of a whole process.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use piscope::analyze::{Analyzer, Options};
use piscope::rules::Ruleset;
use piscope::sample::Sample;
use piscope::unpack;

const MIB: u64 = 1 << 20;
/// The rules, the words model and the program.
const BASE: u64 = 64 * MIB;
const PER_THREAD: u64 = 16 * MIB;

#[test]
fn peak_memory_stays_within_64_mib_and_16_mib_per_thread() {
    let Some(corpus) = common::corpus() else { return };
    let files: Vec<PathBuf> = ["apks", "malformed", "bundles"]
        .iter()
        .flat_map(|dir| walkdir::WalkDir::new(corpus.join(dir)))
        .flatten()
        .filter(|e| e.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    assert!(!files.is_empty(), "the corpus holds no package");
    let rules = Ruleset::embedded();
    let unpack = unpack::Options { hash: true, ..unpack::Options::default() };
    let analyzer = Analyzer::new(rules, Options { unpack, ..Options::default() }).expect("the model loads");

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, cores] {
        // Sets the peak back to what is in use now (proc_pid_clear_refs(5)).
        fs::write("/proc/self/clear_refs", "5").expect("Linux 4.0 or later");
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let sample = Sample { path: file.display().to_string(), ..Sample::default() };
                        black_box(analyzer.analyze(&sample));
                    }
                });
            }
        });
        let (peak, bound) = (peak(), BASE + PER_THREAD * threads as u64);
        println!(
            "{} files, {threads} thread(s): peak {:.1} MiB of {} allowed",
            files.len(),
            peak as f64 / MIB as f64,
            bound / MIB
        );
        assert!(peak <= bound, "{peak} bytes at {threads} threads, {bound} allowed");
    }
}

/// The largest resident size so far, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a process has a status");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("a peak");
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
    kib * 1024
}
