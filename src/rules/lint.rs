//! Everything that is wrong with a rule folder: what keeps it from loading, and what a reviewer would send back.

use super::error::RuleError;
use super::files::RuleFiles;
use super::load::Parsed;

/// What keeps the rules from being applied.
pub(super) fn cross_check(_files: &RuleFiles, _parsed: &Parsed) -> Vec<RuleError> {
    Vec::new()
}
