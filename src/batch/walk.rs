//! What the user names, turned into samples: files, folders, and lists of paths on a stream.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::report::model::{Outcome, Skipped, Unreadable};
use crate::sample::Sample;
use crate::text::Text;

/// Something the user named.
pub enum Input {
    /// A file or a folder.
    Path(PathBuf),
    /// Paths on a stream.
    List {
        /// What to call it in a message.
        name: String,
        /// The stream.
        reader: Box<dyn BufRead>,
        /// Byte between two paths: a line feed, or zero.
        separator: u8,
    },
}

/// What walking meets.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A file to analyse.
    Sample(Sample),
    /// Something whose outcome is known without analysis.
    Known(Outcome),
}

/// Walks inputs in their order and folders in the order of their names. Every file comes once,
/// under the first path that leads to it; loops of symbolic links are met and left.
pub struct Walk {
    inputs: VecDeque<Input>,
    folder: Option<walkdir::IntoIter>,
    /// First half of the SHA-256 of each canonical path: a batch may hold millions.
    seen: HashSet<[u8; 16]>,
}

impl Walk {
    /// Over `inputs`, without the files `leave_out` (this run's own outputs and lists).
    pub fn new(inputs: impl IntoIterator<Item = Input>, leave_out: &[PathBuf]) -> Self {
        let mut walk = Self { inputs: inputs.into_iter().collect(), folder: None, seen: HashSet::new() };
        for path in leave_out {
            if let Ok(canonical) = fs::canonicalize(path) {
                walk.seen.insert(digest(&canonical));
            }
        }
        walk
    }

    fn path(&mut self, path: PathBuf) -> Option<Item> {
        match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => {
                self.folder =
                    Some(WalkDir::new(&path).min_depth(1).follow_links(true).sort_by_file_name().into_iter());
                None
            }
            Ok(_) => self.file(&path, true),
            Err(error) => Some(unreadable(&path, true, &error)),
        }
    }

    fn entry(&mut self, entry: walkdir::Result<walkdir::DirEntry>) -> Option<Item> {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => None,
            Ok(entry) => self.file(entry.path(), false),
            Err(error) => {
                let path = error.path().unwrap_or(Path::new("")).to_owned();
                if error.loop_ancestor().is_some() {
                    return Some(skipped(
                        &path,
                        false,
                        Text::new(
                            "符号链接指回上级文件夹，不重复进入",
                            "a symbolic link back to a parent folder, not entered again",
                        ),
                    ));
                }
                let is_link = fs::symlink_metadata(&path).is_ok_and(|m| m.file_type().is_symlink());
                if is_link && !path.exists() {
                    return Some(skipped(
                        &path,
                        false,
                        Text::new(
                            "符号链接指向的文件不存在",
                            "a symbolic link to a file that does not exist",
                        ),
                    ));
                }
                let error = error.into_io_error().unwrap_or_else(|| io::Error::other("walk"));
                Some(unreadable(&path, false, &error))
            }
        }
    }

    fn file(&mut self, path: &Path, explicit: bool) -> Option<Item> {
        match fs::metadata(path) {
            // Opening a pipe would wait for ever.
            Ok(meta) if !meta.is_file() => {
                return Some(skipped(
                    path,
                    explicit,
                    Text::new("不是普通文件（设备、管道等）", "not a regular file (a device, a pipe …)"),
                ));
            }
            Ok(_) => {}
            Err(error) => return Some(unreadable(path, explicit, &error)),
        }
        match fs::canonicalize(path) {
            Ok(canonical) if !self.seen.insert(digest(&canonical)) => return None,
            Ok(_) => {}
            Err(error) => return Some(unreadable(path, explicit, &error)),
        }
        if path.to_str().is_none() {
            let reason = Text::new(
                "文件名不是有效的 Unicode，无法写入报告。请重命名后再分析。",
                "The file name is not valid Unicode and cannot stand in a report. Rename the file and scan again.",
            );
            return Some(Item::Known(Outcome::Unreadable(Unreadable {
                sample: sample(path, explicit),
                reason,
                gaps: Vec::new(),
            })));
        }
        Some(Item::Sample(sample(path, explicit)))
    }
}

impl Iterator for Walk {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(folder) = &mut self.folder {
                match folder.next() {
                    Some(entry) => match self.entry(entry) {
                        Some(item) => return Some(item),
                        None => continue,
                    },
                    None => self.folder = None,
                }
            }
            let item = match self.inputs.pop_front()? {
                Input::Path(path) => self.path(path),
                Input::List { name, mut reader, separator } => {
                    let next = next_path(reader.as_mut(), separator);
                    match next {
                        Ok(None) => None,
                        Ok(Some(path)) => {
                            self.inputs.push_front(Input::List { name, reader, separator });
                            self.path(path)
                        }
                        Err(error) => Some(unreadable(Path::new(&name), true, &error)),
                    }
                }
            };
            if item.is_some() {
                return item;
            }
        }
    }
}

