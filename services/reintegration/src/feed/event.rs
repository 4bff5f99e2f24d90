//! One event, as an agency hears it: over gRPC, and as a thin CloudEvent. Neither holds personal
//! data or free text.

use std::collections::BTreeMap;

use domain::identifier::{Agency, CaseId, State};
use domain::time::Instant;
use messaging::CloudEvent;
use proto::reintegration::v1::{CaseEvent, CaseEventType};

/// Prefix of the type of a CloudEvent.
const TYPE_PREFIX: &str = "readmit.reintegration.v1.";
/// The content of an event, by whom it is asked.
const CONTENT: &str = "grpc:///readmit.reintegration.v1.CaseEventService/GetReferredCase?case=";
/// The extension that holds the token to subscribe from.
const TOKEN: &str = "token";

/// Something that happened in a referred case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Position in the store.
    pub(crate) position: u64,
    /// Names it for ever: where it stands in which log.
    pub(crate) id: String,
    pub(crate) what: CaseEventType,
    pub(crate) case: CaseId,
    /// The number that people use.
    pub(crate) number: String,
    pub(crate) time: Instant,
}

impl Event {
    /// As a gRPC client hears it.
    pub(crate) fn message(&self) -> CaseEvent {
        CaseEvent {
            token: token(self.position),
            id: self.id.clone(),
            r#type: self.what.into(),
            case_id: self.case.to_string(),
            case_number: self.number.clone(),
            time_ms: self.time.as_ms(),
        }
    }

    /// As the courier brings it.
    pub(crate) fn cloud_event(&self, state: State, agency: &Agency) -> CloudEvent {
        CloudEvent {
            id: self.id.clone(),
            source: format!("//{}.readmit/agency/{agency}", state.code().to_ascii_lowercase()),
            event_type: format!("{TYPE_PREFIX}{}", word(self.what)),
            time: Some(self.time.to_string()),
            subject: Some(self.case.to_string()),
            data_schema: None,
            data_ref: Some(format!("{CONTENT}{}", self.case)),
            data: None,
            extensions: BTreeMap::from([(TOKEN.to_owned(), token(self.position))]),
        }
    }
}

/// The token to go on after an event.
pub(crate) fn token(position: u64) -> String {
    position.to_string()
}

/// Reads a token; `None` for what is none.
pub(crate) fn read_token(token: &str) -> Option<u64> {
    let position: u64 = token.parse().ok()?;
    (position.to_string() == token).then_some(position)
}

/// The id and the position that a CloudEvent of ours carries.
pub(crate) fn place(event: &CloudEvent) -> Option<(&str, u64)> {
    let position = event.extensions.get(TOKEN).and_then(|token| read_token(token))?;
    Some((&event.id, position))
}

/// The last part of the type of a CloudEvent: `CASE_EVENT_TYPE_PERSON_ARRIVED` is `person_arrived`.
fn word(what: CaseEventType) -> String {
    what.as_str_name().trim_start_matches("CASE_EVENT_TYPE_").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_cloud_event_is_thin_and_leads_back_to_its_place() {
        let event = Event {
            position: 17,
            id: "xk-nl-3".to_owned(),
            what: CaseEventType::PersonArrived,
            case: CaseId::new([0x11; 16]),
            number: "NL-XK-2026-000001".to_owned(),
            time: Instant::from_ms(1_788_264_000_000),
        };
        let sent = event.cloud_event(State::new("XK").unwrap(), &Agency::new("homeward").unwrap());
        assert_eq!(sent.event_type, "readmit.reintegration.v1.person_arrived");
        assert_eq!(sent.source, "//xk.readmit/agency/homeward");
        assert_eq!(sent.time.as_deref(), Some("2026-09-01T12:00:00.000Z"));
        assert_eq!(sent.data, None);
        assert_eq!(place(&sent), Some(("xk-nl-3", 17)));
        let encoded = sent.encode().unwrap();
        assert_eq!(CloudEvent::decode(&encoded.headers, &encoded.payload).unwrap(), sent);
    }

    #[test]
    fn a_token_has_one_form() {
        assert_eq!(read_token("17"), Some(17));
        for wrong in ["", "017", "+17", "-1", "x", "18446744073709551616"] {
            assert_eq!(read_token(wrong), None, "{wrong}");
        }
    }
}
