//! The binary `AndroidManifest.xml`, read into the record the way the platform's package parser
//! (AOSP `ParsingPackageUtils`) reads it.

use super::arsc::Resolved;
use super::axml::{ANDROID_NS, Attribute, AxmlError, Document, Element, Event, kind, write_text};
use super::limits::Limits;
use super::pool::gap_once;
use crate::package::{
    AppPackage, Component, ComponentKind, DeclaredPermission, Feature, FilterData, Gap, GapKind,
    IntentFilter, Label, MetaData, PACKAGE_SCHEMA, PermissionElement, Place, Query, RequestedPermission,
    SdkLevels,
};

/// `usesPermissionFlags` bit of `neverForLocation`.
const NEVER_FOR_LOCATION: u32 = 0x0001_0000;

/// Why a manifest cannot be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestError {
    /// It is textual XML, which no installed package has.
    Textual,
    /// It is not binary XML.
    NotBinaryXml,
    /// Its root element is not `<manifest>`.
    NotManifest,
}

impl std::fmt::Display for ManifestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Textual => "the manifest is textual XML, not the binary form that Android reads",
            Self::NotBinaryXml => "the manifest is not binary XML",
            Self::NotManifest => "the root element is not <manifest>",
        })
    }
}

impl std::error::Error for ManifestError {}

impl From<AxmlError> for ManifestError {
    fn from(_: AxmlError) -> Self {
        Self::NotBinaryXml
    }
}

/// What the manifest says, with the resource ids still to resolve.
#[derive(Debug, Clone, Default)]
pub struct ManifestData {
    /// The fields of the record that the manifest fills. Values that are references stand as
    /// `@0x7f010203` until [`apply`].
    pub package: AppPackage,
    /// `manifest@split`.
    pub split: Option<String>,
    /// Resource ids to hand to the resource table, ascending, without duplicates.
    pub references: Vec<u32>,
    /// What the limits leave for further manifests of the same app, and for resolved texts.
    pub room: Room,
    /// The one of them that is the label, which is wanted in every language.
    pub label: Option<u32>,
    slots: Vec<(u32, Slot)>,
}

/// What a record may still keep of manifests and of the texts that they refer to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Room {
    items: usize,
    bytes: usize,
}

impl Room {
    /// All that `limits` allow.
    pub fn new(limits: &Limits) -> Self {
        Self { items: limits.names, bytes: limits.name_bytes.saturating_mul(4) }
    }

    /// Takes `bytes`; false where they do not fit, and nothing fits afterwards.
    fn spend(&mut self, bytes: usize) -> bool {
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.unwrap_or(0);
        left.is_some()
    }
}

/// Where a resolved reference goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Label,
    VersionName,
    VersionCode,
    VersionCodeMajor,
    MinSdk,
    TargetSdk,
    MaxSdk,
    ApplicationClass,
    IsGame,
    Component(usize, Part),
    Data(usize, usize, usize, Part),
    Meta(usize),
    ComponentMeta(usize, usize),
}

/// A field of a component or of a filter's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Permission,
    Process,
    Target,
    Authorities,
    Exported,
    Enabled,
    Scheme,
    Host,
    Path,
    Mime,
}

/// The attributes that the record needs.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Field {
    Package,
    Split,
    Name,
    Label,
    Permission,
    Enabled,
    Exported,
    Process,
    Authorities,
    Value,
    Resource,
    Mime,
    Scheme,
    Host,
    Path,
    Target,
    MinSdk,
    TargetSdk,
    MaxSdk,
    VersionCode,
    VersionCodeMajor,
    VersionName,
    GlEs,
    Required,
    IsGame,
    AppCategory,
    RequiredFeature,
    PermissionFlags,
    Protection,
}

const FIELDS: usize = Field::Protection as usize + 1;

/// The field of a platform attribute (ids of AOSP `public-final.xml`, which never change).
fn field(id: u32) -> Option<Field> {
    Some(match id {
        0x0101_0001 => Field::Label,
        0x0101_0003 => Field::Name,
        0x0101_0006 => Field::Permission,
        0x0101_0009 => Field::Protection,
        0x0101_000e => Field::Enabled,
        0x0101_0010 => Field::Exported,
        0x0101_0011 => Field::Process,
        0x0101_0018 => Field::Authorities,
        0x0101_0024 => Field::Value,
        0x0101_0025 => Field::Resource,
        0x0101_0026 => Field::Mime,
        0x0101_0027 => Field::Scheme,
        0x0101_0028 => Field::Host,
        0x0101_002a..=0x0101_002c | 0x0101_061e | 0x0101_0620 => Field::Path,
        0x0101_0202 => Field::Target,
        0x0101_020c => Field::MinSdk,
        0x0101_021b => Field::VersionCode,
        0x0101_021c => Field::VersionName,
        0x0101_0270 => Field::TargetSdk,
        0x0101_0271 => Field::MaxSdk,
        0x0101_0281 => Field::GlEs,
        0x0101_028e => Field::Required,
        0x0101_03f4 => Field::IsGame,
        0x0101_0545 => Field::AppCategory,
        0x0101_0554 => Field::RequiredFeature,
        0x0101_0576 => Field::VersionCodeMajor,
        0x0101_0644 => Field::PermissionFlags,
        _ => return None,
    })
}

