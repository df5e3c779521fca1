//! Results for people and machines: one versioned model, one file per output format.

pub mod model;
