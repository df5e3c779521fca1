//! The overrides file: a reviewer's corrections, keyed by package name, with who and why.
//!
//! CSV in UTF-8 or GB18030. Columns, in any order: 包名 / `package` and 类别 / `category` (needed),
//! 审核人 / `who`, 理由 / `why`. Several categories are joined by `、`, `;` or `；`; 0 or 无 is none of the 39.

use std::collections::BTreeMap;

use super::table::{self, TableError};
use crate::rules::Ruleset;

/// The corrections by package name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    rows: BTreeMap<String, Override>,
}

/// One correction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Override {
    /// Package name.
    pub package: String,
    /// Category numbers; empty: none of the 39.
    pub categories: Vec<u8>,
    /// Who decided; may be empty.
    pub who: String,
    /// Why; may be empty.
    pub why: String,
    /// Line of the file, from 1.
    pub line: u64,
}

impl Overrides {
    /// Reads the file's bytes.
    ///
    /// # Errors
    /// [`TableError`] at the first row that is not understood, or that names a package again.
    pub fn parse(bytes: &[u8], rules: &Ruleset) -> Result<Self, TableError> {
        let text = table::decode(bytes);
        let mut reader = table::reader(&text);
        let headers = reader.headers().map_err(|e| TableError::header(&e))?;
        let find =
            |names: [&str; 2]| headers.iter().position(|h| names.iter().any(|n| h.eq_ignore_ascii_case(n)));
        let (package, category) = (find(["包名", "package"]), find(["类别", "category"]));
        let (who, why) = (find(["审核人", "who"]), find(["理由", "why"]));
        let (Some(package), Some(category)) = (package, category) else {
            return Err(TableError::new(
                1,
                "表头须有“包名”和“类别”两列",
                "the header needs the columns `package` and `category`",
            ));
        };
        let mut rows = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(|e| TableError::row(&e))?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell =
                |column: Option<usize>| column.and_then(|i| record.get(i)).unwrap_or_default().to_owned();
            let name = cell(Some(package));
            if name.is_empty() {
                continue;
            }
            let stated = cell(Some(category));
            let categories = parse_categories(&stated, rules).ok_or_else(|| {
                TableError::new(
                    line,
                    format!("类别“{stated}”不是39类的编号、标识或名称（0或无表示不属于39类）"),
                    format!(
                        "category \"{stated}\" is not a number, id or name of the 39 (0 for none of them)"
                    ),
                )
            })?;
            let row = Override { package: name.clone(), categories, who: cell(who), why: cell(why), line };
            if rows.insert(name.clone(), row).is_some() {
                return Err(TableError::new(
                    line,
                    format!("包名{name}重复，请只保留一行"),
                    format!("package {name} stands twice; keep one row"),
                ));
            }
        }
        Ok(Self { rows })
    }

    /// The correction for a package.
    pub fn get(&self, package: &str) -> Option<&Override> {
        self.rows.get(package)
    }
}

/// Category numbers from `6`, `online-shopping`, `网上购物` or `网上购物类`, several joined by
/// `、`, `;`, `；`, `,` or `，`; `0` or `无` is the empty list. `None` if a part is not understood.
pub fn parse_categories(text: &str, rules: &Ruleset) -> Option<Vec<u8>> {
    let mut numbers = Vec::new();
    for part in text.split(['、', ';', '；', ',', '，']).map(str::trim).filter(|p| !p.is_empty()) {
        if part == "0" || part == "无" {
            continue;
        }
        let found = rules.categories.iter().find(|c| {
            part.parse() == Ok(c.number)
                || part.eq_ignore_ascii_case(&c.id)
                || part == c.name
                || c.name.strip_suffix('类') == Some(part)
        })?;
        if !numbers.contains(&found.number) {
            numbers.push(found.number);
        }
    }
    (!text.trim().is_empty()).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::categorize::tests::small_rules;

    #[test]
    fn reads_both_headings_and_encodings() {
        let rules = small_rules();
        let zh = "包名,类别,审核人,理由\na.b,浏览器、38,张三,实测\na.c,0,,\n";
        let read = Overrides::parse(zh.as_bytes(), &rules).unwrap();
        let row = read.get("a.b").unwrap();
        assert_eq!(
            (row.categories.as_slice(), row.who.as_str(), row.why.as_str(), row.line),
            (&[32u8, 38][..], "张三", "实测", 2)
        );
        assert!(read.get("a.c").unwrap().categories.is_empty());
        let gb = encoding_rs::GB18030.encode(zh).0;
        assert_eq!(Overrides::parse(&gb, &rules).unwrap(), read);
        let en = "\u{feff}package,category\na.b,c32\n";
        assert_eq!(Overrides::parse(en.as_bytes(), &rules).unwrap().get("a.b").unwrap().categories, [32]);
    }

    #[test]
    fn faults_name_their_line() {
        let rules = small_rules();
        let line = |text: &str| Overrides::parse(text.as_bytes(), &rules).unwrap_err().line;
        assert_eq!(line("a,b\n"), 1);
        assert_eq!(line("package,category\na.b,32\na.c,游泳\n"), 3);
        assert_eq!(line("package,category\na.b,32\na.b,38\n"), 3);
    }
}
