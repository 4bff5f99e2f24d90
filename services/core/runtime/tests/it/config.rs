//! Configuration: defaults, file, environment, and each mistake with its place.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use domain::identifier::{Office, State};
use runtime::config::{Config, DEFAULTS, Duty, LoadError, Servers};

/// A whole file: everything that the defaults show in comments.
const FILE: &str = r#"
state = "NL"
data_folder = "store"

[listen]
api = "127.0.0.1:0"

[[offices]]
name = "return-office"
title = "Return office"
duties = ["returns"]

[[consulates]]
name = "consulate-pristina"

[[agencies]]
name = "homeward"

[[partners]]
state = "XK"
address = "127.0.0.1:7201"
server_name = "xk.readmit"
authorities = "tls/xk-ca.crt"
genesis = "genesis/nl-xk.genesis"
[[partners.offices]]
name = "readmission-authority"
title = "Readmission authority"
duties = ["answers"]
[[partners.consulates]]
name = "consulate-brussels"
[partners.broker]
servers_file = "broker"
[partners.broker.properties]
"security.protocol" = "plaintext"

[broker]
servers = "127.0.0.1:9092"
[broker.properties]
"sasl.username" = "nl"

[log]
format = "json"
level = "info,ledger=debug"
"#;

fn load(file: Option<&str>, environment: &[(&str, &str)]) -> Result<Config, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("readmit.toml");
    if let Some(text) = file {
        std::fs::write(&path, text).unwrap();
    }
    let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Config::load(file.map(|_| path.as_path()), environment)
}

/// The error as people read it, with the folder of the test cut out.
fn error(file: Option<&str>, environment: &[(&str, &str)]) -> String {
    let text = load(file, environment).unwrap_err().to_string();
    match (text.find('`'), text.find("readmit.toml")) {
        (Some(start), Some(end)) if start < end => format!("`{}", &text[end..]),
        _ => text,
    }
}

#[test]
fn the_state_alone_makes_a_configuration_of_the_defaults() {
    let config = load(None, &[("READMIT_STATE", "NL")]).unwrap();
    assert_eq!(config.state, State::new("NL").unwrap());
    assert_eq!(config.data_folder, Path::new("data"));
    assert_eq!(config.listen.api.to_string(), "127.0.0.1:7100");
    assert_eq!(config.heartbeat_interval, Duration::from_secs(3600));
    assert_eq!(config.exchange.poll_interval, Duration::from_secs(60));
    assert_eq!(config.limits.message_bytes_max, 1024 * 1024);
    assert_eq!(config.broker, None);
    assert_eq!(config.ledger, None);
    assert!(config.partners.is_empty());
    assert_eq!(config.keyring.passphrase_env.as_deref(), Some("READMIT_PASSPHRASE"));
}

#[test]
fn a_whole_file_is_read_and_its_paths_start_at_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("readmit.toml");
    std::fs::write(&path, FILE).unwrap();
    let config = Config::load(Some(&path), []).unwrap();

    assert_eq!(config.data_folder, folder.path().join("store"));
    assert_eq!(config.listen.api.port(), 0);
    assert_eq!(config.listen.partner.port(), 7200);
    assert!(config.own.has_duty(&Office::new("return-office").unwrap(), Duty::Returns));
    assert!(!config.own.has_duty(&Office::new("return-office").unwrap(), Duty::Answers));
    let partner = config.partners.get(&State::new("XK").unwrap()).unwrap();
    assert_eq!(partner.genesis, folder.path().join("genesis/nl-xk.genesis"));
    assert_eq!(partner.door.as_ref().unwrap().server_name.as_deref(), Some("xk.readmit"));
    assert_eq!(partner.organisations.consulates.len(), 1);
    let broker = partner.broker.as_ref().unwrap();
    assert_eq!(broker.servers, Servers::File(folder.path().join("broker")));
    let own = config.broker.as_ref().unwrap();
    assert_eq!(own.servers, Servers::Named("127.0.0.1:9092".into()));
    assert!(!format!("{config:?}").contains("\"nl\""), "a credential is printed");
}

#[test]
fn the_defaults_show_what_can_be_given_in_comments() {
    let uncommented: String = DEFAULTS
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .filter(|line| line.contains(" = ") || line.starts_with('['))
        .filter(|line| !line.starts_with("# ") && !line.starts_with("(`"))
        .filter(|line| !line.contains("servers_file") || !line.contains("broker.example"))
        .map(|line| format!("{line}\n"))
        .collect();
    let config = load(Some(&uncommented), &[("READMIT_STATE", "NL")]).unwrap();
    assert_eq!(config.partners.len(), 1);
    assert_eq!((config.own.offices.len(), config.own.agencies.len()), (1, 1));
}

