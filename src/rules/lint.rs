//! Everything that is wrong with a rule folder: what keeps it from loading, and what a reviewer would send back.

mod code;

use std::collections::{BTreeMap, BTreeSet};

use super::article::article_five;
use super::error::RuleError;
use super::files::{REGULATION_FILE, RULESET_FILE, RuleFiles};
use super::load::{Parsed, Row};
use super::model::{BasisLevel, SignalTest};
use crate::text::Text;

/// How much a lint matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The rules cannot be applied.
    Error,
    /// The rules can be applied and should be mended.
    Warning,
}

/// One thing wrong with a rule folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lint {
    /// How much it matters.
    pub severity: Severity,
    /// Place, what is wrong, remedy.
    pub problem: RuleError,
}

/// Everything wrong with `files`, errors first, then by place; empty when they are in order.
///
/// Where a file cannot be parsed, only such errors are reported: what refers to it cannot be judged.
pub fn check(files: &RuleFiles) -> Vec<Lint> {
    let parsed = Parsed::read(files);
    let unreadable = !parsed.errors.is_empty();
    let errors = if unreadable { parsed.errors.clone() } else { cross_check(files, &parsed) };
    let warnings = if unreadable { Vec::new() } else { review(files, &parsed) };
    let mut lints: Vec<Lint> = errors
        .into_iter()
        .map(|problem| Lint { severity: Severity::Error, problem })
        .chain(warnings.into_iter().map(|problem| Lint { severity: Severity::Warning, problem }))
        .collect();
    lints.sort();
    lints
}

const INFO_HOME: &str = "common/personal-info.toml";
const PERMISSION_HOME: &str = "common/permissions.toml";
const CAPABILITY_HOME: &str = "common/capabilities.toml";

/// Words that text of our own must not use: the program says what can be reached, and judges nobody.
pub const BANNED_WORDS: [&str; 8] = ["违法", "违规", "认定", "非法", "窃取", "强制", "合规", "通过"];

/// Collects problems, each placed at the table that it concerns.
struct Findings<'a> {
    files: &'a RuleFiles,
    found: Vec<RuleError>,
}

impl Findings<'_> {
    fn file(&mut self, file: &str, code: &'static str, key: &str, message: Text, remedy: Text) {
        self.found.push(RuleError::new(file, code, message, remedy).key(key));
    }

    fn row<T>(&mut self, row: &Row<T>, code: &'static str, key: &str, message: Text, remedy: Text) {
        let text = self.files.text(&row.file).unwrap_or_default();
        self.found.push(RuleError::new(&row.file, code, message, remedy).key(key).at(text, row.offset));
    }

    /// `what` names `key`, which nothing defines.
    fn undefined<T>(&mut self, row: &Row<T>, code: &'static str, key: &str, home: &str) {
        self.row(
            row,
            code,
            key,
            Text::new(format!("`{key}` 没有定义"), format!("`{key}` is not defined")),
            Text::new(
                format!("请改正拼写，或在 {home} 中定义"),
                format!("Mend the spelling, or define it in {home}"),
            ),
        );
    }

    /// Every key only once.
    fn unique<'r, T: 'r>(
        &mut self,
        rows: &'r [Row<T>],
        code: &'static str,
        key: impl Fn(&'r T) -> Option<&'r str>,
    ) {
        let mut first: BTreeMap<&str, &Row<T>> = BTreeMap::new();
        for row in rows {
            let Some(key) = key(&row.value) else { continue };
            if let Some(earlier) = first.insert(key, row) {
                let file = earlier.file.clone();
                self.row(
                    row,
                    code,
                    key,
                    Text::new(
                        format!("`{key}` 重复，已见于 {file}"),
                        format!("`{key}` is there twice, first in {file}"),
                    ),
                    Text::new("请只保留一处", "Keep one of them"),
                );
            }
        }
    }
}

