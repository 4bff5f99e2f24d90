//! Replies and failures, for people and for programs.

mod cases;
mod deadlines;
mod node;
mod oversight;
mod receipt;
mod view;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use domain::time::Instant;
use prost::Message;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, ReflectMessage, SerializeOptions, Value,
};
use proto::command::v1::{CaseMoved, Change, RuleBroken};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::fields::word;
use crate::exit::Exit;

use view::View;

/// Prints one reply to `what` was asked, such as `request file`.
pub(super) fn reply(reply: &DynamicMessage, what: &str, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let options = SerializeOptions::new().skip_default_fields(false).use_proto_field_name(true);
        let mut line = serde_json::Serializer::new(Vec::new());
        reply.serialize_with_options(&mut line, &options)?;
        out.write_all(&line.into_inner())?;
        writeln!(out)?;
    } else {
        out.write_all(text(reply, what).as_bytes())?;
    }
    out.flush()?;
    Ok(())
}

/// A reply for people: laid out where somebody reads it often, else a line for each field.
fn text(reply: &DynamicMessage, what: &str) -> String {
    let view = View(reply);
    match reply.descriptor().name() {
        "ListCasesResponse" => cases::list(view, "no case is yours here"),
        "ListDeadlinesResponse" => cases::list(view, "no deadline runs"),
        "ListInboxResponse" => cases::inbox(view),
        "GetCaseResponse" => cases::show(view),
        "ExplainCaseResponse" => cases::explain(view),
        "PutAttachmentResponse" => cases::put(view),
        "WatchCaseResponse" => cases::watched(view),
        "SubscribeResponse" => view.message("event").map(cases::event).unwrap_or_default(),
        "ListEventsResponse" => cases::events(view),
        "GetStatusResponse" => node::status(view),
        "ListPartnersResponse" => node::partners(view),
        "ListAgreementsResponse" => node::agreements(view),
        "GetAuditTrailResponse" => oversight::trail(view),
        "ListAccessesResponse" => oversight::accesses(view),
        "GetIndicatorsResponse" => oversight::indicators(view),
        _ => match view.message("receipt") {
            Some(receipt) => receipt::of(view, receipt, what),
            None => {
                let mut text = String::new();
                lines(&mut text, reply, 0, &[]);
                text
            }
        },
    }
}

/// A message, a line for each field that says something.
pub(super) fn fields(message: &DynamicMessage, depth: usize) -> String {
    let mut text = String::new();
    lines(&mut text, message, depth, &[]);
    text
}

/// The bytes of a chunk of a file, or of a proof.
pub(super) fn chunk(reply: &DynamicMessage) -> Vec<u8> {
    let field = |name| match reply.get_field_by_name(name).as_deref() {
        Some(Value::Bytes(bytes)) => Some(bytes.to_vec()),
        _ => None,
    };
    ["chunk", "evidence", "content"].into_iter().find_map(field).unwrap_or_default()
}

/// Says where a file was written to.
pub(super) fn saved(path: &Path, bytes: usize, json: bool) {
    let mut out = std::io::stdout().lock();
    let file = path.display().to_string();
    let line = if json {
        serde_json::json!({ "file": file, "bytes": bytes }).to_string()
    } else {
        format!("wrote {bytes} bytes to {file}")
    };
    // Whoever closed the pipe does not want to read it.
    let _ = writeln!(out, "{line}");
}

/// A message, a line for each field that says something and is not among those shown before.
fn lines(text: &mut String, message: &DynamicMessage, depth: usize, shown: &[&str]) {
    for field in message.descriptor().fields() {
        if !message.has_field(&field) || shown.contains(&field.name()) {
            continue;
        }
        let value = message.get_field(&field);
        let name = field.name().trim_end_matches("_ms").replace('_', " ");
        let indent = "  ".repeat(depth);
        if let Value::Message(inner) = value.as_ref() {
            let _ = writeln!(text, "{indent}{name}:");
            lines(text, inner, depth + 1, &[]);
        } else if let Value::List(values) = value.as_ref() {
            let inner: Vec<&DynamicMessage> = values.iter().filter_map(Value::as_message).collect();
            if inner.is_empty() {
                let words: Vec<String> = values.iter().map(|value| scalar(&field, value)).collect();
                let _ = writeln!(text, "{indent}{name}: {}", words.join(", "));
            } else {
                let _ = writeln!(text, "{indent}{name}:");
                inner.into_iter().for_each(|inner| entry(text, inner, depth + 1));
            }
        } else {
            let _ = writeln!(text, "{indent}{name}: {}", scalar(&field, &value));
        }
    }
}

