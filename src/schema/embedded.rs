//! The embedded JSON Schemas. A new schema is one line in [`SCHEMAS`].

#[derive(Debug)]
pub struct Embedded {
    /// Version folder, such as `v1.0`.
    pub version: &'static str,
    /// Kind; `governance` for the front matter.
    pub kind: &'static str,
    /// Schema as JSON text.
    pub text: &'static str,
}

const fn v1_0(kind: &'static str, text: &'static str) -> Embedded {
    Embedded { version: "v1.0", kind, text }
}

/// All embedded schemas, by version and kind.
pub const SCHEMAS: &[Embedded] = &[
    v1_0("active-mocks", include_str!("../../schemas/v1.0/active-mocks.schema.json")),
    v1_0("current-architecture", include_str!("../../schemas/v1.0/current-architecture.schema.json")),
    v1_0("document", include_str!("../../schemas/v1.0/document.schema.json")),
    v1_0("governance", include_str!("../../schemas/v1.0/governance.schema.json")),
    v1_0("implemented-features", include_str!("../../schemas/v1.0/implemented-features.schema.json")),
    v1_0("phase-plan", include_str!("../../schemas/v1.0/phase-plan.schema.json")),
    v1_0("upcoming-features", include_str!("../../schemas/v1.0/upcoming-features.schema.json")),
];

/// Schema of the model that `phx inspect` prints.
pub const MODEL: &str = include_str!("../../schemas/model.schema.json");
/// Schema of the output of `phx validate -o json`.
pub const FINDINGS: &str = include_str!("../../schemas/findings.schema.json");

/// Schema of the output of `phx regen -o json`.
pub const REGEN: &str = include_str!("../../schemas/regen.schema.json");

/// Schema of the output of `phx status -o json`.
pub const STATUS: &str = include_str!("../../schemas/status.schema.json");

/// Schema of the output of `phx doctor -o json`.
pub const DOCTOR: &str = include_str!("../../schemas/doctor.schema.json");

/// Schema of a ledger record.
pub const RECORD: &str = include_str!("../../schemas/record.schema.json");

/// Schema of the output of `phx audit --range -o json`.
pub const AUDIT: &str = include_str!("../../schemas/audit.schema.json");

/// Schema of the output of `phx trace -o json`.
pub const TRACE: &str = include_str!("../../schemas/trace.schema.json");

/// Schema of `phx.toml`.
pub const CONFIGURATION: &str = include_str!("../../schemas/phx.schema.json");
