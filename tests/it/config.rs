//! `phx.toml`: location, keys, and reported errors.

use crate::support::{Repo, assert_valid, clean_document, document, package};

/// Configuration with every key outside `[doctor]`.
const FULL: &str = r#"
[documents]
include = ["docs/**/*.md"]
exclude = ["docs/archive/**"]
require = ["upcoming-features"]

[[kind]]
name = "upcoming-features"
paths = ["docs/living/UPCOMING_FEATURES.md"]
update_every = "14d"
aliases = { feature_metrics = "feature_summary" }

[front_matter]
root = "governance"
[front_matter.aliases]
last_updated = "last_reviewed_on"

[rules]
review-due-soon = { level = "warning", within = "3d" }
undeclared-auto-section = "off"

[enforcement]
level = "standard"

[hook]
mode = "write"
stale = "any"

[facts.sprint]
start = 2025-08-30
capacity = 100
velocity = [70, 74, 72]

[coverage]
reports = ["target/coverage/lcov.info"]
"#;

#[test]
fn accepts_every_configuration_key() {
    let repo = Repo::new();
    repo.write("phx.toml", FULL).write("docs/a.md", "# Free\n");
    repo.run(&["validate", "docs/a.md"]).exits(0);
}

#[test]
fn the_configuration_schema_lists_the_keys_of_the_parser() {
    let table: toml::Table = FULL.parse().unwrap();
    let value = serde_json::to_value(&table).unwrap();
    assert_valid("schemas/phx.schema.json", &value);
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(package().join("schemas/phx.schema.json")).unwrap()).unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        let mut keys: Vec<String> =
            value["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
        keys.sort();
        keys
    };
    let tables = phx::config::tables::TABLES.iter().map(|(name, _)| *name);
    let mut tables: Vec<&str> = tables.filter(|name| !name.contains('.')).collect();
    tables.sort_unstable();
    assert_eq!(keys(&schema), tables);
    for (name, known) in phx::config::tables::TABLES {
        let described = name.split('.').fold(&schema, |schema, step| {
            let described = &schema["properties"][step];
            if described["type"] == "array" { &described["items"] } else { described }
        });
        let mut known: Vec<&str> = known.to_vec();
        known.sort_unstable();
        assert_eq!(keys(described), known, "{name}");
    }
}

#[test]
fn reports_all_configuration_errors_at_once() {
    let repo = Repo::new();
    repo.write(
        "phx.toml",
        "[document]\n[documents]\ninclud = []\nexclude = [\"[\"]\nrequire = 3\n[[kind]]\npaths = []\nupdate_every = \"soon\"\n\
         [enforcement]\nlevel = \"strickt\"\n[rules]\nstale-document = \"of\"\n",
    );
    repo.run(&["validate"]).exits(2);
}

#[test]
fn reports_the_location_of_a_toml_syntax_error() {
    let repo = Repo::new();
    repo.write("phx.toml", "[documents\ninclude = 1\n");
    repo.run(&["validate"]).exits(2);
    repo.write("phx.toml", b"\xFF").run(&["validate"]).exits(2);
}

#[test]
fn reports_unknown_rules_options_and_kinds() {
    let repo = Repo::new();
    repo.write("phx.toml", "[documents]\nrequire = [\"upcoming-feature\"]\n[rules]\nstale = \"off\"\nreview-due-soon = { withn = \"3d\" }\n");
    repo.run(&["validate"]).exits(2);
}

#[test]
fn finds_the_configuration_upwards_within_the_repository() {
    let repo = Repo::bare();
    repo.write("phx.toml", "nonsense = 1\n");
    repo.write("inner/.git/HEAD", "").write("inner/a.md", clean_document());
    repo.run(&["-C", "inner", "validate"]).exits(0);
    repo.write("inner/phx.toml", "[documents]\nexclude = [\"old/**\"]\n").write("inner/old/b.md", document("", ""));
    repo.run(&["-C", "inner/old", "validate"]).exits(0);
    repo.run(&["-C", "inner", "validate", "--config", "../phx.toml"]).exits(2);
    repo.run(&["-C", "inner", "validate", "--config", "no.toml"]).exits(2);
}

#[test]
fn include_and_exclude_select_the_documents() {
    let repo = Repo::new();
    repo.write("phx.toml", "[documents]\ninclude = [\"docs/**/*.md\", \"*.markdown\"]\nexclude = [\"docs/old/**\"]\n");
    repo.write("docs/a.md", document("", "")).write("docs/old/b.md", document("", "")).write("c.md", document("", ""));
    repo.write("d.markdown", document("", ""));
    let run = repo.validate().exits(1);
    let paths: Vec<&str> = run.stdout.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(paths, ["d.markdown", "docs/a.md"]);
    repo.run(&["validate", "docs/old/b.md"]).exits(0);
    repo.run(&["validate", "c.md"]).exits(1);
}

