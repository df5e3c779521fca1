//! Why a file gave no record, in words that say what to do.

use std::fmt;
use std::io;

use crate::package::Gap;
use crate::text::Text;

/// Why a file gave no record.
#[derive(Debug)]
pub enum UnpackError {
    /// The system could not read it.
    Io(io::Error),
    /// It is something else.
    NotAPackage(Looks),
    /// It is, or pretends to be, an app package, and what matters of it cannot be read. Never
    /// "clean".
    Unreadable(Box<Unreadable>),
}

/// What cannot be read of a package, and what can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Stable short code, e.g. `manifest.missing`.
    pub code: String,
    /// Entry or structure.
    pub part: String,
    /// Byte offset within that part.
    pub offset: Option<u64>,
    /// What is wrong and the remedy.
    pub reason: Text,
    /// All that was found on the way.
    pub gaps: Vec<Gap>,
}

impl UnpackError {
    /// One sentence for people.
    pub fn text(&self) -> Text {
        match self {
            Self::Io(e) => Text::new(
                format!("文件无法读取（{e}）；请检查路径与访问权限"),
                format!("the file cannot be read ({e}); check the path and the access rights"),
            ),
            Self::NotAPackage(looks) => looks.text(),
            Self::Unreadable(u) => u.reason.clone(),
        }
    }
}

impl fmt::Display for UnpackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}

impl std::error::Error for UnpackError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(e) => Some(e),
            _ => None,
        }
    }
}

/// What a file that is no package looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// No bytes.
    Empty,
    /// A kind of file that never holds an app; its name in both languages.
    Other(&'static str, &'static str),
    /// An app package of a kind that is not read; its name in both languages.
    Unsupported(&'static str, &'static str),
    /// A ZIP archive with nothing of an app in it.
    Zip,
    /// Text.
    Text,
    /// Anything else.
    Unknown,
}

impl Looks {
    fn text(self) -> Text {
        match self {
            Self::Empty => Text::new(
                "空文件，不是应用安装包；请重新获取",
                "an empty file, not an app package; obtain it again",
            ),
            Self::Other(zh, en) => {
                Text::new(format!("不是应用安装包：{zh}"), format!("not an app package: {en}"))
            }
            Self::Unsupported(zh, en) => Text::new(
                format!("暂不支持读取{zh}；请提供同一应用的 APK、APKS、XAPK 或 APKM"),
                format!("not yet read: {en}; provide the same app as APK, APKS, XAPK or APKM"),
            ),
            Self::Zip => Text::new(
                "不是应用安装包：ZIP 压缩包内没有 AndroidManifest.xml，也没有 APK；如内含文件，请先解压",
                "not an app package: a ZIP archive without AndroidManifest.xml and without an APK; unpack it first if it holds packages",
            ),
            Self::Text => Text::new("不是应用安装包：文本文件", "not an app package: a text file"),
            Self::Unknown => Text::new(
                "不是应用安装包：无法识别的文件类型",
                "not an app package: the kind of file is not known",
            ),
        }
    }

    /// Tells by the first bytes of a file that is no readable archive.
    pub(super) fn of(head: &[u8]) -> Self {
        if head.is_empty() {
            return Self::Empty;
        }
        for (magic, zh, en) in MAGIC {
            if head.starts_with(magic) {
                return Self::Other(zh, en);
            }
        }
        let inner = head.get(4..12).unwrap_or_default();
        if inner.starts_with(b"ftyp") {
            return Self::Other("MP4 等视频或图片", "a video or picture (MP4, HEIC …)");
        }
        if head.starts_with(b"RIFF") {
            return Self::Other("WebP、WAV 等媒体文件", "a media file (WebP, WAV …)");
        }
        let cut_char = |e: &std::str::Utf8Error| e.error_len().is_none();
        let textual = match std::str::from_utf8(head) {
            Ok(text) => !text.contains('\0'),
            Err(e) => cut_char(&e) && !head.contains(&0),
        };
        if textual { Self::Text } else { Self::Unknown }
    }