/// What keeps the rules from being applied: duplicates, ids without a definition, an incomplete set of categories.
pub(super) fn cross_check(files: &RuleFiles, parsed: &Parsed) -> Vec<RuleError> {
    let mut f = Findings { files, found: Vec::new() };
    if parsed.ruleset.as_ref().is_none_or(|file| file.version.is_empty()) {
        f.file(
            RULESET_FILE,
            "no-version",
            "version",
            Text::new("规则集没有版本号", "the ruleset has no version"),
            Text::new("请写明 version", "Write a version"),
        );
    }
    f.unique(&parsed.categories, "duplicate-category", |c| Some(&c.id));
    f.unique(&parsed.info, "duplicate-info", |i| Some(&i.id));
    f.unique(&parsed.permissions, "duplicate-permission", |p| Some(&p.name));
    f.unique(&parsed.capabilities, "duplicate-capability", |c| Some(&c.id));
    f.unique(&parsed.capabilities, "duplicate-code", |c| Some(&c.code));
    f.unique(&parsed.components, "duplicate-component", |c| Some(&c.id));
    f.unique(&parsed.packers, "duplicate-packer", |p| Some(&p.id));
    f.unique(&parsed.frameworks, "duplicate-framework", |p| Some(&p.id));
    f.unique(&parsed.law, "duplicate-law", |l| Some(&l.id));
    f.unique(&parsed.known, "duplicate-package", |k| Some(&k.package));
    f.unique(&parsed.signals, "duplicate-signal", |s| Some(&s.id));
    f.unique(&parsed.outside, "duplicate-kind", |o| Some(&o.id));

    let info: BTreeSet<&str> = parsed.info.iter().map(|r| r.value.id.as_str()).collect();
    let permissions: BTreeSet<&str> = parsed.permissions.iter().map(|r| r.value.name.as_str()).collect();
    let capabilities: BTreeSet<&str> = parsed.capabilities.iter().map(|r| r.value.id.as_str()).collect();
    let groups: BTreeSet<&str> =
        parsed.capabilities.iter().filter_map(|r| r.value.group.as_deref()).collect();
    let mut numbers = BTreeMap::new();
    for row in &parsed.categories {
        let c = &row.value;
        if let Some(other) = numbers.insert(c.number, &row.file) {
            let key = c.number.to_string();
            let message = Text::new(
                format!("第 {key} 类重复，已见于 {other}"),
                format!("category {key} is there twice, first in {other}"),
            );
            f.row(row, "duplicate-number", &key, message, Text::new("请只保留一处", "Keep one of them"));
        }
        if !(1..=39).contains(&c.number) {
            let key = c.number.to_string();
            let message =
                Text::new(format!("第五条没有第 {key} 类"), format!("Article 5 has no category {key}"));
            f.row(row, "category-number", &key, message, Text::new("请使用 1 至 39", "Use 1 to 39"));
        }
        let name = format!("{:02}-{}.toml", c.number, c.id);
        if row.file != name {
            let message = Text::new("文件名与编号、标识不符", "the file name is not number and id");
            let remedy = Text::new(format!("请改名为 {name}"), format!("Rename it to {name}"));
            f.row(row, "file-name", &row.file, message, remedy);
        }
        for item in &c.necessary {
            for id in item.info.iter().filter(|id| !info.contains(id.as_str())) {
                f.undefined(row, "undefined-info", id, INFO_HOME);
            }
            if let Some(limit) = item.only_for.as_ref().filter(|limit| !item.text.contains(limit.as_str())) {
                let message = Text::new("限定语不在条文中", "the limit is not in the words of the item");
                f.row(
                    row,
                    "only-for",
                    limit,
                    message,
                    Text::new("请逐字照录", "Quote the words of the item"),
                );
            }
            for id in item.only_for_info.iter().filter(|id| !item.info.contains(id)) {
                let message =
                    Text::new("限定的信息不属于本项", "the limited information is not in the item's `info`");
                f.row(row, "only-for-info", id, message, Text::new("请一并写入 info", "Add it to `info`"));
            }
        }
        for group in c.function_basis.keys().filter(|g| !groups.contains(g.as_str())) {
            f.undefined(row, "undefined-group", group, CAPABILITY_HOME);
        }
    }
    for number in (1..=39).filter(|n| !numbers.contains_key(n)) {
        let key = number.to_string();
        f.file(
            &format!("{number:02}-*.toml"),
            "missing-category",
            &key,
            Text::new(format!("缺少第 {key} 类"), format!("category {key} is missing")),
            Text::new("第五条的 39 类须齐全", "All 39 categories of Article 5 must be there"),
        );
    }

    for row in &parsed.permissions {
        let p = &row.value;
        let yielded = p.yields.iter().flat_map(|y| &y.info).chain(p.legacy.iter().flat_map(|l| &l.info));
        for id in p.info.iter().chain(yielded).filter(|id| !info.contains(id.as_str())) {
            f.undefined(row, "undefined-info", id, INFO_HOME);
        }
        for name in p.needs_any.iter().filter(|n| !permissions.contains(n.as_str())) {
            f.undefined(row, "undefined-permission", name, PERMISSION_HOME);
        }
        if let Some(id) = p.capability.as_ref().filter(|id| !capabilities.contains(id.as_str())) {
            f.undefined(row, "undefined-capability", id, CAPABILITY_HOME);
        }
        if p.capability.is_none() && !p.info.is_empty() {
            let message = Text::new(
                "可触及个人信息却没有 capability",
                "yields personal information, but has no capability",
            );
            let remedy =
                Text::new(format!("请从 {CAPABILITY_HOME} 选填"), format!("Choose one of {CAPABILITY_HOME}"));
            f.row(row, "no-capability", &p.name, message, remedy);
        }
    }
    for row in &parsed.implied {
        let names = row.value.permission.iter().chain(&row.value.implies);
        for name in names.filter(|n| !permissions.contains(n.as_str())) {
            f.undefined(row, "undefined-permission", name, PERMISSION_HOME);
        }
    }
    for row in &parsed.components {
        let c = &row.value;
        for id in c.info.iter().filter(|id| !info.contains(id.as_str())) {
            f.undefined(row, "undefined-info", id, INFO_HOME);
        }
        for name in c.permissions.iter().chain(&c.requires).filter(|n| !permissions.contains(n.as_str())) {
            f.undefined(row, "undefined-permission", name, PERMISSION_HOME);
        }
        if !capabilities.contains(c.capability.as_str()) {
            f.undefined(row, "undefined-capability", &c.capability, CAPABILITY_HOME);
        }
    }
    let law: BTreeMap<&str, _> = parsed.law.iter().map(|r| (r.value.id.as_str(), &r.value)).collect();
    for row in &parsed.capabilities {
        for reference in &row.value.references {
            let (id, clause) = reference.split_once('#').unwrap_or((reference, ""));
            let found = law.get(id).is_some_and(|l| clause.is_empty() || l.articles.contains_key(clause));
            if !found {
                f.undefined(row, "undefined-law", reference, "common/law/");
            }
        }
    }
    for row in &parsed.law {
        for key in row.value.standing.keys().filter(|k| !row.value.articles.contains_key(*k)) {
            f.undefined(row, "undefined-article", key, "[articles]");
        }
        for id in row.value.mandates.iter().filter(|id| !info.contains(id.as_str())) {
            f.undefined(row, "undefined-info", id, INFO_HOME);
        }
        for number in row.value.prevails_for.iter().filter(|n| !(1..=39).contains(*n)) {
            f.undefined(row, "undefined-category", &number.to_string(), "NN-id.toml");
        }
    }
    for row in &parsed.known {
        for number in row.value.categories.iter().filter(|n| !(1..=39).contains(*n)) {
            f.undefined(row, "undefined-category", &number.to_string(), "NN-id.toml");
        }
    }
    for row in &parsed.signals {
        for key in row.value.categories.keys() {
            if !key.parse().is_ok_and(|n: u8| (1..=39).contains(&n)) {
                f.undefined(row, "undefined-category", key, "NN-id.toml");
            }
        }
        // An empty test would hold for every app.
        if row.value.all.is_empty() || row.value.all.iter().any(is_empty) {
            let message = Text::new("信号没有任何条件", "the signal tests nothing");
            f.row(
                row,
                "empty-signal",
                &row.value.id,
                message,
                Text::new("请写明条件", "Write at least one test"),
            );
        }
    }
    code::cross_check(&mut f, parsed, &code::Defined { info, permissions, capabilities });
    f.found.sort();
    f.found
}

