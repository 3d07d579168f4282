//! `iass man`: the manual page, in roff, with a section for each command.

use clap::CommandFactory;

use crate::cli::{Cli, exit::ExitStatus, output::Output};

/// Prints the page; for example: `iass man | man -l -`.
pub(crate) fn run(output: &Output) -> anyhow::Result<ExitStatus> {
    let mut page = Vec::new();
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    subcommands(&command, &mut page)?;
    output.bytes(&page)?;
    Ok(ExitStatus::Ok)
}

/// Appends what each command does and takes, depth first.
fn subcommands(command: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    for command in command.get_subcommands() {
        let man = clap_mangen::Man::new(command.clone());
        let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
        page.extend_from_slice(format!(".SH \"{}\"\n", name.to_uppercase()).as_bytes());
        man.render_description_section(page)?;
        man.render_synopsis_section(page)?;
        man.render_options_section(page)?;
        subcommands(command, page)?;
    }
    Ok(())
}
