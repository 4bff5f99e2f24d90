//! The sealed part of an entry, to and from [`domain::person`].

use domain::identifier::{EvidenceItem, Office, State};
use domain::person::attachment::{
    Attachment, AttachmentId, CHUNKS_MAX, LABEL_CHARS_MAX, MediaType, check_attachments,
};
use domain::person::{
    self, ALIASES_MAX, DOCUMENTS_MAX, Detail, Escort, LocalTime, NAME_CHARS_MAX, NATIONALITIES_MAX,
    NOTE_CHARS_MAX, PartialDate, Particulars, REFERENCE_CHARS_MAX, Sex, Text, full_date,
};

use super::field::{checked, digest, list, required};
use crate::InvalidField;
use crate::record::v1::{
    self, Acting, Body, DocumentDetail, InterviewDetail, Person, RequestDetail,
    ReturnDecisionDetail, TransferDetail, TravelDocumentDetail,
};

impl TryFrom<Body> for Particulars {
    type Error = InvalidField;

    fn try_from(body: Body) -> Result<Self, InvalidField> {
        Ok(Self {
            acting: body.acting.map(acting).transpose()?,
            note: text_or_none(&body.note, NOTE_CHARS_MAX, "note")?,
            reference: text_or_none(&body.reference, REFERENCE_CHARS_MAX, "reference")?,
            detail: body.detail.map(detail).transpose()?.unwrap_or(Detail::None),
            attachments: attachments(body.attachments)?,
        })
    }
}

impl From<&Particulars> for Body {
    fn from(it: &Particulars) -> Self {
        let detail = match &it.detail {
            Detail::None => None,
            Detail::Request(request) => Some(v1::body::Detail::Request(request.as_ref().into())),
            Detail::Interview(interview) => Some(v1::body::Detail::Interview(InterviewDetail {
                at: interview.at.reveal().to_owned(),
                place: interview.place.reveal().to_owned(),
            })),
            Detail::TravelDocument(number) => {
                Some(v1::body::Detail::TravelDocument(TravelDocumentDetail {
                    number: number.reveal().to_owned(),
                }))
            }
            Detail::Transfer(transfer) => Some(v1::body::Detail::Transfer(transfer.into())),
            Detail::Person(person) => Some(v1::body::Detail::Person(person.as_ref().into())),
        };
        Self {
            acting: it.acting.as_ref().map(|acting| Acting {
                office: acting.office.as_str().to_owned(),
                official: acting.official.reveal().to_owned(),
            }),
            note: optional_text(it.note.as_ref()),
            reference: optional_text(it.reference.as_ref()),
            detail,
            attachments: it.attachments.iter().map(Into::into).collect(),
        }
    }
}

fn attachments(list: Vec<v1::Attachment>) -> Result<Vec<Attachment>, InvalidField> {
    let read = |(index, it)| {
        Attachment::try_from(it)
            .map_err(|error: InvalidField| error.within(&format!("attachments[{index}]")))
    };
    let read: Vec<_> = list.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
    checked(check_attachments(&read), "attachments")?;
    Ok(read)
}

impl TryFrom<v1::Attachment> for Attachment {
    type Error = InvalidField;

    fn try_from(it: v1::Attachment) -> Result<Self, InvalidField> {
        let id = AttachmentId::from_slice(&it.id);
        let media_type = match v1::MediaType::try_from(it.media_type) {
            Ok(v1::MediaType::Pdf) => MediaType::Pdf,
            Ok(v1::MediaType::Jpeg) => MediaType::Jpeg,
            Ok(v1::MediaType::Png) => MediaType::Png,
            Ok(v1::MediaType::AnsiNist) => MediaType::AnsiNist,
            Ok(v1::MediaType::Unspecified) | Err(_) => {
                return Err(InvalidField::new("media_type", "must be a known number"));
            }
        };
        Ok(Self {
            id: id.ok_or_else(|| InvalidField::new("id", "must have 16 bytes"))?,
            media_type,
            bytes: it.size,
            digest: digest(&it.digest, "digest")?,
            chunks: list(it.chunks, CHUNKS_MAX, "chunks", |chunk, path| digest(&chunk, path))?,
            label: checked(Text::optional(&it.label, LABEL_CHARS_MAX), "label")?,
        })
    }
}

