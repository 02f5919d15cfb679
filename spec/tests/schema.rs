//! The JSON Schema for editors says what the reader says.

use bitrpc_spec::model::json_schema;

/// Set to `1`, this makes the test write the file anew instead of comparing it.
const UPDATE: &str = "UPDATE_EXPECT";

#[test]
fn the_schema_file_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/bitrpc.schema.json");
    let fresh = format!("{:#}\n", json_schema());
    if std::env::var_os(UPDATE).is_some_and(|value| value == "1") {
        std::fs::write(path, &fresh).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == fresh, "spec/bitrpc.schema.json is stale: run this test with {UPDATE}=1");
}
