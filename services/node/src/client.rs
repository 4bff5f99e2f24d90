//! The client for people: every public rpc as a command, its fields as options.
//!
//! Options, JSON and output all follow the message descriptors, so a field that the protocol has
//! is a field that the client has. The catalogue names groups and verbs; it holds no rules.

mod catalog;
mod fields;
mod invoke;
mod print;
mod profile;
mod rules;

pub(crate) use profile::Profile;

use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, Command};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};

use crate::exit::Exit;
use catalog::{ALONE, GROUPS, Instead, Verb};

/// The client's commands, one for each group of the catalogue.
pub(crate) fn commands() -> anyhow::Result<Vec<Command>> {
    let pool = pool()?;
    let mut commands = Vec::new();
    for verb in ALONE {
        commands.push(verb_command(verb, &pool)?);
    }
    for group in GROUPS {
        let mut command = Command::new(group.name)
            .about(group.about)
            .subcommand_required(true)
            .arg_required_else_help(true);
        for verb in group.verbs {
            command = command.subcommand(verb_command(verb, &pool)?);
        }
        commands.push(command);
    }
    Ok(commands)
}

/// Runs a client command; `None` when `name` is not one of the catalogue.
pub(crate) async fn run(home: &Path, name: &str, matches: &ArgMatches) -> Option<Exit> {
    let alone = ALONE.iter().find(|verb| verb.name == name);
    let (verb, matches, what) = if let Some(verb) = alone {
        (verb, matches, name.to_owned())
    } else {
        let group = GROUPS.iter().find(|group| group.name == name)?;
        let (verb, matches) = matches.subcommand()?;
        let what = format!("{name} {verb}");
        (group.verbs.iter().find(|known| known.name == verb)?, matches, what)
    };
    Some(match call(home, verb, &what, matches).await {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("readmit: {error:#}");
            Exit::Unreadable
        }
    })
}

/// A message for people, a line for each field that says something, indented by so many steps.
pub(crate) fn fields(message: &DynamicMessage, depth: usize) -> String {
    print::fields(message, depth)
}

/// The messages and services of the protocol.
fn pool() -> anyhow::Result<DescriptorPool> {
    Ok(DescriptorPool::decode(proto::DESCRIPTORS)?)
}

/// Finds a method by its full name, `package.Service/Method`.
fn method(pool: &DescriptorPool, name: &str) -> anyhow::Result<MethodDescriptor> {
    let found = name.split_once('/').and_then(|(service, method)| {
        let service = pool.get_service_by_name(service)?;
        service.methods().find(|known| known.name() == method)
    });
    found.ok_or_else(|| anyhow::anyhow!("the protocol has no method `{name}`"))
}

/// One verb, with an option for each field of its request.
fn verb_command(verb: &Verb, pool: &DescriptorPool) -> anyhow::Result<Command> {
    let method = method(pool, verb.method)?;
    let mut command = Command::new(verb.name)
        .about(verb.about)
        .arg(
            Arg::new("as")
                .long("as")
                .value_name("PROFILE")
                .required(true)
                .help("Who calls: a profile below HOME/profiles, as `readmit init` made them"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print the reply as JSON, one object a line"),
        );
    if verb.takes_file {
        command = command.arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .help("The request as JSON, `-` for standard input; options override its fields"),
        );
    }
    if verb.sends_file {
        command =
            command.arg(Arg::new("sent").long("file").value_name("FILE").required(true).help(
                "The file: PDF, JPEG, PNG or ANSI/NIST, told by its content; at most 16 MiB",
            ));
    }
    // One that sends a file or saves one ends by itself.
    if method.is_server_streaming() && !verb.sends_file && !verb.saves_to_file {
        command = command.arg(
            Arg::new("count")
                .long("count")
                .value_name("N")
                .value_parser(clap::value_parser!(u64).range(1..))
                .help("Stop after so many messages; without it, go on until interrupted"),
        );
    }
    if verb.saves_to_file {
        command = command.arg(
            Arg::new("out").long("out").value_name("FILE").required(true).help("Where to write it"),
        );
    }
    if verb.writes_rules {
        command = command.arg(Arg::new("rules").long("write-to").value_name("FOLDER").help(
            "Write the rules of each adoption to a file there, for `readmit agreements diff`; \
                 no file is overwritten",
        ));
    }
    let arguments: Vec<Arg> =
        method.input().fields().filter_map(|field| fields::argument(&field)).collect();
    let Some(Instead { flag, about, method: other }) = verb.instead else {
        return Ok(command.args(arguments));
    };
    // What belongs to one of both methods is refused beside the other.
    for arg in arguments {
        let required = arg.is_required_set();
        let arg = arg.required(false).conflicts_with(flag);
        command = command.arg(if required { arg.required_unless_present(flag) } else { arg });
    }
    command = command.arg(Arg::new(flag).long(flag).action(ArgAction::SetTrue).help(about));
    let other = self::method(pool, other)?.input();
    let others = other.fields().filter_map(|field| fields::argument(&field));
    Ok(command.args(others.map(|arg| arg.requires(flag))))
}

