//! Who is asking, may they, and the way to the ledger: what every rpc of this service starts with.

use std::sync::Arc;

use domain::identifier::{Agency, Digest, Office};
use domain::person::{Acting, NAME_CHARS_MAX, NOTE_CHARS_MAX, Particulars, Text, Unfit};
use domain::referral::course::Referral;
use domain::referral::decide::{self, Whereabouts, decide};
use domain::referral::rejection::Rejection;
use proto::InvalidField;
use proto::command::v1::{Purpose, Receipt};
use runtime::caller::{self, Caller};
use runtime::command::{self, Command, Decision, Effort, Kind, Ledger, Ordered, RequestId};
use runtime::failure::{Coded, Failure};
use runtime::fields::Fields;
use runtime::shutdown::Shutdown;

use crate::Config;
use crate::feed::Feed;

/// What the rpcs of this service share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) config: Arc<Config>,
    pub(crate) ledger: Ledger,
    pub(crate) feed: Feed,
    pub(crate) shutdown: Shutdown,
}

/// What every command message carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) validate_only: bool,
    pub(crate) note: Note<'a>,
    pub(crate) case: &'a str,
    pub(crate) digest: Digest,
}

/// The free text of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Note<'a> {
    /// It may be absent.
    Optional(&'a str),
    /// It is what the command says.
    Required(&'a str),
}

/// The head of a command message, whose fields have the same names in all of them.
macro_rules! head {
    ($message:expr, $note:ident, $rpc:literal) => {
        $crate::desk::Head {
            request_id: &$message.request_id,
            validate_only: $message.validate_only,
            note: $crate::desk::Note::$note(&$message.note),
            case: &$message.case,
            digest: ::runtime::command::payload_digest($rpc, &$message),
        }
    };
}

pub(crate) use head;

impl Desk {
    /// An office of the own State.
    pub(crate) fn office<T>(&self, request: &tonic::Request<T>) -> Result<Caller, Failure> {
        let caller = caller::of(request)?;
        caller.office()?;
        if caller.state == self.config.state {
            Ok(caller)
        } else {
            Err(Failure::not_allowed("only an office of this State may do this"))
        }
    }

    /// An agency of the own State.
    pub(crate) fn agency<T>(
        &self,
        request: &tonic::Request<T>,
    ) -> Result<(Caller, Agency), Failure> {
        let caller = caller::of(request)?;
        let agency = caller.agency()?.clone();
        if caller.state == self.config.state && self.config.agencies.contains_key(&agency) {
            Ok((caller, agency))
        } else {
            Err(Failure::not_allowed("only an agency of this State may do this"))
        }
    }

    /// The agency that a message names.
    pub(crate) fn named_agency(&self, name: &str) -> Result<Agency, InvalidField> {
        let agency = Agency::new(name).map_err(|why| InvalidField::new("agency", why))?;
        if self.config.agencies.contains_key(&agency) {
            Ok(agency)
        } else {
            Err(InvalidField::new("agency", "must be an agency of this State"))
        }
    }

    /// Carries out a command on the referral to an agency. Everything that is wrong with the
    /// message is named together.
    pub(crate) async fn run(
        &self,
        caller: Caller,
        head: Head<'_>,
        agency: Result<Agency, InvalidField>,
        order: Result<decide::Command, InvalidField>,
    ) -> Result<Receipt, Failure> {
        let mut fields = Fields::default();
        let request_id = fields.read(RequestId::new(head.request_id));
        let note = fields.take("note", read_note(head.note));
        let case = fields.given("case", head.case);
        let (agency, order) = (fields.read(agency), fields.read(order));
        let read = || Some((request_id?, note?, case?, agency?, order?));
        let (request_id, note, (), agency, order) = fields.done(read())?;
        let particulars = signed(&caller, note)?;
        let command = Command {
            ordered: Ordered {
                caller,
                request_id,
                payload_digest: head.digest,
                effort: Effort::of(head.validate_only),
            },
            case: head.case.to_owned(),
            purpose: Purpose::Unspecified,
            kind: Kind::Protective,
        };
        command::run(&self.ledger, &command, |reading| {
            let said = reading.local.iter().map(|entry| &entry.statement);
            let referral = Referral::of(&agency, said);
            let whereabouts = Whereabouts::of(&reading.case);
            let events = decide(&referral, whereabouts, order, particulars.clone());
            events.map(Decision::from).map_err(rejected)
        })
        .await
    }
}

fn read_note(note: Note<'_>) -> Result<Option<Text>, Unfit> {
    match note {
        Note::Optional(text) => Text::optional(text, NOTE_CHARS_MAX),
        Note::Required(text) => Text::new(text, NOTE_CHARS_MAX).map(Some),
    }
}

/// What is sealed, with who acted, as the certificate says.
fn signed(caller: &Caller, note: Option<Text>) -> Result<Particulars, Failure> {
    let nameless = "the certificate names nobody who could act";
    let office = Office::new(caller.organisation());
    let official = Text::new(caller.official().unwrap_or_default(), NAME_CHARS_MAX);
    let (Ok(office), Ok(official)) = (office, official) else {
        return Err(Failure::internal(nameless));
    };
    Ok(Particulars { acting: Some(Acting { office, official }), note, ..Particulars::default() })
}

fn rejected(rejection: Rejection) -> Failure {
    Failure::rule(Coded {
        code: rejection.code().to_owned(),
        rule: rejection.rule(),
        source: None,
        explanation: rejection.explanation().to_owned(),
    })
}
