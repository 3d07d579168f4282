//! Runs the real `iass` binary and the library's public doors.

mod documents;