/// An element of a list: on one line where it holds only words, below a dash elsewhere.
fn entry(text: &mut String, message: &DynamicMessage, depth: usize) {
    let kind = message.descriptor();
    let said: Vec<FieldDescriptor> =
        kind.fields().filter(|field| message.has_field(field)).collect();
    let indent = "  ".repeat(depth);
    if said.iter().any(|field| field.is_list() || matches!(field.kind(), Kind::Message(_))) {
        let _ = writeln!(text, "{indent}-");
        lines(text, message, depth + 1, &[]);
    } else {
        let words: Vec<String> = said
            .iter()
            .map(|field| {
                let name = field.name().trim_end_matches("_ms").replace('_', " ");
                format!("{name} {}", scalar(field, &message.get_field(field)))
            })
            .collect();
        let _ = writeln!(text, "{indent}- {}", words.join(", "));
    }
}

/// One value in words.
fn scalar(field: &FieldDescriptor, value: &Value) -> String {
    match (value, field.kind()) {
        (Value::U64(ms), _) if field.name().ends_with("_ms") => moment(*ms),
        (Value::EnumNumber(number), Kind::Enum(values)) => match values.get_value(*number) {
            Some(value) => word(&values, value.name()),
            None => number.to_string(),
        },
        (Value::Bytes(bytes), _) => hex::encode(bytes),
        (Value::String(text), _) => text.clone(),
        (Value::Bool(yes), _) => if *yes { "yes" } else { "no" }.to_owned(),
        (Value::U64(number), _) => number.to_string(),
        (Value::U32(number), _) => number.to_string(),
        (value, _) => format!("{value}"),
    }
}

/// A moment for people, to the second: programs read the milliseconds of `--json`.
fn moment(ms: u64) -> String {
    let printed = Instant::from_ms(ms).to_string();
    match (printed.get(..10), printed.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => printed,
    }
}

/// Prints a failure to standard error, with the field, rule and code that it names; where it is
/// not known whether the command was carried out, with the id that makes sending it again safe.
pub(super) fn failure(status: &Status, request_id: Option<&str>, json: bool) -> Exit {
    let details = status.get_error_details();
    let code = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    let fields: Vec<(String, String)> = details
        .bad_request()
        .iter()
        .flat_map(|bad| &bad.field_violations)
        .map(|violation| (violation.field.clone(), violation.description.clone()))
        .collect();
    let rule: Option<RuleBroken> = typed(status, "readmit.command.v1.RuleBroken");
    let moved: Option<CaseMoved> = typed(status, "readmit.command.v1.CaseMoved");
    let mut err = std::io::stderr().lock();
    if json {
        let fields: Vec<_> = fields
            .iter()
            .map(|(field, rule)| serde_json::json!({ "field": field, "rule": rule }))
            .collect();
        let line = serde_json::json!({
            "status": format!("{:?}", status.code()),
            "code": code,
            "message": status.message(),
            "fields": fields,
            "rule": rule.as_ref().map(|rule| rule.rule.clone()),
            "article": rule.as_ref().map(|rule| rule.article.clone()),
            "instrument": rule.as_ref().map(|rule| rule.instrument.clone()),
            "found_etag": moved.as_ref().map(|moved| moved.found_etag.clone()),
            "changes": moved.as_ref().map(changes).unwrap_or_default(),
            "request_id": request_id,
        });
        let _ = writeln!(err, "{line}");
    } else {
        let shown = if code.is_empty() { String::new() } else { format!(" ({code})") };
        let _ = writeln!(err, "readmit: {}{shown}", status.message());
        for (field, rule) in &fields {
            let _ = writeln!(err, "  {field}: {rule}");
        }
        if let Some(rule) = &rule {
            let _ = writeln!(err, "  rule: {}", rule.rule);
            if !rule.instrument.is_empty() {
                let _ = writeln!(err, "  source: {} {}", rule.instrument, rule.article);
            }
        }
        if let Some(moved) = &moved {
            let _ =
                writeln!(err, "  etag now: {} (look at the case again first)", moved.found_etag);
            for change in &moved.changes {
                let (at, kind) = (moment(change.time_ms), kind(change));
                let _ = writeln!(err, "  since: {} {kind} at {at}", change.author);
            }
        }
        if let Some(id) = request_id.filter(|_| exit(status.code()).leaves_open()) {
            let _ = writeln!(err, "  to send it again, safely: --request-id {id}");
        }
        if !code.is_empty() {
            let _ = writeln!(err, "  see docs/errors/{code}.md");
        }
    }
    exit(status.code())
}

