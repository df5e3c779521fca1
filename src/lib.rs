//! piscope holds what an Android app package can reach, embeds and says against the necessary
//! personal information (必要个人信息) of its category under
//! 《常见类型移动互联网应用程序必要个人信息范围规定》 (国信办秘字〔2021〕14号).
//!
//! Read [`analyze`] first: the whole program is the sentence that stands there.

pub mod analyze;
pub mod batch;
pub mod categorize;
pub mod cli;
pub mod facts;
pub mod finding;
pub mod info;
pub mod package;
pub mod report;
pub mod rules;
pub mod sample;
pub mod scope;
pub mod text;
pub mod unpack;
