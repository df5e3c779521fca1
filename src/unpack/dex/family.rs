//! Who descends from whom, over all DEX of an app and into the platform.

use std::collections::BTreeMap;

use super::wanted::Wanted;

/// Generations that are followed.
pub const GENERATIONS: usize = 128;

/// Subclasses and superclasses of the platform that inherit methods apps ask for: what an app
/// class extends may be a subclass itself. From the API reference of Android.
const PLATFORM: &[(&str, &str)] = &[
    ("Landroid/accessibilityservice/AccessibilityService;", "Landroid/app/Service;"),
    ("Landroid/accounts/AccountAuthenticatorActivity;", "Landroid/app/Activity;"),
    ("Landroid/app/Activity;", "Landroid/view/ContextThemeWrapper;"),
    ("Landroid/app/ActivityGroup;", "Landroid/app/Activity;"),
    ("Landroid/app/AliasActivity;", "Landroid/app/Activity;"),
    ("Landroid/app/Application;", "Landroid/content/ContextWrapper;"),
    ("Landroid/app/ExpandableListActivity;", "Landroid/app/Activity;"),
    ("Landroid/app/IntentService;", "Landroid/app/Service;"),
    ("Landroid/app/LauncherActivity;", "Landroid/app/ListActivity;"),
    ("Landroid/app/ListActivity;", "Landroid/app/Activity;"),
    ("Landroid/app/NativeActivity;", "Landroid/app/Activity;"),
    ("Landroid/app/Service;", "Landroid/content/ContextWrapper;"),
    ("Landroid/app/TabActivity;", "Landroid/app/ActivityGroup;"),
    ("Landroid/app/job/JobService;", "Landroid/app/Service;"),
    ("Landroid/content/ClipboardManager;", "Landroid/text/ClipboardManager;"),
    ("Landroid/content/ContextWrapper;", "Landroid/content/Context;"),
    ("Landroid/content/MutableContextWrapper;", "Landroid/content/ContextWrapper;"),
    ("Landroid/inputmethodservice/AbstractInputMethodService;", "Landroid/app/Service;"),
    (
        "Landroid/inputmethodservice/InputMethodService;",
        "Landroid/inputmethodservice/AbstractInputMethodService;",
    ),
    ("Landroid/net/VpnService;", "Landroid/app/Service;"),
    ("Landroid/preference/PreferenceActivity;", "Landroid/app/ListActivity;"),
    ("Landroid/service/dreams/DreamService;", "Landroid/app/Service;"),
    ("Landroid/service/notification/NotificationListenerService;", "Landroid/app/Service;"),
    ("Landroid/service/wallpaper/WallpaperService;", "Landroid/app/Service;"),
    ("Landroid/telephony/CellIdentityGsm;", "Landroid/telephony/CellIdentity;"),
    ("Landroid/telephony/CellIdentityLte;", "Landroid/telephony/CellIdentity;"),
    ("Landroid/telephony/CellIdentityNr;", "Landroid/telephony/CellIdentity;"),
    ("Landroid/telephony/CellIdentityWcdma;", "Landroid/telephony/CellIdentity;"),
    ("Landroid/telephony/cdma/CdmaCellLocation;", "Landroid/telephony/CellLocation;"),
    ("Landroid/telephony/gsm/GsmCellLocation;", "Landroid/telephony/CellLocation;"),
    ("Landroid/test/mock/MockContentResolver;", "Landroid/content/ContentResolver;"),
    ("Landroid/test/mock/MockContext;", "Landroid/content/Context;"),
    ("Landroid/test/mock/MockPackageManager;", "Landroid/content/pm/PackageManager;"),
    ("Landroid/view/ContextThemeWrapper;", "Landroid/content/ContextWrapper;"),
    ("Ldalvik/system/DexClassLoader;", "Ldalvik/system/BaseDexClassLoader;"),
    ("Ldalvik/system/InMemoryDexClassLoader;", "Ldalvik/system/BaseDexClassLoader;"),
    ("Ldalvik/system/PathClassLoader;", "Ldalvik/system/BaseDexClassLoader;"),
    ("Ljava/net/Inet4Address;", "Ljava/net/InetAddress;"),
    ("Ljava/net/Inet6Address;", "Ljava/net/InetAddress;"),
    ("Ljavax/net/ssl/HttpsURLConnection;", "Ljava/net/HttpURLConnection;"),
];

/// Beginnings of descriptors that only the platform defines, and exceptions that apps bring.
const OF_PLATFORM: &[&[u8]] =
    &[b"Landroid/", b"Ljava/", b"Ljavax/", b"Ldalvik/", b"Lorg/json/", b"Lorg/xml/sax/", b"Lorg/w3c/dom/"];
const OF_APPS: &[&[u8]] = &[b"Landroid/support/", b"Landroid/arch/"];

fn platform_superclass(descriptor: &[u8]) -> Option<&'static [u8]> {
    let at = PLATFORM.binary_search_by(|(class, _)| class.as_bytes().cmp(descriptor)).ok()?;
    PLATFORM.get(at).map(|(_, superclass)| superclass.as_bytes())
}

fn is_platform(descriptor: &[u8]) -> bool {
    // Arrays have the methods of Object only.
    descriptor.starts_with(b"[")
        || OF_PLATFORM.iter().any(|p| descriptor.starts_with(p))
            && !OF_APPS.iter().any(|p| descriptor.starts_with(p))
}

/// What a call through a class reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach<'a> {
    /// The class that the method is wanted in, by its symbol.
    Wanted(u32),
    /// Another class, or none that matters.
    Other,
    /// A class that no DEX read so far defines.
    Unknown(&'a [u8]),
}

