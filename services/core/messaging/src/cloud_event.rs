//! Thin CloudEvents in Kafka's binary mode: attributes in headers, data in the payload.
//!
//! Follows CloudEvents 1.0.2 and its Kafka protocol binding 1.0.2, section 3.2. Structured and
//! batched mode are neither written nor read. Times are RFC 3339 texts; this crate has no clock.

use std::collections::BTreeMap;

/// The version that is written and read.
pub const SPEC_VERSION: &str = "1.0";

/// Prefix of every attribute's header, except the content type.
const PREFIX: &str = "ce_";
const CONTENT_TYPE: &str = "content-type";
/// The registered extension for "the content is elsewhere" (claim check).
const DATA_REF: &str = "dataref";
const ATTRIBUTE_CHARS_MAX: usize = 20;

/// An event that says that something happened and where to read about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudEvent {
    /// Unique among the events of its source.
    pub id: String,
    /// URI reference of who says it.
    pub source: String,
    /// What happened, in reverse-DNS form.
    pub event_type: String,
    /// When it happened, RFC 3339.
    pub time: Option<String>,
    pub subject: Option<String>,
    pub data_schema: Option<String>,
    /// The link: where the content can be had (`dataref`).
    pub data_ref: Option<String>,
    /// Content that travels along: its media type and bytes. Thin events have none.
    pub data: Option<Data>,
    /// Further attributes: lower-case letters and digits.
    pub extensions: BTreeMap<String, String>,
}

/// Content that travels with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    pub content_type: Option<String>,
    pub bytes: Vec<u8>,
}

/// An event as headers and payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub headers: Vec<(String, Vec<u8>)>,
    pub payload: Vec<u8>,
}

/// Why an event cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    #[error("attribute `{0}` must not be empty")]
    Empty(&'static str),
    #[error("`{0}` is not a legal name for an extension")]
    ExtensionName(String),
    #[error("attribute `{0}` contains a control character")]
    ControlCharacter(String),
}

/// Why a record is not an event that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("header `{0}` is missing")]
    Missing(String),
    #[error("header `{0}` appears twice")]
    Repeated(String),
    #[error("header `{0}` is not UTF-8")]
    NotText(String),
    #[error("specification version `{0}` is not known")]
    SpecVersion(String),
    #[error("structured mode (`{0}`) is not read")]
    Structured(String),
    #[error("what the headers say is not a legal event")]
    Illegal(#[from] EncodeError),
}

impl CloudEvent {
    /// Headers and payload for a record.
    ///
    /// # Errors
    /// When a required attribute is empty or a name or value is illegal.
    pub fn encode(&self) -> Result<Encoded, EncodeError> {
        self.check()?;
        let mut headers = vec![
            header("specversion", SPEC_VERSION),
            header("id", &self.id),
            header("source", &self.source),
            header("type", &self.event_type),
        ];
        let optional = [
            ("time", &self.time),
            ("subject", &self.subject),
            ("dataschema", &self.data_schema),
            (DATA_REF, &self.data_ref),
        ];
        for (name, value) in optional {
            headers.extend(value.as_ref().map(|value| header(name, value)));
        }
        headers.extend(self.extensions.iter().map(|(name, value)| header(name, value)));
        let mut payload = Vec::new();
        if let Some(data) = &self.data {
            payload.clone_from(&data.bytes);
            if let Some(content_type) = &data.content_type {
                headers.push((CONTENT_TYPE.to_owned(), content_type.as_bytes().to_vec()));
            }
        }
        Ok(Encoded { headers, payload })
    }

