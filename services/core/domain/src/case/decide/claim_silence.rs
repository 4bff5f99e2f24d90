//! The silence is claimed, on the partner's own later word.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::case::said::Side;
use crate::chain::Heard;

/// The silence is claimed. Which dispatch proves it is found, not said.
#[derive(Clone, Debug)]
pub struct ClaimSilence {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it: cites the partner's first dispatch that heard the notice and is dated at or after
/// notice and grace.
///
/// # Errors
/// The rule of [`Statement::SilenceClaimed`] that is broken.
pub fn claim_silence(case: &Case, command: ClaimSilence) -> Result<Vec<Event>, Rejection> {
    let cited = cited(case).unwrap_or_else(|| last(case));
    let Some(cited) = cited else {
        return Err(Rejection::ClaimMustCiteHeardDispatch);
    };
    propose(case, command.ordered, Statement::SilenceClaimed(cited))
}

/// The first dispatch that proves the silence; `None` without a notice or a proof.
fn cited(case: &Case) -> Option<Option<Heard>> {
    let notice = case.said.requesting.notice?;
    let view = case.view(Side::Requesting, notice.time);
    let grace = notice.time.plus(view.chains.corridor.grace);
    let mut dispatches = view.chains.requested.dispatches.values();
    let proof = dispatches.find(|dispatch| {
        let heard = dispatch
            .heard
            .is_some_and(|heard| heard.number >= notice.dispatch);
        heard && dispatch.time >= grace
    })?;
    Some(Some(Heard {
        era: 0,
        number: proof.number,
        digest: proof.digest,
    }))
}

/// The partner's last dispatch: what is missing is then named by the rule that it breaks.
fn last(case: &Case) -> Option<Heard> {
    let head = case.chains().requested.head()?;
    Some(Heard {
        era: 0,
        number: head.number,
        digest: head.digest,
    })
}
