//! Analysis on several threads, delivered in the order of the samples.

use std::collections::BTreeMap;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;

use rayon::ThreadPoolBuilder;

use crate::batch::walk::Item;
use crate::report::model::{Outcome, Unreadable};
use crate::sample::Sample;
use crate::text::Text;

/// Samples under way per thread: enough that one slow sample does not stop the others soon, and
/// the bound on what is held in memory.
const WINDOW: usize = 64;
/// Prefix of the names of the worker threads.
const WORKER: &str = "piscope-worker";
/// Bytes of stack per worker; only what is used is taken.
const STACK: usize = 8 << 20;

/// Analyses `items` on `threads` threads (0: one per core) and hands every outcome to `deliver` on
/// this thread, in the order of the items. A panic of `analyze` becomes an unreadable outcome.
///
/// # Errors
/// The first error of `deliver`; the samples under way are finished and dropped. Also when the
/// system gives no threads.
pub fn run(
    mut items: impl Iterator<Item = Item>,
    threads: usize,
    analyze: &(dyn Fn(&Sample) -> Outcome + Sync),
    deliver: &mut dyn FnMut(Outcome) -> io::Result<()>,
) -> io::Result<()> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|n| format!("{WORKER}-{n}"))
        .stack_size(STACK)
        .build()
        .map_err(io::Error::other)?;
    let window = WINDOW.saturating_mul(pool.current_num_threads());
    let (done, finished) = mpsc::channel();
    pool.in_place_scope(|scope| {
        let mut started = 0_usize;
        let mut delivered = 0_usize;
        let mut early = BTreeMap::new();
        loop {
            while started - delivered < window {
                let Some(item) = items.next() else { break };
                let number = started;
                started += 1;
                match item {
                    Item::Known(outcome) => {
                        early.insert(number, outcome);
                        // A long row of known outcomes must reach its reader as well.
                        if number == delivered {
                            break;
                        }
                    }
                    Item::Sample(sample) => {
                        let done = done.clone();
                        scope.spawn(move |_| {
                            // The receiver is gone only when delivery failed.
                            let _ = done.send((number, guarded(&sample, analyze)));
                        });
                    }
                }
            }
            if started == delivered {
                return Ok(());
            }
            while !early.contains_key(&delivered) {
                let (number, outcome) = finished.recv().map_err(io::Error::other)?;
                early.insert(number, outcome);
            }
            while let Some(outcome) = early.remove(&delivered) {
                delivered += 1;
                deliver(outcome)?;
            }
        }
    })
}

fn guarded(sample: &Sample, analyze: &(dyn Fn(&Sample) -> Outcome + Sync)) -> Outcome {
    panic::catch_unwind(AssertUnwindSafe(|| analyze(sample))).unwrap_or_else(|payload| {
        let what = payload
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Outcome::Unreadable(Unreadable {
            sample: sample.clone(),
            reason: Text::new(
                format!("分析该样品时程序内部出错（{what}），其他样品不受影响。请把样品的 SHA-256 和本句话反馈给开发者。"),
                format!("The program failed inside on this sample ({what}); the others are not affected. Please report the sample's SHA-256 and this sentence to the developers."),
            ),
            gaps: Vec::new(),
        })
    })
}

/// Keeps panics of the worker threads, which end in an outcome, from being printed as well.
pub fn quiet_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let is_worker = std::thread::current().name().is_some_and(|n| n.starts_with(WORKER));
        if !is_worker {
            before(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::Skipped;

    fn item(n: usize) -> Item {
        Item::Sample(Sample { path: n.to_string(), explicit: false, listed: None })
    }

    fn skip(sample: &Sample) -> Outcome {
        Outcome::Skipped(Skipped { sample: sample.clone(), reason: Text::default() })
    }

    #[test]
    fn order_is_kept_and_the_window_is_bounded() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let under_way = AtomicUsize::new(0);
        let mut seen = Vec::new();
        let items = (0..1000).map(|n| {
            under_way.fetch_add(1, Ordering::Relaxed);
            if n % 7 == 0 {
                Item::Known(skip(&Sample { path: n.to_string(), ..Sample::default() }))
            } else {
                item(n)
            }
        });
        let slow = |sample: &Sample| {
            if sample.path == "1" {
                std::thread::sleep(std::time::Duration::from_millis(200));
            }
            skip(sample)
        };
        let mut most = 0;
        run(items, 3, &slow, &mut |outcome| {
            most = most.max(under_way.load(Ordering::Relaxed));
            under_way.fetch_sub(1, Ordering::Relaxed);
            seen.push(outcome.sample().path.clone());
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, (0..1000).map(|n| n.to_string()).collect::<Vec<_>>());
        assert!(most <= 3 * WINDOW, "{most} under way");
    }

    #[test]
    fn a_panic_is_one_samples_outcome() {
        let mut bad = 0;
        let analyze = |sample: &Sample| if sample.path == "2" { panic!("two") } else { skip(sample) };
        quiet_panics();
        run((0..5).map(item), 2, &analyze, &mut |outcome| {
            if let Outcome::Unreadable(u) = outcome {
                assert_eq!(u.sample.path, "2");
                assert!(u.reason.zh.contains("two"));
                bad += 1;
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(bad, 1);
    }

    #[test]
    fn a_failed_delivery_ends_the_run() {
        let mut count = 0;
        let result = run((0..100_000).map(item), 2, &skip, &mut |_| {
            count += 1;
            if count == 3 { Err(io::Error::other("full")) } else { Ok(()) }
        });
        assert!(result.is_err());
        assert_eq!(count, 3);
    }
}
