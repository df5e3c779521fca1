//! String pools.
