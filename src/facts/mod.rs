//! Personal information within reach of an app, each trace with its evidence. Knows no category.

mod component;
mod permission;
mod sign;

use crate::finding::{Evidence, PermissionStatus};
use crate::package::{AppPackage, RequestedPermission, Sign};
use crate::rules::Ruleset;
use crate::text::Text;

/// All that an app can reach, as far as its record shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// One row per trace, in document order.
    pub traces: Vec<Trace>,
    /// Every permission, asked for or implied, judged at this app's levels.
    pub permissions: Vec<PermissionFact>,
    /// Frameworks and packers recognised by file and class names.
    pub signs: Vec<Sign>,
}

/// One trace of a capability.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Id of the capability.
    pub capability: String,
    /// Ids of the information that it reaches at this app's levels.
    pub info: Vec<String>,
    /// Whether it counts.
    pub standing: Standing,
    /// What was seen, and where.
    pub evidence: Evidence,
}

/// Whether a trace counts as living.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Never takes effect on any system that the app installs on.
    Dead,
    /// Only on systems older than the baseline of the rules.
    LegacyOnly,
    /// Not asked for: the platform adds it to another permission.
    Implied,
    /// Takes effect.
    Live,
}

/// One permission, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct PermissionFact {
    /// The request itself.
    pub request: RequestedPermission,
    /// What the rules know of it at this app's levels.
    pub status: PermissionStatus,
    /// Ids of the information that it reaches at this app's levels.
    pub info: Vec<String>,
    /// What limits it.
    pub note: Option<Text>,
}

/// What is known of the sample beside the package itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Context {
    /// Shipped with the device: permissions for system apps may take effect.
    pub preinstalled: bool,
}

/// Collects what `package` can reach.
pub fn collect(package: &AppPackage, rules: &Ruleset, context: Context) -> Facts {
    let permissions = permission::judge(package, rules, context);
    let mut traces = permission::traces(&permissions, rules);
    traces.extend(component::traces(package, &permissions, rules));
    Facts {
        traces,
        permissions: permissions.into_iter().map(|p| p.fact).collect(),
        signs: sign::signs(package, rules),
    }
}
