//! Whether an agreement stands between two States, and which protocol implements it there.

use std::collections::BTreeSet;

use domain::identifier::State;

use super::{CompileError, Order};
use crate::agreement_file::{Agreement, ProtocolFile};
use crate::library::Library;
use crate::supplement_file::{PROTOCOL_IN_FORCE, Supplement};

impl Library {
    /// The two States, in order, if one stands on each side of the agreement.
    pub(crate) fn bound(
        &self,
        agreement: &Agreement,
        (first, second): (State, State),
    ) -> Result<BTreeSet<State>, CompileError> {
        // A territory in which a displaced agreement remains stands for its State.
        let remains = |state: State| agreement.remains_in.contains(&state);
        let as_party = |state: State| match self.unions.state_of(state) {
            Some(of) if remains(state) => of,
            Some(_) | None => state,
        };
        if !self.across(&agreement.parties, (as_party(first), as_party(second))) {
            return Err(CompileError::PairMustBeBound {
                agreement: agreement.id.clone(),
                parties: agreement.parties.clone(),
                first,
                second,
            });
        }
        if let Some(by) = agreement.suspended_by.first() {
            let agreement = agreement.id.clone();
            return Err(CompileError::MustNotBeSuspended { agreement, by: *by });
        }
        match &agreement.displaced_by {
            Some(by) if !remains(first) && !remains(second) => {
                let (agreement, by) = (agreement.id.clone(), by.clone());
                Err(CompileError::MustNotBeDisplaced { agreement, by, first, second })
            }
            Some(_) | None => Ok(BTreeSet::from([first, second])),
        }
    }

    /// Whether one State stands on each side.
    fn across(&self, parties: &[String; 2], (first, second): (State, State)) -> bool {
        let members = |party: &String| self.unions.members(party).unwrap_or_default();
        let [left, right] = parties.each_ref().map(members);
        let across = (left.contains(&first) && right.contains(&second))
            || (left.contains(&second) && right.contains(&first));
        across && first != second
    }

    /// The protocol between the two States, if one is in force. Where that is not known the rules
    /// are not either; nor are they where several are, and the data does not say which precedes.
    pub(crate) fn protocol(
        &self,
        order: &Order<'_>,
        supplement: Option<&Supplement>,
    ) -> Result<Option<&ProtocolFile>, CompileError> {
        let between = |protocol: &&ProtocolFile| {
            protocol.agreement == *order.agreement && self.across(&protocol.parties, order.pair)
        };
        let supplied = supplement.and_then(|supplement| supplement.protocol_in_force_from);
        let mut in_force: Option<&ProtocolFile> = None;
        for protocol in self.protocols.values().filter(between) {
            check_protocol_date(order, protocol, supplement)?;
            let from = supplied.or(protocol.force.from);
            let agreement = || order.agreement.clone();
            let from = from.ok_or_else(|| CompileError::ProtocolMustBeKnownInForce {
                agreement: agreement(),
                protocol: protocol.id.clone(),
            })?;
            if from > order.on {
                continue;
            }
            if let Some(first) = in_force.replace(protocol) {
                let (first, second) = (first.id.clone(), protocol.id.clone());
                let agreement = agreement();
                return Err(CompileError::PrecedenceMustBeEstablished { agreement, first, second });
            }
        }
        Ok(in_force)
    }
}

/// The day of a protocol is supplied only where none is established.
fn check_protocol_date(
    order: &Order<'_>,
    protocol: &ProtocolFile,
    supplement: Option<&Supplement>,
) -> Result<(), CompileError> {
    let (Some((file, _)), Some(supplement)) = (order.supplement, supplement) else { return Ok(()) };
    let supplied = supplement.keys.iter().find(|(key, _)| key == PROTOCOL_IN_FORCE);
    let (Some((key, line)), Some(_)) = (supplied, protocol.force.from) else { return Ok(()) };
    let established = format!("in_force_from of {}", protocol.id);
    let (file, line, key) = (file.to_owned(), *line, key.clone());
    Err(CompileError::SupplementMustNotContradict { file, line, key, established })
}
