//! Rule files → [`Ruleset`]: every file parsed into its section, then checked against each other.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::code::*;
use super::error::{RuleError, RuleErrors};
use super::files::{REGULATION_FILE, RULESET_FILE, RuleFiles, WORDS_FILE};
use super::lint;
use super::model::*;
use crate::info::Info;
use crate::text::Text;

impl Ruleset {
    /// The rules that the program carries, parsed once.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Ruleset> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            let files = RuleFiles::embedded();
            let parsed = Parsed::read_where(&files, |file| !is_about_code(file)).of_tested_files();
            Ruleset { code: LazyCodeRules::embedded(), ..parsed.into_ruleset(files.digest()) }
        })
    }

    /// The rules of a folder given by the user: see [`RuleFiles::for_dir`] for what it replaces.
    ///
    /// # Errors
    /// Everything that keeps the rules from being applied, each with file, line and remedy.
    pub fn from_dir(dir: &Path) -> Result<Self, RuleErrors> {
        Self::parse(&RuleFiles::for_dir(dir)?)
    }

    /// The rules that `files` hold.
    ///
    /// # Errors
    /// As [`Ruleset::from_dir`].
    pub fn parse(files: &RuleFiles) -> Result<Self, RuleErrors> {
        let parsed = Parsed::read(files);
        let mut errors = parsed.errors.clone();
        if errors.is_empty() {
            errors = lint::cross_check(files, &parsed);
        }
        if errors.is_empty() {
            Ok(parsed.into_ruleset(files.digest()))
        } else {
            errors.sort();
            Err(RuleErrors(errors))
        }
    }
}

impl CodeRules {
    /// Those that the program carries.
    pub(super) fn embedded() -> Self {
        Parsed::read_where(&RuleFiles::embedded(), is_about_code).of_tested_files().take_code_rules()
    }
}

/// Whether a file goes into [`CodeRules`].
fn is_about_code(file: &str) -> bool {
    ["common/sdks/", "common/apis/", "common/noise."].iter().any(|start| file.starts_with(start))
}

/// One parsed table and where it stands.
#[derive(Debug)]
pub(super) struct Row<T> {
    pub file: String,
    /// Byte offset of the table in the file.
    pub offset: usize,
    pub value: T,
}

/// All files parsed, not yet checked against each other.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub errors: Vec<RuleError>,
    pub ruleset: Option<RulesetFile>,
    pub words: String,
    pub categories: Vec<Row<Category>>,
    pub info: Vec<Row<Info>>,
    pub permissions: Vec<Row<PermissionRule>>,
    pub implied: Vec<Row<ImpliedRule>>,
    pub capabilities: Vec<Row<Capability>>,
    pub components: Vec<Row<ComponentRule>>,
    pub packers: Vec<Row<SignRule>>,
    pub frameworks: Vec<Row<SignRule>>,
    pub law: Vec<Row<LegalBasis>>,
    pub known: Vec<Row<KnownApp>>,
    pub signals: Vec<Row<ManifestSignal>>,
    pub supply_side: Vec<Row<SupplySide>>,
    pub outside: Vec<Row<OutsideKind>>,
    pub sdks: Vec<Row<SdkRule>>,
    pub apis: Vec<Row<ApiRule>>,
    pub noise: Vec<Row<NoiseRule>>,
    pub provenance: Vec<Row<ProvenanceRule>>,
    pub precision: Vec<Row<PrecisionRule>>,
    pub thresholds: Option<Thresholds>,
}

/// `common/ruleset.toml`: what holds for the ruleset as a whole.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesetFile {
    pub version: String,
    #[serde(rename = "baseline-api")]
    pub baseline_api: u32,
}

/// A file that is one list of tables under one key.
macro_rules! list_file {
    ($($file:ident, $key:literal, $row:ty;)*) => {$(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $file {
            #[serde(rename = $key, default)]
            rows: Vec<Spanned<$row>>,
        }
        impl From<$file> for Vec<Spanned<$row>> {
            fn from(file: $file) -> Self {
                file.rows
            }
        }
    )*};
}

list_file! {
    InfoFile, "info", Info;
    PermissionFile, "permission", PermissionRule;
    ImpliedFile, "implied", ImpliedRule;
    CapabilityFile, "capability", Capability;
    ComponentFile, "component", ComponentRule;
    PackerFile, "packer", SignRule;
    FrameworkFile, "framework", SignRule;
    KnownFile, "apps", KnownApp;
    SignalFile, "signal", ManifestSignal;
    SupplySideFile, "supply-side", SupplySide;
    OutsideFile, "kind", OutsideKind;
    ApiFile, "api", ApiRule;
}

/// `common/noise.toml` and parts beside it; `thresholds` stands in one of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoiseFile {
    thresholds: Option<Thresholds>,
    #[serde(default)]
    noise: Vec<Spanned<NoiseRule>>,
    #[serde(default)]
    provenance: Vec<Spanned<ProvenanceRule>>,
    #[serde(default)]
    precision: Vec<Spanned<PrecisionRule>>,
}

