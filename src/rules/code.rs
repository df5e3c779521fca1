//! What the rules know about code: SDKs, methods and constants that yield information, and noise.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// What the rules know about code.
#[derive(Debug, Clone, Default)]
pub struct CodeRules {
    /// SDKs, by id.
    pub sdks: BTreeMap<String, SdkRule>,
    /// Names in code that yield information, in the order of their files.
    pub apis: Vec<ApiRule>,
    /// What must not be taken for evidence.
    pub noise: Noise,
}

/// [`CodeRules`]; those that the program carries are parsed at their first use, since half of all rules are about
/// code and a run that reads no code needs none of them.
#[derive(Debug, Clone)]
pub struct LazyCodeRules(OnceLock<CodeRules>);

impl LazyCodeRules {
    /// The rules that the program carries.
    pub(super) fn embedded() -> Self {
        Self(OnceLock::new())
    }
}

impl Deref for LazyCodeRules {
    type Target = CodeRules;

    fn deref(&self) -> &CodeRules {
        self.0.get_or_init(CodeRules::embedded)
    }
}

impl From<CodeRules> for LazyCodeRules {
    fn from(rules: CodeRules) -> Self {
        Self(OnceLock::from(rules))
    }
}

impl Default for LazyCodeRules {
    fn default() -> Self {
        CodeRules::default().into()
    }
}

/// An SDK: `common/sdks/ID.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdkRule {
    /// Id, also the name of the file.
    pub id: String,
    /// Name for people.
    pub name: Text,
    /// Who makes it.
    pub vendor: Text,
    /// What it is for, for people.
    pub purpose: Text,
    /// What it is for, for programs.
    pub kinds: Vec<SdkKind>,
    /// The vendor is outside mainland China. An indicator only: it says nothing of where servers stand.
    pub overseas: bool,
    /// The SDK below whose class prefixes some of this one's lie; the longest prefix owns a class.
    #[serde(rename = "part-of")]
    pub part_of: Option<String>,
    /// How it is known what it collects.
    pub evidence: SdkEvidence,
    /// Where that is known from.
    pub source: String,
    /// What it collects.
    pub collects: SdkCollects,
    /// What shows that it is there.
    pub traces: SdkTraces,
    /// Traces that other SDKs share or whose names are general: they count only beside one of `traces`.
    #[serde(default)]
    pub weak: SdkTraces,
    /// What a developer calls or overrides to limit what it collects.
    #[serde(rename = "switch", default)]
    pub switches: Vec<SdkSwitch>,
}

/// What an SDK is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum SdkKind {
    AdMeasurement,
    AdMediation,
    Ads,
    Analytics,
    Attribution,
    Av,
    Backend,
    Base,
    Beauty,
    BetaDistribution,
    BrowserKernel,
    Cast,
    Certificate,
    Content,
    Crash,
    CustomerService,
    DataFetching,
    DeepLink,
    DeviceId,
    #[serde(rename = "e-commerce")]
    ECommerce,
    Education,
    Face,
    Feedback,
    Framework,
    Game,
    GameEngine,
    Health,
    Hotfix,
    IdentityCheck,
    Im,
    Iot,
    Location,
    Login,
    Map,
    Marketing,
    MiniProgram,
    Network,
    Ocr,
    OneTapLogin,
    Pay,
    Profiling,
    Push,
    Risk,
    Scan,
    Share,
    SmsVerification,
    Speech,
    Storage,
    Vpn,
}

/// How it is known what an SDK collects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SdkEvidence {
    /// The vendor's own document was read.
    VendorDocument,
    /// Apps say so in the SDK lists that they publish.
    AppList,
    /// From own knowledge of the vendor's statement: to be checked before it is quoted.
    OwnKnowledge,
}

impl SdkEvidence {
    /// How far it can be relied on, for people.
    pub fn standing(self) -> Text {
        match self {
            Self::VendorDocument => Text::new(
                "据厂商文档，以其现行版本为准",
                "from the vendor's document; its current version governs",
            ),
            Self::AppList => Text::new(
                "据应用公布的第三方 SDK 清单，未核对厂商文档",
                "from SDK lists that apps publish; the vendor's document was not compared",
            ),
            Self::OwnKnowledge => Text::new(
                "据自有知识，引用前须核对厂商文档",
                "from own knowledge; compare the vendor's document before quoting",
            ),
        }
    }
}

