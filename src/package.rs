//! What an app package says about itself, in plain data that knows no archive and no law.
//!
//! [`AppPackage`] is the upper waist of the hourglass: every package format ends in it, every
//! later stage reads only it. It can be saved as JSON (`piscope inspect`) and scanned again in
//! place of the package.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the saved form of [`AppPackage`]; raised when a field changes its meaning.
pub const PACKAGE_SCHEMA: &str = "piscope-package/1";

/// One app, whatever files it was shipped in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AppPackage {
    /// Always [`PACKAGE_SCHEMA`] in what this version writes.
    pub schema: String,
    /// The container that the app came in.
    pub format: PackageFormat,
    /// The file as a whole.
    pub file: FileIdentity,
    /// `manifest@package`.
    pub package: String,
    /// The name shown to the user, through the resource table.
    pub label: Label,
    /// `android:versionName`, resolved.
    pub version_name: Option<String>,
    /// `android:versionCode`, with `versionCodeMajor` in the upper 32 bits.
    pub version_code: Option<u64>,
    /// `<uses-sdk>`.
    pub sdk: SdkLevels,
    /// `<uses-permission>`, `<uses-permission-sdk-23>` and `-sdk-m`, in document order, base first,
    /// duplicates kept; then the implied ones.
    pub permissions: Vec<RequestedPermission>,
    /// `<permission>`: what the app defines, not what it asks for.
    pub declared_permissions: Vec<DeclaredPermission>,
    /// `<uses-feature>`.
    pub features: Vec<Feature>,
    /// `application@name`, fully qualified.
    pub application_class: Option<String>,
    /// `android:appCategory` as its name (`game`, `audio`, `video`, `image`, `social`, `news`,
    /// `maps`, `productivity`, `accessibility`) or the bare number if unknown.
    pub app_category: Option<String>,
    /// `android:isGame`.
    pub is_game: Option<bool>,
    /// Activities (with aliases), services, receivers, providers.
    pub components: Vec<Component>,
    /// `<meta-data>` directly under `<application>`.
    pub meta_data: Vec<MetaData>,
    /// `<queries>`.
    pub queries: Vec<Query>,
    /// Splits merged into the record: `split` attribute or file name; empty for a single APK.
    pub splits: Vec<String>,
    /// `lib/ABI/NAME.so`, one row a name.
    pub native_libraries: Vec<NativeLibrary>,
    /// Paths below `assets/`, sorted, without that prefix, up to the limit of names.
    pub assets: Vec<String>,
    /// Paths outside `assets/`, `lib/`, `res/` and `META-INF/`, sorted, up to the limit of names.
    pub other_files: Vec<String>,
    /// `classes.dex`, `classes2.dex` … over all parts.
    pub dex_count: u32,
    /// Frameworks and packers recognised by file name; filled from the rules.
    pub signs: Vec<Sign>,
    /// Who signed it.
    pub signing: Signing,
    /// All that could not be read, was cut by a limit, or was tampered with.
    pub gaps: Vec<Gap>,
}

/// The container of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PackageFormat {
    /// One APK.
    #[default]
    Apk,
    /// bundletool's set of splits.
    Apks,
    /// APKPure's container.
    Xapk,
    /// APKMirror's container.
    Apkm,
}

/// The file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FileIdentity {
    /// Bytes.
    pub size: u64,
    /// Lower-case hex; absent where hashing was switched off.
    pub sha256: Option<String>,
    /// Lower-case hex; absent where hashing was switched off.
    pub md5: Option<String>,
}

/// The app's name in the languages that matter here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Label {
    /// In the default configuration.
    pub default: Option<String>,
    /// Simplified Chinese (`zh-CN`, `zh-Hans`, plain `zh`; traditional only if nothing else).
    pub zh: Option<String>,
    /// English (`en`, `en-*`).
    pub en: Option<String>,
}

impl Label {
    /// The best name for a Chinese reader: Chinese, else default, else English.
    pub fn best(&self) -> Option<&str> {
        self.zh.as_deref().or(self.default.as_deref()).or(self.en.as_deref())
    }
}