impl Parsed {
    pub fn read(files: &RuleFiles) -> Self {
        Self::read_where(files, |_| true)
    }

    /// Only the files whose path `wanted` takes.
    fn read_where(files: &RuleFiles, wanted: impl Fn(&str) -> bool) -> Self {
        let mut parsed = Self::default();
        for (file, text) in files.iter().filter(|(file, _)| wanted(file)) {
            if file != REGULATION_FILE
                && let Err(error) = parsed.add(file, text)
            {
                parsed.errors.push(*error);
            }
        }
        parsed
    }

    /// The files that the program carries parse, and agree with each other: tests hold both.
    fn of_tested_files(self) -> Self {
        assert!(self.errors.is_empty(), "the embedded rules are tested: {}", RuleErrors(self.errors));
        self
    }

    fn add(&mut self, file: &str, text: &str) -> Result<(), Box<RuleError>> {
        let Some(name) = file.strip_prefix("common/") else {
            if file.contains('/') {
                return Err(Box::new(unknown_file(file)));
            }
            let value = parse(file, text)?;
            self.categories.push(Row { file: file.to_owned(), offset: 0, value });
            return Ok(());
        };
        if file == WORDS_FILE {
            text.clone_into(&mut self.words);
            return Ok(());
        }
        if let Some((folder, name)) = name.split_once('/') {
            match folder {
                _ if name.contains('/') => return Err(Box::new(unknown_file(file))),
                "law" => self.law.push(Row { file: file.to_owned(), offset: 0, value: parse(file, text)? }),
                "sdks" => self.sdks.push(Row { file: file.to_owned(), offset: 0, value: parse(file, text)? }),
                "apis" => self.apis.extend(rows::<ApiFile, _>(file, text)?),
                _ => return Err(Box::new(unknown_file(file))),
            }
            return Ok(());
        }
        // `permissions.toml`, and `permissions.ANY.toml` beside it with more rows.
        let section = name.split('.').next().unwrap_or_default();
        match section {
            "ruleset" if file == RULESET_FILE => {
                self.ruleset = Some(parse(file, text)?);
            }
            "personal-info" => self.info.extend(rows::<InfoFile, _>(file, text)?),
            "permissions" => self.permissions.extend(rows::<PermissionFile, _>(file, text)?),
            "implied" => self.implied.extend(rows::<ImpliedFile, _>(file, text)?),
            "capabilities" => self.capabilities.extend(rows::<CapabilityFile, _>(file, text)?),
            "components" => self.components.extend(rows::<ComponentFile, _>(file, text)?),
            "packers" => self.packers.extend(rows::<PackerFile, _>(file, text)?),
            "frameworks" => self.frameworks.extend(rows::<FrameworkFile, _>(file, text)?),
            "known-apps" => self.known.extend(rows::<KnownFile, _>(file, text)?),
            "manifest-signals" => self.signals.extend(rows::<SignalFile, _>(file, text)?),
            "supply-side" => self.supply_side.extend(rows::<SupplySideFile, _>(file, text)?),
            "noise" => {
                let part: NoiseFile = parse(file, text)?;
                self.noise.extend(placed(file, part.noise));
                self.provenance.extend(placed(file, part.provenance));
                self.precision.extend(placed(file, part.precision));
                if part.thresholds.is_some() {
                    self.thresholds = part.thresholds;
                }
            }
            "outside" => self.outside.extend(rows::<OutsideFile, _>(file, text)?),
            _ => return Err(Box::new(unknown_file(file))),
        }
        Ok(())
    }

    /// What is about code, taken out.
    fn take_code_rules(&mut self) -> CodeRules {
        CodeRules {
            sdks: by_key(std::mem::take(&mut self.sdks), |s| &s.id),
            apis: values(std::mem::take(&mut self.apis)),
            noise: Noise {
                libraries: values(std::mem::take(&mut self.noise)),
                provenance: values(std::mem::take(&mut self.provenance)),
                precision: values(std::mem::take(&mut self.precision)),
                thresholds: self.thresholds.take().unwrap_or_default(),
            },
        }
    }

    fn into_ruleset(mut self, digest: String) -> Ruleset {
        let code = self.take_code_rules();
        let mut categories = values(self.categories);
        categories.sort_by_key(|c| c.number);
        let (version, baseline_api) =
            self.ruleset.map(|file| (file.version, file.baseline_api)).unwrap_or_default();
        Ruleset {
            version,
            baseline_api,
            digest,
            categories,
            info: by_key(self.info, |i| &i.id),
            permissions: by_key(self.permissions, |p| &p.name),
            implied: values(self.implied),
            capabilities: by_key(self.capabilities, |c| &c.id),
            component_rules: values(self.components),
            packers: values(self.packers),
            frameworks: values(self.frameworks),
            law: by_key(self.law, |l| &l.id),
            recognition: Recognition {
                known: by_key(self.known, |k| &k.package),
                signals: values(self.signals),
                supply_side: values(self.supply_side),
                outside: values(self.outside),
                words: self.words,
            },
            code: code.into(),
        }
    }
}

