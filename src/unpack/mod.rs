//! The only room that knows containers and binary formats.

pub mod arsc;
pub mod axml;
pub mod limits;
pub mod manifest;
pub mod pool;
pub mod source;
