//! The `iass` command: hands over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|command| command == "__read") {
        return iass::knowledge::read::child_main();
    }
    iass::cli::main()
}
