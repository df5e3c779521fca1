//! Samples in, outcomes out in the order of the samples: walking, the user's list, threads, progress.

pub mod progress;
pub mod run;
pub mod samples_csv;
pub mod walk;

pub use progress::Progress;
pub use run::{quiet_panics, run};
pub use samples_csv::{ListError, SampleList};
pub use walk::{Input, Item, Walk};
