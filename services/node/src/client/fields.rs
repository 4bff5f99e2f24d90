//! Fields of a request as options of a command, and as JSON from a file.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches};
use prost_reflect::{
    Cardinality, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage,
    Value,
};

/// Most bytes of a request file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The option for a field; `None` for messages, which only a file can hold.
pub(super) fn argument(field: &FieldDescriptor) -> Option<Arg> {
    let name = field.name().to_owned();
    if matches!(field.kind(), Kind::Message(_)) {
        return None;
    }
    let positional = name == "case";
    let mut arg = Arg::new(name.clone());
    if positional {
        arg = arg.value_name("CASE").help("The case, by number (`NL-XK-2026-000123`) or id");
    } else {
        arg = arg.long(name.replace('_', "-")).help(help(field));
    }
    Some(match (field.cardinality(), field.kind()) {
        (Cardinality::Repeated, Kind::Enum(values)) => arg
            .action(ArgAction::Append)
            .value_delimiter(',')
            .value_parser(PossibleValuesParser::new(words(&values))),
        (Cardinality::Repeated, _) => arg.action(ArgAction::Append).value_delimiter(','),
        (_, Kind::Bool) => arg.action(ArgAction::SetTrue),
        (_, Kind::Enum(values)) => arg.value_parser(PossibleValuesParser::new(words(&values))),
        (_, Kind::Uint64 | Kind::Uint32) => arg.value_parser(clap::value_parser!(u64)),
        _ => arg.value_name("TEXT"),
    })
}

/// What the help says of a field that many requests have.
fn help(field: &FieldDescriptor) -> &'static str {
    match field.name() {
        "request_id" => {
            "Id of this command, 1 to 64 characters: the same id again gets the first reply; \
             made up when absent"
        }
        "validate_only" => "Check everything and write nothing",
        "note" => "Free text, sealed, at most 4,000 characters",
        "etag" => "Etag of the case as you saw it (`case show` prints it)",
        "purpose" => "Why personal data is read; goes to the access log",
        "page_size" => "Lines on one page",
        "page_token" => "Where the next page starts, as the last page said",
        "after_token" => "Go on after this token",
        _ => "",
    }
}

/// The words for the values of an enumeration: `prima-facie` for `EVIDENCE_CLASS_PRIMA_FACIE`.
fn words(values: &EnumDescriptor) -> Vec<String> {
    let numbered = values.values().filter(|value| value.number() != 0);
    numbered.map(|value| word(values, value.name())).collect()
}

/// The word for one value of an enumeration.
pub(super) fn word(values: &EnumDescriptor, name: &str) -> String {
    let mut prefix = String::new();
    for character in values.name().chars() {
        if character.is_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.extend(character.to_uppercase());
    }
    let short = name.strip_prefix(&format!("{prefix}_")).unwrap_or(name);
    short.to_lowercase().replace('_', "-")
}

/// Reads a request from a JSON file.
pub(super) fn read(message: &MessageDescriptor, file: &Path) -> anyhow::Result<DynamicMessage> {
    let name = file.display().to_string();
    let source: Box<dyn Read> = if name == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(|| format!("read `{name}`"))?)
    };
    let mut text = String::new();
    source
        .take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("read `{name}`"))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        bail!("`{name}` is longer than {FILE_BYTES_MAX} bytes");
    }
    let mut json = serde_json::Deserializer::from_str(&text);
    let request = DynamicMessage::deserialize(message.clone(), &mut json)
        .with_context(|| format!("`{name}` is not a `{}`", message.name()))?;
    json.end().with_context(|| format!("`{name}` goes on after the request"))?;
    Ok(request)
}

/// Sets the fields that were given as options, and a request id where none was.
pub(super) fn set(request: &mut DynamicMessage, matches: &ArgMatches) -> anyhow::Result<()> {
    for field in request.descriptor().fields() {
        if argument(&field).is_none() {
            continue;
        }
        if let Some(value) = given(&field, matches)? {
            request.set_field(&field, value);
        }
        if field.name() == "request_id" && !request.has_field(&field) {
            let random: [u8; 16] = rand::random();
            request.set_field(&field, Value::String(hex::encode(random)));
        }
    }
    Ok(())
}

/// The value of a field, if it was given.
fn given(field: &FieldDescriptor, matches: &ArgMatches) -> anyhow::Result<Option<Value>> {
    let name = field.name();
    if field.cardinality() == Cardinality::Repeated {
        let Some(words) = matches.get_many::<String>(name) else { return Ok(None) };
        let values: anyhow::Result<Vec<Value>> = words.map(|word| one(field, word)).collect();
        return values.map(|values| Some(Value::List(values)));
    }
    match field.kind() {
        Kind::Bool => Ok(matches.get_flag(name).then_some(Value::Bool(true))),
        Kind::Uint64 => Ok(matches.get_one::<u64>(name).map(|number| Value::U64(*number))),
        Kind::Uint32 => matches
            .get_one::<u64>(name)
            .map(|number| u32::try_from(*number).map(Value::U32))
            .transpose()
            .with_context(|| format!("`--{}` is too large", name.replace('_', "-"))),
        _ => matches.get_one::<String>(name).map(|word| one(field, word)).transpose(),
    }
}

/// One value from its word.
fn one(field: &FieldDescriptor, text: &str) -> anyhow::Result<Value> {
    match field.kind() {
        Kind::Enum(values) => values
            .values()
            .find(|value| word(&values, value.name()) == text)
            .map(|value| Value::EnumNumber(value.number()))
            .ok_or_else(|| anyhow!("`{text}` is not one of {}", words(&values).join(", "))),
        Kind::Bytes => {
            let bytes = hex::decode(text).with_context(|| format!("`{}`", field.name()))?;
            Ok(Value::Bytes(bytes.into()))
        }
        _ => Ok(Value::String(text.to_owned())),
    }
}
