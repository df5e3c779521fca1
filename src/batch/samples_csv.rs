//! The user's list of samples: `samples.csv`, as Chinese office programs write it.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::batch::walk::why;
use crate::sample::ListedSample;
use crate::text::Text;

/// A list that cannot be used: where, why and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListError {
    /// The list.
    pub path: PathBuf,
    /// Line from 1, where one is to blame.
    pub line: Option<u64>,
    /// Why, and what to do.
    pub message: Text,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|l| format!(":{l}")).unwrap_or_default();
        write!(f, "{}{line}: {}", self.path.display(), self.message.en)
    }
}

impl std::error::Error for ListError {}

type Field = fn(&mut ListedSample, String);

/// Headings of each column, Chinese first, and where its cells go.
const COLUMNS: &[(&[&str], Field)] = &[
    (&["文件", "文件名", "file"], |r, v| r.file = v),
    (&["应用名称", "app_name"], |r, v| r.app_name = Some(v)),
    (&["应用开发者", "开发者", "developer"], |r, v| r.developer = Some(v)),
    (&["应用来源", "store"], |r, v| r.store = Some(v)),
    (&["应用版本", "version"], |r, v| r.version = Some(v)),
    (&["app备案号", "备案号", "filing_number"], |r, v| r.filing_number = Some(v)),
    (&["属地", "region"], |r, v| r.region = Some(v)),
    (&["下载链接", "download_url"], |r, v| r.download_url = Some(v)),
    (&["下载时间", "downloaded_at"], |r, v| r.downloaded_at = Some(v)),
    (&["下载人", "downloaded_by"], |r, v| r.downloaded_by = Some(v)),
    (&["应用类型", "category"], |r, v| r.category = Some(v)),
    (&["是否预置", "preinstalled"], |r, v| r.preinstalled = Some(v)),
    (&["任务来源", "task_source"], |r, v| r.task_source = Some(v)),
    (&["备注", "note"], |r, v| r.note = Some(v)),
];

/// The rows of a list, and which of them a file has claimed.
#[derive(Debug, Clone, Default)]
pub struct SampleList {
    rows: Vec<ListedSample>,
    by_path: HashMap<String, usize>,
    claimed: Vec<u32>,
}

impl SampleList {
    /// Reads the list at `path`: UTF-8 with or without byte order mark, else GB18030.
    ///
    /// # Errors
    /// When it cannot be read or decoded, has no column for the file, or a line is broken.
    pub fn read(path: &Path) -> Result<Self, ListError> {
        let bytes =
            fs::read(path).map_err(|e| ListError { path: path.to_owned(), line: None, message: why(&e) })?;
        Self::parse(&bytes).map_err(|(line, message)| ListError { path: path.to_owned(), line, message })
    }

    fn parse(bytes: &[u8]) -> Result<Self, (Option<u64>, Text)> {
        // The csv crate counts the lines of CRLF text one short.
        let text = decode(bytes)?.replace("\r\n", "\n");
        if text.matches('"').count() % 2 == 1 {
            return Err((
                Some(unclosed_quote(&text)),
                Text::new(
                    "双引号没有成对。请补上或删去多余的双引号。",
                    "A double quote is not closed. Close it, or remove the extra one.",
                ),
            ));
        }
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
        let mut records = reader.records();
        let heading = match records.next() {
            Some(Ok(heading)) => heading,
            _ => {
                return Err((
                    None,
                    Text::new(
                        "文件是空的。请填写表头和样品。",
                        "The file is empty. Fill in a heading and samples.",
                    ),
                ));
            }
        };
        let columns = columns(&heading)?;
        let mut list = Self::default();
        for record in records {
            let record = record.map_err(|e| (e.position().map(csv::Position::line), broken(&e)))?;
            let line = record.position().map_or(0, csv::Position::line);
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            if record.iter().skip(columns.len()).any(|cell| !cell.trim().is_empty()) {
                return Err((
                    Some(line),
                    Text::new(
                        format!(
                            "该行有 {} 列，表头只有 {} 列。单元格内如有逗号，请用双引号括起。",
                            record.len(),
                            columns.len()
                        ),
                        format!(
                            "The line has {} cells, the heading {}. Put a cell that contains a comma into double quotes.",
                            record.len(),
                            columns.len()
                        ),
                    ),
                ));
            }
            let mut row = ListedSample { line, ..ListedSample::default() };
            for (cell, field) in record.iter().zip(&columns) {
                let cell = cell.trim();
                if let (Some(field), false) = (field, cell.is_empty()) {
                    field(&mut row, cell.to_owned());
                }
            }
            if row.file.is_empty() {
                return Err((
                    Some(line),
                    Text::new(
                        "“文件”一列为空。请填写样品的文件名或路径。",
                        "The column `file` is empty. Fill in the sample's file name or path.",
                    ),
                ));
            }
            let key = key(&row.file);
            if let Some(first) = list.by_path.insert(key, list.rows.len()) {
                let first = list.rows.get(first).map_or(0, |r| r.line);
                return Err((
                    Some(line),
                    Text::new(
                        format!("“{}”已在第 {first} 行出现。请只保留一行。", row.file),
                        format!("`{}` stands on line {first} already. Keep one of the two.", row.file),
                    ),
                ));
            }
            list.rows.push(row);
        }
        list.claimed = vec![0; list.rows.len()];
        Ok(list)
    }

