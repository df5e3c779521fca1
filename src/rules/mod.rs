//! The rules: `app-categories/` parsed into a [`Ruleset`]. The only room that knows TOML.
//!
//! [`Ruleset::embedded`] is what the program carries; [`Ruleset::from_dir`] reads a folder given by the user, which
//! replaces the built-in rules or is laid over them. [`lint::check`] says everything that is wrong with a folder.

mod article;
mod code;
mod error;
mod files;
pub mod lint;
mod load;
mod model;
mod naming;

pub use article::article_five;
pub use code::*;
pub use error::{RuleError, RuleErrors};
pub use files::RuleFiles;
pub use model::*;