    /// Tells by the names in an archive that holds neither a manifest nor an APK.
    pub(super) fn of_names<'n>(names: impl Iterator<Item = &'n [u8]>) -> Option<Self> {
        let (mut module, mut pack, mut jar, mut app) = (false, false, false, false);
        for name in names {
            match name {
                b"BundleConfig.pb" | b"base/manifest/AndroidManifest.xml" => {
                    return Some(Self::Unsupported("Android App Bundle（AAB）", "Android App Bundle (AAB)"));
                }
                b"[Content_Types].xml" => {
                    return Some(Self::Other("Office 文档", "an Office document"));
                }
                b"module.json" | b"config.json" => module = true,
                b"pack.info" => pack = true,
                // Code or resources of Android without a manifest: a broken app, not another kind.
                b"classes.dex" | b"resources.arsc" => app = true,
                _ if name.starts_with(b"Payload/") => {
                    return Some(Self::Unsupported("iOS 应用（IPA）", "iOS app (IPA)"));
                }
                _ if name.ends_with(b".hap") => pack = true,
                _ if name.ends_with(b".class") => jar = true,
                _ => {}
            }
        }
        if pack || (module && !app) {
            return Some(Self::Unsupported("鸿蒙应用（HAP/APP）", "HarmonyOS package (HAP/APP)"));
        }
        match (app, jar) {
            (true, _) => None,
            (false, true) => Some(Self::Other("Java 归档（JAR）", "a Java archive (JAR)")),
            (false, false) => Some(Self::Zip),
        }
    }
}

const MAGIC: [(&[u8], &str, &str); 18] = [
    (b"\xff\xd8\xff", "JPEG 图片", "a JPEG picture"),
    (b"\x89PNG", "PNG 图片", "a PNG picture"),
    (b"GIF8", "GIF 图片", "a GIF picture"),
    (b"BM", "BMP 图片", "a BMP picture"),
    (b"%PDF", "PDF 文档", "a PDF document"),
    (b"\x7fELF", "ELF 程序或库", "an ELF program or library"),
    (b"MZ", "Windows 程序", "a Windows program"),
    (b"\x1f\x8b", "gzip 压缩文件", "a gzip file"),
    (b"7z\xbc\xaf\x27\x1c", "7z 压缩包", "a 7z archive"),
    (b"Rar!", "RAR 压缩包", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0", "Office 97 文档", "an Office 97 document"),
    (b"ID3", "MP3 音频", "an MP3 file"),
    (b"OggS", "Ogg 音视频", "an Ogg file"),
    (b"\x1aE\xdf\xa3", "Matroska 或 WebM 视频", "a Matroska or WebM video"),
    (b"dex\n", "单独的 DEX 文件", "a lone DEX file"),
    (b"\x02\x00\x0c\x00", "单独的资源表", "a lone resource table"),
    (b"\x03\x00\x08\x00", "单独的二进制 XML", "a lone binary XML file"),
    (b"SQLite format 3", "SQLite 数据库", "an SQLite database"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_files_by_their_first_bytes() {
        assert_eq!(Looks::of(b""), Looks::Empty);
        assert!(Looks::of(b"\xff\xd8\xff\xe0").text().zh.contains("JPEG"));
        assert!(Looks::of(b"\0\0\0\x18ftypmp42").text().en.contains("MP4"));
        assert_eq!(Looks::of("文本".as_bytes()), Looks::Text);
        // Cut within a character.
        assert_eq!(Looks::of(&"文本".as_bytes()[..4]), Looks::Text);
        assert_eq!(Looks::of(b"\x01\x02\0\xfe"), Looks::Unknown);
    }

    #[test]
    fn tells_archives_by_their_names() {
        let of = |names: &[&str]| Looks::of_names(names.iter().map(|n| n.as_bytes()));
        assert!(of(&["BundleConfig.pb", "base/dex/classes.dex"]).unwrap().text().en.contains("App Bundle"));
        assert!(of(&["module.json", "ets/modules.abc"]).unwrap().text().en.contains("HarmonyOS"));
        assert!(of(&["a/B.class"]).unwrap().text().en.contains("JAR"));
        assert_eq!(of(&["readme.txt"]), Some(Looks::Zip));
        // Code without a manifest is a broken app, never another kind of file.
        assert_eq!(of(&["classes.dex"]), None);
        assert_eq!(of(&["config.json", "classes.dex", "resources.arsc"]), None);
    }
}
