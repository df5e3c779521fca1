//! The published JSON Schemas, generated from the types and kept as files beside this one.

/// A published schema.
pub struct Schema {
    /// Name on the command line.
    pub name: &'static str,
    /// The JSON Schema document.
    pub text: &'static str,
}

/// Every published schema.
pub const SCHEMAS: &[Schema] = &[
    Schema { name: "report", text: include_str!("schema/report-v1.schema.json") },
    Schema { name: "line", text: include_str!("schema/line-v1.schema.json") },
    Schema { name: "package", text: include_str!("schema/package-v1.schema.json") },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::AppPackage;
    use crate::report::model::{Line, Report};

    /// Fails when a type and its published schema differ. With `PISCOPE_BLESS=1` the files are
    /// written anew instead.
    #[test]
    fn schemas_are_in_step_with_the_types() {
        let generated =
            [schemars::schema_for!(Report), schemars::schema_for!(Line), schemars::schema_for!(AppPackage)];
        for (schema, generated) in SCHEMAS.iter().zip(generated) {
            let text = serde_json::to_string_pretty(&generated).unwrap() + "\n";
            if std::env::var_os("PISCOPE_BLESS").is_some() {
                let root = env!("CARGO_MANIFEST_DIR");
                std::fs::write(format!("{root}/src/report/schema/{}-v1.schema.json", schema.name), text)
                    .unwrap();
            } else {
                assert!(
                    text == schema.text,
                    "schema {} differs; PISCOPE_BLESS=1 cargo test schemas",
                    schema.name
                );
            }
        }
    }
}
