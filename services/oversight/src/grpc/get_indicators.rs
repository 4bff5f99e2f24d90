//! `StatisticsService.GetIndicators`: counts of cases by partner, result and standing.
//!
//! Counted from the labels of the views, page by page: nothing of a case is read.

use std::collections::BTreeMap;

use domain::identifier::State;
use proto::command::v1::Purpose;
use proto::ledger::v1::ListLabelsRequest;
use proto::oversight::v1::{GetIndicatorsRequest, GetIndicatorsResponse, Indicator};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;
use crate::words;

/// Labels of one page.
const LABELS_MAX: u32 = 1_000;

pub(super) async fn get_indicators(
    desk: &Desk,
    request: Request<GetIndicatorsRequest>,
) -> Result<GetIndicatorsResponse, Failure> {
    let caller = desk.overseer(&request)?;
    let it = request.into_inner();
    let prefix = match it.partner_state.as_str() {
        "" => "outcome/".to_owned(),
        code => {
            let state = State::new(code).map_err(|why| Failure::field("partner_state", why))?;
            format!("outcome/{state}/")
        }
    };
    let caller = caller.context(Purpose::Unspecified);
    let mut counts: BTreeMap<(State, i32, i32), u64> = BTreeMap::new();
    let mut after = None;
    loop {
        let request = ListLabelsRequest {
            caller: Some(caller.clone()),
            prefix: prefix.clone(),
            after: after.take(),
            limit: LABELS_MAX,
            wait_for_position: None,
        };
        let page = desk.ledger.clone().list_labels(request).await?.into_inner();
        for label in &page.labels {
            let counted = read(&label.label)
                .ok_or_else(|| Failure::corrupt("a label of the views cannot be read"))?;
            let count = counts.entry(counted).or_default();
            *count = count.saturating_add(1);
        }
        after = page.labels.into_iter().next_back();
        if after.is_none() {
            return Ok(GetIndicatorsResponse {
                indicators: counts.into_iter().map(indicator).collect(),
                upto_position: page.upto_position,
            });
        }
    }
}

/// Partner, result and standing that a label names: `outcome/XK/accepted/confirmed`.
fn read(label: &str) -> Option<(State, i32, i32)> {
    let mut parts = label.strip_prefix("outcome/")?.split('/');
    let partner = State::new(parts.next()?).ok()?;
    let result = words::labelled_result(parts.next()?)?;
    let standing = words::labelled_standing(parts.next()?)?;
    Some((partner, result.into(), standing.into()))
}

fn indicator(((partner, result, standing), cases): ((State, i32, i32), u64)) -> Indicator {
    Indicator { partner_state: partner.to_string(), result, standing, cases }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proto::command::v1::{Result, Standing};

    #[test]
    fn a_label_names_partner_result_and_standing() {
        let partner = State::new("XK").unwrap();
        for (label, read_as) in [
            (
                "outcome/XK/accepted-by-silence/confirmed",
                Some((partner, Result::AcceptedBySilence.into(), Standing::Confirmed.into())),
            ),
            ("outcome/XK/accepted", None),
            ("outcome/xk/open/provisional", None),
            ("inbox/office", None),
        ] {
            assert_eq!(read(label), read_as, "{label}");
        }
    }
}