#[test]
fn aliases_match_names_and_blocks() {
    let repo = Repo::new();
    let text = document(
        "  phase_number: 1\n  kind: notes\n",
        "# T\n\n## Numbers\n<!-- AUTO-GENERATED -->\nx\n<!-- END AUTO-GENERATED sum:73cb3858a687a849 -->\n",
    )
    .replace("auto_sections: []", "auto_sections: [figures]");
    repo.write("a.md", &text).validate().exits(1);
    repo.write(".phx/schemas/v1.0/notes.schema.json", "{}");
    repo.write("phx.toml", "[[kind]]\nname = \"notes\"\naliases = { figures = \"numbers\" }\n");
    repo.validate().exits(0);
}

#[test]
fn reports_values_without_effect() {
    let repo = Repo::new();
    repo.write(
        "phx.toml",
        "[rules]\nreview-due-soon = { within = \"ten\" }\n[front_matter.aliases]\nlast_updatd = \"x\"\n",
    );
    repo.run(&["validate"]).exits(2);
    repo.write("phx.toml", "[[kind]]\nname = \"a\"\nupdate_every = \"0d\"\n[[kind]]\nname = \"a\"\n");
    repo.run(&["validate"]).exits(2);
}

#[test]
fn a_configuration_applies_only_to_files_below_it() {
    let (repo, elsewhere) = (Repo::new(), Repo::new());
    repo.write("phx.toml", "[documents]\ninclude = [\"docs/*.md\"]\n").write("a.md", document("", ""));
    elsewhere.write("notes/b.md", document("", ""));
    repo.run(&["validate", "."]).exits(3);
    let notes = elsewhere.path().join("notes");
    repo.run(&["validate", "-q", "-o", "concise", &notes.display().to_string()]).exits(1);
}

#[test]
fn reports_a_kind_without_a_schema_with_working_help() {
    let repo = Repo::new();
    repo.write("phx.toml", "[[kind]]\nname = \"phase-pln\"\npaths = [\"plans/*.md\"]\n");
    repo.validate().exits(2);
    repo.write(".phx/schemas/phase-pln.schema.json", "{}");
    repo.validate().exits(2);
    std::fs::remove_file(repo.path().join(".phx/schemas/phase-pln.schema.json")).unwrap();
    let run = repo.validate().exits(2);
    let help = run.stderr.split("create `").nth(1).unwrap().split('`').next().unwrap().to_owned();
    repo.write(&help, "{}").run(&["new", "phase-pln", "plans/a.md"]).exits(0);
    repo.validate().exits(0);
}

#[test]
fn reports_configuration_errors_in_line_order() {
    let repo = Repo::new();
    repo.write(
        "phx.toml",
        "unknwn = 1\n[documents]\ninclude = \"x\"\n[rules]\nreview-due-soon = { level = \"warning\", witin = \"3 days\" }\n\
         no-such-rule = \"error\"\n[[kind]]\nname = \"upcoming-feature\"\npaths = [\"a[\"]\n[hook]\nstale = \"some\"\n",
    );
    let run = repo.run(&["validate"]).exits(2);
    let places: Vec<&str> =
        run.stderr.lines().filter_map(|line| line.trim().strip_prefix("╭─[phx.toml:")?.strip_suffix(']')).collect();
    // Errors in a key are located at the key, errors in a value at the value.
    assert_eq!(places, ["1:1", "3:11", "5:40", "6:1", "8:8", "9:10", "11:9"], "{}", run.stderr);
}

#[test]
fn reports_the_line_of_a_schema_error() {
    let repo = Repo::new();
    let schema = ".phx/schemas/v1.0/upcoming-features.schema.json";
    repo.write(schema, "{\n \"properties\": {\n  \"sections\": {\"type\": \"objct\"}\n }\n}\n");
    repo.run(&["validate"]).exits(2);
    repo.write(schema, "{\n \"properties\": {\n  \"sections\": {\"minProperties\": -1}\n }\n}\n");
    repo.run(&["validate"]).exits(2);
    repo.write(schema, "{\n \"properties\": {,\n");
    repo.run(&["validate"]).exits(2);
}

#[test]
fn reports_unknown_names_in_templates() {
    let repo = Repo::new();
    let text = crate::support::document(
        "  phase_number: 1\n",
        "# T\n\n## S\n<!-- AUTO-GENERATED:own - DO NOT EDIT -->\n<!-- END AUTO-GENERATED:own -->\n",
    )
    .replace("auto_sections: []", "auto_sections: [own]");
    repo.write("DOC.md", text);
    for template in [
        "{{ items(\"*\")|lenght }}",
        "{{ itms(\"*\") }}",
        "{{ totl.x }}",
        "{{ document.itms }}",
        "{{ items(\"*\", 3, 4) }}",
        "{{ fact(\"facts.x\", kep=\"L\") }}",
    ] {
        repo.write(".phx/templates/sections/own.md", format!("\n{template}\n"));
        repo.run(&["validate", "-o", "concise"]).exits(0);
    }
}