/// `<uses-sdk>`. A code name (`"Q"`, `"VanillaIceCream"`) is kept in `*_codename` and mapped to
/// its level where it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SdkLevels {
    /// `minSdkVersion`; Android takes 1 when it is absent.
    pub min: Option<u32>,
    /// `targetSdkVersion`; Android takes `min` when it is absent.
    pub target: Option<u32>,
    /// `maxSdkVersion`.
    pub max: Option<u32>,
    /// The code name of `minSdkVersion`.
    pub min_codename: Option<String>,
    /// The code name of `targetSdkVersion`.
    pub target_codename: Option<String>,
}

impl SdkLevels {
    /// The level that Android applies as minimum.
    pub fn effective_min(&self) -> u32 {
        self.min.unwrap_or(1)
    }

    /// The level that Android applies as target.
    pub fn effective_target(&self) -> u32 {
        self.target.unwrap_or_else(|| self.effective_min())
    }
}

/// A permission that the app asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RequestedPermission {
    /// Full name, e.g. `android.permission.READ_CONTACTS`.
    pub name: String,
    /// The element that asks.
    pub element: PermissionElement,
    /// `android:maxSdkVersion`.
    pub max_sdk: Option<u32>,
    /// `android:minSdkVersion`.
    pub min_sdk: Option<u32>,
    /// `usesPermissionFlags` contains `neverForLocation`.
    pub never_for_location: bool,
    /// `android:requiredFeature`.
    pub required_feature: Option<String>,
    /// Where it stands; for an implied one, where the implying permission stands.
    pub place: Place,
    /// Set when no element names it and the platform adds it by itself.
    pub implied_by: Option<ImpliedBy>,
}

/// The element that asks for a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum PermissionElement {
    /// `<uses-permission>`.
    #[default]
    #[serde(rename = "uses-permission")]
    UsesPermission,
    /// `<uses-permission-sdk-23>` or `<uses-permission-sdk-m>`.
    #[serde(rename = "uses-permission-sdk-23")]
    UsesPermissionSdk23,
}

/// Why the platform adds a permission that no element names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImpliedBy {
    /// The permission that it is split from; `None` where the target level alone adds it.
    pub permission: Option<String>,
    /// The rule in words, e.g. `targetSdk<29`.
    pub when: String,
}

/// `<permission>`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeclaredPermission {
    /// Full name.
    pub name: String,
    /// `android:protectionLevel`: base level and flags as `dangerous`, `signature|privileged` …
    pub protection_level: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// `<uses-feature>`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Feature {
    /// Feature name, or `glEsVersion=0x…`.
    pub name: String,
    /// `android:required`, true when absent.
    pub required: bool,
    /// Where it stands.
    pub place: Place,
}

/// The kind of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentKind {
    /// `<activity>`.
    #[default]
    Activity,
    /// `<activity-alias>`.
    ActivityAlias,
    /// `<service>`.
    Service,
    /// `<receiver>`.
    Receiver,
    /// `<provider>`.
    Provider,
}

/// A component of the app.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Component {
    /// Which of the kinds.
    pub kind: ComponentKind,
    /// Fully qualified class name.
    pub name: String,
    /// `android:exported` as written.
    pub exported: Option<bool>,
    /// `android:enabled` as written.
    pub enabled: Option<bool>,
    /// `android:permission` (the caller must hold it), with that of `<application>` as default.
    pub permission: Option<String>,
    /// `android:process` as written.
    pub process: Option<String>,
    /// `android:authorities` of a provider, split at `;`.
    pub authorities: Vec<String>,
    /// `android:targetActivity` of an alias, fully qualified.
    pub target_activity: Option<String>,
    /// Its intent filters.
    pub filters: Vec<IntentFilter>,
    /// Its `<meta-data>`.
    pub meta_data: Vec<MetaData>,
    /// Where it stands.
    pub place: Place,
}

impl Component {
    /// Whether other apps can reach it: as written, else true exactly when it has an intent
    /// filter (the platform's rule below target 31; above, an explicit value is mandatory).
    pub fn is_exported(&self) -> bool {
        self.exported.unwrap_or(!self.filters.is_empty())
    }

