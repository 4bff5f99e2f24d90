//! Replies and failures, for people and for programs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use domain::time::Instant;
use prost::Message;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, ReflectMessage, SerializeOptions, Value,
};
use proto::command::v1::{CaseMoved, RuleBroken};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::fields::word;
use crate::exit::Exit;

/// Prints one reply.
pub(super) fn reply(reply: &DynamicMessage, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let options = SerializeOptions::new().skip_default_fields(false).use_proto_field_name(true);
        let mut line = serde_json::Serializer::new(Vec::new());
        reply.serialize_with_options(&mut line, &options)?;
        out.write_all(&line.into_inner())?;
        writeln!(out)?;
    } else {
        let mut text = String::new();
        lines(&mut text, reply, 0);
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    Ok(())
}

/// The bytes of a chunk of a file.
pub(super) fn chunk(reply: &DynamicMessage) -> Vec<u8> {
    match reply.get_field_by_name("chunk").as_deref() {
        Some(Value::Bytes(bytes)) => bytes.to_vec(),
        _ => Vec::new(),
    }
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

/// A message, a line for each field that says something.
fn lines(text: &mut String, message: &DynamicMessage, depth: usize) {
    for field in message.descriptor().fields() {
        if !message.has_field(&field) {
            continue;
        }
        let value = message.get_field(&field);
        let name = field.name().trim_end_matches("_ms").replace('_', " ");
        let indent = "  ".repeat(depth);
        match value.as_ref() {
            Value::Message(inner) => {
                let _ = writeln!(text, "{indent}{name}:");
                lines(text, inner, depth + 1);
            }
            Value::List(values) if matches!(field.kind(), Kind::Message(_)) => {
                let _ = writeln!(text, "{indent}{name}:");
                for value in values {
                    if let Value::Message(inner) = value {
                        entry(text, inner, depth + 1);
                    }
                }
            }
            Value::List(values) => {
                let words: Vec<String> = values.iter().map(|value| scalar(&field, value)).collect();
                let _ = writeln!(text, "{indent}{name}: {}", words.join(", "));
            }
            value => {
                let _ = writeln!(text, "{indent}{name}: {}", scalar(&field, value));
            }
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
        lines(text, message, depth + 1);
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
        (Value::U64(ms), _) if field.name().ends_with("_ms") => Instant::from_ms(*ms).to_string(),
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

/// Prints a failure to standard error, with the field, rule and code that it names.
pub(super) fn failure(status: &Status, json: bool) -> Exit {
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
            let _ = writeln!(err, "  etag now: {}", moved.found_etag);
            for change in &moved.changes {
                let at = Instant::from_ms(change.time_ms);
                let kind = change.kind().as_str_name();
                let _ = writeln!(err, "  since: {} {kind} at {at}", change.author);
            }
        }
        if !code.is_empty() {
            let _ = writeln!(err, "  see docs/errors/{code}.md");
        }
    }
    exit(status.code())
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
