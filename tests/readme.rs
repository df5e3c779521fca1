//! What the README shows is what the program prints.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The console blocks: each command with the lines shown below it.
fn shown() -> Vec<(String, Vec<String>)> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut commands = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push((command.to_owned(), Vec::new())),
                None => commands.last_mut().unwrap().1.push(line.to_owned()),
            }
        }
    }
    commands
}

/// What `command` prints; `None` for a command that this test does not run.
fn run(command: &str) -> Option<String> {
    let arguments =
        command.strip_prefix("cargo run --release -- ").or_else(|| command.strip_prefix("piscope "))?;
    let out = Command::new(env!("CARGO_BIN_EXE_piscope"))
        .args(arguments.split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PISCOPE_LANG", "zh")
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap();
    Some(String::from_utf8(out.stdout).unwrap())
}

#[test]
fn the_output_shown_is_the_output_printed() {
    let mut compared = 0;
    for (command, lines) in shown() {
        let Some(printed) = run(&command) else { continue };
        let mut printed = printed.lines();
        // `…` stands for any lines; what is shown must come in this order.
        for line in lines.iter().filter(|line| *line != "…") {
            assert!(
                printed.any(|p| p == line),
                "`{command}` does not print {line:?} where the README shows it"
            );
            compared += 1;
        }
    }
    assert!(compared > 10, "the README shows output: {compared} lines");
}

#[test]
fn both_commands_stand_on_the_first_screen() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let screen: Vec<&str> = readme.lines().take(24).collect();
    for command in ["$ cargo run --release -- scan samples", "$ cargo test"] {
        assert!(screen.contains(&command), "{command}");
    }
}