fn is_empty(test: &SignalTest) -> bool {
    let SignalTest {
        component: _,
        action,
        category,
        scheme,
        host: _,
        mime,
        permission,
        requests,
        app_category,
        is_game,
        lib,
        meta_data,
        package_prefix,
        package_suffix,
        class_prefix,
        class_contains,
    } = test;
    let lists = [
        action,
        category,
        scheme,
        mime,
        requests,
        lib,
        meta_data,
        package_prefix,
        package_suffix,
        class_prefix,
        class_contains,
    ];
    lists.iter().all(|list| list.is_empty())
        && permission.is_none()
        && app_category.is_none()
        && is_game.is_none()
}

/// What a reviewer would send back.
fn review(files: &RuleFiles, parsed: &Parsed) -> Vec<RuleError> {
    let mut f = Findings { files, found: Vec::new() };
    f.unique(&parsed.info, "duplicate-name", |i| Some(&i.name.zh));
    f.unique(&parsed.capabilities, "duplicate-name", |c| Some(&c.name.zh));
    f.unique(&parsed.categories, "duplicate-name", |c| Some(&c.name));
    review_sources(&mut f, parsed);
    review_texts(&mut f, parsed);
    review_examples(&mut f, parsed);
    code::review(&mut f, parsed);
    for row in &parsed.capabilities {
        let code = &row.value.code;
        let digits = code.strip_prefix("PS").unwrap_or_default();
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            let message = Text::new("编码须为 PS 加三位数字", "a code is PS and three digits");
            f.row(
                row,
                "code-form",
                code,
                message,
                Text::new("请更正，已发布的编码不得改作他用", "Mend it; never reuse a published code"),
            );
        }
        for (key, list) in [("checks", &row.value.checks), ("remedies", &row.value.remedies)] {
            if list.is_empty() {
                let message = Text::new(format!("`{key}` 为空"), format!("`{key}` is empty"));
                f.row(row, "no-advice", key, message, Text::new("请至少写一条", "Write at least one"));
            }
        }
    }
    for row in &parsed.law {
        let law = &row.value;
        for (key, date) in [("effective-from", &law.effective_from), ("effective-to", &law.effective_to)] {
            if date.as_ref().is_some_and(|d| !is_date(d)) {
                let message = Text::new("日期格式不是 YYYY-MM-DD", "the date is not YYYY-MM-DD");
                f.row(row, "date-form", key, message, Text::new("请更正", "Mend it"));
            }
        }
        if law.draft && law.effective_from.is_some() {
            let message = Text::new("征求意见稿没有施行日期", "a draft has no day of effect");
            f.row(row, "draft-in-force", &law.id, message, Text::new("请删去其一", "Drop one of the two"));
        }
        if let Some((article, _)) =
            law.standing.iter().find(|(_, s)| !["excerpt", "paraphrase", "memory"].contains(&s.as_str()))
        {
            let message = Text::new("没有这种文字可信程度", "there is no such standing");
            let remedy = Text::new("可用：excerpt、paraphrase、memory", "Use excerpt, paraphrase or memory");
            f.row(row, "standing", article, message, remedy);
        }
    }
    let mut categories: Vec<_> = parsed.categories.iter().map(|r| r.value.clone()).collect();
    categories.sort_by_key(|c| c.number);
    if let Some(text) = files.text(REGULATION_FILE)
        && published_article_five(text) != Some(&article_five(&categories))
    {
        f.file(
            REGULATION_FILE,
            "article-5",
            "第五条",
            Text::new(
                "各类文件合起来与第五条原文不一致",
                "the category files put together are not Article 5",
            ),
            Text::new(
                "请逐字核对 name、function 和 text",
                "Compare name, function and text letter by letter",
            ),
        );
    }
    f.found
}