fn values<T>(rows: Vec<Row<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.value).collect()
}

fn by_key<T>(rows: Vec<Row<T>>, key: impl Fn(&T) -> &String) -> BTreeMap<String, T> {
    rows.into_iter().map(|row| (key(&row.value).clone(), row.value)).collect()
}

fn rows<F, T>(file: &str, text: &str) -> Result<Vec<Row<T>>, Box<RuleError>>
where
    F: DeserializeOwned + Into<Vec<Spanned<T>>>,
{
    let parsed: F = parse(file, text)?;
    Ok(placed(file, parsed.into()).collect())
}

fn placed<T>(file: &str, rows: Vec<Spanned<T>>) -> impl Iterator<Item = Row<T>> {
    rows.into_iter().map(move |row| Row {
        file: file.to_owned(),
        offset: row.span().start,
        value: row.into_inner(),
    })
}

fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Box<RuleError>> {
    toml::from_str(text).map_err(|e| {
        let error = explain(file, e.message());
        Box::new(match e.span() {
            Some(span) => error.at(text, span.start),
            None => error,
        })
    })
}

/// The parser's message as a sentence in both languages.
fn explain(file: &str, message: &str) -> RuleError {
    let message = message.trim();
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let expected = message.split_once(", expected ").map(|(_, rest)| rest.replace("one of ", ""));
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let (code, zh, en) = if message.starts_with("unknown field") {
            ("unknown-key", "没有这个键", "there is no key")
        } else {
            ("unknown-value", "没有这个值", "there is no value")
        };
        let choices = expected.unwrap_or_default();
        RuleError::new(
            file,
            code,
            Text::new(format!("{zh} `{quoted}`"), format!("{en} `{quoted}`")),
            Text::new(format!("可用：{choices}"), format!("Use one of {choices}")),
        )
        .key(quoted)
    } else if message.starts_with("missing field") {
        RuleError::new(
            file,
            "missing-key",
            Text::new(format!("缺少键 `{quoted}`"), format!("the key `{quoted}` is missing")),
            Text::new("请补充，各键的含义见 README.md", "Add it; README.md explains every key"),
        )
        .key(quoted)
    } else {
        let first = message.lines().next().unwrap_or_default();
        RuleError::new(
            file,
            "not-parsed",
            Text::new(format!("无法解析：{first}"), format!("cannot be parsed: {first}")),
            Text::new("请按 TOML 格式修正", "Mend it as TOML"),
        )
    }
}

fn unknown_file(file: &str) -> RuleError {
    RuleError::new(
        file,
        "unknown-file",
        Text::new("没有这种规则文件", "there is no rule file of this name"),
        Text::new(
            "可用的文件名见 README.md；增补行请用 common/名称.任意.toml",
            "README.md lists the names; rows are added by common/NAME.ANY.toml",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;

    #[test]
    fn the_embedded_rules_load() {
        let rules = Ruleset::parse(&RuleFiles::embedded()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(rules.categories.len(), 39);
        assert_eq!(rules.permissions.len(), 326);
        assert_eq!(rules.digest.len(), 64);
        assert!(rules.categories.windows(2).all(|w| w[0].number < w[1].number));
    }

    #[test]
    fn a_typo_is_named_with_file_line_column_and_remedy() {
        let mut files = RuleFiles::embedded();
        files.insert("common/outside.toml", "[[kind]]\nid = \"x\"\nnmae = \"y\"\n");
        let errors = Ruleset::parse(&files).unwrap_err();
        let error = &errors.0[0];
        assert_eq!(
            (error.file.as_str(), error.line, error.column),
            ("common/outside.toml", Some(3), Some(1))
        );
        assert_eq!((error.code, error.key.as_deref()), ("unknown-key", Some("nmae")));
        assert!(error.in_lang(Lang::Zh).contains("common/outside.toml:3:1：没有这个键 `nmae`"));
        assert!(error.in_lang(Lang::En).contains("Use one of"));
    }

    #[test]
    fn several_broken_files_are_reported_together() {
        let mut files = RuleFiles::embedded();
        files.insert("common/outside.toml", "[[kind]\n");
        files.insert("common/implied.toml", "[[implied]]\nimplies = [\"x\"]\n");
        files.insert("common/whatever.toml", "");
        let codes: Vec<_> = Ruleset::parse(&files).unwrap_err().0.iter().map(|e| e.code).collect();
        assert_eq!(codes, ["missing-key", "not-parsed", "unknown-file"]);
    }

    #[test]
    fn rows_can_be_added_in_a_file_beside() {
        let mut files = RuleFiles::embedded();
        files.insert(
            "common/permissions.vendor.toml",
            "[[permission]]\nname = \"com.example.X\"\nkind = \"vendor\"\nreach = \"none\"\nsource = \"test\"\n",
        );
        let rules = Ruleset::parse(&files).unwrap();
        assert_eq!(rules.permissions.len(), 327);
        assert_ne!(rules.digest, Ruleset::embedded().digest);
    }
}
