//! What the targets have in common: tight limits, and what must hold of every result.
#![allow(dead_code)] // Each target uses its own part.

use std::collections::HashSet;
use std::time::Duration;

use piscope::package::{AppPackage, Gap, IntentFilter, MetaData, Query};
use piscope::unpack::limits::Limits;

/// Limits so tight that inputs of a few KiB meet every one of them.
pub fn limits() -> Limits {
    Limits {
        entry_bytes: 64 << 10,
        sample_bytes: 256 << 10,
        entries: 40,
        names: 24,
        name_bytes: 1 << 10,
        xml_depth: 12,
        xml_nodes: 400,
        strings: 200,
        string_bytes: 96,
        reference_hops: 4,
        table_chunks: 120,
        nesting: 1,
        splits: 4,
        time: Duration::from_secs(3),
    }
}

/// Bytes of text that a record may keep under `limits` beside file names: the manifest's share and
/// as much again for texts of the resource table.
pub fn text_bytes(limits: &Limits) -> usize {
    limits.name_bytes * 8
}

/// Gaps stay few, whatever the input repeats, and their text short.
pub fn check_gaps(gaps: &[Gap], most: usize) {
    assert!(gaps.len() <= most, "{} gaps: {:#?}", gaps.len(), &gaps[..8]);
    for gap in gaps {
        assert!(!gap.code.is_empty() && gap.detail.len() < 8 << 10 && gap.part.len() < 8 << 10, "{gap:?}");
    }
}

/// One structure tells each fault once.
pub fn check_once(gaps: &[Gap]) {
    let mut seen = HashSet::new();
    for gap in gaps {
        assert!(seen.insert((&gap.code, &gap.part)), "said twice: {gap:?}");
    }
}

/// Lists and texts of a record stay within `limits`; returns the bytes of its texts.
pub fn check_record(p: &AppPackage, limits: &Limits) -> usize {
    // A class name may have the package name before it.
    let longest = 2 * limits.string_bytes + 1;
    let mut bytes = 0;
    let mut text = |s: &str| {
        assert!(s.len() <= longest, "a text of {} bytes", s.len());
        bytes += s.len();
    };
    let filter = |f: &IntentFilter, text: &mut dyn FnMut(&str)| {
        f.actions.iter().chain(&f.categories).for_each(|s| text(s));
        for d in &f.data {
            [&d.scheme, &d.host, &d.path, &d.mime_type].into_iter().flatten().for_each(|s| text(s));
        }
        f.actions.len() + f.categories.len() + f.data.len()
    };
    let meta = |m: &MetaData, text: &mut dyn FnMut(&str)| {
        text(&m.name);
        m.value.iter().for_each(|s| text(s));
    };
    let mut items = p.permissions.len() + p.declared_permissions.len() + p.features.len();
    items += p.components.len() + p.meta_data.len() + p.queries.len();
    text(&p.package);
    for s in [&p.version_name, &p.application_class, &p.label.default, &p.label.zh, &p.label.en] {
        s.iter().for_each(|s| text(s));
    }
    for r in &p.permissions {
        text(&r.name);
        r.required_feature.iter().for_each(|s| text(s));
    }
    p.declared_permissions.iter().for_each(|d| text(&d.name));
    p.features.iter().for_each(|f| text(&f.name));
    p.meta_data.iter().for_each(|m| meta(m, &mut text));
    for c in &p.components {
        text(&c.name);
        [&c.permission, &c.process, &c.target_activity].into_iter().flatten().for_each(|s| text(s));
        c.authorities.iter().for_each(|s| text(s));
        items += c.filters.len() + c.meta_data.len();
        for f in &c.filters {
            items += filter(f, &mut text);
        }
        c.meta_data.iter().for_each(|m| meta(m, &mut text));
    }
    for q in &p.queries {
        match q {
            Query::Package { name, .. } => text(name),
            Query::Provider { authorities, .. } => text(authorities),
            Query::Intent { filter: f, .. } => items += filter(f, &mut text),
        }
    }
    assert!(items <= limits.names, "{items} elements kept");
    // The root element and <application> stand outside the count: eight texts at the most.
    let most = text_bytes(limits) + 16 * longest;
    assert!(bytes <= most, "{bytes} bytes of text kept");
    for list in [&p.assets, &p.other_files] {
        assert!(list.len() <= limits.names);
        assert!(list.iter().map(String::len).sum::<usize>() <= limits.name_bytes);
        assert!(list.is_sorted());
    }
    assert!(p.native_libraries.iter().map(|l| l.abis.len()).sum::<usize>() <= limits.names);
    bytes
}
