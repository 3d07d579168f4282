//! Named places where a debug build can be told to die, so that tests kill it exactly there.
//!
//! `IASS_CRASH_POINT=turn.before_commit` aborts the process the first time it comes by that place, with `:3` behind
//! the name the third time. An abort is like `kill -9`: nothing is unwound, flushed or closed. Release builds have
//! no such places at all.

use crate::config::env::Env;

/// The variable that names the place to die at.
pub const VARIABLE: &str = "IASS_CRASH_POINT";

/// Reads from the environment where to die. Called once, first thing; later calls change nothing.
pub fn arm(env: &Env) {
    #[cfg(debug_assertions)]
    if let Some(armed) = env.get(VARIABLE).and_then(debug::Armed::parse) {
        // A second call finds the first one's place.
        drop(debug::ARMED.set(armed));
    }
    #[cfg(not(debug_assertions))]
    let _unused = env;
}

/// A place where the process may be told to die.
#[inline]
pub fn point(name: &str) {
    #[cfg(debug_assertions)]
    if debug::ARMED.get().is_some_and(|armed| armed.hits(name)) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _unused = name;
}

#[cfg(debug_assertions)]
mod debug {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    };

    /// Where to die. Global, because the places are deep inside of parts that must know nothing of tests.
    pub(super) static ARMED: OnceLock<Armed> = OnceLock::new();

    /// A place and how often it may still be passed.
    #[derive(Debug)]
    pub(super) struct Armed {
        name: String,
        left: AtomicU64,
    }

    impl Armed {
        /// Reads `name` or `name:n`.
        pub(super) fn parse(text: &str) -> Option<Self> {
            let (name, hit) = match text.rsplit_once(':') {
                Some((name, hit)) => (name, hit.parse().ok().filter(|hit| *hit > 0)?),
                None => (text, 1),
            };
            (!name.is_empty()).then(|| Self { name: name.to_owned(), left: AtomicU64::new(hit) })
        }

        /// Whether this is the pass to die at.
        pub(super) fn hits(&self, name: &str) -> bool {
            self.name == name && self.left.fetch_sub(1, Ordering::Relaxed) == 1
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_nth_pass_of_the_named_place_hits_and_no_other() {
            let armed = Armed::parse("turn.before_commit:2").unwrap();
            assert!(!armed.hits("turn.after_commit"));
            assert!(!armed.hits("turn.before_commit"));
            assert!(armed.hits("turn.before_commit"));
            assert!(!armed.hits("turn.before_commit"));
            assert!(Armed::parse("once").unwrap().hits("once"));
            for wrong in ["", ":1", "a:", "a:0", "a:x"] {
                assert!(Armed::parse(wrong).is_none(), "{wrong}");
            }
        }
    }
}