/// What a moved case shows, for programs.
fn changes(moved: &CaseMoved) -> Vec<serde_json::Value> {
    let change = |change: &Change| {
        serde_json::json!({
            "author": change.author,
            "kind": change.kind().as_str_name(),
            "position": change.position,
            "time_ms": change.time_ms,
        })
    };
    moved.changes.iter().map(change).collect()
}

/// What was stated, in a word.
fn kind(change: &Change) -> String {
    let name = change.kind().as_str_name();
    name.strip_prefix("EVENT_KIND_").unwrap_or(name).to_lowercase().replace('_', "-")
}

/// A detail of our own, found by its type.
fn typed<M: Message + Default>(status: &Status, name: &str) -> Option<M> {
    let whole = tonic_types::pb::Status::decode(status.details()).ok()?;
    let any = whole.details.iter().find(|any| any.type_url.ends_with(name))?;
    M::decode(any.value.as_slice()).ok()
}

/// The exit code for a status.
const fn exit(code: Code) -> Exit {
    match code {
        Code::Ok => Exit::Success,
        Code::InvalidArgument | Code::OutOfRange | Code::AlreadyExists => Exit::Invalid,
        Code::PermissionDenied | Code::Unauthenticated => Exit::NotAllowed,
        Code::NotFound => Exit::NotFound,
        Code::FailedPrecondition => Exit::Refused,
        Code::Aborted => Exit::Moved,
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => Exit::Unavailable,
        Code::Cancelled | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => {
            Exit::Failure
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A reply from its JSON.
    fn printed(message: &str, what: &str, json: &str) -> String {
        let pool = crate::client::pool().unwrap();
        let message = pool.get_message_by_name(message).unwrap();
        let mut json = serde_json::Deserializer::from_str(json);
        text(&DynamicMessage::deserialize(message, &mut json).unwrap(), what)
    }

    #[test]
    fn a_receipt_is_one_line() {
        let check = |json: &str, expected: &str| {
            let said = printed("readmit.requests.v1.FileRequestResponse", "request file", json);
            assert_eq!(said, format!("NL-XK-2026-000001  request file: {expected}\n"));
        };
        let number = r#""case_number": "NL-XK-2026-000001""#;
        check(
            &format!(
                r#"{{"receipt": {{{number}, "positions": [3, 4], "dispatch": 7,
                "standing": "STANDING_PROVISIONAL", "etag": "4-0", "store_position": 12,
                "time_ms": 1000}}}}"#
            ),
            "position 3, 4 in dispatch 7, provisional; 1970-01-01 00:00:01 UTC, etag 4-0, \
             store position 12",
        );
        check(
            &format!(r#"{{"receipt": {{{number}, "local_positions": [0], "time_ms": 1000}}}}"#),
            "local position 0, never exchanged; 1970-01-01 00:00:01 UTC",
        );
        check(
            &format!(r#"{{"receipt": {{{number}, "validated_only": true}}}}"#),
            "would be written; nothing was",
        );
        check(
            &format!(r#"{{"receipt": {{{number}, "time_ms": 1000, "replayed": true}}}}"#),
            "nothing written: the record says it already; 1970-01-01 00:00:01 UTC (the first \
             reply again: this request id was known)",
        );
    }

    #[test]
    fn an_empty_list_is_said_in_words() {
        for (message, expected) in [
            ("ListInboxResponse", "nothing waits for you"),
            ("ListCasesResponse", "no case is yours here"),
            ("ListDeadlinesResponse", "no deadline runs"),
        ] {
            let message = format!("readmit.requests.v1.{message}");
            let said = printed(&message, "", r#"{"upto_position": 7}"#);
            assert_eq!(said, format!("{expected}\n(as of store position 7)\n"));
        }
    }

    #[test]
    fn a_case_starts_with_what_matters() {
        let said = printed(
            "readmit.requests.v1.GetCaseResponse",
            "case show",
            r#"{"case": {"case_number": "NL-XK-2026-000001", "result": "RESULT_ACCEPTED",
                "standing": "STANDING_CONFIRMED", "alarms": ["ALARM_DEPARTURE_CROSSED"],
                "timeline": [{"author": "NL", "kind": "EVENT_KIND_REQUEST_FILED",
                    "time_ms": 1000, "effect": "EFFECT_INEFFECTIVE", "rule": "SomeRule"}]}}"#,
        );
        let mut lines = said.lines();
        assert_eq!(lines.next(), Some("NL-XK-2026-000001  accepted, confirmed"));
        assert_eq!(lines.next(), Some("  ALARMS           departure-crossed"));
        let entry = "  1970-01-01 00:00:01 UTC  NL  request-filed  (position 0, dispatch 0)  \
                     INEFFECTIVE SomeRule";
        assert_eq!(lines.last(), Some(entry));
        assert!(!said.contains("unspecified"), "{said}");
    }

    #[test]
    fn a_clock_says_what_it_skips_and_when_it_is_over_here_and_there() {
        let said = printed(
            "readmit.requests.v1.ExplainCaseResponse",
            "case explain",
            r#"{"result": "RESULT_OPEN", "deadlines": [{"kind": "DEADLINE_KIND_SILENCE",
                "situation": "DEADLINE_SITUATION_RUNNING", "count": 2, "unit":
                "UNIT_WORKING_DAYS", "starts_on": "START_RECEIPT_OF_APPLICATION",
                "started_at_ms": "1806051600000", "started_by": "XK", "started_in_dispatch": "12",
                "day_zero": "2027-03-26", "ends_at_ms": "1806530400000", "last_day": "2027-03-31",
                "ends_at_local": "2027-04-01T00:00:00+02:00", "acting_state": "XK",
                "clock_state": "XK", "instrument": "A treaty", "article": "9(2)",
                "extended_by": [{"count": 1, "unit": "UNIT_WORKING_DAYS",
                    "instrument": "A treaty", "article": "9(3)"}],
                "skipped_days": [{"day": "2027-03-27", "why": [
                    {"state": "NL", "reason": "DAY_OFF_REASON_WEEKEND"}]},
                    {"day": "2027-03-29", "why": [{"state": "NL", "reason":
                    "DAY_OFF_REASON_HOLIDAY", "name": "Easter Monday"}]}]}]}"#,
        );
        let clock: Vec<&str> = said.lines().skip_while(|line| *line != "silence").collect();
        let expected = [
            "silence",
            "  started      receipt-of-application, 2027-03-26 09:00:00 UTC: dispatch 12 of XK",
            "  day zero     2027-03-26 in XK",
            "  limit        2 working-days, A treaty 9(2)",
            "  longer by    1 working-days, A treaty 9(3)",
            "  not counted  2027-03-27: weekend (NL)",
            "               2027-03-29: Easter Monday (NL)",
            "  last day     2027-03-31 in XK",
            "  over         2027-03-31 22:00:00 UTC, in XK 2027-04-01T00:00:00+02:00",
        ];
        assert_eq!(clock, expected, "{said}");
    }

    #[test]
    fn a_status_puts_what_needs_a_human_in_capitals() {
        let said = printed(
            "readmit.node.v1.GetStatusResponse",
            "operator status",
            r#"{"state": "NL", "version": "0.1.0", "partners": [{"state": "XK",
                "stopped": "heard what was never signed", "parked": 2, "own_head": 0}],
                "broker": {"last_error": "refused"}}"#,
        );
        for line in [
            "  STOPPED      heard what was never signed",
            "  PARKED       2 dispatches wait for a gap to be filled, or for their time",
            "  backlog      not known: no courier has been reached here",
            "  its word     nothing has been heard yet",
            "courier: UNREACHABLE, not reached yet: refused",
        ] {
            assert!(said.lines().any(|said| said == line), "{line} in\n{said}");
        }
    }
}
