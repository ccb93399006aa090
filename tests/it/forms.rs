//! Every supported form of fields gives the same model and the same AUTO values.

use phx::document::model;
use phx::regen::RenderOutcome;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::unchanged::Engine;

/// Feature with the values that its document states.
#[derive(Clone, Debug)]
struct Feature {
    title: String,
    status: &'static str,
    points: u32,
    owner: String,
    target: String,
}

impl Feature {
    fn fields(&self) -> [(&'static str, String); 4] {
        [
            ("Status", self.status.to_owned()),
            ("Points", self.points.to_string()),
            ("Owner", self.owner.clone()),
            ("Target", self.target.clone()),
        ]
    }

    /// Renders each field on its own line.
    fn lines(&self, line: impl Fn(&str, &str) -> String) -> String {
        self.fields().iter().map(|(label, value)| line(label, value) + "\n").collect()
    }

    /// Renders all fields on one line.
    fn joined(&self, separator: &str, field: impl Fn(&str, &str) -> String) -> String {
        let fields: Vec<String> = self.fields().iter().map(|(label, value)| field(label, value)).collect();
        fields.join(separator) + "\n"
    }
}

/// Name of a form, and the function that renders the text below the heading.
type Form = (&'static str, fn(&Feature) -> String);

const FORMS: &[Form] = &[
    ("bold lines", |f| f.lines(|l, v| format!("**{l}**: {v}"))),
    ("bold lines with the colon inside", |f| f.lines(|l, v| format!("**{l}:** {v}"))),
    ("bold bullets", |f| f.lines(|l, v| format!("- **{l}**: {v}"))),
    ("bold stars", |f| f.lines(|l, v| format!("* **{l}:** {v}"))),
    ("plain bullets", |f| f.lines(|l, v| format!("- {l}: {v}"))),
    ("plain lines", |f| f.lines(|l, v| format!("{l}: {v}"))),
    ("task list", |f| f.lines(|l, v| format!("- [ ] **{l}**: {v}"))),
    ("numbered list", |f| f.lines(|l, v| format!("1. **{l}**: {v}"))),
    ("quote", |f| f.lines(|l, v| format!("> **{l}**: {v}"))),
    ("alert", |f| format!("> [!NOTE]\n{}", f.lines(|l, v| format!("> - {l}: {v}")))),
    ("admonition", |f| format!(":::note\n{}:::\n", f.lines(|l, v| format!("**{l}**: {v}")))),
    ("admonition with bullets", |f| format!(":::note\n\n{}:::\n", f.lines(|l, v| format!("- **{l}**: {v}")))),
    ("details", |f| {
        format!("<details>\n<summary>More</summary>\n\n{}\n</details>\n", f.lines(|l, v| format!("**{l}**: {v}")))
    }),
    ("italic labels", |f| f.lines(|l, v| format!("*{l}*: {v}"))),
    ("underscores", |f| f.lines(|l, v| format!("__{l}__: {v}"))),
    ("HTML labels", |f| f.lines(|l, v| format!("<b>{l}</b>: {v}<br>"))),
    ("HTML paragraph", |f| {
        format!("<p>{}</p>\n", f.joined("<br/>", |l, v| format!("<strong>{l}:</strong> {v}")).trim_end())
    }),
    ("HTML list", |f| format!("<ul>\n{}</ul>\n", f.lines(|l, v| format!("<li><b>{l}</b>: {v}</li>")))),
    ("HTML table", |f| {
        let row = |cells: Vec<String>| format!("<tr>{}</tr>", cells.concat());
        let head = row(f.fields().iter().map(|(l, _)| format!("<th>{l}</th>")).collect());
        let body = row(f.fields().iter().map(|(_, v)| format!("<td>{v}</td>")).collect());
        format!("<table>\n{head}\n{body}\n</table>\n")
    }),
    ("code labels", |f| f.lines(|l, v| format!("`{l}`: {v}"))),
    ("full-width colon", |f| f.lines(|l, v| format!("**{l}**：{v}"))),
    ("hyphen after a bold label", |f| f.lines(|l, v| format!("- **{l}** - {v}"))),
    ("dash after a bold label", |f| f.lines(|l, v| format!("**{l}** — {v}"))),
    ("bars", |f| f.joined(" | ", |l, v| format!("**{l}**: {v}"))),
    ("bars without spaces", |f| f.joined("|", |l, v| format!("**{l}**: {v}"))),
    ("middle dots", |f| f.joined(" · ", |l, v| format!("**{l}:** {v}"))),
    ("bullets in a line", |f| f.joined(" • ", |l, v| format!("**{l}**: {v}"))),
    ("commas", |f| f.joined(", ", |l, v| format!("**{l}**: {v}"))),
    ("plain bars", |f| f.joined(" | ", |l, v| format!("{l}: {v}"))),
    ("table of keys and values", |f| {
        format!("| Field | Value |\n|---|---|\n{}", f.lines(|l, v| format!("| {l} | {v} |")))
    }),
    ("table of bold keys and values", |f| {
        format!("| | |\n|:--|--:|\n{}", f.lines(|l, v| format!("| **{l}** | {v} |")))
    }),
    ("table with one row", |f| {
        let head = f.joined(" | ", |l, _| l.to_owned());
        let body = f.joined(" | ", |_, v| v.to_owned());
        format!("| {} |\n|---|---|---|---|\n| {} |\n", head.trim_end(), body.trim_end())
    }),
    ("definition list", |f| f.lines(|l, v| format!("{l}\n: {v}\n"))),
    ("after a sentence", |f| {
        format!("It does what the harbor needs.\n\n{}", f.lines(|l, v| format!("- **{l}**: {v}")))
    }),
    ("after a badge", |f| format!("![badge](https://img.example/b.svg)\n{}", f.lines(|l, v| format!("**{l}**: {v}")))),
    ("aliases", |f| {
        let alias = |label: &str| match label {
            "Status" => "State",
            "Points" => "Story Points",
            "Owner" => "Assignee",
            _ => "Due Date",
        };
        f.lines(|l, v| format!("- **{}**: {v}", alias(l)))
    }),
    ("emoji before labels", |f| f.lines(|l, v| format!("- 📌 **{l}**: {v}"))),
    ("nested bullets", |f| format!("- Details\n{}", f.lines(|l, v| format!("- **{l}**: {v}")))),
];

fn feature() -> impl Strategy<Value = Feature> {
    let status = prop::sample::select(&["Planned", "In Progress", "✅ Done", "Blocked", "in review"][..]);
    ("[A-Z][a-z]{2,8} [a-z]{2,8}", status, 0..200_u32, "[A-Z][a-z]{1,8}( [A-Z][a-z]{1,8})?", "20[0-9]{2}-0[1-9]-1[0-9]")
        .prop_map(|(title, status, points, owner, target)| Feature { title, status, points, owner, target })
}

fn features() -> impl Strategy<Value = Vec<Feature>> {
    prop::collection::vec(feature(), 1..4).prop_filter("titles are different", |features| {
        let titles: std::collections::BTreeSet<&str> = features.iter().map(|feature| feature.title.as_str()).collect();
        titles.len() == features.len()
    })
}

fn document(sections: &str) -> String {
    format!(
        "---\ngovernance:\n  phase_group: HARBOR\n  phase_number: 2\n  kind: upcoming-features\n---\n\n# T\n\n## Sprint Summary\n\
         <!-- AUTO-GENERATED -->\n<!-- END AUTO-GENERATED -->\n\n## Sprint Metrics\n<!-- AUTO-GENERATED -->\n\
         <!-- END AUTO-GENERATED -->\n\n## Priority 1: Now\n\n{sections}\n## Risk Assessment\n"
    )
}

/// Returns the fields of the items of a document, and the bodies of its AUTO blocks.
fn read(engine: &Engine, text: &str) -> (Value, Vec<String>) {
    let document = engine.parse(text);
    let model = model::model(&document).to_json();
    let items = model["items"].as_array().unwrap().iter().map(|item| {
        let fields = &item["fields"];
        let field = |id: &str| fields[id].clone();
        json!([
            item["title"],
            field("status"),
            field("points"),
            field("owner"),
            field("target"),
            item["icons"]["status"]
        ])
    });
    let bodies = engine.plans(&document).into_iter().map(|plan| match plan.outcome {
        RenderOutcome::Body(body) => body,
        other => format!("{other:?}"),
    });
    (items.collect(), bodies.collect())
}

fn expected(features: &[Feature]) -> (Value, Vec<String>) {
    let items = features.iter().map(|feature| {
        let (icon, status) = match feature.status.strip_prefix("✅ ") {
            Some(status) => (json!("✅"), status),
            None => (Value::Null, feature.status),
        };
        json!([feature.title, status, feature.points, feature.owner, feature.target, icon])
    });
    let points: u32 = features.iter().map(|feature| feature.points).sum();
    let count = features.len();
    let known = [70, 71, 72, 73, 90].iter().filter(|sprint| **sprint >= points).count();
    let summary = format!("Sprint: HARBOR Phase 2\nTotal Features: {count}\nStory Points: {points}\n");
    let metrics = format!(
        "- Features Planned: {count}\n- Story Points Committed: {points}\n- Team Velocity (3-sprint avg): 78\n- Confidence Level: {}%\n",
        known * 20
    );
    (items.collect(), vec![summary, metrics])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn every_form_gives_the_same_model_and_values(features in features()) {
        let engine = Engine::new();
        let expected = expected(&features);
        for (name, form) in FORMS {
            let sections = features.iter().map(|feature| format!("### {}\n\n{}\n", feature.title, form(feature)));
            let text = document(&sections.collect::<String>());
            let (items, bodies) = read(&engine, &text);
            prop_assert_eq!(&items, &expected.0, "{}\n{}", name, &text);
            prop_assert_eq!(&bodies, &expected.1, "{}\n{}", name, &text);
        }
        let row = |f: &Feature| format!("| {} | {} | {} pts | {} | {} |", f.title, f.status, f.points, f.owner, f.target);
        let rows = features.iter().map(row).collect::<Vec<_>>().join("\n");
        let text = document(&format!("| Feature | Status | SP | Lead | Due |\n|---|:-:|--:|---|---|\n{rows}\n"));
        prop_assert_eq!(&read(&engine, &text).1, &expected.1, "table of items\n{}", &text);
    }
}