/// What an SDK collects; ids in the vocabulary.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdkCollects {
    /// As soon as it is started.
    pub required: Vec<String>,
    /// Only where a permission, a function or a switch allows it.
    pub optional: Vec<String>,
}

/// Names that show that an SDK is there. In all of them `*` matches any run of characters, except in
/// `class-prefixes`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SdkTraces {
    /// Beginnings of readable class names, each a whole package that ends in `.`.
    pub class_prefixes: Vec<String>,
    /// Class names of `<service>`.
    pub services: Vec<String>,
    /// Class names of `<activity>`.
    pub activities: Vec<String>,
    /// Class names of `<receiver>`.
    pub receivers: Vec<String>,
    /// Class names of `<provider>`.
    pub providers: Vec<String>,
    /// Names of `<meta-data>`.
    pub meta_data: Vec<String>,
    /// Permissions that only this SDK asks for.
    pub permissions: Vec<String>,
    /// File names of native libraries.
    pub libs: Vec<String>,
    /// Paths in the archive.
    pub files: Vec<String>,
    /// Names of its plugins for Flutter (pub.dev), React Native and Cordova (npm) or uni-app.
    pub plugins: Vec<String>,
    /// Where the names are known from; empty for `weak`, which shares that of `traces`.
    pub source: String,
}

impl SdkTraces {
    /// Every list with the key that it stands under.
    pub fn lists(&self) -> [(&'static str, &[String]); 10] {
        [
            ("class-prefixes", &self.class_prefixes),
            ("services", &self.services),
            ("activities", &self.activities),
            ("receivers", &self.receivers),
            ("providers", &self.providers),
            ("meta-data", &self.meta_data),
            ("permissions", &self.permissions),
            ("libs", &self.libs),
            ("files", &self.files),
            ("plugins", &self.plugins),
        ]
    }
}

/// What a developer does to limit what an SDK collects.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdkSwitch {
    /// Full class name; without a dot, its last part (the package is not known), or a file for `how = "config"`.
    pub class: String,
    /// Method or key; absent where any use of the class counts.
    pub method: Option<String>,
    /// What it does.
    pub effect: SwitchEffect,
    /// How it is used.
    pub how: SwitchUse,
    /// The constant argument, returned value or setting that limits; absent: any, or not known.
    pub value: Option<String>,
    /// What it turns off, ids in the vocabulary; empty: not known which, or everything until consent.
    #[serde(default)]
    pub info: Vec<String>,
}

/// What a switch of an SDK does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchEffect {
    /// Holds collection back until the user agrees.
    Consent,
    /// Turns a collection off.
    Off,
}

/// How a switch of an SDK is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchUse {
    /// The method is called.
    Call,
    /// The class is extended and the method overridden.
    Override,
    /// The class is used in whatever way.
    Use,
    /// A key of a configuration file.
    Config,
}

/// Names in code that yield information, or say how it is come by: one table of `common/apis/*.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ApiRule {
    /// What the names are.
    pub kind: ApiKind,
    /// Readable class name (`android.provider.Settings$Secure`) for methods, overrides, fields and reflection.
    pub class: Option<String>,
    /// Methods (every overload), fields, URIs, keys …
    pub names: Vec<String>,
    /// Counts only where one of these constants stands beside it: in the same method, else in the same class.
    #[serde(default)]
    pub with: Vec<String>,
    /// What a site means.
    #[serde(default)]
    pub role: ApiRole,
    /// What it yields, ids in the vocabulary.
    #[serde(default)]
    pub info: Vec<String>,
    /// The finding subject; absent where no capability covers the information, or where an SDK is started.
    pub capability: Option<String>,
    /// 3 decides, 2 counts in code of the app or of an SDK, 1 never counts alone.
    pub weight: u8,
    /// What must be granted, all of it; empty: nothing, or not known.
    #[serde(default)]
    pub needs: Vec<ApiNeed>,
    /// API level that introduced it.
    pub introduced: Option<u32>,
    /// On systems of this level or above it yields nothing, or a constant, or only the app's own.
    pub no_effect_from_device: Option<u32>,
    /// The same for apps that target this level or above.
    pub no_effect_from_target: Option<u32>,
    /// What to know.
    pub note: Option<Text>,
    /// Where all this is known from.
    pub source: String,
}

