//! The options that name a corridor, and the rules that compile for it.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use domain::identifier::{AgreementId, State};
use domain::rules::Rules;
use domain::time::{Date, Instant};

use ::agreements::{ConfirmedHolidays, Order, compile_order, document};

use super::{file, refusal::Refusal};

/// Two States, a day, and what an operator adds to the data.
#[derive(Args)]
pub(super) struct Corridor {
    /// The requesting State, by its code: NL
    #[arg(long, value_name = "STATE")]
    pub(super) requesting: Option<String>,
    /// The requested State, by its code: XK
    #[arg(long, value_name = "STATE")]
    pub(super) requested: Option<String>,
    /// The day on which the agreement must be in force, such as 2026-05-04; else today (UTC)
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// A key that only secondary publications hold, and that you confirm; once for each
    #[arg(long, value_name = "KEY")]
    confirm: Vec<String>,
    /// An estimated holiday that you confirm, by one of its days: XK=2026-03-20; once for each.
    /// Where it fell a day beside the estimate, with that day: XK=2026-03-20=2026-03-21
    #[arg(long, value_name = "STATE=DATE[=DATE]")]
    confirm_holiday: Vec<String>,
    /// A file with values that the data lacks, each with article and source
    #[arg(long, value_name = "FILE")]
    supplement: Option<PathBuf>,
}

/// The options, read.
pub(super) struct Read {
    pub(super) pair: (State, State),
    on: Date,
    confirmed: Vec<String>,
    pub(super) confirmed_holidays: ConfirmedHolidays,
    supplement: Option<(String, String)>,
}

impl Corridor {
    /// Whether it says anything at all.
    pub(super) const fn is_given(&self) -> bool {
        self.requesting.is_some()
            || self.requested.is_some()
            || self.on.is_some()
            || self.supplement.is_some()
            || !self.confirm.is_empty()
            || !self.confirm_holiday.is_empty()
    }

    /// Reads the options; both States must be there.
    pub(super) fn read(&self) -> Result<Read, Refusal> {
        let requesting = state("--requesting", self.requesting.as_deref())?;
        let requested = state("--requested", self.requested.as_deref())?;
        self.read_for((requesting, requested))
    }

    /// Reads the other options, for two States that are known.
    pub(super) fn read_for(&self, pair: (State, State)) -> Result<Read, Refusal> {
        let on = match self.on.as_deref() {
            Some(text) => day(text).ok_or_else(|| {
                Refusal::option("--on", format!("must be a date such as 2026-05-04, not `{text}`"))
            })?,
            None => today()?,
        };
        let supplement = match &self.supplement {
            Some(path) => {
                let text = file::text(path)?;
                Some((path.display().to_string(), text))
            }
            None => None,
        };
        let confirmed = self.confirm.clone();
        let confirmed_holidays =
            ConfirmedHolidays::read(self.confirm_holiday.iter().map(String::as_str))
                .map_err(|error| Refusal::option("--confirm-holiday", error.to_string()))?;
        Ok(Read { pair, on, confirmed, confirmed_holidays, supplement })
    }
}

impl Read {
    /// The order to compile an agreement so.
    pub(super) fn order<'a>(&'a self, agreement: &'a AgreementId, version: u32) -> Order<'a> {
        let supplement = self.supplement.as_ref();
        Order {
            agreement,
            version,
            pair: self.pair,
            on: self.on,
            confirmed: &self.confirmed,
            confirmed_holidays: &self.confirmed_holidays,
            supplement: supplement.map(|(file, text)| (file.as_str(), text.as_str())),
        }
    }

    /// The rules of an agreement, compiled.
    pub(super) fn rules(
        &self,
        option: &'static str,
        agreement: &AgreementId,
        version: u32,
    ) -> Result<Rules, Refusal> {
        compile_order(&self.order(agreement, version))
            .map_err(|error| Refusal::compile(option, &error))
    }
}

/// The agreement of an id: for a protocol, the one that it implements.
pub(super) fn agreement(option: &'static str, id: &str) -> Result<AgreementId, Refusal> {
    let found = document(id).map_err(|nearest| Refusal::unknown(option, id, nearest))?;
    Ok(found.implements.unwrap_or(found.id))
}

fn state(option: &'static str, code: Option<&str>) -> Result<State, Refusal> {
    let code = code.ok_or_else(|| {
        Refusal::option(option, "must be given: a State's code, such as `NL` or `XK`")
    })?;
    State::new(code).map_err(|rule| Refusal::option(option, format!("{rule}, not `{code}`")))
}

/// A day as people write it, without a time.
fn day(text: &str) -> Option<Date> {
    let plain = text.len() == "2026-05-04".len();
    text.parse().ok().filter(|_| plain)
}

/// Today, in UTC.
pub(super) fn today() -> Result<Date, Refusal> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Instant::from_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)).to_string();
    let today = now.get(..10).and_then(day);
    today.ok_or_else(|| Refusal::option("--on", "must be given: the clock shows no date"))
}
