//! Who is asking, may they, and the way to the ledger: what every rpc of this service starts with.

use std::sync::Arc;

use domain::case::decide;
use domain::case::event::Event;
use domain::case::rejection::Rejection;
use domain::clock;
use domain::identifier::{Digest, Office, State};
use domain::person::attachment::AttachmentId;
use domain::person::{
    Acting, Detail, NAME_CHARS_MAX, NOTE_CHARS_MAX, Particulars, Text, full_date,
};
use domain::rules::Rules;
use domain::time::{Date, Instant};
use proto::command::v1::{Purpose, Receipt};
use proto::ledger::v1::attachment_service_client::AttachmentServiceClient;
use record::entry::SEALED_BODY_BYTES_MAX;
use runtime::caller::{self, Caller};
use runtime::command::{
    self, Command, Decision, Effort, Kind, Ledger, Ordered, Reading, RequestId,
};
use runtime::config::{Duty, Organisations};
use runtime::failure::Failure;
use runtime::shutdown::Shutdown;
use tonic::transport::Channel;

use crate::Config;
use crate::attached::For;
use runtime::fields::Fields;

/// What the rpcs of this service share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) config: Arc<Config>,
    pub(crate) ledger: Ledger,
    pub(crate) attachments: AttachmentServiceClient<Channel>,
    pub(crate) shutdown: Shutdown,
}

/// An official of the own State.
#[derive(Clone, Debug)]
pub(crate) struct Official {
    pub(crate) caller: Caller,
    pub(crate) office: Office,
}

impl Desk {
    /// An official of an office with a duty.
    pub(crate) fn office<T>(
        &self,
        request: &tonic::Request<T>,
        duty: Duty,
    ) -> Result<Official, Failure> {
        let official = self.official(request, |caller| caller.office().cloned())?;
        self.with_duty(&official, duty)?;
        Ok(official)
    }

    /// Whether an official is one of an office with a duty.
    pub(crate) fn with_duty(&self, official: &Official, duty: Duty) -> Result<(), Failure> {
        if self.config.own.has_duty(&official.office, duty) {
            Ok(())
        } else {
            Err(Failure::not_allowed(match duty {
                Duty::Returns => "only an office that carries out returns may do this",
                Duty::Answers => "only an authority that answers requests may do this",
            }))
        }
    }

    /// An official of any office or consulate.
    pub(crate) fn anyone<T>(&self, request: &tonic::Request<T>) -> Result<Official, Failure> {
        self.official(request, |caller| caller.office_or_consulate().cloned())
    }

    fn official<T>(
        &self,
        request: &tonic::Request<T>,
        role: impl Fn(&Caller) -> Result<Office, Failure>,
    ) -> Result<Official, Failure> {
        let caller = caller::of(request)?;
        let office = role(&caller)?;
        let Organisations { offices, consulates, .. } = &self.config.own;
        let known = offices.contains_key(&office) || consulates.contains_key(&office);
        if caller.state == self.config.state && known {
            Ok(Official { caller, office })
        } else {
            Err(Failure::not_allowed("only an office or consulate of this State may do this"))
        }
    }

    /// Offices and consulates of a partner.
    pub(crate) fn partner(&self, state: State) -> Option<&Organisations> {
        self.config.partners.get(&state)
    }

    /// Carries out a command on a case, as the rules decide it.
    pub(crate) async fn run(
        &self,
        order: Order,
        decide: impl Fn(&Reading, decide::Ordered) -> Result<Vec<Event>, Rejection>,
    ) -> Result<Receipt, Failure> {
        let decide = |reading: &Reading, ordered| {
            decide(reading, ordered)
                .map_err(|broken| Failure::rejected(broken, reading.case.rules.as_ref()))
        };
        self.run_checked(order, decide).await
    }

    /// The same, where the message itself can only be checked against the case.
    pub(crate) async fn run_checked(
        &self,
        order: Order,
        decide: impl Fn(&Reading, decide::Ordered) -> Result<Vec<Event>, Failure>,
    ) -> Result<Receipt, Failure> {
        let Order { official, command, particulars } = order;
        let particulars = signed(&official, particulars)?;
        command::run(&self.ledger, &command, |reading| {
            let ordered = decide::Ordered {
                by: reading.own,
                at: reading.now,
                particulars: particulars.clone(),
            };
            decide(reading, ordered).map(Decision::from)
        })
        .await
    }

    /// The same command with files that were put for its case.
    pub(crate) async fn attach(
        &self,
        order: Order,
        ids: &[AttachmentId],
    ) -> Result<Order, Failure> {
        let Order { official, command, particulars } = order;
        let attachments = self.described(&official.caller, For::Case(&command.case), ids).await?;
        Ok(Order { official, command, particulars: Particulars { attachments, ..particulars } })
    }

