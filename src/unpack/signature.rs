//! Who signed a package: presence and certificates only, nothing is verified.
//!
//! APK Signing Block and schemes v2, v3, v3.1: <https://source.android.com/docs/security/features/apksigning>.
//! v1: JAR signing, a PKCS#7 `SignedData` (RFC 2315 §9.1) in `META-INF/`.

use sha2::{Digest, Sha256};
use x509_parser::der_parser::asn1_rs::FromDer;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::x509::X509Name;

use super::archive::{Archive, Budget, Entry};
use crate::package::{Certificate, Gap, GapKind, Signing};

const MAGIC: &[u8; 16] = b"APK Sig Block 42";
/// Length field and magic after the pairs.
const FOOTER: u64 = 24;
/// Blocks of real packages hold kilobytes.
const MAX_BLOCK: u64 = 1 << 20;
/// Android reads no more signers (`ApkSignatureSchemeV2Verifier.MAX_SIGNERS`).
const MAX_SIGNERS: usize = 10;
/// Attributes of a subject that are printed.
const MAX_ATTRIBUTES: usize = 32;

const SCHEMES: [(u32, &str); 3] = [(0x7109_871a, "v2"), (0xf053_68c0, "v3"), (0x1b93_ad61, "v3.1")];

/// Reads the signers of `archive`. `v1` holds the entries `META-INF/*.RSA`, `.DSA` and `.EC`.
pub fn read(
    archive: &Archive<'_>,
    v1: &[Entry],
    budget: &mut Budget,
    out: &mut Vec<u8>,
    gaps: &mut Vec<Gap>,
) -> Signing {
    let mut signing = Signing::default();
    for entry in v1.iter().take(MAX_SIGNERS) {
        let der = match archive.read(entry, budget, out, gaps) {
            Ok(der) => der,
            Err(gap) => {
                gaps.push(gap);
                continue;
            }
        };
        add_scheme(&mut signing, "v1");
        match pkcs7_signers(der) {
            Some(certificates) => certificates.iter().for_each(|c| add(&mut signing, "v1", c)),
            None => gaps.push(Gap {
                kind: GapKind::Unread,
                code: "signature.v1".to_owned(),
                part: format!("{}{}", archive.prefix(), archive.display_name(entry)),
                offset: None,
                detail: "no signer certificate could be reached in the PKCS#7 data".to_owned(),
            }),
        }
    }
    read_block(archive, &mut signing, gaps);
    signing
}

/// Reads the APK Signing Block, if there is one.
fn read_block(archive: &Archive<'_>, signing: &mut Signing, gaps: &mut Vec<Gap>) {
    let end = archive.directory_at();
    let mut note = |kind, code: &str, offset: u64, detail: &str| {
        gaps.push(Gap {
            kind,
            code: code.to_owned(),
            part: format!("{}APK Signing Block", archive.prefix()),
            offset: Some(offset),
            detail: detail.to_owned(),
        });
    };
    let Some(footer_at) = end.checked_sub(FOOTER) else { return };
    let mut buf = Vec::new();
    let Some(footer) = archive.bytes_at(footer_at, FOOTER as usize, &mut buf) else { return };
    let Some((size, magic)) = footer.split_first_chunk::<8>() else { return };
    if magic != MAGIC {
        return;
    }
    let size = u64::from_le_bytes(*size);
    if size > MAX_BLOCK {
        note(GapKind::Limit, "signature.block-size", footer_at, "larger than any real block; not read");
        return;
    }
    // The stated size counts the footer, but not the first length field.
    let Some(begin) = end.checked_sub(size.saturating_add(8)) else {
        note(GapKind::Unread, "signature.block", footer_at, "begins before the file");
        return;
    };
    let pairs_at = begin.saturating_add(8);
    let len = usize::try_from(size.saturating_sub(FOOTER)).unwrap_or_default();
    let mut buf = Vec::new();
    let Some(mut pairs) = archive.bytes_at(pairs_at, len, &mut buf) else {
        note(GapKind::Unread, "signature.block", begin, "cannot be read");
        return;
    };
    while !pairs.is_empty() {
        let pair = pairs.split_first_chunk::<8>().and_then(|(len, rest)| {
            let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
            Some((rest.get(..len)?, rest.get(len..)?))
        });
        let Some(((id, value), rest)) =
            pair.and_then(|(pair, rest)| Some((pair.split_first_chunk::<4>()?, rest)))
        else {
            let offset = end.saturating_sub(FOOTER).saturating_sub(pairs.len() as u64);
            note(GapKind::Unread, "signature.block", offset, "a pair reaches out of the block");
            return;
        };
        pairs = rest;
        let Some((_, scheme)) = SCHEMES.iter().find(|(known, _)| *known == u32::from_le_bytes(*id)) else {
            continue;
        };
        add_scheme(signing, scheme);
        if scheme_signers(value, |certificate| add(signing, scheme, certificate)).is_none() {
            let detail = format!("the signers of scheme {scheme} are broken");
            note(GapKind::Unread, "signature.signers", begin, &detail);
        }
    }
}