/// A method by its name's symbol and its prototype.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    pub name: u32,
    pub proto: String,
}

impl Signature {
    /// Whether the method is wanted in the class of a symbol.
    pub fn is_wanted_in(&self, class: u32, wanted: &Wanted) -> bool {
        wanted.symbol(self.name).is_some_and(|s| {
            let proto = |p: &Option<String>| p.as_ref().is_none_or(|p| *p == self.proto);
            s.methods.iter().any(|m| m.class == class && proto(&m.proto))
        })
    }
}

#[derive(Debug)]
struct Member {
    superclass: Box<[u8]>,
    /// The wanted names that it defines itself.
    declares: Vec<Signature>,
}

/// The classes of the DEX read so far that may descend from a wanted one.
#[derive(Debug, Default)]
pub struct Family {
    members: BTreeMap<Box<[u8]>, Member>,
}

impl Family {
    /// Adds a class. The first definition counts, as for the class loader.
    pub fn add(&mut self, class: &[u8], superclass: &[u8], declares: Vec<Signature>) {
        if !self.members.contains_key(class) {
            self.members.insert(class.into(), Member { superclass: superclass.into(), declares });
        }
    }

    /// What a call through `class` reaches, from the family and the platform.
    pub fn reach<'a>(&'a self, class: &'a [u8], method: &Signature, wanted: &Wanted) -> Reach<'a> {
        let mut class = class;
        for _ in 0..GENERATIONS {
            if let Some(symbol) = wanted.class(class)
                && method.is_wanted_in(symbol, wanted)
            {
                return Reach::Wanted(symbol);
            }
            class = if let Some(member) = self.members.get(class) {
                if member.declares.contains(method) {
                    return Reach::Other;
                }
                &member.superclass
            } else if let Some(superclass) = platform_superclass(class) {
                superclass
            } else if is_platform(class) {
                return Reach::Other;
            } else {
                return Reach::Unknown(class);
            };
        }
        Reach::Other
    }

    /// Whether a class that descends from `class`, which this DEX does not define, may descend
    /// from a wanted one.
    pub fn may_matter(class: &[u8], wanted: &Wanted) -> bool {
        let mut class = class;
        for _ in 0..GENERATIONS {
            if wanted.class(class).is_some() {
                return true;
            }
            class = match platform_superclass(class) {
                Some(superclass) => superclass,
                None => return !is_platform(class),
            };
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::wanted::Target;
    use super::*;

    fn wanted() -> Wanted {
        let method = |class: &str, name: &str, proto: Option<&str>| Target::Method {
            class: class.into(),
            name: name.into(),
            proto: proto.map(str::to_owned),
        };
        Wanted::new(vec![
            method("Landroid/content/Context;", "getString", None),
            method("La/B;", "get", Some("()V")),
        ])
    }

    fn signature(wanted: &Wanted, name: &str, proto: &str) -> Signature {
        let at = (0..10).find(|i| wanted.symbol(*i).is_some_and(|s| s.bytes == name.as_bytes()));
        Signature { name: at.unwrap(), proto: proto.into() }
    }

    #[test]
    fn platform_table_is_in_order() {
        assert!(PLATFORM.is_sorted_by(|a, b| a.0 < b.0));
        for (class, superclass) in PLATFORM {
            assert!(is_platform(class.as_bytes()) && is_platform(superclass.as_bytes()));
        }
    }

    #[test]
    fn chains_run_into_the_platform() {
        let wanted = wanted();
        let get = signature(&wanted, "getString", "(I)V");
        let context = wanted.class(b"Landroid/content/Context;").unwrap();
        let mut family = Family::default();
        family.add(b"Lmy/Main;", b"Landroid/app/ListActivity;", vec![]);
        assert_eq!(family.reach(b"Lmy/Main;", &get, &wanted), Reach::Wanted(context));
        assert_eq!(family.reach(b"Landroid/view/View;", &get, &wanted), Reach::Other);
        assert_eq!(family.reach(b"[Lmy/Main;", &get, &wanted), Reach::Other);
        assert_eq!(family.reach(b"Lmy/Away;", &get, &wanted), Reach::Unknown(b"Lmy/Away;"));
        family.add(b"Lmy/Own;", b"Lmy/Main;", vec![get.clone()]);
        assert_eq!(family.reach(b"Lmy/Own;", &get, &wanted), Reach::Other, "it defines the method itself");
        let other = signature(&wanted, "getString", "(II)V");
        assert_eq!(family.reach(b"Lmy/Own;", &other, &wanted), Reach::Wanted(context));
    }

    #[test]
    fn a_stated_prototype_counts() {
        let wanted = wanted();
        let class = wanted.class(b"La/B;").unwrap();
        let family = Family::default();
        assert_eq!(family.reach(b"La/B;", &signature(&wanted, "get", "()V"), &wanted), Reach::Wanted(class));
        let other = signature(&wanted, "get", "(I)V");
        assert_eq!(family.reach(b"La/B;", &other, &wanted), Reach::Unknown(b"La/B;"));
    }

    #[test]
    fn circles_end() {
        let wanted = wanted();
        let get = signature(&wanted, "getString", "(I)V");
        let mut family = Family::default();
        family.add(b"La/X;", b"La/Y;", vec![]);
        family.add(b"La/Y;", b"La/X;", vec![]);
        assert_eq!(family.reach(b"La/X;", &get, &wanted), Reach::Other);
        assert!(Family::may_matter(b"La/X;", &wanted));
        assert!(Family::may_matter(b"Landroid/app/Activity;", &wanted));
        assert!(!Family::may_matter(b"Landroid/view/View;", &wanted));
    }
}
