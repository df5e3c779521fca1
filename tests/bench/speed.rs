//! How fast the manifest path is, against a floor measured in the same run.
//!
//! `cargo bench --bench speed` prints the table; `-- --check` also fails if a ratio is above its
//! bound. Packages come from `PISCOPE_CORPUS` (default `../shared/corpus`), else from `samples/`.
//!
//! The floor is what nobody can avoid: open the file, ask for its size, read the last 64 KiB, walk
//! the central directory, read the manifest entry and inflate it. It finds nothing out about it.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libdeflater::Decompressor;
use piscope::unpack::source::{FileSource, Source};
use piscope::unpack::{self, Options};

/// The manifest path with the label may cost at most this much of the floor.
const BOUND: f64 = 3.0;
const ROUNDS: usize = 30;

fn main() {
    let check = std::env::args().any(|a| a == "--check");
    let files = packages();
    let mut floor = Floor::new();
    let files: Vec<PathBuf> = files.into_iter().filter(|f| floor.run(f).is_some()).collect();
    assert!(!files.is_empty(), "no package to measure");
    let bytes: u64 = files.iter().map(|f| fs::metadata(f).map_or(0, |m| m.len())).sum();
    println!(
        "{} packages, {:.1} MB, warm, one thread, best of {ROUNDS} rounds each",
        files.len(),
        bytes as f64 / 1e6
    );

    let options = Options { hash: false, ..Options::default() };
    let plain = options.clone();
    let hashed = Options { hash: true, ..Options::default() };
    let mut best = [Duration::MAX; 4];
    for _ in 0..ROUNDS {
        // Turn about, so that a change of the machine's pace hits all alike.
        for (slot, best) in best.iter_mut().enumerate() {
            let start = Instant::now();
            for file in &files {
                match slot {
                    0 => drop(black_box(floor.run(file))),
                    1 => drop(black_box(unpack::open(file, &plain))),
                    2 => drop(black_box(unpack::open(file, &options))),
                    _ => drop(black_box(unpack::open(file, &hashed))),
                }
            }
            *best = start.elapsed().min(*best);
        }
    }
    let per_file = |d: Duration| d.as_secs_f64() * 1e6 / files.len() as f64;
    let base = per_file(best[0]);
    let rows = [
        ("floor", best[0]),
        ("manifest with Chinese label", best[1]),
        ("… and signers", best[2]),
        ("… and whole-file hashes", best[3]),
    ];
    for (name, time) in rows {
        println!("{name:<30} {:>9.1} µs/package {:>7.2} × floor", per_file(time), per_file(time) / base);
    }

    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let one = parallel(&files, &options, 1);
    let all = parallel(&files, &options, threads);
    println!(
        "{threads} threads: {:.2} × the packages a second of one",
        one.as_secs_f64() / all.as_secs_f64()
    );

    let ratio = per_file(best[1]) / base;
    if check && ratio > BOUND {
        eprintln!("the manifest path costs {ratio:.2} × the floor, more than {BOUND}");
        std::process::exit(1);
    }
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