/// From 第五条 to the line before 第六条.
fn published_article_five(regulation: &str) -> Option<&str> {
    let (before, _) = regulation.split_once("\n第六条")?;
    before.find("\n第五条").and_then(|start| before.get(start + 1..))
}

/// Every row says where it is known from.
fn review_sources(f: &mut Findings<'_>, parsed: &Parsed) {
    fn each<T>(f: &mut Findings<'_>, rows: &[Row<T>], source: impl Fn(&T) -> &String) {
        for row in rows.iter().filter(|row| source(&row.value).trim().is_empty()) {
            let message = Text::new("没有写明来源", "no source is given");
            f.row(
                row,
                "no-source",
                "source",
                message,
                Text::new("请写明依据及其可信程度", "Say where it is known from, and how well"),
            );
        }
    }
    each(f, &parsed.permissions, |r| &r.source);
    each(f, &parsed.implied, |r| &r.source);
    each(f, &parsed.capabilities, |r| &r.source);
    each(f, &parsed.components, |r| &r.source);
    each(f, &parsed.packers, |r| &r.source);
    each(f, &parsed.frameworks, |r| &r.source);
    each(f, &parsed.law, |r| &r.source);
    each(f, &parsed.outside, |r| &r.source);
    each(f, &parsed.sdks, |r| &r.source);
    each(f, &parsed.sdks, |r| &r.traces.source);
    each(f, &parsed.apis, |r| &r.source);
    each(f, &parsed.noise, |r| &r.source);
    each(f, &parsed.provenance, |r| &r.source);
    each(f, &parsed.precision, |r| &r.held_in);
}

