//! How fast the manifest path is, against a floor measured in the same run.
//!
//! `cargo bench --bench speed` prints the tables, `-- --list` also the time of every package;
//! `-- --check` also fails if the ratio of sums over all packages is above its bound. Packages come from `PISCOPE_CORPUS` (default `../shared/corpus`), else from `samples/`.
//!
//! The floor is what nobody can avoid: open the file, ask for its size, read the last 64 KiB, walk
//! the central directory, read the manifest entry and inflate it. It finds nothing out about it.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libdeflater::Decompressor;
use piscope::unpack::archive::{Archive, Budget, Buffers};
use piscope::unpack::limits::Limits;
use piscope::unpack::source::{FileSource, Source};
use piscope::unpack::{self, Options};

/// The manifest path with the label may cost at most this much of the floor.
const BOUND: f64 = 3.0;
const ROUNDS: usize = 30;
/// Hashing takes tens of times as long and varies less.
const HASH_ROUNDS: usize = 5;
/// Bytes of a package that counts as large; most of the small ones are made to test one thing.
const LARGE: u64 = 400_000;

fn main() {
    let flag = |name: &str| std::env::args().any(|a| a == name);
    let mut floor = Floor::new();
    let files: Vec<PathBuf> = packages().into_iter().filter(|f| floor.run(f).is_some()).collect();
    assert!(!files.is_empty(), "no package to measure");
    let size = |f: &PathBuf| fs::metadata(f).map_or(0, |m| m.len());
    let bytes: u64 = files.iter().map(size).sum();
    println!(
        "{} packages, {:.1} MB, warm, one thread, best of {ROUNDS} rounds for each package",
        files.len(),
        bytes as f64 / 1e6
    );

    let plain = Options { hash: false, ..Options::default() };
    let hashed = Options { hash: true, ..Options::default() };
    let (mut base, mut record, mut hash) =
        (vec![f64::MAX; files.len()], vec![f64::MAX; files.len()], vec![f64::MAX; files.len()]);
    for round in 0..ROUNDS {
        // Turn about, so that a change of the machine's pace hits all alike.
        sweep(&files, &mut base, |f| _ = black_box(floor.run(f)));
        sweep(&files, &mut record, |f| drop(black_box(unpack::open(f, &plain))));
        if round < HASH_ROUNDS {
            sweep(&files, &mut hash, |f| drop(black_box(unpack::open(f, &hashed))));
        }
    }

    let all: Vec<usize> = (0..files.len()).collect();
    let large: Vec<usize> = all.iter().copied().filter(|i| size(&files[*i]) >= LARGE).collect();
    let ratio = table("all", &all, &base, &record, &hash);
    table("of at least 400 kB", &large, &base, &record, &hash);
    // Inflating such a table alone takes many times the floor, and in those of the corpus what is
    // asked for lies at 88 to 98 % of it, so that stopping early would save little.
    let deflated: Vec<bool> = files.iter().map(|f| has_deflated_table(f)).collect();
    let stored: Vec<usize> = all.iter().copied().filter(|i| !deflated[*i]).collect();
    let stored_large: Vec<usize> = large.iter().copied().filter(|i| !deflated[*i]).collect();
    let only_deflated: Vec<usize> = all.iter().copied().filter(|i| deflated[*i]).collect();
    table("with a stored resource table or none", &stored, &base, &record, &hash);
    table("… of at least 400 kB", &stored_large, &base, &record, &hash);
    table("with a deflated resource table", &only_deflated, &base, &record, &hash);
    println!();
    if flag("--list") {
        let mut rows = all;
        rows.sort_by(|a, b| (record[*b] - BOUND * base[*b]).total_cmp(&(record[*a] - BOUND * base[*a])));
        for i in rows {
            let name = files[i].file_name().unwrap_or_default().to_string_lossy();
            println!("{:>9.1} {:>9.1} {:>6.2}  {name}", base[i], record[i], record[i] / base[i]);
        }
    }

    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let [one, many] = [1, threads].map(|n| {
        let rate = (files.len() * ROUNDS) as f64 / parallel(&files, &plain, n).as_secs_f64();
        println!("{n} thread(s): {rate:.0} packages/s");
        rate
    });
    println!("{threads} threads do {:.2} × the packages a second of one", many / one);

    if flag("--check") && ratio > BOUND {
        eprintln!("the manifest path costs {ratio:.2} × the floor, more than {BOUND}");
        std::process::exit(1);
    }
}

/// Whether `resources.arsc` is deflated, which Android 11 and later refuse of apps that target them.
fn has_deflated_table(path: &Path) -> bool {
    let (Ok(source), mut gaps) = (FileSource::open(path), Vec::new()) else { return false };
    let limits = Limits::default();
    Archive::open(&source, "", &limits, &Budget::new(&limits), Buffers::default(), &mut gaps)
        .is_ok_and(|a| a.find(b"resources.arsc").is_some_and(|e| e.method == 8))
}

