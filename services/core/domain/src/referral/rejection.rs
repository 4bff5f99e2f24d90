//! The rules of a referral, each named by what must hold, with its code. None of them comes from
//! an agreement: they are what consent means.

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
    /// The person must consent to be referred to this agency.
    ConsentMustBeInForce,
    /// Consent that is withdrawn must have been recorded.
    ConsentMustHaveBeenRecorded,
    /// The person must have arrived, or the request must be accepted.
    PersonMustBeExpectedOrArrived,
    /// The person must be referred to this agency.
    PersonMustBeReferred,
    /// The agency answers a referral once.
    AnswerMustNotChange,
    /// The agency must have taken the case.
    ReferralMustBeAccepted,
    /// The referral must not be closed.
    ReferralMustBeOpen,
}

use Rejection as R;

impl Rejection {
    /// Every rule, in the order of the codes: only ever added to at the end.
    pub const ALL: [Self; 7] = [
        R::ConsentMustBeInForce,
        R::ConsentMustHaveBeenRecorded,
        R::PersonMustBeExpectedOrArrived,
        R::PersonMustBeReferred,
        R::AnswerMustNotChange,
        R::ReferralMustBeAccepted,
        R::ReferralMustBeOpen,
    ];

    /// The stable code, with a page of its own in `docs/errors`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            R::ConsentMustBeInForce => "REF-0001",
            R::ConsentMustHaveBeenRecorded => "REF-0002",
            R::PersonMustBeExpectedOrArrived => "REF-0003",
            R::PersonMustBeReferred => "REF-0004",
            R::AnswerMustNotChange => "REF-0005",
            R::ReferralMustBeAccepted => "REF-0006",
            R::ReferralMustBeOpen => "REF-0007",
        }
    }

    /// Name of the rule.
    #[must_use]
    pub fn rule(self) -> String {
        format!("{self:?}")
    }

    /// One sentence for people.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            R::ConsentMustBeInForce => "the person does not consent to be referred to this agency",
            R::ConsentMustHaveBeenRecorded => "no consent has been recorded for this agency",
            R::PersonMustBeExpectedOrArrived => {
                "the person has not arrived, and no acceptance lets the person be expected"
            }
            R::PersonMustBeReferred => "the person has not been referred to this agency",
            R::AnswerMustNotChange => "the agency has answered this referral otherwise",
            R::ReferralMustBeAccepted => "the agency has not taken the case",
            R::ReferralMustBeOpen => "the referral is closed",
        }
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.explanation())
    }
}

impl std::error::Error for Rejection {}
