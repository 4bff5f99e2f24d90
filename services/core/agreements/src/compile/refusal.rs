//! Why an agreement does not compile for a corridor.

use domain::identifier::{AgreementId, EvidenceItem, State};
use domain::rules::{Length, Years};
use domain::time::Date;

use crate::fault::FileError;
use crate::wording::length_words;

/// Why an agreement does not compile for a corridor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// No built-in agreement has this id.
    #[error("agreement `{agreement}` is not known{}", hint(.nearest.as_deref()))]
    AgreementMustBeKnown { agreement: AgreementId, nearest: Option<String> },
    /// A holiday is confirmed that no period of the rules depends on.
    #[error(
        "the rules count no working day of `{state}`, so `{state}={day}` confirms nothing in them"
    )]
    ConfirmedHolidayMustCount { state: State, day: Date },
    /// Versions count from 1.
    #[error("the version of compiled rules must be at least 1")]
    VersionMustBeAtLeastOne,
    /// The agreement does not stand between these two States.
    #[error(
        "agreement `{agreement}` binds `{}` and `{}`, not `{first}` and `{second}`",
        .parties[0],
        .parties[1]
    )]
    PairMustBeBound { agreement: AgreementId, parties: [String; 2], first: State, second: State },
    /// The agreement says that it does not bind this member of a union.
    #[error("agreement `{agreement}` does not bind `{member}`")]
    MemberMustBeBound { agreement: AgreementId, member: State },
    /// Another agreement took its place between these two States.
    #[error("agreement `{agreement}` is displaced by `{by}` between `{first}` and `{second}`")]
    MustNotBeDisplaced { agreement: AgreementId, by: AgreementId, first: State, second: State },
    /// A party has suspended it.
    #[error("agreement `{agreement}` is suspended by `{by}`")]
    MustNotBeSuspended { agreement: AgreementId, by: State },
    /// The agreement is not in force on the day.
    #[error("agreement `{agreement}` is in force from {in_force_from}, not on {on}")]
    MustBeInForce { agreement: AgreementId, in_force_from: Date, on: Date },
    /// It was not in force when that was last known, and no day is established.
    #[error(
        "agreement `{agreement}` was not in force in May 2017, \
         and `in_force_from` is not established"
    )]
    MustBeKnownInForce { agreement: AgreementId },
    /// Whether a protocol between the pair is in force decides the rules.
    #[error(
        "protocol `{protocol}` implements agreement `{agreement}` between the two States, and \
         `protocol_in_force_from` is not established"
    )]
    ProtocolMustBeKnownInForce { agreement: AgreementId, protocol: AgreementId },
    /// Two protocols apply between the pair, and the data does not say which goes before.
    #[error(
        "protocols `{first}` and `{second}` both implement agreement `{agreement}` between the two \
         States, and which of them precedes is not established"
    )]
    PrecedenceMustBeEstablished { agreement: AgreementId, first: AgreementId, second: AgreementId },
    /// What shortens a limit is an item of evidence that nobody can name.
    #[error(
        "agreement `{agreement}` has `{key}` with `{item}`, which none of its evidence lists names"
    )]
    ItemMustBeListed { agreement: AgreementId, key: &'static str, item: EvidenceItem },
    /// A rule needs a value that the data does not establish.
    #[error("agreement `{agreement}` does not establish `{key}`")]
    ValueMustBeEstablished { agreement: AgreementId, key: String },
    /// A rule needs a value that only secondary publications hold.
    #[error("agreement `{agreement}` has `{key}` from secondary publications only: confirm it")]
    ValueMustBeConfirmed { agreement: AgreementId, key: String },
    /// A confirmation names what is not reported.
    #[error(
        "agreement `{agreement}` has no reported `{key}` to confirm{}",
        hint(.nearest.as_deref())
    )]
    ConfirmedMustBeReported { agreement: AgreementId, key: String, nearest: Option<String> },
    /// A limit has a length, and nothing that starts it.
    #[error(
        "agreement `{agreement}` does not establish what starts the clock of `{limit}`: `{key}`"
    )]
    StartMustBeEstablished { agreement: AgreementId, limit: &'static str, key: &'static str },
    /// A request would count as answered by silence while an answer is still in time.
    #[error(
        "agreement `{agreement}` has silence count after {}, before the {} to reply are over",
        length_words(*.silence),
        length_words(*.reply)
    )]
    SilenceMustNotPrecedeReply { agreement: AgreementId, silence: Length, reply: Length },
    /// What starts the clock of a limit cannot start that limit.
    #[error(
        "agreement `{agreement}` starts the clock of `{limit}` with `{key}` = {value}, \
         which cannot start it"
    )]
    StartMustFit {
        agreement: AgreementId,
        limit: &'static str,
        key: &'static str,
        value: &'static str,
    },
    /// The agreement says what no compiled rule can express yet.
    #[error("agreement `{agreement}` has `{key}` = {value}, which the rules cannot express")]
    ValueMustBeExpressible { agreement: AgreementId, key: &'static str, value: &'static str },
    /// The agreement has a rule of a kind that compiled rules have no place for.
    #[error("agreement `{agreement}` has `{key}`, which the rules cannot express")]
    KeyMustBeExpressible { agreement: AgreementId, key: &'static str },
    /// Without a calendar no working day can be counted.
    #[error("no calendar of `{state}` for the years {} to {}", .years.first, .years.last)]
    CalendarMustBeThere { state: State, years: Years },
    /// Without a time zone no day has a beginning.
    #[error("no time zone of `{state}`")]
    ZoneMustBeThere { state: State },
    /// The zone is not in the time zone database.
    #[error("time zone `{zone}` of `{state}` is not in the time zone database")]
    ZoneMustBeKnown { state: State, zone: String },
    /// A file that was handed in is faulty.
    #[error("the file cannot be used")]
    FileMustBeSound(#[from] FileError),
    /// A supplement is for another agreement.
    #[error("the supplement is for agreement `{found}`, not `{agreement}`")]
    SupplementMustFit { agreement: AgreementId, found: AgreementId },
    /// A supplement completes, and never changes.
    #[error("`{file}`, line {line}: `{key}` is established as `{established}` already")]
    SupplementMustNotContradict { file: String, line: usize, key: String, established: String },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; the nearest known is `{nearest}`")).unwrap_or_default()
}