    /// Reads a case.
    pub(crate) async fn read(
        &self,
        official: &Official,
        purpose: Purpose,
        case: &str,
    ) -> Result<Reading, Failure> {
        command::read(&self.ledger, &official.caller, purpose, case).await
    }
}

/// A command on a case, read and not yet decided.
#[derive(Debug)]
pub(crate) struct Order {
    official: Official,
    command: Command,
    particulars: Particulars,
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

/// The free text of a command, and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Note<'a> {
    /// For the partner; may be absent.
    Optional(&'a str),
    /// For the partner; it is what the command says.
    Required(&'a str),
    /// Must not travel.
    Internal(&'a str),
}

/// Reads a note.
pub(crate) fn read_note(fields: &mut Fields, note: Note<'_>) -> Option<Option<Text>> {
    let note = match note {
        Note::Optional(text) => Text::optional(text, NOTE_CHARS_MAX),
        Note::Required(text) => Text::new(text, NOTE_CHARS_MAX).map(Some),
        Note::Internal("") => Ok(None),
        Note::Internal(_) => {
            // No reason travels, and the vocabulary of the local log has no word for one yet: it
            // is refused rather than lost.
            fields.wrong("note", "must be empty: no reason travels, and none is kept here");
            return None;
        }
    };
    fields.take("note", note)
}

impl Order {
    /// Reads a command that only protects its author, or reports. `read` takes what belongs to
    /// this command alone; everything that is wrong is named together.
    pub(crate) fn read<T>(
        official: Official,
        head: Head<'_>,
        read: impl FnOnce(&mut Fields) -> Option<T>,
    ) -> Result<(Self, T), Failure> {
        let mut fields = Fields::default();
        let request_id = request_id(&mut fields, head.request_id);
        let case = fields.given("case", head.case);
        let note = read_note(&mut fields, head.note);
        let own = read(&mut fields);
        let made = request_id.zip(note).zip(own.zip(case));
        let ((request_id, note), (own, ())) = fields.done(made)?;
        let command = Command {
            ordered: Ordered {
                caller: official.caller.clone(),
                request_id,
                payload_digest: head.digest,
                effort: Effort::of(head.validate_only),
            },
            case: head.case.to_owned(),
            purpose: Purpose::Unspecified,
            kind: Kind::Protective,
        };
        let particulars = Particulars { note, ..Particulars::default() };
        Ok((Self { official, command, particulars }, own))
    }

    /// The same command as one that gives something away, decided on a screen with this etag.
    pub(crate) fn giving_away(mut self, etag: &str) -> Self {
        self.command.kind = Kind::GivesAway { etag: etag.to_owned() };
        self
    }

    /// The same command with what is sealed beside its kind.
    pub(crate) fn with_detail(mut self, detail: Detail) -> Self {
        self.particulars.detail = detail;
        self
    }

    /// The same command with the author's own reference.
    pub(crate) fn with_reference(mut self, reference: Option<Text>) -> Self {
        self.particulars.reference = reference;
        self
    }
}

/// Reads a request id.
pub(crate) fn request_id(fields: &mut Fields, text: &str) -> Option<RequestId> {
    let read = RequestId::new(text).map_err(|wrong| wrong.reason);
    fields.take("request_id", read)
}

/// Most bytes of a body before it is sealed; sealing adds a tag of 16 bytes.
const BODY_BYTES_MAX: usize = SEALED_BODY_BYTES_MAX - 16;

/// What is sealed, with the acting official as the certificate says.
pub(crate) fn signed(
    official: &Official,
    particulars: Particulars,
) -> Result<Particulars, Failure> {
    let name = Text::new(official.caller.official().unwrap_or_default(), NAME_CHARS_MAX);
    let name = name.map_err(|_| Failure::internal("the certificate's official has no name"))?;
    let acting = Acting { office: official.office.clone(), official: name };
    let particulars = Particulars { acting: Some(acting), ..particulars };
    if record::body::encode(&particulars).len() > BODY_BYTES_MAX {
        let reason = format!("must be at most {BODY_BYTES_MAX} bytes, all texts together");
        return Err(Failure::field("body", reason));
    }
    Ok(particulars)
}

/// The first day that a date could be compared with: today in UTC, for what has no rules to say
/// whose day it is.
pub(crate) fn today(rules: Option<&Rules>, at: Instant, state: State) -> Date {
    let local = rules.and_then(|rules| clock::day_of(rules, at, state).ok());
    let printed = at.to_string();
    let utc = printed.get(..10).and_then(|day| full_date(day).ok());
    // A moment that has no date is after all of them.
    local.or(utc).unwrap_or(Date::MAX)
}
