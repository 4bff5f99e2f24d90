//! `CaseService.Rectify`: a corrected body, of the person or of anything else.

use domain::case::decide::rectify;
use domain::case::event::Rectified;
use domain::person::Detail;
use domain::time::Date;
use proto::command::v1::Receipt;
use proto::requests::v1::RectifyRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Head, Note, Order, head, today};
use crate::person;
use runtime::fields::Fields;

pub(super) async fn rectify(
    desk: &Desk,
    request: Request<RectifyRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "CaseService/Rectify");
    let head = match it.persons.as_slice() {
        [] => Head { note: Note::Required(&it.note), ..head },
        _ => head,
    };
    let (order, detail) = Order::read(official, head, |fields| corrected(fields, &it, Date::MAX))?;
    let corrects = if detail == Detail::None { Rectified::Other } else { Rectified::Person };
    let order = order.with_detail(detail);
    desk.run_checked(order, |reading, ordered| {
        // A date of birth is held against today, and whose today it is the case says.
        let rules = reading.case.rules.as_ref();
        let mut fields = Fields::default();
        let fits = corrected(&mut fields, &it, today(rules, reading.now, reading.own));
        fields.done(fits)?;
        rectify::rectify(&reading.case, rectify::Rectify { ordered, corrects })
            .map_err(|broken| Failure::rejected(broken, rules))
    })
    .await
}

fn corrected(fields: &mut Fields, it: &RectifyRequest, today: Date) -> Option<Detail> {
    match it.persons.as_slice() {
        [] => Some(Detail::None),
        [one] => person::read(fields, "persons[0]", one, today)
            .map(|person| Detail::Person(Box::new(person))),
        _ => {
            fields.wrong("persons", "must be at most one: a case is of one person");
            None
        }
    }
}
