//! The `iass` command: hands over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A document reader in a process of its own, before anything else is set up: see `knowledge::read`.
    if std::env::args_os().nth(1).is_some_and(|command| command == "__read") {
        return iass::knowledge::read::child_main();
    }
    // A program that serves tools, and ends with whoever started it: see `remote::launcher`.
    if std::env::args_os().nth(1).is_some_and(|command| command == iass::remote::launcher::CHILD_COMMAND) {
        return iass::remote::launcher::child_main();
    }
    iass::cli::main()
}
