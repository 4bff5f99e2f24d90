//! What the bodies of a bundle say, for whoever was given it with the key of the case.

use anyhow::Context;
use prost_reflect::{DescriptorPool, DynamicMessage};
use record::bundle::{Body, Verified};

use super::Telling;
use crate::client;

/// Whether there are bodies, and whether they can be read, in a sentence.
pub(super) fn summary(verified: &Verified, telling: Telling) -> String {
    let bodies = &verified.bodies;
    if bodies.is_empty() {
        return "no body is shown: nothing here says who the person is".to_owned();
    }
    let hint = match telling {
        Telling::Facts => "; `--bodies` prints what it says",
        Telling::Bodies => "",
    };
    let hint = match verified.bodies_left_out {
        0 => hint.to_owned(),
        left_out => format!("{hint}; {left_out} more of this case are left out"),
    };
    let opened = bodies.iter().filter(|body| body.said.is_some()).count();
    match (bodies.len(), opened) {
        (1, 1) => {
            format!("1 body is shown, with the key of the case, and opens with it{hint}")
        }
        (all, opened) => {
            format!("{all} bodies are shown, with the key of the case; {opened} open with it{hint}")
        }
    }
}

/// What one body says, a line for each field.
pub(super) fn told(body: &Body) -> anyhow::Result<String> {
    let Some(said) = &body.said else {
        return Ok("      its body does not open with the key of the case".to_owned());
    };
    let pool = DescriptorPool::decode(proto::DESCRIPTORS)?;
    let message = pool.get_message_by_name("readmit.record.v1.Body").context("no body is known")?;
    let bytes = record::body::encode(said);
    Ok(client::fields(&DynamicMessage::decode(message, bytes.as_slice())?, 3))
}
