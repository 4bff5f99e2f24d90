//! The service of XK with a ledger, and people who call it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use domain::case::event::{Statement, TransferNotified, TransportMode};
use domain::identifier::Agency;
use domain::person::{
    self, Detail, Escort, NAME_CHARS_MAX, PartialDate, Particulars, Person, Request as Sealed,
    ReturnDecision, Sex, Text,
};
use proto::command::v1::{Purpose, Receipt};
use proto::reintegration::v1::case_event_service_client::CaseEventServiceClient;
use proto::reintegration::v1::referral_service_client::ReferralServiceClient;
use proto::reintegration::v1::*;
use reintegration::{Config, Handle};
use runtime::caller::Caller;
use runtime::channel;
use runtime::config::Broker;
use runtime::failure::Failure;
use runtime::server::{Services, serve_in_memory};
use runtime::shutdown::Shutdown;
use tonic::transport::Channel;

use crate::fake_ledger::{CASE, FakeLedger, NUMBER, limits, state};

/// Longer than anything here may take; only a failing test waits for it.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn agency(name: &str) -> Agency {
    Agency::new(name).unwrap()
}

fn text(text: &str) -> Text {
    Text::new(text, NAME_CHARS_MAX).unwrap()
}

/// What NL has sealed beside its request.
fn request() -> Particulars {
    let person = Person {
        family_name: text("Testperson"),
        given_names: text("Arber"),
        birth_date: PartialDate::recorded("1990-02").unwrap(),
        birth_place: None,
        sex: Sex::NotSaid,
        nationalities: vec![state("XK")],
        aliases: Vec::new(),
        documents: Vec::new(),
    };
    let return_decision = ReturnDecision {
        reference: text("R-1"),
        authority: text("Testing authority"),
        decided_on: person::full_date("2026-08-01").unwrap(),
    };
    let detail = Detail::Request(Box::new(Sealed { person, return_decision }));
    Particulars { detail, ..Particulars::default() }
}

/// The service at work, until it is dropped.
pub(crate) struct Stage {
    pub(crate) ledger: FakeLedger,
    handle: Handle,
    shutdown: Shutdown,
}

impl Stage {
    /// With a case that XK has not answered yet.
    pub(crate) async fn new() -> Self {
        Self::with(FakeLedger::new(&request()), None).await
    }

    /// With a ledger that may have been used before, and a courier.
    pub(crate) async fn with(ledger: FakeLedger, broker: Option<Broker>) -> Self {
        let title = |name: &str| (agency(name), name.to_owned());
        let config = Config {
            state: state("XK"),
            agencies: BTreeMap::from(["homeward", "elsewhere"].map(title)),
            broker,
            broker_message_bytes_max: 1 << 20,
            message_bytes_max: 1 << 20,
            recheck_interval: Duration::from_millis(300),
        };
        let shutdown = Shutdown::new();
        let handle = reintegration::start(config, ledger.client().await, &shutdown).unwrap();
        Self { ledger, handle, shutdown }
    }

    /// A ledger with a case that XK has not answered yet.
    pub(crate) fn fresh_ledger() -> FakeLedger {
        FakeLedger::new(&request())
    }

    /// Ends the service; the ledger stays.
    pub(crate) async fn stop(self) -> FakeLedger {
        self.shutdown.begin();
        tokio::time::timeout(LIMIT, self.handle.ended()).await.unwrap();
        self.ledger
    }

    /// Somebody who calls.
    pub(crate) async fn caller(&self, identity: &str) -> Client {
        let caller = Caller::parse(&format!("spiffe://{identity}")).unwrap();
        let services = self.handle.add_to(Services::new());
        let connector = serve_in_memory(services, limits(), caller, &self.shutdown).await.unwrap();
        Client { channel: channel::in_memory(&connector) }
    }

    pub(crate) async fn office(&self) -> Client {
        self.caller("xk.readmit/office/authority/official/t.tester").await
    }

    pub(crate) async fn homeward(&self) -> Client {
        self.caller("xk.readmit/agency/homeward/official/h.helper").await
    }

    /// XK accepts, and NL hears it.
    pub(crate) fn accept(&self) {
        self.ledger.says("XK", &Statement::RequestAccepted);
    }

    /// NL notifies a transfer; returns the position of the notice.
    pub(crate) fn notify_transfer(&self) -> u64 {
        let on = "2026-10-01".parse().unwrap();
        let detail = Detail::Transfer(person::Transfer {
            carriage: text("TP 123"),
            border_point: text("Testport"),
            escort: Escort::Unescorted,
            special_needs: None,
        });
        let notice = Statement::TransferNotified(TransferNotified { on, mode: TransportMode::Air });
        let with = Particulars { detail, ..Particulars::default() };
        self.ledger.says_with("NL", &notice, &with)
    }
}

/// A caller's view of the service.
#[derive(Clone)]
pub(crate) struct Client {
    channel: Channel,
}

/// What a caller commands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Do {
    Consent,
    Withdraw,
    Refer,
    Accept,
    Decline,
    Plan,
    Assist,
    FollowUp,
    Close,
}

impl Client {
    pub(crate) fn referrals(&self) -> ReferralServiceClient<Channel> {
        ReferralServiceClient::new(self.channel.clone())
    }

    pub(crate) fn events(&self) -> CaseEventServiceClient<Channel> {
        CaseEventServiceClient::new(self.channel.clone())
    }

    /// Commands it of `homeward`, with a request id of its own.
    pub(crate) async fn does(&self, what: Do, request_id: &str) -> Result<Receipt, Failure> {
        let mut client = self.referrals();
        macro_rules! call {
            ($rpc:ident, $request:ident, { $($more:tt)* }) => {
                client
                    .$rpc($request {
                        request_id: request_id.to_owned(),
                        note: format!("note of {what:?}"),
                        case: NUMBER.to_owned(),
                        $($more)*
                        ..Default::default()
                    })
                    .await
                    .map(|answer| answer.into_inner().receipt)
            };
        }
        let agency = "homeward".to_owned();
        let (accepted, declined) = (ReferralAnswer::Accepted, ReferralAnswer::Declined);
        let receipt = match what {
            Do::Consent => call!(record_consent, RecordConsentRequest, { agency, }),
            Do::Withdraw => call!(withdraw_consent, WithdrawConsentRequest, { agency, }),
            Do::Refer => call!(refer, ReferRequest, { agency, }),
            Do::Accept => {
                call!(answer_referral, AnswerReferralRequest, { answer: accepted.into(), })
            }
            Do::Decline => {
                call!(answer_referral, AnswerReferralRequest, { answer: declined.into(), })
            }
            Do::Plan => call!(agree_plan, AgreePlanRequest, {}),
            Do::Assist => call!(report_assistance, ReportAssistanceRequest, {}),
            Do::FollowUp => call!(report_follow_up, ReportFollowUpRequest, {}),
            Do::Close => call!(close_referral, CloseReferralRequest, {}),
        };
        Ok(receipt?.unwrap())
    }

    /// Reads the case, to help.
    pub(crate) async fn reads(&self) -> Result<GetReferredCaseResponse, Failure> {
        let purpose = Purpose::Reintegration.into();
        let request = GetReferredCaseRequest { case: CASE.to_string(), purpose };
        Ok(self.events().get_referred_case(request).await?.into_inner())
    }
}
