//! The `iass` command: hands over to the library.

fn main() {}