    /// Every row.
    pub fn rows(&self) -> &[ListedSample] {
        &self.rows
    }

    /// The row that belongs to the file at `path`: the longest end of the path that a row names,
    /// down to the bare file name.
    pub fn claim(&mut self, path: &str) -> Option<ListedSample> {
        let path = key(path);
        let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
        let index = *starts.filter_map(|start| self.by_path.get(path.get(start..)?)).next()?;
        *self.claimed.get_mut(index)? += 1;
        self.rows.get(index).cloned()
    }

    /// Rows that no file has claimed.
    pub fn unclaimed(&self) -> impl Iterator<Item = &ListedSample> {
        self.claimed_by(|n| n == 0)
    }

    /// Rows that several files have claimed.
    pub fn shared(&self) -> impl Iterator<Item = &ListedSample> {
        self.claimed_by(|n| n > 1)
    }

    fn claimed_by(&self, test: impl Fn(u32) -> bool) -> impl Iterator<Item = &ListedSample> {
        self.rows.iter().zip(&self.claimed).filter(move |(_, n)| test(**n)).map(|(row, _)| row)
    }
}

/// A path as rows and files are compared by.
fn key(path: &str) -> String {
    let path = path.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    if cfg!(windows) { path.to_lowercase() } else { path.to_owned() }
}

fn decode(bytes: &[u8]) -> Result<String, (Option<u64>, Text)> {
    let wrong = |what: Text| Err((None, what));
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return wrong(Text::new(
            "这是 Excel 工作簿，不是 CSV。请在 Excel 中另存为“CSV UTF-8（逗号分隔）”。",
            "This is an Excel workbook, not CSV. Save it as \"CSV UTF-8 (comma delimited)\" in Excel.",
        ));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.contains(&0) {
        return wrong(Text::new(
            "文件是 UTF-16 或二进制内容。请另存为“CSV UTF-8（逗号分隔）”。",
            "The file is UTF-16 or binary. Save it as \"CSV UTF-8 (comma delimited)\".",
        ));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    if let Some(text) = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        return Ok(text.into_owned());
    }
    let valid = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len);
    let line = 1 + bytes.iter().take(valid).filter(|b| **b == b'\n').count() as u64;
    Err((
        Some(line),
        Text::new(
            "文字编码既不是 UTF-8 也不是 GB18030。请另存为“CSV UTF-8（逗号分隔）”。",
            "The text is neither UTF-8 nor GB18030. Save it as \"CSV UTF-8 (comma delimited)\".",
        ),
    ))
}