impl From<&Attachment> for v1::Attachment {
    fn from(it: &Attachment) -> Self {
        let media_type = match it.media_type {
            MediaType::Pdf => v1::MediaType::Pdf,
            MediaType::Jpeg => v1::MediaType::Jpeg,
            MediaType::Png => v1::MediaType::Png,
            MediaType::AnsiNist => v1::MediaType::AnsiNist,
        };
        Self {
            id: it.id.as_bytes().to_vec(),
            media_type: media_type.into(),
            size: it.bytes,
            digest: it.digest.as_bytes().to_vec(),
            chunks: it.chunks.iter().map(|chunk| chunk.as_bytes().to_vec()).collect(),
            label: optional_text(it.label.as_ref()),
        }
    }
}

fn acting(it: Acting) -> Result<person::Acting, InvalidField> {
    Ok(person::Acting {
        office: checked(Office::new(&it.office), "acting.office")?,
        official: text(&it.official, NAME_CHARS_MAX, "acting.official")?,
    })
}

fn detail(it: v1::body::Detail) -> Result<Detail, InvalidField> {
    Ok(match it {
        v1::body::Detail::Request(it) => Detail::Request(Box::new(request(it)?)),
        v1::body::Detail::Interview(it) => Detail::Interview(person::Interview {
            at: checked(LocalTime::new(&it.at), "interview.at")?,
            place: text(&it.place, NAME_CHARS_MAX, "interview.place")?,
        }),
        v1::body::Detail::TravelDocument(it) => {
            Detail::TravelDocument(text(&it.number, REFERENCE_CHARS_MAX, "travel_document.number")?)
        }
        v1::body::Detail::Transfer(it) => Detail::Transfer(person::Transfer {
            carriage: text(&it.carriage, REFERENCE_CHARS_MAX, "transfer.carriage")?,
            border_point: text(&it.border_point, NAME_CHARS_MAX, "transfer.border_point")?,
            escort: if it.escorted { Escort::Escorted } else { Escort::Unescorted },
            special_needs: text_or_none(
                &it.special_needs,
                NOTE_CHARS_MAX,
                "transfer.special_needs",
            )?,
        }),
        v1::body::Detail::Person(it) => Detail::Person(Box::new(
            person::Person::try_from(it).map_err(|error| error.within("person"))?,
        )),
    })
}

fn request(it: RequestDetail) -> Result<person::Request, InvalidField> {
    let decision = required(it.return_decision, "request.return_decision")?;
    Ok(person::Request {
        person: person::Person::try_from(required(it.person, "request.person")?)
            .map_err(|error| error.within("request.person"))?,
        return_decision: person::ReturnDecision {
            reference: text(
                &decision.reference,
                REFERENCE_CHARS_MAX,
                "request.return_decision.reference",
            )?,
            authority: text(
                &decision.authority,
                NAME_CHARS_MAX,
                "request.return_decision.authority",
            )?,
            decided_on: checked(
                full_date(&decision.decided_on),
                "request.return_decision.decided_on",
            )?,
        },
    })
}

impl From<&person::Request> for RequestDetail {
    fn from(it: &person::Request) -> Self {
        Self {
            person: Some((&it.person).into()),
            return_decision: Some(ReturnDecisionDetail {
                reference: it.return_decision.reference.reveal().to_owned(),
                authority: it.return_decision.authority.reveal().to_owned(),
                decided_on: it.return_decision.decided_on.to_string(),
            }),
        }
    }
}

impl TryFrom<Person> for person::Person {
    type Error = InvalidField;

