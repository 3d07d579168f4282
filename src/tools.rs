//! What a model may have done. A tool is described by a schema, its arguments are checked against it, and what it
//! decides is applied by code.

pub mod schema;