/// Both languages everywhere, and none of the banned words in text of our own.
fn review_texts(f: &mut Findings<'_>, parsed: &Parsed) {
    fn texts<T>(f: &mut Findings<'_>, row: &Row<T>, texts: &[&Text], verbatim: bool) {
        for text in texts {
            if text.zh.trim().is_empty() || text.en.trim().is_empty() {
                let message = Text::new("缺少一种语言的文字", "one language is missing");
                f.row(
                    row,
                    "language-missing",
                    &text.zh,
                    message,
                    Text::new("zh 和 en 都须填写", "Write both zh and en"),
                );
            }
            if let Some(word) = BANNED_WORDS.iter().find(|word| !verbatim && text.zh.contains(**word)) {
                let message = Text::new(format!("用了“{word}”一词"), format!("uses the word {word}"));
                let remedy = Text::new(
                    "请改用 声明、具备能力、可达、疑似、待核实 等措辞",
                    "Say what is declared or can be reached; judge nobody",
                );
                f.row(row, "banned-word", word, message, remedy);
            }
        }
    }
    for row in &parsed.categories {
        let why: Vec<&Text> = row.value.function_basis.values().map(|b| &b.why).collect();
        texts(f, row, &why, false);
        let english = row
            .value
            .necessary
            .iter()
            .map(|i| &i.english)
            .chain([&row.value.english, &row.value.function_english]);
        if english.into_iter().any(|e| e.trim().is_empty()) {
            let message = Text::new("缺少英文译文", "an English rendering is missing");
            f.row(row, "language-missing", "english", message, Text::new("请补充", "Add it"));
        }
        let listed = row.value.function_basis.iter().find(|(_, b)| b.level == BasisLevel::NecessaryInfo);
        if let (Some((group, _)), []) = (listed, row.value.necessary.as_slice()) {
            let message = Text::new(
                "无须个人信息的类别不能有 necessary-info",
                "a category without a list cannot have necessary-info",
            );
            f.row(row, "basis-without-list", group, message, Text::new("请更正 level", "Mend the level"));
        }
    }
    for row in &parsed.info {
        texts(f, row, &[&row.value.name], false);
    }
    for row in &parsed.permissions {
        let p = &row.value;
        let why = p.yields.iter().filter_map(|y| y.why.as_ref());
        texts(f, row, &p.note.iter().chain(why).collect::<Vec<_>>(), false);
    }
    for row in &parsed.capabilities {
        let c = &row.value;
        let all = [&c.name].into_iter().chain(&c.checks).chain(&c.remedies).chain(&c.false_alarms);
        texts(f, row, &all.collect::<Vec<_>>(), false);
    }
    for row in &parsed.components {
        texts(f, row, &[&row.value.note], false);
    }
    for row in &parsed.signals {
        texts(f, row, &[&row.value.name], false);
    }
    for row in &parsed.supply_side {
        texts(f, row, &[&row.value.role], false);
    }
    for row in &parsed.outside {
        texts(f, row, &[&row.value.name], false);
    }
    for row in &parsed.sdks {
        texts(f, row, &[&row.value.name, &row.value.vendor, &row.value.purpose], false);
    }
    for row in &parsed.apis {
        texts(f, row, &row.value.note.iter().collect::<Vec<_>>(), false);
    }
    for row in &parsed.noise {
        texts(f, row, &[&row.value.name, &row.value.note], false);
    }
    for row in &parsed.provenance {
        texts(f, row, &[&row.value.name].into_iter().chain(&row.value.note).collect::<Vec<_>>(), false);
    }
    for row in &parsed.precision {
        texts(f, row, &[&row.value.note], false);
    }
    for row in &parsed.law {
        texts(f, row, &[&row.value.title], true);
    }
}