/// Names of platform attributes that occur in manifests, ascending by id.
const NAMES: &[(u32, &str)] = &[
    (0x0101_0000, "theme"),
    (0x0101_0001, "label"),
    (0x0101_0002, "icon"),
    (0x0101_0003, "name"),
    (0x0101_0006, "permission"),
    (0x0101_0007, "readPermission"),
    (0x0101_0008, "writePermission"),
    (0x0101_0009, "protectionLevel"),
    (0x0101_000a, "permissionGroup"),
    (0x0101_000b, "sharedUserId"),
    (0x0101_000c, "hasCode"),
    (0x0101_000e, "enabled"),
    (0x0101_000f, "debuggable"),
    (0x0101_0010, "exported"),
    (0x0101_0011, "process"),
    (0x0101_0012, "taskAffinity"),
    (0x0101_0013, "multiprocess"),
    (0x0101_0017, "excludeFromRecents"),
    (0x0101_0018, "authorities"),
    (0x0101_0019, "syncable"),
    (0x0101_001a, "initOrder"),
    (0x0101_001b, "grantUriPermissions"),
    (0x0101_001c, "priority"),
    (0x0101_001d, "launchMode"),
    (0x0101_001e, "screenOrientation"),
    (0x0101_001f, "configChanges"),
    (0x0101_0020, "description"),
    (0x0101_0021, "targetPackage"),
    (0x0101_0024, "value"),
    (0x0101_0025, "resource"),
    (0x0101_0026, "mimeType"),
    (0x0101_0027, "scheme"),
    (0x0101_0028, "host"),
    (0x0101_0029, "port"),
    (0x0101_002a, "path"),
    (0x0101_002b, "pathPrefix"),
    (0x0101_002c, "pathPattern"),
    (0x0101_0202, "targetActivity"),
    (0x0101_020c, "minSdkVersion"),
    (0x0101_021b, "versionCode"),
    (0x0101_021c, "versionName"),
    (0x0101_0270, "targetSdkVersion"),
    (0x0101_0271, "maxSdkVersion"),
    (0x0101_0272, "testOnly"),
    (0x0101_0280, "allowBackup"),
    (0x0101_0281, "glEsVersion"),
    (0x0101_028e, "required"),
    (0x0101_02b7, "installLocation"),
    (0x0101_03f4, "isGame"),
    (0x0101_04ec, "usesCleartextTraffic"),
    (0x0101_0527, "networkSecurityConfig"),
    (0x0101_0545, "appCategory"),
    (0x0101_0554, "requiredFeature"),
    (0x0101_0572, "compileSdkVersion"),
    (0x0101_0573, "compileSdkVersionCodename"),
    (0x0101_0576, "versionCodeMajor"),
    (0x0101_057a, "appComponentFactory"),
    (0x0101_0599, "foregroundServiceType"),
    (0x0101_0603, "requestLegacyExternalStorage"),
    (0x0101_061e, "pathSuffix"),
    (0x0101_0620, "pathAdvancedPattern"),
    (0x0101_0644, "usesPermissionFlags"),
];

fn attribute_name(id: u32) -> Option<&'static str> {
    let at = NAMES.binary_search_by_key(&id, |n| n.0).ok()?;
    NAMES.get(at).map(|n| n.1)
}

fn attribute_id(name: &str) -> Option<u32> {
    NAMES.iter().find(|n| n.1 == name).map(|n| n.0)
}

/// API levels of platform code names (`Build.VERSION_CODES`).
fn codename_level(name: &str) -> Option<u32> {
    // A preview may carry its fingerprint behind a dot.
    let name = name.split('.').next().unwrap_or(name);
    Some(match name {
        "Cupcake" => 3,
        "Donut" => 4,
        "Eclair" => 5,
        "Froyo" => 8,
        "Gingerbread" => 9,
        "Honeycomb" => 11,
        "IceCreamSandwich" => 14,
        "JellyBean" => 16,
        "JellyBeanMR1" => 17,
        "JellyBeanMR2" => 18,
        "KitKat" | "KeyLimePie" => 19,
        "L" | "Lollipop" => 21,
        "M" | "MNC" | "Marshmallow" => 23,
        "N" | "NYC" | "Nougat" => 24,
        "O" | "Oreo" => 26,
        "OMR1" => 27,
        "P" | "Pie" => 28,
        "Q" => 29,
        "R" => 30,
        "S" => 31,
        "Sv2" => 32,
        "T" | "Tiramisu" => 33,
        "U" | "UpsideDownCake" => 34,
        "V" | "VanillaIceCream" => 35,
        "Baklava" => 36,
        _ => return None,
    })
}

/// Parses a binary `AndroidManifest.xml`. `entry` names it in places and gaps.
///
/// # Errors
/// [`ManifestError`] where there is nothing to read; what is only damaged becomes gaps.
pub fn read(
    bytes: &[u8],
    entry: &str,
    limits: &Limits,
    gaps: &mut Vec<Gap>,
) -> Result<ManifestData, ManifestError> {
    read_into(Room::new(limits), bytes, entry, limits, gaps)
}

/// As [`read`], keeping no more than `room` has.
///
/// # Errors
/// As [`read`].
pub fn read_into(
    room: Room,
    bytes: &[u8],
    entry: &str,
    limits: &Limits,
    gaps: &mut Vec<Gap>,
) -> Result<ManifestData, ManifestError> {
    let doc = open(bytes, entry, limits, gaps)?;
    check_names(&doc, entry, gaps);
    let mut reader = Reader {
        doc: &doc,
        entry,
        gaps,
        data: ManifestData { room, ..ManifestData::default() },
        sdk_slots: 0,
        application_permission: None,
        has_application: false,
        has_sdk: false,
        label: None,
        launcher_label: None,
        component_label: None,
    };
    reader.data.package.schema = PACKAGE_SCHEMA.to_owned();
    let mut events = doc.events(limits);
    let mut stack: Vec<Context> = Vec::with_capacity(16);
    while let Some(event) = events.next_event(reader.gaps) {
        match event {
            Event::Start(element) => {
                let context = match stack.last() {
                    None => reader.root(&element)?,
                    Some(parent) => reader.element(*parent, &element),
                };
                stack.push(context);
            }
            Event::End => {
                if let Some(context) = stack.pop() {
                    reader.leave(context);
                }
            }
            Event::Namespace(..) | Event::Text(_) => {}
        }
    }
    // Android takes missing end tags as given.
    while let Some(context) = stack.pop() {
        reader.leave(context);
    }
    let data = reader.into_data();
    doc.report(gaps);
    Ok(data)
}

/// The decoded manifest as text; its line numbers are those of [`Place::line`].
///
/// # Errors
/// As [`read`].
pub fn decode(bytes: &[u8], limits: &Limits, gaps: &mut Vec<Gap>) -> Result<String, ManifestError> {
    let doc = open(bytes, "AndroidManifest.xml", limits, gaps)?;
    Ok(write_text(&doc, limits, gaps, attribute_name))
}

fn open<'a>(
    bytes: &'a [u8],
    entry: &'a str,
    limits: &Limits,
    gaps: &mut Vec<Gap>,
) -> Result<Document<'a>, ManifestError> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    // In binary form a leading `<` would be a root chunk with a header of thousands of bytes.
    if text.starts_with(b"<?xml") || text.starts_with(b"<manifest") || text.starts_with(b"<!--") {
        return Err(ManifestError::Textual);
    }
    Ok(Document::open(bytes, entry, limits, gaps)?)
}

