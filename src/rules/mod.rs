//! The rules: `app-categories/` parsed into a [`Ruleset`]. The only room that knows TOML.

mod model;
mod naming;

pub use model::*;