/// Examples that are package names agree with the known apps; every category has some.
fn review_examples(f: &mut Findings<'_>, parsed: &Parsed) {
    let known: BTreeMap<&str, &[u8]> =
        parsed.known.iter().map(|r| (r.value.package.as_str(), r.value.categories.as_slice())).collect();
    for row in &parsed.categories {
        let c = &row.value;
        if c.examples.yes.is_empty() {
            let message = Text::new("没有正例", "there is no example");
            f.row(
                row,
                "no-example",
                "yes",
                message,
                Text::new("请至少写一个应属本类的应用", "Name an app that belongs here"),
            );
        }
        let examples =
            c.examples.yes.iter().map(|e| (e, true)).chain(c.examples.no.iter().map(|e| (e, false)));
        for (example, wanted) in examples.filter(|(e, _)| is_package_name(e)) {
            let placed = known.get(example.as_str()).map(|numbers| numbers.contains(&c.number));
            if placed != Some(wanted) {
                let message = match placed {
                    None => Text::new("例子不在已知应用之列", "the example is not among the known apps"),
                    Some(_) => {
                        Text::new("例子与已知应用的类别不符", "the example contradicts the known apps")
                    }
                };
                let remedy = Text::new(
                    "请更正例子或 common/known-apps.toml",
                    "Mend the example or common/known-apps.toml",
                );
                f.row(row, "example", example, message, remedy);
            }
        }
    }
}