/// Opens every file once and keeps the best time of each, in microseconds.
fn sweep(files: &[PathBuf], best: &mut [f64], mut open: impl FnMut(&Path)) {
    for (file, best) in files.iter().zip(best) {
        let start = Instant::now();
        open(file);
        *best = best.min(start.elapsed().as_secs_f64() * 1e6);
    }
}

/// Prints one set of packages and returns the cost of the record as a ratio of sums.
fn table(what: &str, set: &[usize], base: &[f64], record: &[f64], hash: &[f64]) -> f64 {
    if set.is_empty() {
        return 0.0;
    }
    println!(
        "\n{what}: {} packages{:>14}{:>15}{:>18}",
        set.len(),
        "µs mean",
        "ratio of sums",
        "median of ratios"
    );
    let sum = |times: &[f64]| set.iter().map(|i| times[*i]).sum::<f64>();
    let row = |name: &str, times: &[f64]| {
        let mut ratios: Vec<f64> = set.iter().map(|i| times[*i] / base[*i]).collect();
        ratios.sort_by(f64::total_cmp);
        let (mean, ratio) = (sum(times) / set.len() as f64, sum(times) / sum(base));
        println!("  {name:<28}{mean:>9.1}{ratio:>13.2} ×{:>16.2} ×", ratios[ratios.len() / 2]);
        ratio
    };
    row("floor", base);
    let ratio = row("record with Chinese label", record);
    row("and whole-file hashes", hash);
    ratio
}

fn packages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus =
        std::env::var_os("PISCOPE_CORPUS").map_or_else(|| root.join("../shared/corpus"), PathBuf::from);
    let mut dir = corpus.join("apks");
    if !dir.is_dir() {
        println!("no corpus at {}: measuring samples/ instead", corpus.display());
        dir = root.join("samples");
    }
    let mut files: Vec<PathBuf> =
        fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "apk"));
    files.sort();
    files
}

/// Time to read every file `ROUNDS` times on `threads` threads, best of three.
fn parallel(files: &[PathBuf], options: &Options, threads: usize) -> Duration {
    let run = || {
        let next = AtomicUsize::new(0);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        if i >= files.len() * ROUNDS {
                            break;
                        }
                        drop(black_box(unpack::open(&files[i % files.len()], options)));
                    }
                });
            }
        });
        start.elapsed()
    };
    (0..3).map(|_| run()).min().unwrap_or_default()
}

/// What cannot be avoided, with buffers kept between files.
struct Floor {
    tail: Vec<u8>,
    entry: Vec<u8>,
    manifest: Vec<u8>,
    inflate: Decompressor,
}

impl Floor {
    fn new() -> Self {
        Self { tail: Vec::new(), entry: Vec::new(), manifest: Vec::new(), inflate: Decompressor::new() }
    }

    /// Bytes of the inflated manifest; `None` for an archive that a simple reader cannot follow.
    fn run(&mut self, path: &Path) -> Option<usize> {
        let source = FileSource::open(path).ok()?;
        let len = source.len();
        let tail_len = len.min(64 << 10);
        self.tail.resize(tail_len as usize, 0);
        source.read_at(len - tail_len, &mut self.tail).ok()?;
        let end = self.tail.windows(4).rposition(|w| w == b"PK\x05\x06")?;
        let u16_at = |b: &[u8], at: usize| Some(u16::from_le_bytes(b.get(at..at + 2)?.try_into().ok()?));
        let u32_at = |b: &[u8], at: usize| Some(u32::from_le_bytes(b.get(at..at + 4)?.try_into().ok()?));
        let size = u32_at(&self.tail, end + 12)? as usize;
        let offset = u64::from(u32_at(&self.tail, end + 16)?);
        let mut directory = Vec::new();
        let directory: &[u8] = match offset.checked_sub(len - tail_len) {
            Some(at) => self.tail.get(at as usize..at as usize + size)?,
            None => {
                directory.resize(size, 0);
                source.read_at(offset, &mut directory).ok()?;
                &directory
            }
        };
        let mut at = 0;
        let mut found = None;
        while directory.get(at..at + 4) == Some(b"PK\x01\x02") {
            let name_len = usize::from(u16_at(directory, at + 28)?);
            let skip = usize::from(u16_at(directory, at + 30)?) + usize::from(u16_at(directory, at + 32)?);
            if directory.get(at + 46..at + 46 + name_len)? == b"AndroidManifest.xml" {
                found = Some(at);
            }
            at += 46 + name_len + skip;
        }
        let at = found?;
        let method = u16_at(directory, at + 10)?;
        let packed = u32_at(directory, at + 20)? as usize;
        let unpacked = u32_at(directory, at + 24)? as usize;
        let header = u64::from(u32_at(directory, at + 42)?);
        self.entry.resize(30 + 19 + 64 + packed, 0);
        let got = source.read_at(header, &mut self.entry).ok()?;
        let start = 30 + usize::from(u16_at(&self.entry, 26)?) + usize::from(u16_at(&self.entry, 28)?);
        let data = self.entry.get(start..(start + packed).min(got))?;
        if method == 0 {
            return Some(data.len());
        }
        self.manifest.resize(unpacked, 0);
        self.inflate.deflate_decompress(data, &mut self.manifest).ok()
    }
}
