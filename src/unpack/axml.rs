//! Binary XML.

/// Why a binary XML cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AxmlError {
    /// Not a chunk of binary XML, or cut before the first element.
    NotBinaryXml,
}
