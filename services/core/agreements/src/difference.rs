//! Which values differ between two sets of compiled rules, with both values and both articles.

use std::collections::{BTreeMap, BTreeSet};

use domain::rules::{Rules, Source};
use domain::time::Date;

use crate::clause::{Clause, Content, clauses};
use crate::topic::Topic;

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What the value is called.
    pub name: String,
    /// What it is about.
    pub topic: Topic,
    /// What the first rules say; `None` where they say nothing.
    pub first: Option<SaidThere>,
    /// What the second rules say.
    pub second: Option<SaidThere>,
}

/// What one of two sets of rules says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidThere {
    /// The value, in words.
    pub value: String,
    /// Where it stands.
    pub source: Option<Source>,
}

/// Every value that differs, in the order of the rules; none exactly where the rules are the same.
#[must_use]
pub fn differences(first: &Rules, second: &Rules) -> Vec<Difference> {
    let (left, right) = (clauses(first), clauses(second));
    let named = |said: &[Clause]| -> BTreeMap<String, Clause> {
        said.iter().map(|clause| (clause.name.clone(), clause.clone())).collect()
    };
    let (lefts, rights) = (named(&left), named(&right));
    let mut found = Vec::new();
    for clause in &left {
        compare(&mut found, Some(clause), rights.get(&clause.name));
    }
    for clause in right.iter().filter(|clause| !lefts.contains_key(&clause.name)) {
        compare(&mut found, None, Some(clause));
    }
    found
}

fn compare(found: &mut Vec<Difference>, first: Option<&Clause>, second: Option<&Clause>) {
    let Some(either) = first.or(second).filter(|_| first != second) else { return };
    let days = |clause: Option<&Clause>| match clause.map(|clause| &clause.content) {
        Some(Content::Days(days)) => Some(days.iter().copied().collect::<BTreeSet<Date>>()),
        Some(Content::Clock(_) | Content::Value(_)) | None => None,
    };
    let (here, there) = (days(first), days(second));
    let (name, topic) = (either.name.clone(), either.topic);
    if here.is_none() && there.is_none() {
        let said = |clause: Option<&Clause>| {
            clause.map(|it| SaidThere { value: it.words(), source: it.source.clone() })
        };
        found.push(Difference { name, topic, first: said(first), second: said(second) });
        return;
    }
    // Of a list of days only those that one of both lacks.
    let (here, there) = (here.unwrap_or_default(), there.unwrap_or_default());
    for day in here.symmetric_difference(&there) {
        let said = |days: &BTreeSet<Date>| {
            let listed = || SaidThere { value: "listed".to_owned(), source: None };
            days.contains(day).then(listed)
        };
        let name = format!("{name}: {day}");
        found.push(Difference { name, topic, first: said(&here), second: said(&there) });
    }
    if here == there {
        // One set of rules has an empty list, the other none.
        let said = |clause: Option<&Clause>| {
            clause.map(|it| SaidThere { value: "no day".to_owned(), source: it.source.clone() })
        };
        found.push(Difference { name, topic, first: said(first), second: said(second) });
    }
}
