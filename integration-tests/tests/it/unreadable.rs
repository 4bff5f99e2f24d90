//! A partner's door that gives out neither body nor key: the entry is called unreadable on the
//! record after an hour, its author states it again in the hashed bytes, and it can be read. What
//! becomes of the request is the same all along.

use std::path::Path;
use std::pin::Pin;

use integration_tests::corridor::{Corridor, Node};
use integration_tests::courier::Kind;
use integration_tests::process::until;
use integration_tests::story::data;
use proto::exchange::v1::partner_service_client::PartnerServiceClient;
use proto::exchange::v1::partner_service_server::{PartnerService, PartnerServiceServer};
use proto::exchange::v1::*;
use proto::record::v1::Dispatch;
use record::canonical;
use runtime::caller::Trust;
use runtime::channel::{self, Target};
use runtime::config::Config;
use runtime::server::{self, Credentials, Listener, Running, Services, serve_tls};
use runtime::shutdown::Shutdown;
use serde_json::Value;
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// A door in front of NL's, which holds back every body and every key.
#[derive(Clone)]
struct Withholding(PartnerServiceClient<Channel>);

type Dispatches = Pin<Box<dyn Stream<Item = Result<StreamDispatchesResponse, Status>> + Send>>;
type Chunks = Pin<Box<dyn Stream<Item = Result<GetAttachmentResponse, Status>> + Send>>;

#[tonic::async_trait]
impl PartnerService for Withholding {
    type StreamDispatchesStream = Dispatches;
    type GetAttachmentStream = Chunks;

    async fn get_head(
        &self,
        request: Request<GetHeadRequest>,
    ) -> Result<Response<GetHeadResponse>, Status> {
        self.0.clone().get_head(request.into_inner()).await
    }

    async fn stream_dispatches(
        &self,
        request: Request<StreamDispatchesRequest>,
    ) -> Result<Response<Dispatches>, Status> {
        let sent = self.0.clone().stream_dispatches(request.into_inner()).await?.into_inner();
        Ok(Response::new(Box::pin(sent.map(|sent| sent.map(stripped)))))
    }

    async fn get_body(
        &self,
        _: Request<GetBodyRequest>,
    ) -> Result<Response<GetBodyResponse>, Status> {
        Err(Status::not_found("body"))
    }

    async fn get_case_key(
        &self,
        _: Request<GetCaseKeyRequest>,
    ) -> Result<Response<GetCaseKeyResponse>, Status> {
        Err(Status::not_found("case key"))
    }

    async fn get_attachment(
        &self,
        _: Request<GetAttachmentRequest>,
    ) -> Result<Response<Chunks>, Status> {
        Err(Status::not_found("chunk"))
    }
}

fn stripped(sent: StreamDispatchesResponse) -> StreamDispatchesResponse {
    let mut dispatch: Dispatch = canonical::decode(&sent.dispatch).unwrap();
    dispatch.case_keys.clear();
    dispatch.entries.iter_mut().for_each(|entry| entry.sealed_body.clear());
    StreamDispatchesResponse { dispatch: canonical::encode(&dispatch), ..sent }
}

fn configuration(node: &Node) -> Config {
    Config::load(Some(&node.home.join("readmit.toml")), []).unwrap()
}

fn credentials(config: &Config) -> Credentials {
    let read = |path: &Path| std::fs::read(path).unwrap();
    Credentials { certificate: read(&config.tls.certificate), key: read(&config.tls.key) }
}

/// Opens the door in front of NL's, with the certificates of both nodes; XK knows no other.
async fn hold_back(corridor: &mut Corridor, shutdown: &Shutdown) -> Running {
    let (nl, xk) = (configuration(&corridor.nl), configuration(&corridor.xk));
    let (nl_state, xk_state) = (nl.state, xk.state);
    let known = &xk.partners[&nl_state];
    let door = known.door.as_ref().unwrap();
    let behind = channel::tls(&Target {
        address: door.address.clone(),
        server_name: door.server_name.clone(),
        authorities: std::fs::read(&known.authorities).unwrap(),
        credentials: Some(credentials(&xk)),
    });
    let of_xk = std::fs::read(&nl.partners[&xk_state].authorities).unwrap();
    let listener = Listener {
        address: "127.0.0.1:0".parse().unwrap(),
        credentials: credentials(&nl),
        trust: Trust::new(&[(xk_state, of_xk)]).unwrap(),
    };
    let services = Services::new()
        .add(PartnerServiceServer::new(Withholding(PartnerServiceClient::new(behind.unwrap()))));
    let limits = server::Config { ..nl.limits };
    let opened = serve_tls(services, limits, listener, shutdown).await.unwrap();
    corridor.xk.stop().unwrap();
    change(&corridor.xk, |text| text.replace(&door.address, &opened.address.to_string()));
    corridor.xk.start().unwrap();
    opened
}