    fn try_from(it: Person) -> Result<Self, InvalidField> {
        Ok(Self {
            family_name: text(&it.family_name, NAME_CHARS_MAX, "family_name")?,
            given_names: text(&it.given_names, NAME_CHARS_MAX, "given_names")?,
            birth_date: checked(PartialDate::recorded(&it.birth_date), "birth_date")?,
            birth_place: text_or_none(&it.birth_place, NAME_CHARS_MAX, "birth_place")?,
            sex: sex(it.sex)?,
            nationalities: list(
                it.nationalities,
                NATIONALITIES_MAX,
                "nationalities",
                |code, path| checked(State::new(&code), path),
            )?,
            aliases: list(it.aliases, ALIASES_MAX, "aliases", |alias, path| {
                text(&alias, NAME_CHARS_MAX, path)
            })?,
            documents: list(it.documents, DOCUMENTS_MAX, "documents", document)?,
        })
    }
}

impl From<&person::Person> for Person {
    fn from(it: &person::Person) -> Self {
        let sex = match it.sex {
            Sex::NotSaid => v1::Sex::Unspecified,
            Sex::Female => v1::Sex::Female,
            Sex::Male => v1::Sex::Male,
            Sex::Other => v1::Sex::Other,
        };
        Self {
            family_name: it.family_name.reveal().to_owned(),
            given_names: it.given_names.reveal().to_owned(),
            birth_date: it.birth_date.reveal().to_owned(),
            birth_place: optional_text(it.birth_place.as_ref()),
            sex: sex.into(),
            nationalities: it.nationalities.iter().map(ToString::to_string).collect(),
            aliases: it.aliases.iter().map(|alias| alias.reveal().to_owned()).collect(),
            documents: it.documents.iter().map(Into::into).collect(),
        }
    }
}

impl From<&person::Document> for DocumentDetail {
    fn from(it: &person::Document) -> Self {
        Self {
            item: it.item.as_str().to_owned(),
            number: it.number.reveal().to_owned(),
            valid_until: it.valid_until.map(|day| day.to_string()).unwrap_or_default(),
        }
    }
}

impl From<&person::Transfer> for TransferDetail {
    fn from(it: &person::Transfer) -> Self {
        Self {
            carriage: it.carriage.reveal().to_owned(),
            border_point: it.border_point.reveal().to_owned(),
            escorted: match it.escort {
                Escort::Escorted => true,
                Escort::Unescorted => false,
            },
            special_needs: optional_text(it.special_needs.as_ref()),
        }
    }
}

fn document(it: DocumentDetail, path: &str) -> Result<person::Document, InvalidField> {
    let valid_until = if it.valid_until.is_empty() {
        None
    } else {
        Some(checked(full_date(&it.valid_until), &format!("{path}.valid_until"))?)
    };
    Ok(person::Document {
        item: checked(EvidenceItem::new(&it.item), &format!("{path}.item"))?,
        number: text(&it.number, REFERENCE_CHARS_MAX, &format!("{path}.number"))?,
        valid_until,
    })
}

fn sex(number: i32) -> Result<Sex, InvalidField> {
    match v1::Sex::try_from(number) {
        Ok(v1::Sex::Unspecified) => Ok(Sex::NotSaid),
        Ok(v1::Sex::Female) => Ok(Sex::Female),
        Ok(v1::Sex::Male) => Ok(Sex::Male),
        Ok(v1::Sex::Other) => Ok(Sex::Other),
        Err(_) => Err(InvalidField::new("sex", "must be a known number")),
    }
}

/// A text as it was recorded. Blanks at its ends were cut before, so that one text has one form:
/// whoever reads it is shown all that was signed.
fn text(value: &str, chars_max: usize, field: &str) -> Result<Text, InvalidField> {
    if value.trim() != value {
        return Err(InvalidField::new(field, "must not begin or end with a blank"));
    }
    checked(Text::new(value, chars_max), field)
}

/// The same, of a text that may be absent.
fn text_or_none(value: &str, chars_max: usize, field: &str) -> Result<Option<Text>, InvalidField> {
    if value.is_empty() { Ok(None) } else { text(value, chars_max, field).map(Some) }
}

fn optional_text(value: Option<&Text>) -> String {
    value.map(|text| text.reveal().to_owned()).unwrap_or_default()
}