/// Hands the first certificate of each signer to `found`. All lengths are 32 bits, little endian:
/// signers { signer { signed data { digests, certificates { certificate … } … } … } … }.
fn scheme_signers(value: &[u8], mut found: impl FnMut(&[u8])) -> Option<()> {
    let (mut signers, _) = prefixed(value)?;
    for _ in 0..MAX_SIGNERS {
        if signers.is_empty() {
            break;
        }
        let (signer, rest) = prefixed(signers)?;
        signers = rest;
        let (signed, _) = prefixed(signer)?;
        let (_digests, rest) = prefixed(signed)?;
        let (certificates, _) = prefixed(rest)?;
        found(prefixed(certificates)?.0);
    }
    Some(())
}

/// Splits off what a 32-bit length announces.
fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)
}

fn add_scheme(signing: &mut Signing, scheme: &str) {
    if !signing.schemes.iter().any(|s| s == scheme) {
        signing.schemes.push(scheme.to_owned());
    }
}

/// Adds a certificate, once per scheme.
fn add(signing: &mut Signing, scheme: &str, der: &[u8]) {
    let sha256 = super::hex(&Sha256::digest(der));
    if signing.certificates.iter().any(|c| c.scheme == scheme && c.sha256 == sha256) {
        return;
    }
    // The same certificate stands in every scheme; its subject is decoded once.
    let known = signing.certificates.iter().find(|c| c.sha256 == sha256).map(|c| c.subject.clone());
    let subject = known.unwrap_or_else(|| CertificateParts::of(der).and_then(|c| print_name(c.subject)));
    signing.certificates.push(Certificate { scheme: scheme.to_owned(), sha256, subject });
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const CONTEXT_0: u8 = 0xa0;

/// One DER element.
struct Element<'a> {
    tag: u8,
    /// Tag, length and content.
    whole: &'a [u8],
    content: &'a [u8],
}

/// Splits off one element of definite length (X.690 §8.1.3), which may be longer than DER wants.
fn element<'a>(bytes: &mut &'a [u8]) -> Option<Element<'a>> {
    let all = *bytes;
    let (&tag, rest) = all.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.is_empty() || digits.len() > 4 {
            return None;
        }
        let len = digits.iter().fold(0_u32, |n, d| n.wrapping_shl(8) | u32::from(*d));
        (usize::try_from(len).ok()?, rest)
    };
    let (content, rest) = rest.split_at_checked(len)?;
    *bytes = rest;
    Some(Element { tag, whole: all.get(..all.len().saturating_sub(rest.len()))?, content })
}

/// Splits off one element that must have `tag`.
fn expect<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<Element<'a>> {
    element(bytes).filter(|e| e.tag == tag)
}

/// The certificates of the signers named in a PKCS#7 `SignedData`; the first certificate if none
/// is named rightly.
fn pkcs7_signers(mut der: &[u8]) -> Option<Vec<&[u8]>> {
    let mut info = expect(&mut der, SEQUENCE)?.content;
    element(&mut info)?;
    let mut signed = expect(&mut info, CONTEXT_0)?.content;
    let mut signed = expect(&mut signed, SEQUENCE)?.content;
    expect(&mut signed, INTEGER)?;
    expect(&mut signed, SET)?;
    expect(&mut signed, SEQUENCE)?;
    let mut bag = expect(&mut signed, CONTEXT_0)?.content;
    let mut certificates = Vec::new();
    while certificates.len() < 64
        && let Some(certificate) = expect(&mut bag, SEQUENCE)
    {
        certificates.push(certificate.whole);
    }
    let first = *certificates.first()?;
    // Revocation lists may stand before the signers.
    let mut signers = loop {
        let next = element(&mut signed)?;
        if next.tag == SET {
            break next.content;
        }
    };
    let mut named = Vec::new();
    for _ in 0..MAX_SIGNERS {
        let Some(signer) = expect(&mut signers, SEQUENCE) else { break };
        if let Some((issuer, serial)) = issuer_and_serial(signer.content) {
            named.extend(
                certificates.iter().find(|c| {
                    CertificateParts::of(c).is_some_and(|c| c.issuer == issuer && c.serial == serial)
                }),
            );
        }
    }
    if named.is_empty() {
        named.push(first);
    }
    Some(named)
}

fn issuer_and_serial(mut signer: &[u8]) -> Option<(&[u8], &[u8])> {
    expect(&mut signer, INTEGER)?;
    let mut id = expect(&mut signer, SEQUENCE)?.content;
    let issuer = expect(&mut id, SEQUENCE)?.whole;
    Some((issuer, expect(&mut id, INTEGER)?.content))
}

/// What is needed of an X.509 certificate (RFC 5280 §4.1).
struct CertificateParts<'a> {
    serial: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
}

