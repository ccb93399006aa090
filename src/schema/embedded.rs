//! The schemas in the binary. A new one is one line.

/// One embedded schema.
#[derive(Debug)]
pub struct Embedded {
    /// Version folder, as `v1.0`.
    pub version: &'static str,
    /// Kind; `governance` for the front matter.
    pub kind: &'static str,
    /// The JSON.
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

/// The shape of the model that `phx inspect` prints.
pub const MODEL: &str = include_str!("../../schemas/model.schema.json");
/// The shape of `phx validate -o json`.
pub const FINDINGS: &str = include_str!("../../schemas/findings.schema.json");

/// The schema of what `phx regen -o json` prints.
pub const REGEN: &str = include_str!("../../schemas/regen.schema.json");

/// The schema of what `phx status -o json` prints.
pub const STATUS: &str = include_str!("../../schemas/status.schema.json");

/// The schema of what `phx doctor -o json` prints.
pub const DOCTOR: &str = include_str!("../../schemas/doctor.schema.json");

/// The schema of a record in the ledger.
pub const RECORD: &str = include_str!("../../schemas/record.schema.json");

/// The schema of what `phx audit --range -o json` prints.
pub const AUDIT: &str = include_str!("../../schemas/audit.schema.json");

/// The schema of what `phx trace -o json` prints.
pub const TRACE: &str = include_str!("../../schemas/trace.schema.json");

/// The shape of `phx.toml`.
pub const CONFIGURATION: &str = include_str!("../../schemas/phx.schema.json");
