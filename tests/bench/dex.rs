//! What walking all code costs, against inflating the same DEX entries with libdeflate, which no
//! reader can avoid.
//!
//! `cargo bench --bench dex` prints the table; `-- --check` also fails if the ratio is above its
//! bound. Packages come from `PISCOPE_CORPUS` (default `../shared/corpus`), else from `samples/`.

use std::fs::{self, File};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use libdeflater::Decompressor;
use piscope::unpack::dex::{Dex, SiteFinder, Target, Wanted};
use piscope::unpack::limits::Limits;
use zip::CompressionMethod;

/// Inflating, opening and finding sites may together cost at most this much of inflating.
const BOUND: f64 = 1.6;
const ROUNDS: usize = 7;

/// Names that real code uses, to look for: as many as a ruleset has.
const CLASSES: &[&str] = &[
    "Landroid/telephony/TelephonyManager;",
    "Landroid/content/ContentResolver;",
    "Landroid/content/pm/PackageManager;",
    "Landroid/location/LocationManager;",
    "Landroid/location/Location;",
    "Landroid/net/wifi/WifiInfo;",
    "Landroid/net/wifi/WifiManager;",
    "Landroid/app/Activity;",
    "Landroid/app/ActivityManager;",
    "Landroid/provider/Settings$Secure;",
    "Landroid/bluetooth/BluetoothAdapter;",
    "Landroid/hardware/SensorManager;",
    "Landroid/media/AudioRecord;",
    "Landroid/accounts/AccountManager;",
    "Ljava/net/NetworkInterface;",
    "Ljava/lang/reflect/Method;",
];
const NAMES: &[&str] = &[
    "getDeviceId",
    "getSubscriberId",
    "getLine1Number",
    "query",
    "insert",
    "getInstalledPackages",
    "getPackageInfo",
    "queryIntentActivities",
    "getLastKnownLocation",
    "requestLocationUpdates",
    "getLatitude",
    "getLongitude",
    "getMacAddress",
    "getSSID",
    "getBSSID",
    "getConnectionInfo",
    "getScanResults",
    "requestPermissions",
    "startActivityForResult",
    "getRunningAppProcesses",
    "getString",
    "getAddress",
    "getBondedDevices",
    "registerListener",
    "getDefaultSensor",
    "startRecording",
    "getAccounts",
    "getAccountsByType",
    "getHardwareAddress",
    "invoke",
    "<init>",
    "start",
    "init",
];
const TEXTS: &[&str] = &[
    "android_id",
    "phone",
    "location",
    "wifi",
    "ro.serialno",
    "getDeviceId",
    "android.permission.READ_PHONE_STATE",
    "android.permission.ACCESS_FINE_LOCATION",
    "android.permission.ACCESS_COARSE_LOCATION",
    "android.permission.READ_CONTACTS",
    "android.permission.CAMERA",
    "android.permission.RECORD_AUDIO",
];

/// A deflated DEX and its inflated size.
struct Entry {
    package: usize,
    data: Vec<u8>,
    size: usize,
}

