//! The program `piscope`.

use std::process::ExitCode;

fn main() -> ExitCode {
    piscope::cli::run(std::env::args_os().collect())
}
