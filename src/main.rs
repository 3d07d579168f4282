//! The `iass` command: hands over to the library.

fn main() -> std::process::ExitCode {
    iass::cli::main()
}