fn main() {
    let check = std::env::args().any(|a| a == "--check");
    let entries = entries();
    assert!(!entries.is_empty(), "no DEX to measure");
    let total: usize = entries.iter().map(|e| e.size).sum();
    let largest = entries.iter().map(|e| e.size).max().unwrap_or_default();
    println!(
        "{} deflated DEX, {:.1} MB inflated, one thread, best of {ROUNDS} rounds each",
        entries.len(),
        total as f64 / 1e6
    );

    let wanted = wanted();
    let limits = Limits::default();
    let mut buffer = vec![0; largest];
    let mut inflate = Decompressor::new();
    let mut best = [Duration::MAX; 4];
    let mut sites = 0;
    for _ in 0..ROUNDS {
        // Turn about, so that a change of the machine's pace hits all alike.
        for (slot, best) in best.iter_mut().enumerate() {
            let start = clock();
            sites = 0;
            let mut finder: Option<(usize, SiteFinder)> = None;
            let mut gaps = Vec::new();
            for entry in &entries {
                let out = &mut buffer[..entry.size];
                inflate.deflate_decompress(&entry.data, out).unwrap();
                if slot == 0 {
                    black_box(&out);
                    continue;
                }
                let Ok(dexes) = Dex::open(out, "classes.dex", &mut gaps) else { continue };
                if slot == 1 {
                    black_box(&dexes);
                    continue;
                }
                for dex in &dexes {
                    if slot == 2 {
                        black_box(dex.calls(&mut gaps));
                        continue;
                    }
                    // One finder per app, as a scan has.
                    if finder.as_ref().is_some_and(|(package, _)| *package != entry.package) {
                        sites += finder.take().map_or(0, |(_, f)| f.finish().sites.len());
                    }
                    let new = || (entry.package, SiteFinder::new(&wanted, &limits));
                    finder.get_or_insert_with(new).1.read(dex, &mut gaps);
                }
            }
            sites += finder.map_or(0, |(_, f)| f.finish().sites.len());
            *best = clock().saturating_sub(start).min(*best);
        }
    }
    let base = best[0].as_secs_f64();
    let rows = ["inflate", "… and open", "… and count all calls", "… and find sites"];
    for (name, time) in rows.iter().zip(best) {
        let time = time.as_secs_f64();
        println!("{name:<24} {:>8.0} MB/s {:>6.2} × inflate", total as f64 / 1e6 / time, time / base);
    }
    println!("{} targets, {sites} sites", wanted.targets().len());
    let ratio = best[3].as_secs_f64() / base;
    if check && ratio > BOUND {
        eprintln!("finding sites costs {ratio:.2} × inflating, more than {BOUND}");
        std::process::exit(1);
    }
}

/// CPU time of this thread where the system tells it in nanoseconds (Linux), else the time of day:
/// others may use the machine too.
fn clock() -> Duration {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let spent = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = spent.and_then(|s| s.split_whitespace().next()?.parse().ok()).map(Duration::from_nanos);
    spent.unwrap_or_else(|| BEGIN.elapsed())
}

fn wanted() -> Wanted {
    let mut targets = Vec::new();
    for class in CLASSES {
        for name in NAMES {
            let (class, name) = ((*class).to_owned(), (*name).to_owned());
            targets.push(Target::Method { class, name, proto: None });
        }
    }
    for name in ["SERIAL", "MODEL", "BRAND", "FINGERPRINT"] {
        targets.push(Target::Field { class: "Landroid/os/Build;".to_owned(), name: name.to_owned() });
    }
    targets.extend(TEXTS.iter().map(|text| Target::Text { text: (*text).to_owned() }));
    // Names that no code has cost as much to look for.
    targets.extend((0..800).map(|n| Target::Text { text: format!("com.example.absent{n}") }));
    for prefix in ["content://contacts", "content://sms", "content://call_log", "http://", "https://"] {
        targets.push(Target::TextPrefix { prefix: prefix.to_owned() });
    }
    Wanted::new(targets)
}

/// The deflated DEX entries of the packages that a plain ZIP reader can follow.
fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for (package, path) in packages().into_iter().enumerate() {
        let bytes = fs::read(&path).unwrap();
        let Ok(mut archive) = zip::ZipArchive::new(File::open(&path).unwrap()) else { continue };
        for index in 0..archive.len() {
            let Ok(entry) = archive.by_index_raw(index) else { continue };
            let deflated = entry.compression() == CompressionMethod::Deflated;
            if !deflated || !entry.name().is_ok_and(|n| n.ends_with(".dex")) {
                continue;
            }
            let Some(start) = entry.data_start() else { continue };
            let range = start as usize..(start + entry.compressed_size()) as usize;
            let Some(data) = bytes.get(range) else { continue };
            let size = entry.size() as usize;
            let whole = Decompressor::new().deflate_decompress(data, &mut vec![0; size]);
            if whole.is_ok_and(|n| n == size) {
                entries.push(Entry { package, data: data.to_vec(), size });
            }
        }
    }
    entries
}

fn packages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus =
        std::env::var_os("PISCOPE_CORPUS").map_or_else(|| root.join("../shared/corpus"), PathBuf::from);
    let mut folder = corpus.join("apks");
    if !folder.is_dir() {
        println!("no corpus at {}: measuring samples/ instead", corpus.display());
        folder = root.join("samples");
    }
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "apk"));
    files.sort();
    files
}