    /// Reads an event. Headers without the prefix are somebody else's and are skipped.
    ///
    /// # Errors
    /// When it is not an event in binary mode, or not a legal one.
    pub fn decode(headers: &[(String, Vec<u8>)], payload: &[u8]) -> Result<Self, DecodeError> {
        let mut attributes = BTreeMap::new();
        let mut content_type = None;
        for (name, value) in headers {
            let attribute = name.strip_prefix(PREFIX);
            if attribute.is_none() && name != CONTENT_TYPE {
                continue;
            }
            let text =
                String::from_utf8(value.clone()).map_err(|_| DecodeError::NotText(name.clone()))?;
            let earlier = match attribute {
                Some(attribute) => attributes.insert(attribute.to_owned(), text),
                None => content_type.replace(text),
            };
            if earlier.is_some() {
                return Err(DecodeError::Repeated(name.clone()));
            }
        }
        if let Some(structured) =
            content_type.as_ref().filter(|text| text.starts_with("application/cloudevents"))
        {
            return Err(DecodeError::Structured(structured.clone()));
        }
        let mut required = |name: &str| {
            attributes.remove(name).ok_or_else(|| DecodeError::Missing(format!("{PREFIX}{name}")))
        };
        let version = required("specversion")?;
        if version != SPEC_VERSION {
            return Err(DecodeError::SpecVersion(version));
        }
        let (id, source, event_type) = (required("id")?, required("source")?, required("type")?);
        let has_data = !payload.is_empty() || content_type.is_some();
        let event = Self {
            id,
            source,
            event_type,
            time: attributes.remove("time"),
            subject: attributes.remove("subject"),
            data_schema: attributes.remove("dataschema"),
            data_ref: attributes.remove(DATA_REF),
            data: has_data.then(|| Data { content_type, bytes: payload.to_vec() }),
            extensions: attributes,
        };
        event.check()?;
        Ok(event)
    }

    fn check(&self) -> Result<(), EncodeError> {
        let present = [
            ("id", Some(&self.id)),
            ("source", Some(&self.source)),
            ("type", Some(&self.event_type)),
            ("time", self.time.as_ref()),
            ("subject", self.subject.as_ref()),
            ("dataschema", self.data_schema.as_ref()),
            (DATA_REF, self.data_ref.as_ref()),
        ];
        for (name, value) in present {
            let Some(value) = value else { continue };
            if value.is_empty() {
                return Err(EncodeError::Empty(name));
            }
            check_text(name, value)?;
        }
        for (name, value) in &self.extensions {
            let legal = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
            let length = (1..=ATTRIBUTE_CHARS_MAX).contains(&name.len());
            if !length || !name.bytes().all(legal) || is_own(name) {
                return Err(EncodeError::ExtensionName(name.clone()));
            }
            check_text(name, value)?;
        }
        Ok(())
    }
}

fn header(attribute: &str, value: &str) -> (String, Vec<u8>) {
    (format!("{PREFIX}{attribute}"), value.as_bytes().to_vec())
}

fn check_text(name: &str, value: &str) -> Result<(), EncodeError> {
    if value.chars().any(char::is_control) {
        return Err(EncodeError::ControlCharacter(name.to_owned()));
    }
    Ok(())
}