/// What the names of an [`ApiRule`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiKind {
    /// Methods that are called, on the class or a subclass; `<init>` is its constructor.
    Method,
    /// Methods that a subclass of the class defines, for the platform to call.
    Override,
    /// Static fields that are read.
    Field,
    /// Beginnings of content URIs.
    Uri,
    /// Keys of the settings provider.
    Setting,
    /// System properties.
    Property,
    /// Beginnings of paths of files.
    File,
    /// Beginnings of shell commands.
    Command,
    /// Actions of intents, or packages to bind to.
    Intent,
    /// Names of methods that stand as strings beside the name of the class.
    Reflection,
    /// Numbers of sensor types.
    SensorType,
}

impl ApiKind {
    /// Whether the names belong to a class.
    pub fn has_class(self) -> bool {
        matches!(self, Self::Method | Self::Override | Self::Field | Self::Reflection)
    }
}

/// What a site of an [`ApiRule`] means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiRole {
    /// It yields `info`.
    #[default]
    Reads,
    /// It starts an SDK, which then collects `info`.
    SdkStart,
    /// The user picks what the app gets: a gentler way, which needs no permission.
    Picker,
    /// Constants beside it decide what it yields.
    ByConstant,
    /// It asks for a state and yields no information.
    StateCheck,
    /// It only writes or sends.
    WriteOnly,
    /// It asks the user for a permission or sends the user to Settings.
    PermissionRequest,
    /// It turns a collection of an SDK off, or holds it back.
    Switch,
    /// It runs code that cannot be seen.
    DynamicCode,
}

/// One condition of an [`ApiRule`], on systems of level `[device_from, device_below)`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ApiNeed {
    /// One of these permissions is enough.
    pub any: Vec<String>,
    /// From this level of the system on.
    pub device_from: Option<u32>,
    /// Below this level of the system.
    pub device_below: Option<u32>,
}

/// What must not be taken for evidence: `common/noise.toml`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Noise {
    /// Libraries whose mere presence says nothing.
    pub libraries: Vec<NoiseRule>,
    /// Libraries that bring permissions with them.
    pub provenance: Vec<ProvenanceRule>,
    /// Rules of precision and where each is held.
    pub precision: Vec<PrecisionRule>,
    /// Numbers that the judgement uses.
    pub thresholds: Thresholds,
}

/// A library whose mere presence says nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NoiseRule {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: Text,
    /// Packages that end in `.`, or names of one class, which also stand for its inner classes.
    pub class_prefixes: Vec<String>,
    /// What sites inside seem to yield; `*` stands for everything.
    #[serde(default)]
    pub info: Vec<String>,
    /// What becomes of such sites.
    pub then: NoiseThen,
    /// Names of permissions inside say nothing either.
    #[serde(default)]
    pub names_permissions: bool,
    /// Why.
    pub note: Text,
    /// Where this is known from.
    pub source: String,
}

/// What becomes of sites inside a [`NoiseRule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseThen {
    /// They are evidence for nothing.
    Drop,
    /// Code outside that calls into the library is the evidence.
    Caller,
    /// Scripts or the configuration of the project decide.
    Script,
    /// They are the SDK's, never the app's own.
    Sdk,
}

/// A library or tool that brings permissions into the manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProvenanceRule {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: Text,
    /// SDKs that show that it is there; any one is enough.
    #[serde(default)]
    pub sdks: Vec<String>,
    /// Packages that show that it is there, each ending in `.`.
    #[serde(default)]
    pub class_prefixes: Vec<String>,
    /// What it brings; `*` matches any run of characters.
    pub permissions: Vec<String>,
    /// What to know.
    pub note: Option<Text>,
    /// Where this is known from.
    pub source: String,
}

/// A rule that keeps noise out of the findings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PrecisionRule {
    /// Id.
    pub id: String,
    /// The rule.
    pub note: Text,
    /// The rule file that holds it, or `program`.
    pub held_in: String,
}

/// Numbers that the judgement of code uses.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Thresholds {
    /// Classes below a prefix before the prefix alone is a trace of an SDK.
    pub sdk_classes: u32,
    /// Distinct package names of other apps beside single questions before they amount to a list of apps.
    pub app_list_packages: u32,
}