/// `com.example.app` rather than a label.
fn is_package_name(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_')
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(i, b)| if matches!(i, 4 | 7) { *b == b'-' } else { b.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes found after `from` becomes `to` in the embedded `file`.
    fn codes_after(file: &str, from: &str, to: &str) -> Vec<(Severity, &'static str)> {
        let mut files = RuleFiles::embedded();
        let text = files.text(file).unwrap_or_else(|| panic!("no {file}")).to_owned();
        assert!(text.contains(from), "{file} does not contain {from}");
        files.insert(file, &text.replacen(from, to, 1));
        check(&files).into_iter().map(|l| (l.severity, l.problem.code)).collect()
    }

    fn assert_caught(file: &str, from: &str, to: &str, severity: Severity, code: &'static str) {
        let codes = codes_after(file, from, to);
        assert!(codes.contains(&(severity, code)), "{code} not among {codes:?}");
    }

    #[test]
    fn the_embedded_rules_are_in_order() {
        let lints = check(&RuleFiles::embedded());
        assert!(lints.is_empty(), "{lints:#?}");
    }

    #[test]
    fn an_unknown_key_is_caught() {
        assert_caught("06-online-shopping.toml", "english ", "englisch ", Severity::Error, "unknown-key");
    }

    #[test]
    fn ids_without_definition_are_caught() {
        let error = Severity::Error;
        assert_caught(
            "06-online-shopping.toml",
            "\"finance.payment\"",
            "\"finance.paiment\"",
            error,
            "undefined-info",
        );
        let cases = [
            (
                "common/permissions.toml",
                "capability = \"location\"",
                "capability = \"place\"",
                "undefined-capability",
            ),
            (
                "common/permissions.toml",
                "info = [\"contacts.book\"]",
                "info = [\"contacts.buch\"]",
                "undefined-info",
            ),
            ("common/permissions.toml", "capability = \"location\"\n", "", "no-capability"),
            ("common/implied.toml", "READ_CALL_LOG", "READ_CALL_LOGS", "undefined-permission"),
            (
                "common/components.toml",
                "capability = \"sms\"",
                "capability = \"mms\"",
                "undefined-capability",
            ),
            ("common/capabilities.toml", "cac-2021-14#5", "cac-2021-14#55", "undefined-law"),
            (
                "common/law/conduct-2019-191.toml",
                "\n[standing]\n",
                "\n[standing]\n\"9.9\" = \"memory\"\n",
                "undefined-article",
            ),
            ("common/known-apps.toml", "categories = [38]", "categories = [40]", "undefined-category"),
            (
                "common/manifest-signals.toml",
                "categories = { 33 = 10.0 }",
                "categories = { 0 = 1.0 }",
                "undefined-category",
            ),
            (
                "01-map-navigation.toml",
                "[function-basis.location]",
                "[function-basis.place]",
                "undefined-group",
            ),
        ];
        for (file, from, to, code) in cases {
            assert_caught(file, from, to, error, code);
        }
    }

    #[test]
    fn duplicates_are_caught() {
        let error = Severity::Error;
        assert_caught(
            "common/capabilities.toml",
            "code = \"PS102\"",
            "code = \"PS101\"",
            error,
            "duplicate-code",
        );
        assert_caught(
            "common/personal-info.toml",
            "\"device.imsi\"",
            "\"device.imei\"",
            error,
            "duplicate-info",
        );
        assert_caught(
            "common/outside.toml",
            "id = \"insurance\"",
            "id = \"government\"",
            error,
            "duplicate-kind",
        );
        assert_caught("07-food-delivery.toml", "= 7\n", "= 6\n", error, "duplicate-number");
    }

    #[test]
    fn the_39_must_be_complete_and_well_named() {
        let last = "39-event-ticketing.toml";
        let text = RuleFiles::embedded().text(last).unwrap_or_default().to_owned();
        let mut rest = RuleFiles::default();
        RuleFiles::embedded().iter().filter(|(path, _)| *path != last).for_each(|(p, t)| rest.insert(p, t));
        let mut files = rest.clone();
        let codes: Vec<_> = check(&files).iter().map(|l| l.problem.code).collect();
        assert!(codes.contains(&"missing-category") && codes.contains(&"article-5"), "{codes:?}");
        files.insert("39-tickets.toml", &text);
        assert_eq!(check(&files).iter().map(|l| l.problem.code).collect::<Vec<_>>(), ["file-name"]);
        let mut files = rest;
        files.insert("40-event-ticketing.toml", &text.replace("= 39\n", "= 40\n"));
        assert!(check(&files).iter().any(|l| l.problem.code == "category-number"));
    }

    #[test]
    fn limits_must_stand_in_the_text() {
        let error = Severity::Error;
        let file = "09-transport-ticketing.toml";
        assert_caught(file, "only-for = \"ETC服务\"", "only-for = \"ETC\u{3000}服务\"", error, "only-for");
        assert_caught(
            file,
            "only-for-info = [\"identity.vehicle_plate\"]",
            "only-for-info = [\"identity.name\"]",
            error,
            "only-for-info",
        );
    }

    #[test]
    fn a_signal_that_tests_nothing_is_caught() {
        let mut files = RuleFiles::embedded();
        let rest = "categories = { 38 = 1.0 }\n";
        let name = "name = { zh = \"某\", en = \"some\" }\n";
        for all in ["[]", "[{ }]", "[{ component = \"activity\" }]"] {
            let text = format!("[[signal]]\nid = \"x\"\n{name}all = {all}\n{rest}");
            files.insert("common/manifest-signals.more.toml", &text);
            assert!(check(&files).iter().any(|l| l.problem.code == "empty-signal"), "{all}");
        }
    }

    #[test]
    fn a_reviewer_would_send_these_back() {
        let cases = [
            ("common/implied.toml", "source = \"AOSP data", "source = \"\" # \"AOSP data", "no-source"),
            ("common/capabilities.toml", "zh = \"位置信息\"", "zh = \"违规位置信息\"", "banned-word"),
            ("common/capabilities.toml", "en = \"Location\"", "en = \"\"", "language-missing"),
            ("common/capabilities.toml", "code = \"PS101\"", "code = \"P101\"", "code-form"),
            ("common/personal-info.toml", "zh = \"IMSI\"", "zh = \"IMEI/MEID\"", "duplicate-name"),
            ("38-utility.toml", "“日历”子功能", "“日历”合规子功能", "banned-word"),
            ("06-online-shopping.toml", "购买商品", "购买货品", "article-5"),
            ("common/law/pipl.toml", "2021-11-01", "2021/11/01", "date-form"),
            ("common/law/pipl.toml", "effective-from", "draft = true\neffective-from", "draft-in-force"),
            ("common/law/cac-2022-10.toml", "\"9\" = \"excerpt\"", "\"9\" = \"rumour\"", "standing"),
            (
                "27-live-streaming.toml",
                "[function-basis]",
                "[function-basis.location]\nlevel = \"necessary-info\"\nwhy = { zh = \"因\", en = \"as\" }",
                "basis-without-list",
            ),
        ];
        for (file, from, to, code) in cases {
            assert_caught(file, from, to, Severity::Warning, code);
        }
    }

    #[test]
    fn examples_are_held_against_the_known_apps() {
        let warning = Severity::Warning;
        assert_caught(
            "03-instant-messaging.toml",
            "\"com.tencent.mm\"",
            "\"com.autonavi.minimap\"",
            warning,
            "example",
        );
        assert_caught(
            "03-instant-messaging.toml",
            "\"com.tencent.mm\"",
            "\"com.example.unheard_of\"",
            warning,
            "example",
        );
        assert_caught(
            "common/known-apps.toml",
            "package = \"com.tencent.mm\"",
            "package = \"com.tencent.mmm\"",
            warning,
            "example",
        );
    }

    #[test]
    fn warnings_do_not_keep_rules_from_loading() {
        let mut files = RuleFiles::embedded();
        let text = files.text("common/law/pipl.toml").unwrap_or_default().replace("2021-11-01", "2021/11/01");
        files.insert("common/law/pipl.toml", &text);
        assert!(crate::rules::Ruleset::parse(&files).is_ok());
    }
}
