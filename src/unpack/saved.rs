//! A record that was saved as JSON and is given in place of its package.

use super::error::{UnpackError, Unreadable};
use super::limits::Limits;
use super::source::Source;
use crate::package::{AppPackage, PACKAGE_SCHEMA};
use crate::text::Text;

/// Bytes in which the name of the schema must appear.
const HEAD: usize = 4 << 10;

/// The record in `source`; `None` if it is not a saved record.
pub(super) fn read(source: &dyn Source, limits: &Limits) -> Option<Result<AppPackage, UnpackError>> {
    let mut head = [0; HEAD];
    let n = source.read_at(0, &mut head).ok()?;
    let head = head.get(..n)?.trim_ascii_start();
    let named = |at: &[u8]| at.starts_with(b"piscope-package/");
    if !head.starts_with(b"{") || !head.windows(16).any(named) {
        return None;
    }
    Some(parse(source, limits))
}

fn parse(source: &dyn Source, limits: &Limits) -> Result<AppPackage, UnpackError> {
    let length = source.len();
    if length > limits.entry_bytes {
        return Err(unreadable(
            "saved.limit",
            None,
            Text::new(
                format!(
                    "保存的样品记录有 {length} 字节，超过上限 {}；可用 --limit-entry 调高上限",
                    limits.entry_bytes
                ),
                format!(
                    "the saved record has {length} bytes, more than the limit of {}; raise --limit-entry",
                    limits.entry_bytes
                ),
            ),
        ));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    let n = source.read_at(0, &mut bytes).map_err(UnpackError::Io)?;
    bytes.truncate(n);
    let package: AppPackage = serde_json::from_slice(&bytes).map_err(|e| {
        unreadable(
            "saved.broken",
            Some(e.line() as u64),
            Text::new(
                format!("保存的样品记录已损坏（第{}行第{}列）；请用 piscope inspect 重新生成", e.line(), e.column()),
                format!(
                    "the saved record is broken (line {}, column {}: {e}); make it again with piscope inspect",
                    e.line(),
                    e.column()
                ),
            ),
        )
    })?;
    if package.schema != PACKAGE_SCHEMA {
        return Err(unreadable(
            "saved.version",
            None,
            Text::new(
                format!(
                    "保存的样品记录版本为 {}，本程序读取 {PACKAGE_SCHEMA}；请用 piscope inspect 重新生成",
                    package.schema
                ),
                format!(
                    "the saved record has version {}, this program reads {PACKAGE_SCHEMA}; make it again with piscope inspect",
                    package.schema
                ),
            ),
        ));
    }
    Ok(package)
}

fn unreadable(code: &str, line: Option<u64>, reason: Text) -> UnpackError {
    UnpackError::Unreadable(Box::new(Unreadable {
        code: code.to_owned(),
        part: "saved record".to_owned(),
        offset: line,
        reason,
        gaps: Vec::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(package: &str) -> String {
        serde_json::to_string(&AppPackage {
            schema: PACKAGE_SCHEMA.to_owned(),
            package: package.to_owned(),
            ..AppPackage::default()
        })
        .unwrap()
    }

    #[test]
    fn a_saved_record_comes_back() {
        let json = record("com.example");
        let read = read(&json.as_bytes(), &Limits::default()).unwrap().unwrap();
        assert_eq!(read.package, "com.example");
    }

    #[test]
    fn other_json_is_left_alone_and_a_broken_record_is_named() {
        assert!(read(&b"{\"a\": 1}".as_slice(), &Limits::default()).is_none());
        let cut = &record("com.example")[..60];
        let error = read(&cut.as_bytes(), &Limits::default()).unwrap().unwrap_err();
        assert!(matches!(error, UnpackError::Unreadable(u) if u.code == "saved.broken"));
        let other = record("com.example").replace(PACKAGE_SCHEMA, "piscope-package/99");
        let error = read(&other.as_bytes(), &Limits::default()).unwrap().unwrap_err();
        assert!(matches!(error, UnpackError::Unreadable(u) if u.code == "saved.version"));
    }
}
