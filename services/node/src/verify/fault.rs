//! What evidence of a fault proves, in plain sentences, and what it cannot prove.

use std::fmt::Write as _;

use domain::chain::Heard;
use record::fault::Shown;
use record::fault_evidence::{self, Finding, Signing, Verified};

/// What the evidence proves; or its first fault.
pub(super) fn told(bytes: &[u8]) -> Result<String, String> {
    let verified = fault_evidence::verify(bytes).map_err(|fault| fault.to_string())?;
    Ok(account(&verified))
}

fn account(verified: &Verified) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{words}");
    };
    let accused = verified.accused;
    let genesis = verified.genesis.genesis();
    line(format_args!("valid: the evidence of a fault holds"));
    line(format_args!(
        "corridor {}-{} `{}`, genesis {}",
        genesis.first().state,
        genesis.second().state,
        genesis.environment(),
        verified.genesis.digest()
    ));
    match verified.finding {
        Finding::Contradicts(Shown::Equivocation) => {
            line(format_args!("{accused} signed two dispatches under one number"));
        }
        Finding::Contradicts(Shown::BrokenChain(breach)) => line(format_args!(
            "{accused} signed a dispatch that does not continue the one before it: {breach}"
        )),
        Finding::HeardAnother { claimed, signed } => {
            line(format_args!("{accused} signed to have heard {}", named(&claimed)));
            line(format_args!("what the other State signed is {}", named(&signed)));
        }
    }
    line(format_args!("  first:  {}", signing(&verified.stored)));
    line(format_args!("  second: {}", signing(&verified.rival)));
    if let Some(entries) = verified.entries {
        line(format_args!("  the second dispatch is shown, with {entries} entries"));
    }
    line(format_args!("not proved here: that a key was not revoked before; the logs say that"));
    if matches!(verified.finding, Finding::HeardAnother { .. }) {
        line(format_args!(
            "not proved here: which State is wrong; one of them signed what was never said"
        ));
    }
    text
}

fn named(heard: &Heard) -> String {
    format!("dispatch {} of era {}, digest {}", heard.number, heard.era, heard.digest)
}

fn signing(signing: &Signing) -> String {
    format!(
        "{} {} at {}, signed with key {} (announced with serial {})",
        signing.header.author,
        named(&signing.dispatch),
        signing.header.time,
        signing.key_id,
        signing.serial
    )
}