/// Notes attribute names that do not fit their resource ids: a sign of scrubbing. Android goes by
/// the ids.
fn check_names(doc: &Document<'_>, entry: &str, gaps: &mut Vec<Gap>) {
    if !doc.has_map() {
        gap_once(gaps, GapKind::Tampered, "axml.no-resource-map", entry, None, || {
            "there is no map of resource ids; attributes were taken by namespace and name".to_owned()
        });
    }
    for (index, id) in doc.mapped().take(1024) {
        if let Some(name) = attribute_name(id)
            && !doc.is(index, name)
        {
            gap_once(gaps, GapKind::Tampered, "axml.attribute-name", entry, None, || {
                format!("the name of the attribute 0x{id:08x} ({name}) was changed; Android goes by the id")
            });
            break;
        }
    }
}

/// What an open element means for its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Manifest,
    Application,
    Component,
    ComponentFilter,
    Queries,
    QueryIntent,
    UsesPermission,
    /// Of no meaning here; only misplaced permissions below it are noted.
    Other,
}

/// The attributes of one element that matter.
struct Attributes([Option<Attribute>; FIELDS]);

impl Attributes {
    fn get(&self, field: Field) -> Option<&Attribute> {
        self.0.get(field as usize).and_then(Option::as_ref)
    }
}

struct Reader<'d, 'a, 'g> {
    doc: &'d Document<'a>,
    entry: &'a str,
    gaps: &'g mut Vec<Gap>,
    data: ManifestData,
    /// References of an earlier `<uses-sdk>` stand before this one.
    sdk_slots: usize,
    application_permission: Option<String>,
    has_application: bool,
    has_sdk: bool,
    label: Option<Attribute>,
    launcher_label: Option<Attribute>,
    component_label: Option<Attribute>,
}

