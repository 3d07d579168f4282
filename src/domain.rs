//! The words of the product as types: checked once where they enter, trusted afterwards.
//!
//! Nothing here knows of HTTP, SQL, a channel's wire format or the command line.

pub mod language;
pub mod money;
pub mod tenant;
