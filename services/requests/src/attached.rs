//! Files that a command lists: put before, and described by the ledger as a statement lists them.

use domain::person::attachment::{ATTACHMENTS_MAX, Attachment, AttachmentId, check_attachments};
use proto::command::v1::Purpose;
use proto::ledger::v1::DescribeAttachmentsRequest;
use runtime::caller::Caller;
use runtime::failure::Failure;
use runtime::fields::Fields;

use crate::desk::Desk;

/// Which case files were put for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum For<'a> {
    /// One that is open, by its printed id or its number.
    Case(&'a str),
    /// One that the caller's command of this request id opens.
    Filing { partner_state: &'a str, request_id: &'a str },
}

/// Reads their ids: none twice.
pub(crate) fn read(fields: &mut Fields, ids: &[String]) -> Option<Vec<AttachmentId>> {
    let read = fields.list("attachments", ids, ATTACHMENTS_MAX, |fields, path, id| {
        let why = "must be the id of an attachment: `att_` and 32 digits";
        fields.take(path, AttachmentId::parse(id).ok_or(why))
    });
    fields.none_twice("attachments", read)
}

impl Desk {
    /// What was put under these ids; names every one under which nothing was.
    pub(crate) async fn described(
        &self,
        caller: &Caller,
        case: For<'_>,
        ids: &[AttachmentId],
    ) -> Result<Vec<Attachment>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let named = match case {
            For::Case(case) => {
                DescribeAttachmentsRequest { case: case.into(), ..Default::default() }
            }
            For::Filing { partner_state, request_id } => DescribeAttachmentsRequest {
                partner_state: partner_state.into(),
                request_id: request_id.into(),
                ..Default::default()
            },
        };
        let request = DescribeAttachmentsRequest {
            caller: Some(caller.context(Purpose::Unspecified)),
            ids: ids.iter().map(|id| id.as_bytes().to_vec()).collect(),
            ..named
        };
        let mut client = self.attachments.clone();
        let found = client.describe_attachments(request).await?.into_inner().attachments;
        let found: Result<Vec<Attachment>, _> = found.into_iter().map(TryInto::try_into).collect();
        let found = found.map_err(|error| {
            Failure::internal("the ledger describes what is no attachment").with_source(error)
        })?;
        let mut fields = Fields::default();
        for (index, id) in ids.iter().enumerate() {
            if !found.iter().any(|it| it.id == *id) {
                let why = "must be an attachment that was put for this case within the last day";
                fields.wrong(format!("attachments[{index}]"), why);
            }
        }
        let fits = fields.take("attachments", check_attachments(&found));
        fields.done(fits.map(|()| found))
    }
}