impl Reader<'_, '_, '_> {
    fn root(&mut self, element: &Element<'_>) -> Result<Context, ManifestError> {
        if !self.doc.is(element.name, "manifest") {
            if self.doc.string(element.name).is_some() {
                return Err(ManifestError::NotManifest);
            }
            self.gap(GapKind::Unread, "manifest.root-name", element, || {
                "the root element has no readable name and was taken for <manifest>; Android refuses it"
                    .to_owned()
            });
        }
        let attributes = self.attributes(element);
        self.data.package.package =
            attributes.get(Field::Package).and_then(|a| self.plain(a)).unwrap_or_default();
        self.data.split = attributes.get(Field::Split).and_then(|a| self.plain(a)).filter(|s| !s.is_empty());
        self.data.package.version_name = self.text(attributes.get(Field::VersionName), Slot::VersionName);
        let code = self.number(attributes.get(Field::VersionCode), Slot::VersionCode);
        let major = self.number(attributes.get(Field::VersionCodeMajor), Slot::VersionCodeMajor);
        self.data.package.version_code = match (code, major) {
            (None, None) => None,
            (code, major) => Some(u64::from(major.unwrap_or(0)) << 32 | u64::from(code.unwrap_or(0))),
        };
        Ok(Context::Manifest)
    }

    fn element(&mut self, parent: Context, element: &Element<'_>) -> Context {
        if element.ns != u32::MAX {
            self.gap(GapKind::Tampered, "manifest.element-namespace", element, || {
                format!(
                    "the element at line {} has a namespace; Android looks at its local name only",
                    element.line
                )
            });
        }
        let mut buf = [0; 64];
        let name = self.doc.ascii(element.name, &mut buf).unwrap_or_default();
        match (parent, name) {
            (Context::Manifest, "uses-permission") => {
                self.uses_permission(element, name, PermissionElement::UsesPermission)
            }
            (Context::Manifest, "uses-permission-sdk-23" | "uses-permission-sdk-m") => {
                self.uses_permission(element, name, PermissionElement::UsesPermissionSdk23)
            }
            (Context::Manifest, "application") => self.application(element),
            (Context::Manifest, "uses-sdk") => self.uses_sdk(element),
            (Context::Manifest, "permission") => self.permission(element),
            (Context::Manifest, "uses-feature") => self.feature(element),
            (Context::Manifest, "queries") => Context::Queries,
            (Context::UsesPermission, "required-feature") => {
                let attributes = self.attributes(element);
                let feature = attributes.get(Field::Name).and_then(|a| self.plain(a));
                if let Some(permission) = self.data.package.permissions.last_mut()
                    && permission.required_feature.is_none()
                {
                    permission.required_feature = feature;
                }
                Context::Other
            }
            (Context::Application, "activity") => self.component(element, name, ComponentKind::Activity),
            (Context::Application, "activity-alias") => {
                self.component(element, name, ComponentKind::ActivityAlias)
            }
            (Context::Application, "service") => self.component(element, name, ComponentKind::Service),
            (Context::Application, "receiver") => self.component(element, name, ComponentKind::Receiver),
            (Context::Application, "provider") => self.component(element, name, ComponentKind::Provider),
            (Context::Application | Context::Component, "meta-data") => self.meta_data(parent, element),
            (Context::Component, "intent-filter") => {
                if !self.item(element) {
                    return Context::Other;
                }
                if let Some(component) = self.data.package.components.last_mut() {
                    component.filters.push(IntentFilter::default());
                }
                Context::ComponentFilter
            }
            (Context::ComponentFilter | Context::QueryIntent, "action" | "category" | "data") => {
                self.filter_part(parent, element, name)
            }
            (Context::Queries, "package" | "provider" | "intent") => self.query(element, name),
            (_, "uses-permission" | "uses-permission-sdk-23" | "uses-permission-sdk-m") => {
                self.gap(GapKind::Tampered, "manifest.misplaced", element, || {
                    format!("<{name}> outside <manifest> at line {}; Android does not read it", element.line)
                });
                Context::Other
            }
            _ => Context::Other,
        }
    }

    fn leave(&mut self, context: Context) {
        if context == Context::Component {
            let launches = self.data.package.components.last().is_some_and(|c| {
                matches!(c.kind, ComponentKind::Activity | ComponentKind::ActivityAlias)
                    && c.filters.iter().any(|f| {
                        f.actions.iter().any(|a| a == "android.intent.action.MAIN")
                            && f.categories.iter().any(|a| a == "android.intent.category.LAUNCHER")
                    })
            });
            if launches && self.launcher_label.is_none() {
                self.launcher_label = self.component_label;
            }
            self.component_label = None;
        }
    }

    fn into_data(mut self) -> ManifestData {
        let label = self.label.or(self.launcher_label);
        self.data.package.label.default = self.text(label.as_ref(), Slot::Label);
        self.data.label = self.data.slots.iter().find(|s| s.1 == Slot::Label).map(|s| s.0);
        if self.data.label.is_some() {
            self.data.package.label = Label::default();
        }
        let mut at = 0_usize..;
        self.data.slots.retain(|s| {
            let stale = at.next().is_some_and(|at| at < self.sdk_slots);
            !(stale && matches!(s.1, Slot::MinSdk | Slot::TargetSdk | Slot::MaxSdk))
        });
        let mut references: Vec<u32> = self.data.slots.iter().map(|s| s.0).collect();
        references.sort_unstable();
        references.dedup();
        self.data.references = references;
        self.data
    }

    fn application(&mut self, element: &Element<'_>) -> Context {
        if self.has_application {
            self.gap(GapKind::Tampered, "manifest.second-application", element, || {
                "a second <application>; Android does not read it".to_owned()
            });
            return Context::Other;
        }
        self.has_application = true;
        let attributes = self.attributes(element);
        self.label = attributes.get(Field::Label).filter(|a| a.kind != kind::NULL).copied();
        self.application_permission =
            attributes.get(Field::Permission).and_then(|a| self.plain(a)).filter(|p| !p.is_empty());
        self.data.package.application_class = self.class(attributes.get(Field::Name), Slot::ApplicationClass);
        self.data.package.is_game = self.boolean(attributes.get(Field::IsGame), Slot::IsGame);
        self.data.package.app_category = attributes.get(Field::AppCategory).and_then(|a| {
            let names = [
                "game",
                "audio",
                "video",
                "image",
                "social",
                "news",
                "maps",
                "productivity",
                "accessibility",
            ];
            let text = self.plain(a)?;
            let number = int(a, &text);
            // -1 is the platform's own word for undefined.
            (number != Some(u32::MAX)).then(|| {
                number
                    .and_then(|n| names.get(usize::try_from(n).ok()?))
                    .map_or(text, |name| (*name).to_owned())
            })
        });
        Context::Application
    }

    fn uses_permission(&mut self, element: &Element<'_>, tag: &str, kind: PermissionElement) -> Context {
        let attributes = self.attributes(element);
        // A reference is no name to the platform here, unlike elsewhere.
        let name = attributes.get(Field::Name).filter(|a| a.kind == kind::STRING).and_then(|a| self.plain(a));
        let Some(name) = name.filter(|n| !n.is_empty()) else {
            self.gap(GapKind::Tampered, "manifest.permission-name", element, || {
                format!("<{tag}> without a name at line {}; Android does not read it", element.line)
            });
            return Context::Other;
        };
        if !self.item(element) {
            return Context::Other;
        }
        let level = |f| {
            attributes.get(f).and_then(|a| self.plain(a).and_then(|t| int(a, &t))).filter(|n| *n < 1 << 31)
        };
        let permission = RequestedPermission {
            name,
            element: kind,
            max_sdk: level(Field::MaxSdk),
            min_sdk: level(Field::MinSdk),
            never_for_location: attributes
                .get(Field::PermissionFlags)
                .is_some_and(|a| is_int(a) && a.data & NEVER_FOR_LOCATION != 0),
            required_feature: attributes.get(Field::RequiredFeature).and_then(|a| self.plain(a)),
            place: self.place(element, tag),
            implied_by: None,
        };
        self.data.package.permissions.push(permission);
        Context::UsesPermission
    }

    fn uses_sdk(&mut self, element: &Element<'_>) -> Context {
        if !self.item(element) {
            return Context::Other;
        }
        if self.has_sdk {
            self.gap(GapKind::Tampered, "manifest.second-uses-sdk", element, || {
                "a second <uses-sdk>; the last one counts, as in Android".to_owned()
            });
        }
        self.has_sdk = true;
        self.sdk_slots = self.data.slots.len();
        let attributes = self.attributes(element);
        let (min, min_codename) = self.level(attributes.get(Field::MinSdk), Slot::MinSdk);
        let (target, target_codename) = self.level(attributes.get(Field::TargetSdk), Slot::TargetSdk);
        let max = self.number(attributes.get(Field::MaxSdk), Slot::MaxSdk);
        self.data.package.sdk = SdkLevels { min, target, max, min_codename, target_codename };
        Context::Other
    }

    fn permission(&mut self, element: &Element<'_>) -> Context {
        let attributes = self.attributes(element);
        if let Some(name) = attributes.get(Field::Name).and_then(|a| self.plain(a))
            && self.item(element)
        {
            let row = DeclaredPermission {
                name,
                protection_level: attributes.get(Field::Protection).and_then(|a| match is_int(a) {
                    true => Some(protection(a.data)),
                    false => self.plain(a),
                }),
                place: self.place(element, "permission"),
            };
            self.data.package.declared_permissions.push(row);
        }
        Context::Other
    }

    fn feature(&mut self, element: &Element<'_>) -> Context {
        let attributes = self.attributes(element);
        let name = match attributes.get(Field::Name).and_then(|a| self.plain(a)) {
            Some(name) => Some(name),
            None => attributes.get(Field::GlEs).map(|a| format!("glEsVersion=0x{:08x}", a.data)),
        };
        if let Some(name) = name
            && self.item(element)
        {
            let required = attributes.get(Field::Required).and_then(|a| self.flag(a)).unwrap_or(true);
            let place = self.place(element, "uses-feature");
            self.data.package.features.push(Feature { name, required, place });
        }
        Context::Other
    }

    fn component(&mut self, element: &Element<'_>, tag: &str, kind: ComponentKind) -> Context {
        if !self.item(element) {
            return Context::Other;
        }
        let at = self.data.package.components.len();
        let slot = |part| Slot::Component(at, part);
        let attributes = self.attributes(element);
        let Some(name) = self.class(attributes.get(Field::Name), slot(Part::Name)) else {
            // The limit may have taken it.
            if self.data.room.bytes > 0 {
                self.gap(GapKind::Tampered, "manifest.component-name", element, || {
                    format!("<{tag}> without a name at line {}; Android refuses the package", element.line)
                });
            }
            return Context::Other;
        };
        let permission = match attributes.get(Field::Permission) {
            // An empty one lifts the default of the application.
            Some(a) => self.text(Some(a), slot(Part::Permission)).filter(|p| !p.is_empty()),
            None => self.application_permission.clone().filter(|p| self.spend(p.len())),
        };
        let component = Component {
            kind,
            name,
            exported: self.boolean(attributes.get(Field::Exported), slot(Part::Exported)),
            enabled: self.boolean(attributes.get(Field::Enabled), slot(Part::Enabled)),
            permission,
            process: self.text(attributes.get(Field::Process), slot(Part::Process)),
            authorities: self
                .text(attributes.get(Field::Authorities), slot(Part::Authorities))
                .map(|a| authorities(&a))
                // A list of short ones takes far more room than its text.
                .filter(|a| self.spend(a.len().saturating_mul(size_of::<String>())))
                .unwrap_or_default(),
            target_activity: self.class(attributes.get(Field::Target), slot(Part::Target)),
            filters: Vec::new(),
            meta_data: Vec::new(),
            place: self.place(element, tag),
        };
        self.component_label = attributes.get(Field::Label).filter(|a| a.kind != kind::NULL).copied();
        self.data.package.components.push(component);
        Context::Component
    }

    fn meta_data(&mut self, parent: Context, element: &Element<'_>) -> Context {
        let attributes = self.attributes(element);
        let Some(name) = attributes.get(Field::Name).and_then(|a| self.plain(a)) else {
            return Context::Other;
        };
        if !self.item(element) {
            return Context::Other;
        }
        let package = &self.data.package;
        let slot = if parent == Context::Application {
            Slot::Meta(package.meta_data.len())
        } else {
            let last = package.components.len().saturating_sub(1);
            Slot::ComponentMeta(last, package.components.last().map_or(0, |c| c.meta_data.len()))
        };
        let value = match attributes.get(Field::Resource) {
            // `android:resource` means the id itself.
            Some(a) => self.plain(a),
            None => self.text(attributes.get(Field::Value), slot),
        };
        let row = MetaData { name, value, place: self.place(element, "meta-data") };
        if parent == Context::Application {
            self.data.package.meta_data.push(row);
        } else if let Some(component) = self.data.package.components.last_mut() {
            component.meta_data.push(row);
        }
        Context::Other
    }

    fn filter_part(&mut self, parent: Context, element: &Element<'_>, name: &str) -> Context {
        if !self.item(element) {
            return Context::Other;
        }
        let attributes = self.attributes(element);
        if name == "data" {
            let last = self.data.package.components.len().saturating_sub(1);
            let filter = self.data.package.components.last().map_or(0, |c| c.filters.len().saturating_sub(1));
            let at = self
                .data
                .package
                .components
                .last()
                .and_then(|c| c.filters.last())
                .map_or(0, |f| f.data.len());
            let mut part = |field, part| match parent {
                Context::ComponentFilter => {
                    self.text(attributes.get(field), Slot::Data(last, filter, at, part))
                }
                _ => attributes.get(field).and_then(|a| self.plain(a)),
            };
            let row = FilterData {
                scheme: part(Field::Scheme, Part::Scheme),
                host: part(Field::Host, Part::Host),
                path: part(Field::Path, Part::Path),
                mime_type: part(Field::Mime, Part::Mime),
            };
            if let Some(filter) = self.filter(parent) {
                filter.data.push(row);
            }
        } else if let Some(value) = attributes.get(Field::Name).and_then(|a| self.plain(a))
            && let Some(filter) = self.filter(parent)
        {
            match name {
                "action" => filter.actions.push(value),
                _ => filter.categories.push(value),
            }
        }
        Context::Other
    }

    /// The filter that is open.
    fn filter(&mut self, parent: Context) -> Option<&mut IntentFilter> {
        let package = &mut self.data.package;
        match parent {
            Context::QueryIntent => match package.queries.last_mut() {
                Some(Query::Intent { filter, .. }) => Some(filter),
                _ => None,
            },
            _ => package.components.last_mut().and_then(|c| c.filters.last_mut()),
        }
    }

    fn query(&mut self, element: &Element<'_>, tag: &str) -> Context {
        if !self.item(element) {
            return Context::Other;
        }
        let attributes = self.attributes(element);
        let place = self.place(element, tag);
        let row = match tag {
            "intent" => Some(Query::Intent { filter: IntentFilter::default(), place }),
            "package" => attributes
                .get(Field::Name)
                .and_then(|a| self.plain(a))
                .map(|name| Query::Package { name, place }),
            _ => attributes
                .get(Field::Authorities)
                .and_then(|a| self.plain(a))
                .map(|authorities| Query::Provider { authorities, place }),
        };
        self.data.package.queries.extend(row);
        if tag == "intent" { Context::QueryIntent } else { Context::Other }
    }

    /// The attributes by field, the first of each.
    fn attributes(&self, element: &Element<'_>) -> Attributes {
        let mut found = Attributes([None; FIELDS]);
        let mut buf = [0; 64];
        for a in element.attributes() {
            let id = self.doc.resource_id(a.name);
            let field = if id != 0 {
                field(id)
            } else if self.doc.has_map() || a.ns == u32::MAX {
                match self.doc.ascii(a.name, &mut buf) {
                    Some("package") => Some(Field::Package),
                    Some("split") => Some(Field::Split),
                    _ => None,
                }
            } else if self.doc.is(a.ns, ANDROID_NS) {
                self.doc.ascii(a.name, &mut buf).and_then(attribute_id).and_then(field)
            } else {
                None
            };
            if let Some(slot) = field.and_then(|f| found.0.get_mut(f as usize))
                && slot.is_none()
            {
                *slot = Some(a);
            }
        }
        found
    }

    /// The value as text; a reference stands as `@0x…`.
    fn plain(&self, a: &Attribute) -> Option<String> {
        let a = match a.kind {
            // Where a typed value is empty the platform falls back to the text as written.
            kind::NULL if a.raw != u32::MAX => &Attribute { kind: kind::STRING, data: a.raw, ..*a },
            _ => a,
        };
        self.doc.value(a).map(std::borrow::Cow::into_owned)
    }

    /// As [`Self::plain`], and a reference is remembered for `slot`.
    fn text(&mut self, a: Option<&Attribute>, slot: Slot) -> Option<String> {
        let a = a?;
        self.refer(a, slot);
        let text = self.plain(a)?;
        self.spend(text.len()).then_some(text)
    }

    /// Remembers a reference.
    fn refer(&mut self, a: &Attribute, slot: Slot) -> bool {
        let is = matches!(a.kind, kind::REFERENCE | kind::DYNAMIC_REFERENCE) && a.data != 0;
        if is {
            self.data.slots.push((a.data, slot));
        }
        is
    }

    /// A class name, fully qualified.
    fn class(&mut self, a: Option<&Attribute>, slot: Slot) -> Option<String> {
        let name = self.text(a, slot).filter(|n| !n.is_empty())?;
        let name = qualify(&self.data.package.package, name);
        self.spend(name.len()).then_some(name)
    }

    fn boolean(&mut self, a: Option<&Attribute>, slot: Slot) -> Option<bool> {
        let a = a?;
        if self.refer(a, slot) { None } else { self.flag(a) }
    }

    fn flag(&self, a: &Attribute) -> Option<bool> {
        match a.kind {
            kind::STRING => self.plain(a).and_then(|t| flag(&t)),
            _ => is_int(a).then_some(a.data != 0),
        }
    }

    fn number(&mut self, a: Option<&Attribute>, slot: Slot) -> Option<u32> {
        let a = a?;
        if self.refer(a, slot) { None } else { self.plain(a).and_then(|t| int(a, &t)) }
    }

    /// An API level and, where it is written as one, its code name.
    fn level(&mut self, a: Option<&Attribute>, slot: Slot) -> (Option<u32>, Option<String>) {
        let Some(a) = a else { return (None, None) };
        if a.kind != kind::STRING {
            return (self.number(Some(a), slot), None);
        }
        level(self.plain(a))
    }

    fn place(&self, element: &Element<'_>, tag: &str) -> Place {
        Place { entry: self.entry.to_owned(), element: tag.to_owned(), line: Some(element.line) }
    }

    /// Counts one kept element; false once the limit is reached.
    fn item(&mut self, element: &Element<'_>) -> bool {
        if self.data.room.items == 0 || self.data.room.bytes == 0 {
            self.gap(GapKind::Limit, "manifest.items", element, || {
                format!("elements from line {} on were not kept: limit reached", element.line)
            });
            return false;
        }
        self.data.room.items = self.data.room.items.saturating_sub(1);
        // Every kept element may hold strings of the pool again, and names its entry: bound the sum
        // by what is there.
        let strings = element
            .attributes()
            .filter(|a| matches!(a.kind, kind::STRING | kind::NULL))
            .map(|a| self.doc.length(if a.kind == kind::STRING { a.data } else { a.raw }))
            .fold(self.entry.len(), usize::saturating_add);
        self.spend(strings)
    }

    fn spend(&mut self, bytes: usize) -> bool {
        let enough = self.data.room.spend(bytes);
        if !enough {
            gap_once(self.gaps, GapKind::Limit, "manifest.items", self.entry, None, || {
                "further elements were not kept: limit of bytes reached".to_owned()
            });
        }
        enough
    }

    fn gap(&mut self, kind: GapKind, code: &str, element: &Element<'_>, detail: impl FnOnce() -> String) {
        gap_once(self.gaps, kind, code, self.entry, Some(element.offset), detail);
    }
}

