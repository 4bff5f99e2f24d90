//! `TransferService.NotifyTransfer`: the partner is told of a transfer, on the screen that the
//! official saw.

use domain::case::decide::notify_transfer;
use domain::case::event::TransferNotified;
use domain::person::{
    Detail, Escort, NAME_CHARS_MAX, NOTE_CHARS_MAX, REFERENCE_CHARS_MAX, Text, Transfer, full_date,
};
use proto::command::v1::Receipt;
use proto::requests::v1::NotifyTransferRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};
use crate::view::words;
use runtime::fields::Fields;

pub(super) async fn notify_transfer(
    desk: &Desk,
    request: Request<NotifyTransferRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "TransferService/NotifyTransfer");
    let (order, (transfer, detail)) = Order::read(official, head, |fields| {
        fields.given("etag", &it.etag);
        read(fields, &it)
    })?;
    let order = order.with_detail(Detail::Transfer(detail)).giving_away(&it.etag);
    desk.run(order, |reading, ordered| {
        let command = notify_transfer::NotifyTransfer { ordered, transfer };
        notify_transfer::notify_transfer(&reading.case, &reading.safeguards(), command)
    })
    .await
}

fn read(fields: &mut Fields, it: &NotifyTransferRequest) -> Option<(TransferNotified, Transfer)> {
    let on = fields.take("on", full_date(&it.on));
    let mode = fields.word("mode", words::read_mode(it.mode));
    let carriage = fields.take("carriage", Text::new(&it.carriage, REFERENCE_CHARS_MAX));
    let border_point = fields.take("border_point", Text::new(&it.border_point, NAME_CHARS_MAX));
    let special_needs = Text::optional(&it.special_needs, NOTE_CHARS_MAX);
    let special_needs = fields.take("special_needs", special_needs);
    let escort = if it.escorted { Escort::Escorted } else { Escort::Unescorted };
    let transfer = TransferNotified { on: on?, mode: mode? };
    let detail = Transfer {
        carriage: carriage?,
        border_point: border_point?,
        escort,
        special_needs: special_needs?,
    };
    Some((transfer, detail))
}
