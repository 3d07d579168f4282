//! The number crunching of iass: the sentence encoder in the binary and the linear classifiers over its vectors.
//!
//! A crate of its own because it is built with all optimisations in every profile, while the rest of the program is
//! built as fast as possible for tests. Nothing here knows of customers, tenants or files: texts and numbers go in,
//! numbers come out.

pub mod encoder;
pub mod linear;