/// The next path of a list. Blank lines are passed over; bytes that are not UTF-8 are read as
/// GB18030, as Chinese Windows writes them.
fn next_path(reader: &mut dyn BufRead, separator: u8) -> io::Result<Option<PathBuf>> {
    loop {
        let mut bytes = Vec::new();
        if reader.read_until(separator, &mut bytes)? == 0 {
            return Ok(None);
        }
        if bytes.last() == Some(&separator) {
            bytes.pop();
        }
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => encoding_rs::GB18030.decode_without_bom_handling(&bytes).0.into_owned(),
        };
        let text = text.trim_start_matches('\u{feff}');
        let text = if separator == b'\n' { text.trim_end_matches('\r') } else { text };
        if !text.trim().is_empty() {
            return Ok(Some(PathBuf::from(text)));
        }
    }
}

fn digest(path: &Path) -> [u8; 16] {
    let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    half
}

fn sample(path: &Path, explicit: bool) -> Sample {
    let mut text = path.to_string_lossy().into_owned();
    if cfg!(windows) {
        text = text.replace('\\', "/");
    }
    Sample { path: text, explicit, listed: None }
}

fn skipped(path: &Path, explicit: bool, reason: Text) -> Item {
    Item::Known(Outcome::Skipped(Skipped { sample: sample(path, explicit), reason }))
}

fn unreadable(path: &Path, explicit: bool, error: &io::Error) -> Item {
    let reason = why(error);
    Item::Known(Outcome::Unreadable(Unreadable { sample: sample(path, explicit), reason, gaps: Vec::new() }))
}

/// Why the system refused a path, and what to do.
pub fn why(error: &io::Error) -> Text {
    match error.kind() {
        io::ErrorKind::NotFound => Text::new(
            "路径不存在。请检查拼写，或先确认文件已下载到本机。",
            "The path does not exist. Check the spelling, or that the file was downloaded.",
        ),
        io::ErrorKind::PermissionDenied => Text::new(
            "没有读取权限。请检查文件权限，或换用有权限的账户运行。",
            "No permission to read it. Check the file's permissions, or run with an account that has them.",
        ),
        _ => Text::new(
            format!("系统无法读取（{error}）。请确认磁盘或网络位置可用。"),
            format!(
                "The system cannot read it ({error}). Check that the disk or network place is available."
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(walk: Walk, root: &Path) -> Vec<String> {
        walk.map(|item| {
            let (mark, sample) = match item {
                Item::Sample(s) => (if s.explicit { "!" } else { "" }, s),
                Item::Known(Outcome::Skipped(s)) => ("skip ", s.sample),
                Item::Known(o) => ("bad ", o.sample().clone()),
            };
            let root = root.to_str().unwrap().replace('\\', "/");
            format!("{mark}{}", sample.path.replace(&format!("{root}/"), ""))
        })
        .collect()
    }

    #[test]
    fn sorted_once_each_and_lists_interleave() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("b/inner")).unwrap();
        for name in ["c.apk", "a.apk", "b/2.apk", "b/inner/1.apk", "out.csv"] {
            fs::write(root.join(name), name).unwrap();
        }
        let list = format!("\u{feff}{0}/c.apk\r\n\r\n{0}/gone.apk\n{0}/b\n", root.display());
        let inputs = [
            Input::List { name: "-".into(), reader: Box::new(io::Cursor::new(list)), separator: b'\n' },
            Input::Path(root.to_owned()),
        ];
        let walk = Walk::new(inputs, &[root.join("out.csv")]);
        assert_eq!(paths(walk, root), ["!c.apk", "bad gone.apk", "b/2.apk", "b/inner/1.apk", "a.apk"]);
    }

    #[cfg(unix)]
    #[test]
    fn loops_dead_links_and_pipes_are_skipped() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::write(root.join("a.apk"), "a").unwrap();
        symlink(root, root.join("loop")).unwrap();
        symlink(root.join("a.apk"), root.join("twin.apk")).unwrap();
        symlink(root.join("nothing"), root.join("dead")).unwrap();
        let walk = Walk::new([Input::Path(root.to_owned())], &[]);
        assert_eq!(paths(walk, root), ["a.apk", "skip dead", "skip loop"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_without_unicode_are_reported() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(std::ffi::OsStr::from_bytes(b"\xce\xa2\xd0\xc5.apk")), "a").unwrap();
        let items: Vec<_> = Walk::new([Input::Path(dir.path().to_owned())], &[]).collect();
        assert!(matches!(&items[..], [Item::Known(Outcome::Unreadable(_))]), "{items:?}");
    }
}