/// Fills in the resolved references; `resolved` runs parallel to `data.references` and may be
/// empty where there is no resource table. What is not resolved stays `@0x7f…`, except for the
/// label and for numbers, which are then absent. The texts take from `room`: many references can
/// name one long text.
pub fn apply(data: ManifestData, resolved: &[Resolved], room: &mut Room, gaps: &mut Vec<Gap>) -> AppPackage {
    let ManifestData { mut package, references, slots, .. } = data;
    for (id, slot) in slots {
        let Some(row) = references.binary_search(&id).ok().and_then(|at| resolved.get(at)) else { continue };
        let Some(text) = row.default.as_deref().or(row.zh.as_deref()).or(row.en.as_deref()) else { continue };
        let once =
            !matches!(slot, Slot::Component(..) | Slot::Data(..) | Slot::Meta(_) | Slot::ComponentMeta(..));
        let wanted = match slot {
            Slot::Component(_, Part::Authorities) => {
                let rows = text.bytes().filter(|b| *b == b';').count().saturating_add(1);
                text.len().saturating_add(rows.saturating_mul(size_of::<String>()))
            }
            Slot::Component(..) => text.len().saturating_add(package.package.len()),
            _ => text.len(),
        };
        if once || room.spend(wanted) {
            fill(&mut package, slot, row, text);
        } else {
            gap_once(gaps, GapKind::Limit, "arsc.text-bytes", "resources.arsc", None, || {
                "strings were left out: limit of bytes reached".to_owned()
            });
        }
    }
    package
}