/// Attributes that have a field of their own; `data` and `datacontenttype` never are headers.
fn is_own(name: &str) -> bool {
    const OWN: [&str; 10] = [
        "data",
        "datacontenttype",
        "dataschema",
        "dataref",
        "id",
        "source",
        "specversion",
        "subject",
        "time",
        "type",
    ];
    OWN.contains(&name)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn thin() -> CloudEvent {
        CloudEvent {
            id: "xk-17".to_owned(),
            source: "/xk/reintegration".to_owned(),
            event_type: "readmit.referral.made".to_owned(),
            time: Some("2026-03-01T10:00:00Z".to_owned()),
            subject: Some("ref_01".to_owned()),
            data_schema: None,
            data_ref: Some("grpc://xk.example/referrals/ref_01".to_owned()),
            data: None,
            extensions: BTreeMap::from([("traceparent".to_owned(), "00-ab-cd-01".to_owned())]),
        }
    }

    fn headers(pairs: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_thin_event_is_all_headers() {
        let expected = headers(&[
            ("ce_specversion", "1.0"),
            ("ce_id", "xk-17"),
            ("ce_source", "/xk/reintegration"),
            ("ce_type", "readmit.referral.made"),
            ("ce_time", "2026-03-01T10:00:00Z"),
            ("ce_subject", "ref_01"),
            ("ce_dataref", "grpc://xk.example/referrals/ref_01"),
            ("ce_traceparent", "00-ab-cd-01"),
        ]);
        let encoded = thin().encode().unwrap();
        assert_eq!(encoded, Encoded { headers: expected, payload: Vec::new() });
        assert_eq!(CloudEvent::decode(&encoded.headers, &encoded.payload), Ok(thin()));
    }

    #[test]
    fn data_travels_in_the_payload_with_its_content_type() {
        let data = Data { content_type: Some("application/json".to_owned()), bytes: b"{}".into() };
        let event = CloudEvent { data: Some(data), ..thin() };
        let encoded = event.encode().unwrap();
        let last = encoded.headers.last().cloned().unwrap();
        assert_eq!(last, ("content-type".to_owned(), b"application/json".to_vec()));
        assert_eq!(encoded.payload, b"{}");
        assert_eq!(CloudEvent::decode(&encoded.headers, &encoded.payload), Ok(event));
    }

    /// The example of the binding's section 3.2.5, with its foreign header.
    #[test]
    fn the_example_of_the_binding_is_read() {
        let headers = headers(&[
            ("ce_specversion", "1.0"),
            ("ce_type", "com.example.someevent"),
            ("ce_source", "/mycontext/subcontext"),
            ("ce_id", "1234-1234-1234"),
            ("ce_time", "2018-04-05T03:56:24Z"),
            ("content-type", "application/avro"),
            ("unrelated", "kept out"),
        ]);
        let event = CloudEvent::decode(&headers, b"avro bytes").unwrap();
        assert_eq!(event.event_type, "com.example.someevent");
        assert_eq!(event.data.unwrap().content_type.unwrap(), "application/avro");
        assert!(event.extensions.is_empty());
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let check = |change: &[(&str, &str)], expected: DecodeError| {
            let mut found = headers(&[("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_type", "t")]);
            found.extend(headers(change));
            assert_eq!(CloudEvent::decode(&found, &[]), Err(expected));
        };
        let source = ("ce_source", "/s");
        check(&[], DecodeError::Missing("ce_source".to_owned()));
        check(&[source, ("ce_id", "2")], DecodeError::Repeated("ce_id".to_owned()));
        check(&[("ce_source", "")], EncodeError::Empty("source").into());
        check(&[source, ("ce_Up", "1")], EncodeError::ExtensionName("Up".to_owned()).into());
        check(
            &[source, ("content-type", "application/cloudevents+json; charset=UTF-8")],
            DecodeError::Structured("application/cloudevents+json; charset=UTF-8".to_owned()),
        );
        let version = headers(&[("ce_specversion", "2.0")]);
        let expected = DecodeError::SpecVersion("2.0".to_owned());
        assert_eq!(CloudEvent::decode(&version, &[]), Err(expected));
        let bytes = vec![("ce_id".to_owned(), vec![0xFF])];
        let expected = DecodeError::NotText("ce_id".to_owned());
        assert_eq!(CloudEvent::decode(&bytes, &[]), Err(expected));
    }

    #[test]
    fn what_must_not_be_written_is_refused() {
        let with = |name: &str| {
            let extensions = BTreeMap::from([(name.to_owned(), "x".to_owned())]);
            CloudEvent { extensions, ..thin() }.encode()
        };
        for name in ["", "Trace", "a_b", "id", "data", "dataref", &"a".repeat(21)] {
            assert_eq!(with(name), Err(EncodeError::ExtensionName(name.to_owned())));
        }
        let event = CloudEvent { subject: Some("a\nb".to_owned()), ..thin() };
        assert_eq!(event.encode(), Err(EncodeError::ControlCharacter("subject".to_owned())));
    }
}
