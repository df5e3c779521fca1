//! Frameworks and packers, by the names of files and of the application class.

use std::collections::BTreeSet;

use crate::package::{AppPackage, Sign, SignKind};
use crate::rules::{Ruleset, SignRule};

pub(super) fn signs(package: &AppPackage, rules: &Ruleset) -> Vec<Sign> {
    // Whole paths, once: every rule looks at all of them.
    let assets = package.assets.iter().map(|path| format!("assets/{path}"));
    let files: Vec<String> = assets.chain(package.other_files.iter().cloned()).collect();
    let mut found = BTreeSet::new();
    for (kind, list) in [(SignKind::Framework, &rules.frameworks), (SignKind::Packer, &rules.packers)] {
        for rule in list {
            if let Some(seen_in) = seen(rule, package, &files) {
                found.insert(Sign {
                    kind,
                    id: rule.id.clone(),
                    name: rule.name.clone(),
                    seen_in: seen_in.clone(),
                });
            }
        }
    }
    found.into_iter().collect()
}

/// The first thing that shows it: the application class, a library, a file.
fn seen<'a>(rule: &SignRule, package: &'a AppPackage, files: &'a [String]) -> Option<&'a String> {
    let class = package.application_class.iter().find(|class| {
        rule.application_classes.iter().any(|known| {
            if known.ends_with('.') { class.starts_with(known.as_str()) } else { *class == known }
        })
    });
    let fits_any = |patterns: &[String], name: &str| patterns.iter().any(|pattern| fits(pattern, name));
    let library =
        || package.native_libraries.iter().map(|lib| &lib.name).find(|name| fits_any(&rule.libs, name));
    class.or_else(library).or_else(|| files.iter().find(|path| fits_any(&rule.files, path)))
}

/// Whether `name` fits `pattern`, in which `*` stands for any run of characters.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_run() {
        assert!(fits("libjiagu*.so", "libjiagu_x86.so"));
        assert!(fits("libjiagu*.so", "libjiagu.so"));
        assert!(fits("assets/*/main.js", "assets/apps/x/main.js"));
        assert!(fits("exact", "exact"));
        assert!(!fits("exact", "exactly"));
        assert!(!fits("libjiagu*.so", "libjiagu.so.bak"));
        assert!(!fits("a*b*c", "acb"));
    }
}