fn fill(package: &mut AppPackage, slot: Slot, row: &Resolved, text: &str) {
    let owned = || Some(text.to_owned());
    match slot {
        Slot::Label => {
            package.label = Label { default: row.default.clone(), zh: row.zh.clone(), en: row.en.clone() };
        }
        Slot::VersionName => package.version_name = owned(),
        Slot::VersionCode => {
            let upper = package.version_code.unwrap_or(0) & !0xffff_ffff;
            package.version_code = parse_int(text).map(|n| upper | u64::from(n));
        }
        Slot::VersionCodeMajor => {
            let lower = package.version_code.unwrap_or(0) & 0xffff_ffff;
            package.version_code = parse_int(text).map(|n| u64::from(n) << 32 | lower);
        }
        Slot::MinSdk => (package.sdk.min, package.sdk.min_codename) = level(owned()),
        Slot::TargetSdk => (package.sdk.target, package.sdk.target_codename) = level(owned()),
        Slot::MaxSdk => package.sdk.max = parse_int(text),
        Slot::ApplicationClass => {
            package.application_class = Some(qualify(&package.package, text.to_owned()))
        }
        Slot::IsGame => package.is_game = flag(text),
        Slot::Meta(at) => {
            if let Some(row) = package.meta_data.get_mut(at) {
                row.value = owned();
            }
        }
        Slot::ComponentMeta(component, at) => {
            if let Some(row) = package.components.get_mut(component).and_then(|c| c.meta_data.get_mut(at)) {
                row.value = owned();
            }
        }
        Slot::Data(component, filter, at, part) => {
            let component = package.components.get_mut(component);
            let data = component.and_then(|c| c.filters.get_mut(filter)).and_then(|f| f.data.get_mut(at));
            if let Some(data) = data {
                match part {
                    Part::Scheme => data.scheme = owned(),
                    Part::Host => data.host = owned(),
                    Part::Mime => data.mime_type = owned(),
                    _ => data.path = owned(),
                }
            }
        }
        Slot::Component(at, part) => {
            if let Some(component) = package.components.get_mut(at) {
                match part {
                    Part::Name => component.name = qualify(&package.package, text.to_owned()),
                    Part::Permission => component.permission = owned(),
                    Part::Process => component.process = owned(),
                    Part::Target => {
                        component.target_activity = Some(qualify(&package.package, text.to_owned()))
                    }
                    Part::Authorities => component.authorities = authorities(text),
                    Part::Exported => component.exported = flag(text),
                    Part::Enabled => component.enabled = flag(text),
                    Part::Scheme | Part::Host | Part::Path | Part::Mime => {}
                }
            }
        }
    }
}