impl<'a> CertificateParts<'a> {
    fn of(mut der: &'a [u8]) -> Option<Self> {
        let mut certificate = expect(&mut der, SEQUENCE)?.content;
        let mut tbs = expect(&mut certificate, SEQUENCE)?.content;
        let mut serial = element(&mut tbs)?;
        if serial.tag == CONTEXT_0 {
            serial = expect(&mut tbs, INTEGER)?;
        }
        expect(&mut tbs, SEQUENCE)?;
        let issuer = expect(&mut tbs, SEQUENCE)?.whole;
        expect(&mut tbs, SEQUENCE)?;
        let subject = expect(&mut tbs, SEQUENCE)?.whole;
        Some(Self { serial: serial.content, issuer, subject })
    }
}

/// A name as `CN=…, O=…, C=…`: the most specific attribute first (RFC 4514 §2.1).
fn print_name(der: &[u8]) -> Option<String> {
    let (_, name) = X509Name::from_der(der).ok()?;
    let mut parts: Vec<String> = name
        .iter_attributes()
        .take(MAX_ATTRIBUTES)
        .map(|a| {
            let kind = oid2abbrev(a.attr_type(), oid_registry())
                .map_or_else(|_| a.attr_type().to_string(), str::to_owned);
            let value =
                a.as_str().map_or_else(|_| String::from_utf8_lossy(a.as_slice()).into_owned(), str::to_owned);
            format!("{kind}={value}")
        })
        .collect();
    parts.reverse();
    Some(parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut out = vec![tag, 0x82];
        out.extend((content.len() as u16).to_be_bytes());
        out.extend(content);
        out
    }

    fn name(cn: &str) -> Vec<u8> {
        let attribute = |oid: &[u8], text: &str| {
            der(SET, &[&der(SEQUENCE, &[&der(6, &[oid]), &der(0x0c, &[text.as_bytes()])])])
        };
        der(SEQUENCE, &[&attribute(&[0x55, 4, 6], "CN"), &attribute(&[0x55, 4, 3], cn)])
    }

    fn certificate(cn: &str, serial: u8) -> Vec<u8> {
        let version = der(CONTEXT_0, &[&der(INTEGER, &[&[2]])]);
        let (number, issuer) = (der(INTEGER, &[&[serial]]), name("issuer"));
        let none = der(SEQUENCE, &[]);
        der(SEQUENCE, &[&der(SEQUENCE, &[&version, &number, &none, &issuer, &none, &name(cn)])])
    }

    fn pkcs7(certificates: &[&[u8]], signer: u8) -> Vec<u8> {
        let id = der(SEQUENCE, &[&name("issuer"), &der(INTEGER, &[&[signer]])]);
        let signers = der(SET, &[&der(SEQUENCE, &[&der(INTEGER, &[&[1]]), &id])]);
        let data = der(
            SEQUENCE,
            &[
                &der(INTEGER, &[&[1]]),
                &der(SET, &[]),
                &der(SEQUENCE, &[]),
                &der(CONTEXT_0, certificates),
                &signers,
            ],
        );
        der(SEQUENCE, &[&der(6, &[&[42]]), &der(CONTEXT_0, &[&data])])
    }

    #[test]
    fn the_named_signer_is_taken_from_the_bag() {
        let (first, second) = (certificate("first", 1), certificate("签名", 2));
        assert_eq!(pkcs7_signers(&pkcs7(&[&first, &second], 2)), Some(vec![second.as_slice()]));
        // A signer that no certificate fits.
        assert_eq!(pkcs7_signers(&pkcs7(&[&first, &second], 9)), Some(vec![first.as_slice()]));
        let subject = CertificateParts::of(&second).unwrap().subject;
        assert_eq!(print_name(subject).as_deref(), Some("CN=签名, C=CN"));
    }

    #[test]
    fn every_cut_is_survived() {
        let whole = pkcs7(&[&certificate("a", 1)], 1);
        for end in 0..whole.len() {
            assert_eq!(pkcs7_signers(&whole[..end]), None, "cut at {end}");
        }
        // Indefinite and absurd lengths.
        assert!(element(&mut &[0x30, 0x80, 0, 0][..]).is_none());
        assert!(element(&mut &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..]).is_none());
    }

    #[test]
    fn the_first_certificate_of_each_signer_is_found() {
        let with = |parts: &[&[u8]]| {
            let content = parts.concat();
            [&(content.len() as u32).to_le_bytes(), &content[..]].concat()
        };
        let signer = |first: &[u8]| {
            let signed = with(&[&with(&[]), &with(&[&with(&[first]), &with(&[b"chain"])])]);
            with(&[&signed])
        };
        let value = with(&[&signer(b"one"), &signer(b"two")]);
        let mut found = Vec::new();
        assert!(scheme_signers(&value, |c| found.push(c.to_vec())).is_some());
        assert_eq!(found, [b"one".to_vec(), b"two".to_vec()]);
        assert!(scheme_signers(&value[..value.len() - 3], |_| ()).is_none());
    }
}
