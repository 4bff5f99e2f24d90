//! What a State's chain says of agreements, and where the rules of both States differ.

use domain::case::agreed::Agreed;
use domain::case::event::{AgreementAdopted, Statement};
use domain::chain::{Chain, Content};
use domain::identifier::State;
use domain::rules::Source;
use proto::node::v1::Difference;

/// What a chain states of its corridor.
fn stated(chain: &Chain) -> impl Iterator<Item = &Statement> {
    chain.entries.iter().filter_map(|entry| match &entry.content {
        Content::Stated(statement) if entry.case.is_none() => Some(statement.as_ref()),
        Content::Stated(_) | Content::NotUnderstood => None,
    })
}

/// Every adoption.
pub(super) fn adoptions(chain: &Chain) -> impl Iterator<Item = &AgreementAdopted> {
    stated(chain).filter_map(|statement| {
        let Statement::AgreementAdopted(adoption) = statement else { return None };
        Some(adoption)
    })
}

/// Whether a State has adopted these rules, of what counts on the record.
pub(super) fn adopts(agreed: &Agreed<'_>, state: State, adoption: &AgreementAdopted) -> bool {
    let rules = adoption.reference();
    agreed.adopted_by(state).iter().any(|(adopted, _)| *adopted == rules)
}

/// Why what a State's chain has of an adoption adopts nothing; `None` where it counts, or where
/// there is none.
pub(super) fn not_counted_because(
    agreed: &Agreed<'_>,
    chain: &Chain,
    adoption: &AgreementAdopted,
) -> Option<String> {
    let same = adoptions(chain).filter(|it| it.reference() == adoption.reference()).last()?;
    if adopts(agreed, chain.author, adoption) {
        return None;
    }
    let broken = agreed.unadopted_by(chain.author, &adoption.reference());
    let brings_none = same.rules.is_none().then_some("its bytes are not the rules that it names");
    broken.map(|rule| rule.to_string()).or(brings_none.map(str::to_owned))
}

/// The last adoption under the same version, of the same rules or others.
pub(super) fn of_the_same_version<'a>(
    chain: &'a Chain,
    adoption: &AgreementAdopted,
) -> Option<&'a AgreementAdopted> {
    let same = |it: &&AgreementAdopted| {
        it.agreement == adoption.agreement && it.version == adoption.version
    };
    adoptions(chain).filter(same).last()
}

/// Every value that two adoptions have differently; none where one does not hold its rules.
pub(super) fn differences(own: &AgreementAdopted, partner: &AgreementAdopted) -> Vec<Difference> {
    let (Some(first), Some(second)) = (&own.rules, &partner.rules) else { return Vec::new() };
    let said = |said: Option<agreements::SaidThere>| match said {
        Some(said) => (said.value, said.source.map(source).unwrap_or_default()),
        None => Default::default(),
    };
    let differences = agreements::differences(first, second).into_iter();
    differences
        .map(|it| {
            let (own, own_source) = said(it.first);
            let (partner, partner_source) = said(it.second);
            Difference { value: it.name, own, own_source, partner, partner_source }
        })
        .collect()
}

fn source(source: Source) -> String {
    match source.article {
        Some(article) => format!("{}, {article}", source.instrument),
        None => source.instrument,
    }
}