fn authorities(text: &str) -> Vec<String> {
    text.split(';').filter(|a| !a.is_empty()).map(str::to_owned).collect()
}

/// `.Main` and `Main` belong to the package; a reference waits for its text.
fn qualify(package: &str, name: String) -> String {
    if name.starts_with("@0x") {
        name
    } else if name.starts_with('.') {
        format!("{package}{name}")
    } else if name.contains('.') {
        name
    } else {
        format!("{package}.{name}")
    }
}

fn is_int(a: &Attribute) -> bool {
    (kind::FIRST_INT..=kind::LAST_INT).contains(&a.kind)
}

/// An integer attribute; also one that was written as a string, as `TypedArray.getInteger` takes it.
fn int(a: &Attribute, text: &str) -> Option<u32> {
    if is_int(a) { Some(a.data) } else { parse_int(text) }
}

fn parse_int(text: &str) -> Option<u32> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "TRUE" | "1" => Some(true),
        "false" | "FALSE" | "0" => Some(false),
        _ => None,
    }
}

/// A level that may be written as a number or a code name.
fn level(text: Option<String>) -> (Option<u32>, Option<String>) {
    match text {
        None => (None, None),
        Some(text) => match parse_int(&text) {
            Some(n) => (Some(n), None),
            None => (codename_level(&text), Some(text)),
        },
    }
}