    /// Every action of every filter.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.filters.iter().flat_map(|f| f.actions.iter().map(String::as_str))
    }
}

/// `<intent-filter>`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IntentFilter {
    /// `<action android:name>`.
    pub actions: Vec<String>,
    /// `<category android:name>`.
    pub categories: Vec<String>,
    /// `<data>`, one row an element.
    pub data: Vec<FilterData>,
}

/// `<data>` of an intent filter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilterData {
    /// `android:scheme`.
    pub scheme: Option<String>,
    /// `android:host`.
    pub host: Option<String>,
    /// `android:path`, `pathPrefix`, `pathPattern` or another path attribute.
    pub path: Option<String>,
    /// `android:mimeType`.
    pub mime_type: Option<String>,
}

/// `<meta-data>`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetaData {
    /// `android:name`.
    pub name: String,
    /// `android:value`, resolved if it is a string resource; else `@0x7f…`.
    pub value: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// One child of `<queries>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Query {
    /// `<package android:name>`.
    Package {
        /// The package asked about.
        name: String,
        /// Where it stands.
        place: Place,
    },
    /// `<provider android:authorities>`.
    Provider {
        /// As written.
        authorities: String,
        /// Where it stands.
        place: Place,
    },
    /// `<intent>`.
    Intent {
        /// Its actions, categories and data.
        filter: IntentFilter,
        /// Where it stands.
        place: Place,
    },
}

/// A native library.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NativeLibrary {
    /// File name, e.g. `libflutter.so`.
    pub name: String,
    /// ABIs that carry it, sorted.
    pub abis: Vec<String>,
}

/// A framework or packer recognised by a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// What kind of thing it is.
    pub kind: SignKind,
    /// Id in the rules.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// The file, class or library that shows it.
    pub seen_in: String,
}

/// What a [`Sign`] shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignKind {
    /// An application framework: its code may live outside the DEX files.
    Framework,
    /// A packer: the app's own code is not in the package as it stands.
    Packer,
}

/// Who signed the package.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Signing {
    /// Schemes present, of `v1`, `v2`, `v3`, `v3.1`; empty means unsigned. Present, not verified.
    pub schemes: Vec<String>,
    /// The signers' certificates, one row per distinct certificate and scheme.
    pub certificates: Vec<Certificate>,
}

/// A signer's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Certificate {
    /// The scheme whose block carries it.
    pub scheme: String,
    /// SHA-256 of the DER bytes, lower-case hex.
    pub sha256: String,
    /// Subject, e.g. `CN=Android Debug, O=Android, C=US`; absent if the DER could not be read.
    pub subject: Option<String>,
}

/// Where something stands in a package.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// Entry in the archive; in a container `split.apk!/entry`.
    pub entry: String,
    /// Element name, class and method, or library symbol.
    pub element: String,
    /// Line of the decoded manifest as `piscope inspect --manifest` prints it, from 1.
    pub line: Option<u32>,
}

/// Something that could not be read as it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// What it means for the result.
    pub kind: GapKind,
    /// Stable short code, e.g. `zip.local-header`, `axml.depth`, `arsc.package-count`.
    pub code: String,
    /// Entry or structure, e.g. `AndroidManifest.xml`, `central directory`.
    pub part: String,
    /// Byte offset within that part.
    pub offset: Option<u64>,
    /// What was found and what was done, in English, for the technical annex.
    pub detail: String,
}

/// What a [`Gap`] means for the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GapKind {
    /// Broken or hidden: evidence may be missing. Never "clean".
    Unread,
    /// A limit of the caller cut the reading short: evidence may be missing. Never "clean".
    Limit,
    /// A structure differs from the norm in a way that Android tolerates; it was read as Android
    /// reads it, nothing is missing.
    Tampered,
}

impl GapKind {
    /// Whether evidence may be missing because of it.
    pub fn hides_evidence(self) -> bool {
        matches!(self, GapKind::Unread | GapKind::Limit)
    }
}