#[test]
fn the_environment_replaces_the_file() {
    let config = load(
        Some(FILE),
        &[
            ("READMIT_LISTEN__API", "127.0.0.1:7999"),
            ("READMIT_LIMITS__CALL_TIMEOUT_MS", "500"),
            ("READMIT_OFFICES__0__DUTIES", r#"["returns", "answers"]"#),
            ("READMIT_PARTNERS__0__ADDRESS", "127.0.0.1:1"),
            ("READMIT_AGENCIES__1__NAME", "onward"),
            ("READMIT_PASSPHRASE", "correct horse"),
            ("READMIT_CONFIG", "elsewhere.toml"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.listen.api.port(), 7999);
    assert_eq!(config.limits.call_timeout, Duration::from_millis(500));
    assert!(config.own.has_duty(&Office::new("return-office").unwrap(), Duty::Answers));
    let partner = config.partners.get(&State::new("XK").unwrap()).unwrap();
    assert_eq!(partner.door.as_ref().unwrap().address, "127.0.0.1:1");
    assert_eq!(config.own.agencies.len(), 2);
}

#[test]
fn each_mistake_is_met_with_its_place_and_what_would_be_right() {
    let file = |text: &str| format!("state = \"NL\"\n{text}");
    let table: &[(&str, &str)] = &[
        ("lsiten.api = \"x\"", "`readmit.toml`: there is no key `lsiten`; the nearest is `listen`"),
        (
            "[listen]\napi_port = 1",
            "`readmit.toml`: there is no key `listen.api_port`; the nearest is `listen.api`",
        ),
        ("log = 3", "`readmit.toml`: `log` must be a table"),
        (
            "[[partners]]\nsate = \"XK\"",
            "`readmit.toml`: there is no key `partners.0.sate`; the nearest is `partners.0.state`",
        ),
        (
            "[listen]\napi = \"here\"",
            "`readmit.toml`: `listen.api` must be `host:port`, with a host of this machine",
        ),
        (
            "[limits]\ncall_timeout_ms = 0",
            "`readmit.toml`: `limits.call_timeout_ms` must be a whole number from 100 to 600000",
        ),
        (
            "[limits]\ncall_timeout_ms = \"5\"",
            "`readmit.toml`: `limits.call_timeout_ms` must be a whole number from 100 to 600000",
        ),
        (
            "[heartbeat]\ninterval_ms = 5000000000",
            "`readmit.toml`: `heartbeat.interval_ms` must be a whole number from 100 to 86400000",
        ),
        ("[log]\nformat = \"xml\"", "`readmit.toml`: `log.format` must be `text` or `json`"),
        (
            "[log]\nlevel = \"a=b=c\"",
            "`readmit.toml`: `log.level` must be a level or a list of directives",
        ),
        (
            "[[offices]]\nname = \"Return Office\"\nduties = [\"returns\"]",
            "`readmit.toml`: `offices.0.name` must be 1 to 64 characters of `a-z`, `0-9`, `_` \
             and `-`",
        ),
        (
            "[[offices]]\nname = \"a\"\nduties = [\"rules\"]",
            "`readmit.toml`: `offices.0.duties` must be a list of `returns`, `answers` or both",
        ),
        (
            "[[offices]]\nname = \"a\"\nduties = []",
            "`readmit.toml`: `offices.0.duties` must be a list of `returns`, `answers` or both",
        ),
        (
            "[[agencies]]\nname = \"a_b\"",
            "`readmit.toml`: `agencies.0.name` must have no `_`: it is part of a topic",
        ),
        (
            "[[agencies]]\nname = \"a\"\n[[agencies]]\nname = \"a\"",
            "`readmit.toml`: `agencies.1.name` is used for two agencies",
        ),
        (
            "[[partners]]\nstate = \"NL\"",
            "`readmit.toml`: `partners.0.state` must be another State than the own",
        ),
        ("[[partners]]\nstate = \"XK\"", "`readmit.toml`: `partners.0.authorities` must be given"),
        (
            "[broker]\nservers = \"a:1\"\nservers_file = \"b\"",
            "`readmit.toml`: `broker.servers_file` must be empty where `servers` is given",
        ),
        (
            "[signer]\nmark_folder = \"data/mark\"",
            "`readmit.toml`: `signer.mark_folder` must be outside `data_folder`",
        ),
        ("[ledger]\naddress = \"a\"", "`readmit.toml`: `ledger.address` must be `host:port`"),
        ("[log]\n\nlevel = \n", "`readmit.toml` is not TOML, line 4"),
    ];
    for (text, wanted) in table {
        assert_eq!(&error(Some(&file(text)), &[]), wanted, "{text}");
    }
}

#[test]
fn mistakes_in_the_environment_name_the_variable() {
    for (name, value, wanted) in [
        (
            "READMIT_LISTEN__APY",
            "x",
            "environment variable `READMIT_LISTEN__APY`: there is no key `listen.apy`; the nearest \
             is `listen.api`",
        ),
        (
            "READMIT_STATE",
            "Netherlands",
            "environment variable `READMIT_STATE`: `state` must be two capital letters (ISO 3166-1 \
             alpha-2, `XK` for Kosovo)",
        ),
        (
            "READMIT_PARTNERS__7__STATE",
            "XK",
            "environment variable `READMIT_PARTNERS__7__STATE`: `partners.7.state` must name a \
             member of the list, from 0 and without gaps, at most 1000",
        ),
    ] {
        assert_eq!(error(None, &[(name, value)]), wanted);
    }
    assert_eq!(error(None, &[]), "the configuration: `state` must be given");
    let missing = Config::load(Some(Path::new("/nowhere/readmit.toml")), []).unwrap_err();
    assert_eq!(missing.to_string(), "cannot read the configuration file `/nowhere/readmit.toml`");
}
