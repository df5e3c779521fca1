//! The binary `AndroidManifest.xml`.

use super::arsc::Resolved;
use super::axml::AxmlError;
use super::limits::Limits;
use crate::package::{AppPackage, Gap};

/// Why a manifest cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestError {
    /// It is textual XML.
    Textual,
    /// It is not binary XML.
    NotBinaryXml,
    /// Its root element is not `<manifest>`.
    NotManifest,
}

impl From<AxmlError> for ManifestError {
    fn from(_: AxmlError) -> Self {
        Self::NotBinaryXml
    }
}

/// What the manifest says, with the resource ids still to resolve.
#[derive(Debug, Clone, Default)]
pub struct ManifestData {
    /// The fields of the record that the manifest fills.
    pub package: AppPackage,
    /// `manifest@split`.
    pub split: Option<String>,
    /// Resource ids to hand to the resource table, ascending, without duplicates.
    pub references: Vec<u32>,
}

/// Parses a binary manifest.
pub fn read(
    _bytes: &[u8],
    _entry: &str,
    _limits: &Limits,
    _gaps: &mut Vec<Gap>,
) -> Result<ManifestData, ManifestError> {
    Err(ManifestError::NotBinaryXml)
}

/// Fills in the resolved references; `resolved` runs parallel to `data.references` (may be empty).
pub fn apply(data: ManifestData, _resolved: &[Resolved]) -> AppPackage {
    data.package
}

/// The decoded manifest as text.
pub fn decode(_bytes: &[u8], _limits: &Limits, _gaps: &mut Vec<Gap>) -> Result<String, ManifestError> {
    Err(ManifestError::NotBinaryXml)
}