/// Where each cell goes; unknown headings are the user's own and are passed over.
fn columns(heading: &csv::StringRecord) -> Result<Vec<Option<Field>>, (Option<u64>, Text)> {
    let mut taken: HashMap<&str, ()> = HashMap::new();
    let mut columns = Vec::new();
    for cell in heading {
        let name = cell.trim().to_lowercase();
        let column = COLUMNS.iter().find(|(names, _)| names.contains(&name.as_str()));
        if let Some((names, _)) = column {
            let first = names.first().copied().unwrap_or_default();
            if taken.insert(first, ()).is_some() {
                return Err((
                    Some(1),
                    Text::new(
                        format!("“{first}”一列出现了两次。请只保留一列。"),
                        format!("The column `{}` ({first}) appears twice. Keep one of the two.", cell.trim()),
                    ),
                ));
            }
        }
        columns.push(column.map(|(_, field)| *field));
    }
    if !taken.contains_key("文件") {
        return Err((
            Some(1),
            Text::new(
                "表头中没有“文件”一列。请在第一行写上列名，列之间用逗号分隔，例如：文件,应用名称,应用版本。",
                "The heading has no column `file` (文件). Put the column names on the first line, separated by commas, e.g. file,app_name,version.",
            ),
        ));
    }
    Ok(columns)
}

fn broken(error: &csv::Error) -> Text {
    Text::new(
        format!("该行不是有效的 CSV（{error}）。请在表格软件中打开检查后重新保存。"),
        format!("The line is not valid CSV ({error}). Open it in a spreadsheet program and save it again."),
    )
}

/// Line on which the quote that is never closed opens: the last one, since after it all is quoted.
fn unclosed_quote(text: &str) -> u64 {
    let mut open = None;
    let mut line = 1;
    for c in text.chars() {
        match c {
            '"' => open = if open.is_some() { None } else { Some(line) },
            '\n' => line += 1,
            _ => {}
        }
    }
    open.unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_headings_in_three_encodings() {
        let text = "文件,应用名称,App备案号,自己的列\r\n每日好物.apk,每日好物,京ICP备1号,x\r\n";
        let mut with_mark = b"\xef\xbb\xbf".to_vec();
        with_mark.extend_from_slice(text.as_bytes());
        for bytes in [text.as_bytes().to_vec(), with_mark, encoding_rs::GB18030.encode(text).0.into_owned()] {
            let list = SampleList::parse(&bytes).unwrap();
            let row = &list.rows()[0];
            assert_eq!((row.file.as_str(), row.line), ("每日好物.apk", 2));
            assert_eq!(row.app_name.as_deref(), Some("每日好物"));
            assert_eq!(row.filing_number.as_deref(), Some("京ICP备1号"));
        }
    }

    #[test]
    fn rows_match_by_the_longest_end_of_the_path() {
        let mut list = SampleList::parse("file,note\na/x.apk,1\nx.apk,2\ny.apk,3\n".as_bytes()).unwrap();
        let note = |row: Option<ListedSample>| row.and_then(|r| r.note);
        assert_eq!(note(list.claim("root/a/x.apk")).as_deref(), Some("1"));
        assert_eq!(note(list.claim("root/b/x.apk")).as_deref(), Some("2"));
        assert_eq!(note(list.claim("root/c/x.apk")).as_deref(), Some("2"));
        assert_eq!(note(list.claim("root/xx.apk")), None);
        assert_eq!(list.unclaimed().map(|r| r.line).collect::<Vec<_>>(), [4]);
        assert_eq!(list.shared().map(|r| r.line).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn faults_name_their_line() {
        let line = |text: &str| SampleList::parse(text.as_bytes()).unwrap_err().0;
        assert_eq!(line("文件,备注\na.apk,\"x\nb.apk,y\n"), Some(2));
        assert_eq!(line("文件,备注\na.apk,x\nb.apk,y,z\n"), Some(3));
        assert_eq!(line("文件,备注\n,x\n"), Some(2));
        assert_eq!(line("文件,备注\na.apk,x\na.apk,y\n"), Some(3));
        assert_eq!(line("文件,file\n"), Some(1));
        assert_eq!(line("名称,备注\n"), Some(1));
        assert_eq!(line(""), None);
        assert_eq!(SampleList::parse(b"\xe6\x96\x87,\n\xff\xff\xff\xff\n").unwrap_err().0, Some(2));
    }
}
