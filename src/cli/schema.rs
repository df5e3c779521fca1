//! `piscope schema NAME`: the JSON Schema of a document.

use crate::cli::output::print;
use crate::cli::usage::argument;
use crate::cli::{Command, Exit};
use crate::report::schema::SCHEMAS;
use crate::report::wording::Phrase;

pub const COMMAND: Command = Command {
    name: "schema",
    about: Phrase::new(
        "打印 JSON Schema：report、line 或 package",
        "Print a JSON Schema: report, line or package",
    ),
    arguments: |command, lang| {
        let help = Phrase::new(
            "report（json 输出）、line（jsonl 的一行）、package（inspect 的输出）",
            "report (json), line (one line of jsonl), package (what inspect saves)",
        );
        let names: Vec<_> = SCHEMAS.iter().map(|s| s.name).collect();
        command.arg(argument("NAME", help, lang).required(true).value_parser(names))
    },
    run: |matches, _| {
        let name = matches.get_one::<String>("NAME").map(String::as_str);
        for schema in SCHEMAS.iter().filter(|s| Some(s.name) == name) {
            print(schema.text)?;
        }
        Ok(Exit::Clean)
    },
};
