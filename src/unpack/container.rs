//! Containers of split APKs: `.apks` (bundletool), `.xapk` (APKPure), `.apkm` (APKMirror). The
//! parts are merged into one app, the base first.

use super::archive::{Archive, Entry};
use super::arsc::Resolved;
use super::contents::{Contents, Landmarks};
use super::error::UnpackError;
use super::source::Source;
use super::{Reader, manifest};
use crate::package::{AppPackage, Gap, GapKind, PackageFormat};

const NO_BASE: (&str, &str) = (
    "容器内没有可读的基础 APK（base）；请提供完整的安装包集合",
    "the container holds no readable base APK; provide the complete set",
);
const NESTING: (&str, &str) = (
    "嵌套层数上限不允许打开容器内的 APK；请调高上限后重试",
    "the limit of nesting forbids to open the APKs inside; raise it and try again",
);

/// The APKs of a container that make up the app.
pub(super) struct Parts {
    /// Read in this order; the base comes first if its name tells.
    apks: Vec<Entry>,
    /// Other builds of the same app, for other devices.
    alternatives: Vec<Entry>,
}

/// The APKs inside `archive`; `None` if there are none.
pub(super) fn parts(archive: &Archive<'_>) -> Option<Parts> {
    let is_apk =
        |name: &[u8]| name.rsplit(|b| *b == b'.').next().is_some_and(|e| e.eq_ignore_ascii_case(b"apk"));
    let mut apks: Vec<Entry> =
        archive.entries().iter().filter(|e| is_apk(archive.name(e))).copied().collect();
    if apks.is_empty() {
        return None;
    }
    let in_folder = |e: &Entry, folder: &[u8]| archive.name(e).starts_with(folder);
    // bundletool ships the same app twice: in splits, and whole for old systems.
    if apks.iter().any(|e| in_folder(e, b"splits/")) {
        apks.retain(|e| in_folder(e, b"splits/"));
    }
    apks.sort_by_key(|e| (rank(archive.name(e)), archive.name(e).to_vec()));
    apks.dedup_by(|b, a| archive.name(a) == archive.name(b));
    let mut alternatives = Vec::new();
    if apks.iter().all(|e| in_folder(e, b"standalones/")) {
        alternatives = apks.split_off(1.min(apks.len()));
    }
    Some(Parts { apks, alternatives })
}

/// How likely a name is the base: 0 surely, 2 surely not.
fn rank(name: &[u8]) -> u8 {
    let file = name.rsplit(|b| *b == b'/').next().unwrap_or(name);
    match file {
        b"base.apk" | b"base-master.apk" | b"universal.apk" => 0,
        _ if file.starts_with(b"split_") || file.starts_with(b"config.") || file.starts_with(b"base-") => 2,
        _ => 1,
    }
}

/// Reads the parts and merges them.
pub(super) fn read(
    reader: &mut Reader<'_>,
    outer: &Archive<'_>,
    parts: Parts,
) -> Result<AppPackage, UnpackError> {
    let Parts { mut apks, alternatives } = parts;
    if reader.limits.nesting == 0 {
        return Err(reader.unreadable("container.nesting", "container", &NESTING));
    }
    let most = reader.limits.splits as usize;
    if apks.len() > most {
        let detail = format!("{} APKs inside, {most} read", apks.len());
        reader.gap(GapKind::Limit, "container.splits", "container", &detail);
        apks.truncate(most);
    }
    let base = apks.iter().position(|entry| is_base(reader, outer, entry));
    let Some(base) = base.map(|at| apks.remove(at)) else {
        // Say why each part could not serve.
        for entry in &apks {
            read_part(reader, outer, entry, |_, _, _, _| ());
        }
        return Err(reader.unreadable("container.base-missing", "container", &NO_BASE));
    };

    let mut contents = Contents::default();
    let mut merged = None;
    read_part(reader, outer, &base, |reader, archive, marks, found| {
        let data = reader.manifest(archive, &marks)?;
        let resolved = reader.resolve(archive, &marks, &data.references);
        contents.merge(found, reader.limits);
        merged = Some((data, resolved, reader.signing(archive, &marks)));
        Ok::<_, UnpackError>(())
    })
    .transpose()?;
    let Some((data, mut resolved, signing)) = merged else {
        return Err(reader.unreadable("container.base-missing", "container", &NO_BASE));
    };
    resolved.resize(data.references.len(), Resolved::default());

    let mut splits = Vec::new();
    for entry in &apks {
        if reader.budget.is_late() {
            break;
        }
        read_part(reader, outer, entry, |reader, archive, marks, found| {
            let part = match reader.manifest(archive, &marks) {
                Ok(part) => part,
                Err(e) => return keep_going(reader, e),
            };
            let Some(name) = part.split.clone().filter(|_| part.package.package == data.package.package)
            else {
                let detail =
                    format!("package {:?} is no split of the base; not merged", part.package.package);
                return reader.gap(GapKind::Unread, "container.other-app", archive.prefix(), &detail);
            };
            contents.merge(found, reader.limits);
            // Texts in other languages live in the splits of those languages.
            if marks.resources.is_some() && !data.references.is_empty() {
                let more = reader.resolve(archive, &marks, &data.references);
                for (known, more) in resolved.iter_mut().zip(more) {
                    known.default = known.default.take().or(more.default);
                    known.zh = known.zh.take().or(more.zh);
                    known.en = known.en.take().or(more.en);
                }
            }
            let own = match part.references.is_empty() {
                true => Vec::new(),
                false => reader.resolve(archive, &marks, &part.references),
            };
            splits.push((name, manifest::apply(part, &own)));
        });
    }
    for entry in &alternatives {
        read_part(reader, outer, entry, |_, _, _, found| contents.merge_libraries(found));
    }

    let mut package = manifest::apply(data, &resolved);
    for (name, split) in splits {
        merge(&mut package, split);
        package.splits.push(name);
    }
    package.signing = signing;
    package.format = format(reader, outer);
    contents.finish(&mut package, &mut reader.gaps);
    Ok(package)
}

