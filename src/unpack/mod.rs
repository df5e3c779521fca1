//! The only room that knows containers and binary formats.

pub mod limits;
pub mod source;
