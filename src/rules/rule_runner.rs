//! Runs the rules, and applies levels and suppressions. No other module applies them.

use std::collections::BTreeMap;

use super::suppression::{self, Suppressions};
use super::{BrokenFile, Context, RULES, Rule, RuleCheck, Whole};
use crate::config::{Config, Level};
use crate::finding::{Finding, Severity};

/// Configured levels of rules. The command line takes precedence over the configuration, and both over the default.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    set: BTreeMap<&'static str, Level>,
}

impl Levels {
    /// Combines the levels of the configuration and the command line. Later levels of the command line take precedence.
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

/// Runner of all active rules.
#[derive(Clone, Debug, Default)]
pub struct RuleRunner {
    levels: Levels,
}

impl RuleRunner {
    pub fn new(levels: Levels) -> Self {
        Self { levels }
    }

    /// Returns a runner of only the given rules, with the same levels.
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

    /// Returns true if an active rule needs plans of AUTO blocks.
    pub fn needs_plans(&self) -> bool {
        self.checks().any(|check| matches!(check, RuleCheck::Block(_)))
    }

    /// Returns true if an active rule needs the review history of documents.
    pub fn needs_review_history(&self) -> bool {
        self.checks().any(|check| matches!(check, RuleCheck::Reviews(_)))
    }

    /// Runs the rules on one document. Suppressed findings are omitted; problems of suppressions are reported.
    pub fn document(&self, context: &Context<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for check in self.checks() {
            match check {
                RuleCheck::Document(check) | RuleCheck::Reviews(check) => findings.extend(check(context)),
                RuleCheck::Block(check) => {
                    findings.extend(context.plans.iter().filter_map(|plan| check(context, plan)));
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

    /// Runs the rules for all documents of a run.
    pub fn whole(&self, whole: &Whole<'_>) -> Vec<Finding> {
        let checks = self.checks().flat_map(|check| match check {
            RuleCheck::Whole(check) => check(whole),
            _ => Vec::new(),
        });
        checks.map(|finding| self.levels.apply(finding)).collect()
    }

    /// Runs the rules for a file that could not be loaded as a document.
    pub fn broken(&self, file: &BrokenFile<'_>) -> Vec<Finding> {
        let checks = self.checks().filter_map(|check| match check {
            RuleCheck::File(check) => check(file),
            _ => None,
        });
        checks.map(|finding| self.levels.apply(finding)).collect()
    }
}