fn change(node: &Node, change: impl Fn(&str) -> String) {
    let file = node.home.join("readmit.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, change(&text)).unwrap();
}

/// The case at a node, as somebody there sees it.
fn shown(node: &Node, profile: &'static str, case: &str) -> Value {
    let show = ["case", "show", case, "--purpose", "decision"];
    node.person(profile).call(&show).unwrap()["case"].clone()
}

fn kinds(shown: &Value) -> Vec<String> {
    let timeline = shown["timeline"].as_array().unwrap();
    timeline.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_door_holds_back_is_called_unreadable_and_stated_again() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Absent, "test-unreadable").await;
    let mut corridor = founded.unwrap();
    for node in [&mut corridor.nl, &mut corridor.xk] {
        node.stop().unwrap();
        change(node, |text| text.replace("poll_interval_ms = 60000", "poll_interval_ms = 200"));
        node.start().unwrap();
    }
    let shutdown = Shutdown::new();
    let door = hold_back(&mut corridor, &shutdown).await;

    let file = data("refused").display().to_string();
    let filed = corridor.nl.person("return-office").call(&["request", "file", &file]).unwrap();
    let case = filed["receipt"]["case_number"].as_str().unwrap().to_owned();
    let authority = "readmission-authority";
    let at_xk = |corridor: &Corridor| shown(&corridor.xk, authority, &case);
    until("the request to arrive", || {
        Ok(corridor.xk.person(authority).attempt(&["case", "show", &case])?.ok())
    })
    .unwrap();
    let arrived = at_xk(&corridor);
    assert_eq!(arrived["alarms"], serde_json::json!(["ALARM_UNREADABLE"]), "{arrived}");
    assert_eq!(arrived["person"], Value::Null);

    // A minute before the hour is over, and after a restart, nothing was said.
    let now = corridor.now_ms().unwrap();
    corridor.move_clocks(now + HOUR_MS - 60_000).unwrap();
    corridor.xk.kill().unwrap();
    corridor.xk.start().unwrap();
    corridor.move_clocks(now + HOUR_MS - 30_000).unwrap();
    let kept = at_xk(&corridor);
    assert_eq!(kinds(&kept), ["EVENT_KIND_REQUEST_FILED"]);

    corridor.move_clocks(now + HOUR_MS + 60_000).unwrap();
    let readable = until("the request to be readable", || {
        let shown = at_xk(&corridor);
        Ok((!shown["person"].is_null()).then_some(shown))
    })
    .unwrap();
    let said =
        ["REQUEST_FILED", "ENTRY_UNREADABLE", "RESTATED"].map(|it| format!("EVENT_KIND_{it}"));
    assert_eq!(kinds(&readable), said);
    assert_eq!(readable["alarms"], serde_json::json!([]), "{readable}");
    let at_nl = until("the receipt", || {
        let shown = shown(&corridor.nl, "return-office", &case);
        Ok((kinds(&shown) == said).then_some(shown))
    });
    assert_eq!(readable["person"], at_nl.unwrap()["person"]);
    for before in [&arrived, &kept] {
        assert_eq!(before["result"], readable["result"]);
        assert_eq!(before["request"], readable["request"]);
    }
    let refuse = ["answer", "refuse", &case, "--reasons", "not-a-national"];
    corridor.xk.person(authority).call(&refuse).unwrap();
    until("the refusal to arrive", || {
        let shown = shown(&corridor.nl, "return-office", &case);
        Ok((shown["result"] == "RESULT_REFUSED").then_some(()))
    })
    .unwrap();
    corridor.stop().unwrap();
    shutdown.begin();
    door.ended.await.unwrap().unwrap();
}
