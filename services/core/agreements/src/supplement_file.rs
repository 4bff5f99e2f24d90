//! Values that an operator who has the treaty at hand supplies, each with article and source.
//!
//! A supplement completes what the data lacks. It never changes what the data establishes.

use domain::identifier::AgreementId;
use domain::time::Date;

use crate::fault::{Fault, FileError};
use crate::reading::{Value, document};
use crate::terms::{Origin, Terms};

/// The key of the day from which a protocol is in force.
pub(crate) const PROTOCOL_IN_FORCE: &str = "protocol_in_force_from";

/// One supplement file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Supplement {
    pub(crate) agreement: AgreementId,
    pub(crate) in_force_from: Option<Date>,
    pub(crate) protocol_in_force_from: Option<Date>,
    /// Keys that are supplied, with the lines where they stand.
    pub(crate) keys: Vec<(String, usize)>,
    pub(crate) terms: Option<Terms>,
}

impl Supplement {
    /// Reads and checks a file.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, FileError> {
        document(file, text, |root| {
            let expected = "1 to 64 characters of `a-z`, `0-9`, `_` and `-`";
            let id = |value: &Value<'_>| value.named(AgreementId::new, expected);
            let mut supplement = Self {
                agreement: root.must("agreement", id)?,
                in_force_from: None,
                protocol_in_force_from: None,
                keys: Vec::new(),
                terms: None,
            };
            root.tables("supplied", |table| {
                let origin = Origin {
                    whole: table.must("source", Value::text)?,
                    series: None,
                    article: Some(table.must("article", Value::text)?),
                };
                for key in table.keys().filter(|key| !["source", "article"].contains(key)) {
                    if supplement.keys.iter().any(|(known, _)| known == key) {
                        let (key, value) = (key.to_owned(), key.to_owned());
                        return Err(
                            table.fault_at(&value, Fault::Twice { key, value: value.clone() })
                        );
                    }
                    supplement.keys.push((key.to_owned(), table.line_of(key)));
                }
                let date = |key| table.may(key, Value::date);
                let force = date("in_force_from")?;
                supplement.in_force_from = supplement.in_force_from.or(force);
                let force = date(PROTOCOL_IN_FORCE)?;
                supplement.protocol_in_force_from = supplement.protocol_in_force_from.or(force);
                let terms = Terms::read(table, &origin)?;
                supplement.terms = Some(match supplement.terms.take() {
                    Some(earlier) => terms.over(earlier),
                    None => terms,
                });
                Ok(())
            })?;
            Ok(supplement)
        })
    }
}
