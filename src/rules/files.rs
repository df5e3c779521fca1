//! The files of a rule folder, before anything is parsed.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::error::{RuleError, RuleErrors};
use crate::text::Text;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/app-categories");

/// The file that makes a folder a whole ruleset; see [`RuleFiles::for_dir`].
pub(super) const RULESET_FILE: &str = "common/ruleset.toml";
/// The published text.
pub(super) const REGULATION_FILE: &str = "regulation.txt";
/// The words model.
pub(super) const WORDS_FILE: &str = "common/words/model.txt";

/// Rule files by path below their folder (`/` on every system): `*.toml`, `regulation.txt` and the words model. Line ends are `\n` and a
/// byte order mark is gone, so that an editor or a version control system cannot change the digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFiles {
    files: BTreeMap<String, String>,
}

impl RuleFiles {
    /// The files that the program carries.
    pub fn embedded() -> Self {
        let mut files = Self::default();
        let mut folders = vec![&EMBEDDED];
        while let Some(folder) = folders.pop() {
            folders.extend(folder.dirs());
            for file in folder.files() {
                if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
                    files.insert(&path.replace('\\', "/"), text);
                }
            }
        }
        files
    }

    /// The files of `dir` alone.
    ///
    /// # Errors
    /// When the folder is not there, cannot be read, holds no rule file, or a rule file is not UTF-8.
    pub fn read(dir: &Path) -> Result<Self, RuleErrors> {
        let mut files = Self::default();
        let mut errors = Vec::new();
        for entry in WalkDir::new(dir).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => {
                    let at = e.path().unwrap_or(dir).display().to_string();
                    errors.push(unreadable(at, &e.to_string()));
                    continue;
                }
            };
            let Ok(below) = entry.path().strip_prefix(dir) else { continue };
            let name =
                below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            if !entry.file_type().is_file() || !is_rule_file(&name) {
                continue;
            }
            match std::fs::read(entry.path()) {
                Ok(bytes) => match String::from_utf8(bytes) {
                    Ok(text) => files.insert(&name, &text),
                    Err(e) => errors.push(
                        RuleError::new(
                            name,
                            "not-utf8",
                            Text::new("文件不是 UTF-8 编码", "the file is not UTF-8"),
                            Text::new("请另存为 UTF-8", "Save it as UTF-8"),
                        )
                        .key(format!("byte {}", e.utf8_error().valid_up_to())),
                    ),
                },
                Err(e) => errors.push(unreadable(name, &e.to_string())),
            }
        }
        if files.files.is_empty() && errors.is_empty() {
            errors.push(RuleError::new(
                dir.display().to_string(),
                "no-rule-files",
                Text::new("文件夹中没有规则文件（*.toml）", "the folder holds no rule file (*.toml)"),
                Text::new(
                    "请指向规则文件夹本身，其结构与 app-categories/ 相同",
                    "Point to a rule folder, laid out as app-categories/",
                ),
            ));
        }
        if errors.is_empty() { Ok(files) } else { Err(RuleErrors(errors)) }
    }

    /// What `--rules DIR` means: a folder with `common/ruleset.toml` replaces the built-in rules; any other folder is
    /// laid over them, file by file.
    ///
    /// # Errors
    /// As [`RuleFiles::read`].
    pub fn for_dir(dir: &Path) -> Result<Self, RuleErrors> {
        let own = Self::read(dir)?;
        Ok(if own.files.contains_key(RULESET_FILE) { own } else { Self::embedded().overlaid_with(own) })
    }

    /// These files with those of `over` in place of the ones of the same path, and the others added.
    pub fn overlaid_with(mut self, over: Self) -> Self {
        self.files.extend(over.files);
        self
    }

    /// Adds or replaces one file; names that are no rule files are ignored.
    pub fn insert(&mut self, path: &str, text: &str) {
        if is_rule_file(path) {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            self.files.insert(path.to_owned(), text.replace("\r\n", "\n"));
        }
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Path and text of each file, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// SHA-256 over path, length and bytes of each file, sorted by path; lower-case hex.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (path, text) in &self.files {
            hash.update(path.as_bytes());
            hash.update([0]);
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn is_rule_file(path: &str) -> bool {
    let hidden = path.split('/').any(|part| part.starts_with('.'));
    !hidden && (path.ends_with(".toml") || path == REGULATION_FILE || path == WORDS_FILE)
}

fn unreadable(file: String, reason: &str) -> RuleError {
    RuleError::new(
        file,
        "unreadable",
        Text::new(format!("无法读取：{reason}"), format!("cannot be read: {reason}")),
        Text::new("请检查路径和读取权限", "Check the path and the right to read it"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_files_are_those_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("app-categories");
        assert_eq!(RuleFiles::embedded().digest(), RuleFiles::read(&folder).unwrap().digest());
    }

    #[test]
    fn line_ends_and_byte_order_mark_do_not_change_the_digest() {
        let (mut unix, mut windows) = (RuleFiles::default(), RuleFiles::default());
        unix.insert("common/a.toml", "a = 1\nb = 2\n");
        windows.insert("common/a.toml", "\u{feff}a = 1\r\nb = 2\r\n");
        assert_eq!(unix.digest(), windows.digest());
        windows.insert("common/a.toml", "a = 2\n");
        assert_ne!(unix.digest(), windows.digest());
    }

    #[test]
    fn a_folder_without_rules_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(RuleFiles::read(dir.path()).unwrap_err().0[0].code, "no-rule-files");
        assert_eq!(RuleFiles::read(&dir.path().join("none")).unwrap_err().0[0].code, "unreadable");
        std::fs::write(dir.path().join("x.toml"), b"a = \"\xd0\xff\"").unwrap();
        assert_eq!(RuleFiles::read(dir.path()).unwrap_err().0[0].code, "not-utf8");
    }

    #[test]
    fn a_partial_folder_is_laid_over_and_a_whole_one_replaces() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("common")).unwrap();
        std::fs::write(dir.path().join("common/outside.toml"), "").unwrap();
        let over = RuleFiles::for_dir(dir.path()).unwrap();
        assert_eq!(over.text("common/outside.toml"), Some(""));
        assert!(over.text("common/permissions.toml").is_some());
        std::fs::write(dir.path().join("common/ruleset.toml"), "version = \"1\"").unwrap();
        assert_eq!(RuleFiles::for_dir(dir.path()).unwrap().iter().count(), 2);
    }
}