/// Calls a method with a message that a command made, and prints what it answers.
pub(crate) async fn send(
    home: &Path,
    name: &str,
    called: &str,
    message: &impl prost::Message,
) -> anyhow::Result<Exit> {
    let method = method(&pool()?, called)?;
    let bytes = message.encode_to_vec();
    let request = DynamicMessage::decode(method.input(), bytes.as_slice())?;
    let profile = profile::load(home, name)?;
    let reply = match invoke::open(&profile, &method, &[request]).await {
        Ok(mut replies) => replies.next().await,
        Err(status) => Err(status),
    };
    match reply {
        Ok(reply) => {
            if let Some(reply) = reply {
                print::reply(&reply, called, false)?;
            }
            Ok(Exit::Success)
        }
        Err(status) => Ok(print::failure(&status, None, false)),
    }
}

/// Calls the method of a verb and prints what it answers.
async fn call(home: &Path, verb: &Verb, what: &str, matches: &ArgMatches) -> anyhow::Result<Exit> {
    let pool = pool()?;
    let instead = verb.instead.filter(|it| matches.get_flag(it.flag));
    let method = method(&pool, instead.map_or(verb.method, |it| it.method))?;
    let mut request = match matches.try_get_one::<String>("file").ok().flatten() {
        Some(file) => fields::read(&method.input(), Path::new(file))?,
        None => DynamicMessage::new(method.input()),
    };
    fields::set(&mut request, matches)?;
    let id = request.get_field_by_name("request_id");
    let id = id.and_then(|id| id.as_str().map(str::to_owned));
    let requests = match matches.try_get_one::<String>("sent").ok().flatten() {
        Some(file) => fields::with_file(request, Path::new(file))?,
        None => vec![request],
    };
    let name: &String = matches.get_one("as").expect("`--as` is required");
    let profile = profile::load(home, name)?;
    let json = matches.get_flag("json");
    let count = matches.try_get_one::<u64>("count").ok().flatten().copied();
    let folder = matches.try_get_one::<String>("rules").ok().flatten();
    let mut replies = match invoke::open(&profile, &method, &requests).await {
        Ok(replies) => replies,
        Err(status) => return Ok(print::failure(&status, id.as_deref(), json)),
    };
    let mut bytes = Vec::new();
    let mut seen = 0;
    while count.is_none_or(|count| seen < count) {
        match replies.next().await {
            Ok(Some(reply)) if verb.saves_to_file => bytes.extend(print::chunk(&reply)),
            Ok(Some(reply)) => {
                print::reply(&reply, what, json)?;
                if let Some(folder) = folder {
                    rules::write(&reply, Path::new(folder), json)?;
                }
            }
            Ok(None) => break,
            Err(status) => return Ok(print::failure(&status, id.as_deref(), json)),
        }
        seen += 1;
    }
    if let Some(out) = matches.try_get_one::<String>("out").ok().flatten() {
        std::fs::write(out, &bytes).map_err(|error| anyhow::anyhow!("write `{out}`: {error}"))?;
        print::saved(Path::new(out), bytes.len(), json);
    }
    Ok(Exit::Success)
}
