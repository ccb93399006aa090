//! Where levels and suppressions are decided, and nowhere else.

use std::collections::BTreeMap;

use super::suppression::{self, Suppressions};
use super::{BrokenFile, Context, RULES, Rule, RuleCheck, Whole};
use crate::config::{Config, Level};
use crate::finding::{Finding, Severity};

/// The level of each rule: what the command line says, else the configuration, else the rule itself.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    set: BTreeMap<&'static str, Level>,
}

impl Levels {
    /// The levels of a configuration, with those of the command line over them in their order.
    pub fn new(config: &Config, command_line: &[(&'static Rule, Level)]) -> Self {
        let mut set = BTreeMap::new();
        for rule in RULES {
            if let Some(level) = config.rules.get(rule.slug).and_then(|settings| settings.level) {
                set.insert(rule.slug, level);
            }
        }
        set.extend(command_line.iter().map(|(rule, level)| (rule.slug, *level)));
        Self { set }
    }

    fn is_off(&self, slug: &str) -> bool {
        self.set.get(slug) == Some(&Level::Off)
    }

    fn apply(&self, mut finding: Finding) -> Finding {
        match self.set.get(finding.rule) {
            Some(Level::Error) => finding.severity = Severity::Error,
            Some(Level::Warning) => finding.severity = Severity::Warning,
            _ => {}
        }
        finding
    }
}

/// Runs the rules.
#[derive(Clone, Debug, Default)]
pub struct RuleRunner {
    levels: Levels,
}

impl RuleRunner {
    /// A judge with levels.
    pub fn new(levels: Levels) -> Self {
        Self { levels }
    }

    /// A judge of some rules alone, with the same levels.
    #[must_use]
    pub fn only(&self, slugs: &[&str]) -> Self {
        let mut levels = self.levels.clone();
        let others = RULES.iter().filter(|rule| !slugs.contains(&rule.slug));
        levels.set.extend(others.map(|rule| (rule.slug, Level::Off)));
        Self { levels }
    }

    fn checks(&self) -> impl Iterator<Item = &'static RuleCheck> {
        let rules = RULES.iter().filter(|rule| !self.levels.is_off(rule.slug));
        rules.flat_map(|rule| rule.checks)
    }

    /// Whether a rule looks at the plans of AUTO blocks.
    pub fn needs_plans(&self) -> bool {
        self.checks().any(|check| matches!(check, RuleCheck::Block(_)))
    }

    /// Whether a rule looks at what the repository remembers of a document.
    pub fn needs_past(&self) -> bool {
        self.checks().any(|check| matches!(check, RuleCheck::Reviews(_)))
    }

    /// What is wrong with one document: suppressed findings are left out, useless suppressions are found.
    pub fn document(&self, context: &Context<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for check in self.checks() {
            match check {
                RuleCheck::Document(check) | RuleCheck::Reviews(check) => findings.extend(check(context)),
                RuleCheck::Block(check) => {
                    findings.extend(context.plans.iter().filter_map(|plan| check(context, plan)))
                }
                RuleCheck::Whole(_) | RuleCheck::File(_) | RuleCheck::Suppression(_) => {}
            }
        }
        let mut suppressions = Suppressions::read(context.document);
        findings.retain(|finding| !suppressions.covers(finding, context.now));
        for found in suppressions.uses(context, &|slug| self.levels.is_off(slug)) {
            findings.extend(self.suppression(&found));
        }
        findings.into_iter().map(|finding| self.levels.apply(finding)).collect()
    }

    fn suppression(&self, found: &suppression::Use<'_>) -> Vec<Finding> {
        let checks = self.checks().filter_map(|check| match check {
            RuleCheck::Suppression(check) => check(found),
            _ => None,
        });
        checks.collect()
    }

    /// What is wrong with the documents together.
    pub fn whole(&self, whole: &Whole<'_>) -> Vec<Finding> {
        let checks = self.checks().flat_map(|check| match check {
            RuleCheck::Whole(check) => check(whole),
            _ => Vec::new(),
        });
        checks.map(|finding| self.levels.apply(finding)).collect()
    }

    /// What is wrong with a file that could not become a document.
    pub fn broken(&self, file: &BrokenFile<'_>) -> Vec<Finding> {
        let checks = self.checks().filter_map(|check| match check {
            RuleCheck::File(check) => check(file),
            _ => None,
        });
        checks.map(|finding| self.levels.apply(finding)).collect()
    }
}
