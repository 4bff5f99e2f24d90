//! Items of evidence, as a message names them.

use domain::identifier::EvidenceItem;
use domain::rules::Rules;
use runtime::failure::Failure;

use runtime::fields::Fields;

/// Most items in one message.
const ITEMS_MAX: usize = 64;

/// Reads the items: none twice.
pub(crate) fn read(fields: &mut Fields, items: &[String]) -> Option<Vec<EvidenceItem>> {
    let read = fields.list("evidence", items, ITEMS_MAX, |fields, path, item| {
        fields.take(path, EvidenceItem::new(item))
    });
    fields.none_twice("evidence", read)
}

/// Every item must be one that the agreement's lists have at all. Whether it is listed for the
/// category of the request is a rule of the case.
pub(crate) fn known(items: &[EvidenceItem], rules: &Rules) -> Result<(), Failure> {
    let mut fields = Fields::default();
    for (index, item) in items.iter().enumerate() {
        if !rules.evidence.iter().any(|listed| listed.item == *item) {
            fields.wrong(format!("evidence[{index}]"), "must be an item of the agreement's lists");
        }
    }
    fields.done(Some(()))
}