/// The decoded manifest of every readable part, with its entry.
pub(super) fn manifest_texts(
    reader: &mut Reader<'_>,
    outer: &Archive<'_>,
    parts: &Parts,
) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for entry in parts.apks.iter().take(reader.limits.splits as usize) {
        read_part(reader, outer, entry, |reader, archive, marks, _| {
            texts.extend(reader.manifest_text(archive, &marks));
        });
    }
    texts
}

/// The texts of every readable part.
pub(super) fn texts(reader: &mut Reader<'_>, outer: &Archive<'_>, parts: &Parts, found: &mut Vec<String>) {
    for entry in parts.apks.iter().take(reader.limits.splits as usize) {
        read_part(reader, outer, entry, |reader, archive, _, _| reader.append_texts(archive, found));
    }
}

/// Opens one nested APK and hands it to `then`. What stands in the way becomes a gap.
fn read_part<T>(
    reader: &mut Reader<'_>,
    outer: &Archive<'_>,
    entry: &Entry,
    then: impl FnOnce(&mut Reader<'_>, &Archive<'_>, Landmarks, Contents) -> T,
) -> Option<T> {
    let prefix = format!("{}{}!/", outer.prefix(), outer.display_name(entry));
    let stored = outer.stored_part(entry);
    let mut held = Vec::new();
    let inflated;
    let source: &dyn Source = if let Some(part) = &stored {
        part
    } else {
        match outer.read(entry, &mut reader.budget, &mut held, &mut reader.gaps) {
            Ok(bytes) => {
                inflated = bytes;
                &inflated
            }
            Err(gap) => {
                reader.gaps.push(gap);
                return None;
            }
        }
    };
    let opened =
        Archive::open(source, &prefix, reader.limits, &reader.budget, Default::default(), &mut reader.gaps);
    let Ok(archive) = opened else {
        reader.gap(GapKind::Unread, "container.part", &prefix, "no readable archive");
        return None;
    };
    let mut contents = Contents::default();
    let marks = contents.add(&archive, reader.limits, &mut reader.gaps);
    Some(then(reader, &archive, marks, contents))
}

/// Whether a part is a whole app or the base of one. Leaves no gaps: the part is read again.
fn is_base(reader: &mut Reader<'_>, outer: &Archive<'_>, entry: &Entry) -> bool {
    let known = std::mem::take(&mut reader.gaps);
    let found = read_part(reader, outer, entry, |reader, archive, marks, _| {
        reader.manifest(archive, &marks).is_ok_and(|data| data.split.is_none())
    });
    reader.gaps = known;
    found == Some(true)
}

/// Turns the failure of one part into a gap of the whole.
fn keep_going(reader: &mut Reader<'_>, error: UnpackError) {
    if let UnpackError::Unreadable(u) = error {
        reader.gaps.extend(u.gaps);
        reader.gaps.push(Gap {
            kind: GapKind::Unread,
            code: u.code,
            part: u.part,
            offset: u.offset,
            detail: u.reason.en,
        });
    }
}

/// Adds what a split brings to what the base says.
fn merge(base: &mut AppPackage, split: AppPackage) {
    base.permissions.extend(split.permissions);
    base.declared_permissions.extend(split.declared_permissions);
    base.features.extend(split.features);
    base.components.extend(split.components);
    base.meta_data.extend(split.meta_data);
    base.queries.extend(split.queries);
}

/// Tells the container by the description that its maker puts beside the APKs.
fn format(reader: &mut Reader<'_>, outer: &Archive<'_>) -> PackageFormat {
    for (name, marks, format) in [
        ("info.json", ["\"apkm_version\"", "\"pname\""], PackageFormat::Apkm),
        ("manifest.json", ["\"xapk_version\"", "\"package_name\""], PackageFormat::Xapk),
    ] {
        let Some(entry) = outer.find(name.as_bytes()) else { continue };
        let bytes = outer.read(entry, &mut reader.budget, &mut reader.spare.entry, &mut reader.gaps);
        let text = bytes.map(String::from_utf8_lossy).unwrap_or_default();
        if marks.iter().any(|m| text.contains(m)) {
            return format;
        }
    }
    PackageFormat::Apks
}