/// `android:protectionLevel` in words (AOSP `PermissionInfo.protectionToString`).
fn protection(bits: u32) -> String {
    const FLAGS: [(u32, &str); 23] = [
        (0x10, "privileged"),
        (0x20, "development"),
        (0x40, "appop"),
        (0x80, "pre23"),
        (0x100, "installer"),
        (0x200, "verifier"),
        (0x400, "preinstalled"),
        (0x800, "setup"),
        (0x1000, "instant"),
        (0x2000, "runtime"),
        (0x4000, "oem"),
        (0x8000, "vendorPrivileged"),
        (0x1_0000, "textClassifier"),
        (0x8_0000, "configurator"),
        (0x10_0000, "incidentReportApprover"),
        (0x20_0000, "appPredictor"),
        (0x40_0000, "module"),
        (0x80_0000, "companion"),
        (0x100_0000, "retailDemo"),
        (0x200_0000, "recents"),
        (0x400_0000, "role"),
        (0x800_0000, "knownSigner"),
        (0x2_0000, "wellbeing"),
    ];
    let mut out = match bits & 0xf {
        0 => "normal".to_owned(),
        1 => "dangerous".to_owned(),
        2 => "signature".to_owned(),
        3 => "signatureOrSystem".to_owned(),
        4 => "internal".to_owned(),
        other => other.to_string(),
    };
    for (bit, name) in FLAGS {
        if bits & bit != 0 {
            out.push('|');
            out.push_str(name);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::axml::build::Axml;
    use super::*;

    const IDS: &[(&str, u32)] = &[
        ("label", 0x0101_0001),
        ("name", 0x0101_0003),
        ("permission", 0x0101_0006),
        ("exported", 0x0101_0010),
        ("process", 0x0101_0011),
        ("authorities", 0x0101_0018),
        ("value", 0x0101_0024),
        ("scheme", 0x0101_0027),
        ("minSdkVersion", 0x0101_020c),
        ("versionCode", 0x0101_021b),
        ("versionName", 0x0101_021c),
        ("targetSdkVersion", 0x0101_0270),
        ("maxSdkVersion", 0x0101_0271),
        ("appCategory", 0x0101_0545),
        ("versionCodeMajor", 0x0101_0576),
        ("usesPermissionFlags", 0x0101_0644),
    ];

    fn parse(bytes: &[u8], limits: &Limits) -> (ManifestData, Vec<String>) {
        let mut gaps = Vec::new();
        let data = read(bytes, "AndroidManifest.xml", limits, &mut gaps).unwrap();
        (data, gaps.into_iter().map(|g| format!("{:?} {}", g.kind, g.code)).collect())
    }

    fn manifest() -> Axml {
        Axml::new(IDS).start(
            "manifest",
            &[
                ("package", "com.a"),
                ("versionCode", "#7"),
                ("versionCodeMajor", "#2"),
                ("versionName", "@7f010002"),
            ],
        )
    }

    #[test]
    fn the_record_is_filled_and_references_resolve_later() {
        let bytes = manifest()
            .start("uses-sdk", &[("minSdkVersion", "#21"), ("targetSdkVersion", "VanillaIceCream")])
            .end()
            .start(
                "uses-permission",
                &[("name", "p.A"), ("maxSdkVersion", "#28"), ("usesPermissionFlags", "#65536")],
            )
            .start("required-feature", &[("name", "f.F")])
            .end()
            .end()
            .start("uses-permission-sdk-23", &[("name", "p.B")])
            .end()
            .start("application", &[("name", "App"), ("permission", "p.Own"), ("appCategory", "#6")])
            .start("activity", &[("name", ".Main"), ("label", "@7f010001"), ("exported", "!true")])
            .start("intent-filter", &[])
            .start("action", &[("name", "android.intent.action.MAIN")])
            .end()
            .start("category", &[("name", "android.intent.category.LAUNCHER")])
            .end()
            .start("data", &[("scheme", "@7f010003")])
            .end()
            .end()
            .end()
            .start("provider", &[("name", "x.P"), ("authorities", "a;b"), ("permission", "")])
            .end()
            .start("meta-data", &[("name", "k"), ("value", "@7f010003")])
            .end()
            .end()
            .end()
            .finish(false);
        let (data, gaps) = parse(&bytes, &Limits::default());
        assert!(gaps.is_empty(), "{gaps:?}");
        assert_eq!(data.references, [0x7f01_0001, 0x7f01_0002, 0x7f01_0003]);
        let row = |d: &str, zh: Option<&str>| Resolved {
            default: Some(d.to_owned()),
            zh: zh.map(str::to_owned),
            en: None,
        };
        let resolved = [row("Name", Some("名")), row("1.2", None), row("my-scheme", None)];
        let p = apply(data, &resolved, &mut Room::new(&Limits::default()), &mut Vec::new());
        assert_eq!((p.package.as_str(), p.version_code), ("com.a", Some(2 << 32 | 7)));
        assert_eq!((p.label.default.as_deref(), p.label.zh.as_deref()), (Some("Name"), Some("名")));
        assert_eq!(p.version_name.as_deref(), Some("1.2"));
        assert_eq!((p.sdk.min, p.sdk.target), (Some(21), Some(35)));
        assert_eq!(p.sdk.target_codename.as_deref(), Some("VanillaIceCream"));
        let a = &p.permissions[0];
        assert_eq!((a.name.as_str(), a.max_sdk, a.never_for_location), ("p.A", Some(28), true));
        assert_eq!((a.required_feature.as_deref(), a.place.line), (Some("f.F"), Some(5)));
        assert_eq!(p.permissions[1].element, PermissionElement::UsesPermissionSdk23);
        assert_eq!(p.application_class.as_deref(), Some("com.a.App"));
        assert_eq!(p.app_category.as_deref(), Some("maps"));
        let main = &p.components[0];
        assert_eq!((main.name.as_str(), main.exported), ("com.a.Main", Some(true)));
        assert_eq!(main.permission.as_deref(), Some("p.Own"));
        assert_eq!(main.filters[0].data[0].scheme.as_deref(), Some("my-scheme"));
        assert_eq!((p.components[1].permission.as_deref(), p.components[1].authorities.len()), (None, 2));
        assert_eq!(p.meta_data[0].value.as_deref(), Some("my-scheme"));
    }

    #[test]
    fn without_a_table_references_stay_and_the_label_is_absent() {
        let bytes = manifest().start("application", &[("label", "@7f010001")]).end().end().finish(true);
        let data = parse(&bytes, &Limits::default()).0;
        let p = apply(data, &[], &mut Room::new(&Limits::default()), &mut Vec::new());
        assert_eq!(p.version_name.as_deref(), Some("@0x7f010002"));
        assert_eq!(p.label, Label::default());
    }

    #[test]
    fn misplaced_permissions_and_a_second_application_are_noted_and_not_read() {
        let bytes = manifest()
            .start("application", &[("label", "A")])
            .start("uses-permission", &[("name", "p.A")])
            .end()
            .end()
            .start("application", &[("label", "B")])
            .start("service", &[("name", "S")])
            .end()
            .end()
            .end()
            .finish(true);
        let (data, gaps) = parse(&bytes, &Limits::default());
        assert_eq!(gaps, ["Tampered manifest.misplaced", "Tampered manifest.second-application"]);
        assert!(data.package.permissions.is_empty() && data.package.components.is_empty());
        assert_eq!(data.package.label.default.as_deref(), Some("A"));
    }

    #[test]
    fn the_last_uses_sdk_counts_and_an_unknown_code_name_is_kept() {
        let bytes = manifest()
            .start("uses-sdk", &[("minSdkVersion", "#21"), ("maxSdkVersion", "#30")])
            .end()
            .start("uses-sdk", &[("minSdkVersion", "Zabaglione")])
            .end()
            .end()
            .finish(true);
        let (data, gaps) = parse(&bytes, &Limits::default());
        assert_eq!(gaps, ["Tampered manifest.second-uses-sdk"]);
        let sdk = data.package.sdk;
        assert_eq!((sdk.min, sdk.min_codename.as_deref(), sdk.max), (None, Some("Zabaglione"), None));
    }

    #[test]
    fn kept_elements_and_kept_bytes_are_bounded() {
        let long = "x".repeat(120);
        let mut axml = manifest();
        for _ in 0..100 {
            axml = axml.start("uses-permission", &[("name", &long)]).end();
        }
        let bytes = axml.end().finish(true);
        let (data, gaps) = parse(&bytes, &Limits { names: 10, ..Limits::default() });
        assert_eq!((data.package.permissions.len(), gaps), (10, vec!["Limit manifest.items".to_owned()]));
        let (data, gaps) = parse(&bytes, &Limits { name_bytes: 250, ..Limits::default() });
        assert!((6..=8).contains(&data.package.permissions.len()), "{}", data.package.permissions.len());
        assert_eq!(gaps, ["Limit manifest.items"]);
    }

    #[test]
    fn what_every_element_repeats_is_bounded_too() {
        let long = "x".repeat(100);
        let mut axml = Axml::new(IDS)
            .start("manifest", &[("package", &long)])
            .start("application", &[("permission", &long)]);
        for _ in 0..100 {
            axml = axml.start("service", &[("name", ".S"), ("process", "@7f010001")]).end();
        }
        axml = axml.start("provider", &[("name", "a.P"), ("authorities", &";a".repeat(50))]).end();
        let bytes = axml.end().end().finish(true);
        let limits = Limits { name_bytes: 2000, ..Limits::default() };
        let (data, gaps) = parse(&bytes, &limits);
        assert_eq!(gaps, ["Limit manifest.items"]);
        assert!((20..40).contains(&data.package.components.len()), "{}", data.package.components.len());
        // One text that all of them name.
        let text = Resolved { default: Some(long.clone()), ..Resolved::default() };
        let (mut room, mut gaps) = (Room::new(&limits), Vec::new());
        let p = apply(data, &[text], &mut room, &mut gaps);
        let filled = p.components.iter().filter(|c| c.process.as_deref() == Some(&long)).count();
        assert!((20..=40).contains(&filled), "{filled}");
    }

    #[test]
    fn the_references_of_the_last_uses_sdk_count() {
        let bytes = manifest()
            .start("uses-sdk", &[("minSdkVersion", "@7f010005")])
            .end()
            .start("uses-sdk", &[("targetSdkVersion", "@7f010006")])
            .end()
            .end()
            .finish(true);
        let data = parse(&bytes, &Limits::default()).0;
        assert_eq!(data.references, [0x7f01_0002, 0x7f01_0006]);
    }

    #[test]
    fn other_documents_are_refused_by_name() {
        let limits = Limits::default();
        let refuse = |bytes: &[u8]| read(bytes, "m", &limits, &mut Vec::new()).unwrap_err();
        assert_eq!(refuse(b"\xef\xbb\xbf<?xml version=\"1.0\"?><manifest/>"), ManifestError::Textual);
        assert_eq!(refuse(b"dex\n035"), ManifestError::NotBinaryXml);
        assert_eq!(
            refuse(&Axml::new(&[]).start("resources", &[]).end().finish(true)),
            ManifestError::NotManifest
        );
    }

    #[test]
    fn the_tables_of_attributes_agree() {
        assert!(NAMES.is_sorted_by_key(|n| n.0));
        for (name, id) in IDS {
            assert_eq!(attribute_id(name), Some(*id));
            assert_eq!(attribute_name(*id), Some(*name));
            assert!(field(*id).is_some(), "{name}");
        }
    }

    #[test]
    fn protection_levels_read_as_words() {
        assert_eq!(protection(1), "dangerous");
        assert_eq!(protection(0x12), "signature|privileged");
    }
}
