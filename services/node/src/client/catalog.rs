//! Which verb calls which method, in the words of the people who use them.

/// A group of verbs, such as `request`.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) verbs: &'static [Verb],
}

/// A verb: one method.
pub(super) struct Verb {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) method: &'static str,
    /// Whether the request is read from a JSON file.
    pub(super) takes_file: bool,
    /// Whether a file is sent behind the request.
    pub(super) sends_file: bool,
    /// Whether the reply is bytes for a file.
    pub(super) saves_to_file: bool,
    /// Whether the rules in the reply can be written to files.
    pub(super) writes_rules: bool,
    /// What is called instead where a flag says so.
    pub(super) instead: Option<Instead>,
}

/// Another method under the same verb.
#[derive(Clone, Copy)]
pub(super) struct Instead {
    pub(super) flag: &'static str,
    pub(super) about: &'static str,
    pub(super) method: &'static str,
}

const fn verb(name: &'static str, method: &'static str, about: &'static str) -> Verb {
    Verb {
        name,
        about,
        method,
        takes_file: false,
        sends_file: false,
        saves_to_file: false,
        writes_rules: false,
        instead: None,
    }
}

const fn from_file(verb: Verb) -> Verb {
    Verb { takes_file: true, ..verb }
}

const fn sends_file(verb: Verb) -> Verb {
    Verb { sends_file: true, ..verb }
}

const fn to_file(verb: Verb) -> Verb {
    Verb { saves_to_file: true, ..verb }
}

const fn writes_rules(verb: Verb) -> Verb {
    Verb { writes_rules: true, ..verb }
}

const fn instead(
    flag: &'static str,
    method: &'static str,
    about: &'static str,
    verb: Verb,
) -> Verb {
    Verb { instead: Some(Instead { flag, about, method }), ..verb }
}

macro_rules! method {
    ($service:literal, $method:literal) => {
        concat!("readmit.", $service, "/", $method)
    };
}

/// Every group, in the order of a case.
pub(super) const GROUPS: &[Group] = &[
    Group {
        name: "request",
        about: "A return office's requests",
        verbs: &[
            from_file(verb(
                "file",
                method!("requests.v1.RequestService", "FileRequest"),
                "File a readmission request for one person",
            )),
            verb(
                "add-evidence",
                method!("requests.v1.RequestService", "AddEvidence"),
                "Add evidence to an open request",
            ),
            verb(
                "clarify",
                method!("requests.v1.RequestService", "GiveClarification"),
                "Answer a question",
            ),
            verb(
                "withdraw",
                method!("requests.v1.RequestService", "WithdrawRequest"),
                "Withdraw a request; no reason travels",
            ),
            verb(
                "notice-silence",
                method!("requests.v1.RequestService", "NoticeSilence"),
                "Tell the partner that the deadline for silence has passed",
            ),
            verb(
                "claim-silence",
                method!("requests.v1.RequestService", "ClaimSilence"),
                "Claim the silence, on the partner's own later word",
            ),
        ],
    },
    Group {
        name: "answer",
        about: "What the requested authority answers",
        verbs: &[
            verb(
                "admit",
                method!("requests.v1.AnswerService", "AdmitRequest"),
                "Admit a request: complete, and in the queue",
            ),
            verb(
                "ask",
                method!("requests.v1.AnswerService", "AskClarification"),
                "Ask a question (its text is `--note`)",
            ),
            verb(
                "extend",
                method!("requests.v1.AnswerService", "TakeExtension"),
                "Take the longer reply that the agreement allows (why is `--note`)",
            ),
            verb(
                "accept",
                method!("requests.v1.AnswerService", "AcceptRequest"),
                "Accept a request, as the screen with this etag showed it",
            ),
            verb(
                "refuse",
                method!("requests.v1.AnswerService", "RefuseRequest"),
                "Refuse a request, with coded reasons",
            ),
            verb(
                "return",
                method!("requests.v1.AnswerService", "ReturnUnconsidered"),
                "Send a request back unconsidered, with coded reasons",
            ),
        ],
    },
    Group {
        name: "identity",
        about: "Register check, interview and a named official's verdict",
        verbs: &[
            verb(
                "request-register-check",
                method!("identity.v1.IdentityService", "RequestRegisterCheck"),
                "Ask for a check of the population register",
            ),
            verb(
                "check-register",
                method!("identity.v1.IdentityService", "CheckRegister"),
                "Report what the population register says",
            ),
            verb(
                "request-interview",
                method!("identity.v1.IdentityService", "RequestInterview"),
                "Ask a consulate for an interview",
            ),
            verb(
                "arrange-interview",
                method!("identity.v1.IdentityService", "ArrangeInterview"),
                "Set a date and place for the interview",
            ),
            verb(
                "report-interview",
                method!("identity.v1.IdentityService", "ReportInterview"),
                "Report that the interview was held, or missed",
            ),
            verb(
                "confirm",
                method!("identity.v1.IdentityService", "ConfirmIdentity"),
                "Confirm identity and nationality, as a named official",
            ),
            verb(
                "deny",
                method!("identity.v1.IdentityService", "DenyIdentity"),
                "Deny identity or nationality, as a named official",
            ),
            verb(
                "inconclusive",
                method!("identity.v1.IdentityService", "MarkInconclusive"),
                "Neither confirm nor deny, as a named official",
            ),
        ],
    },
    Group {
        name: "document",
        about: "Travel documents",
        verbs: &[
            verb(
                "request",
                method!("identity.v1.TravelDocumentService", "RequestTravelDocument"),
                "Ask a consulate for a travel document",
            ),
            verb(
                "issue",
                method!("identity.v1.TravelDocumentService", "Issue"),
                "Record that a travel document has been issued",
            ),
            verb(
                "revoke",
                method!("identity.v1.TravelDocumentService", "Revoke"),
                "Revoke a travel document",
            ),
            verb(
                "verify",
                method!("identity.v1.TravelDocumentService", "Verify"),
                "Ask whether a travel document is valid",
            ),
        ],
    },
    Group {
        name: "transfer",
        about: "Transfer, departure and arrival",
        verbs: &[
            verb(
                "notify",
                method!("requests.v1.TransferService", "NotifyTransfer"),
                "Notify a transfer",
            ),
            verb(
                "cancel",
                method!("requests.v1.TransferService", "CancelTransfer"),
                "Cancel a transfer",
            ),
            verb(
                "object",
                method!("requests.v1.TransferService", "ObjectToTransfer"),
                "Object to a transfer",
            ),
            verb(
                "depart",
                method!("requests.v1.TransferService", "ReportDeparture"),
                "Report the departure: every condition is checked once more",
            ),
            verb(
                "not-departed",
                method!("requests.v1.TransferService", "ReportNonDeparture"),
                "Report that the person has not left",
            ),
            verb(
                "arrive",
                method!("requests.v1.TransferService", "ReportArrival"),
                "Report the arrival",
            ),
        ],
    },
    Group {
        name: "case",
        about: "Look at cases, watch them, and what either side may say",
        verbs: &[
            verb("show", method!("requests.v1.CaseService", "GetCase"), "Show a case"),
            verb(
                "explain",
                method!("requests.v1.CaseService", "ExplainCase"),
                "Explain the outcome: deciding entry, rule, article, deadlines",
            ),
            verb(
                "watch",
                method!("requests.v1.CaseService", "WatchCase"),
                "Watch a case as it moves",
            ),
            verb("list", method!("requests.v1.CaseService", "ListCases"), "List your cases"),
            verb(
                "deadlines",
                method!("requests.v1.CaseService", "ListDeadlines"),
                "List what is due, soonest first",
            ),
            verb(
                "hold",
                method!("requests.v1.CaseService", "PlaceHold"),
                "Stop transfer and departure; no reason travels",
            ),
            verb("lift-hold", method!("requests.v1.CaseService", "LiftHold"), "Lift your hold"),
            verb(
                "obstacle",
                method!("requests.v1.CaseService", "ReportObstacle"),
                "State that an obstacle delays your reply, or your transfer (why is `--note`)",
            ),
            verb(
                "obstacle-removed",
                method!("requests.v1.CaseService", "ReportObstacleRemoved"),
                "State that your obstacle is removed",
            ),
            verb(
                "contest",
                method!("requests.v1.CaseService", "ContestEntry"),
                "Contest an entry of the partner's whose body is none or contradicts its facts",
            ),
            verb(
                "settle",
                method!("requests.v1.CaseService", "SettleDispute"),
                "Take a disputed case as the screen with this etag showed it",
            ),
            from_file(verb(
                "rectify",
                method!("requests.v1.CaseService", "Rectify"),
                "Correct who the person is",
            )),
            verb(
                "close",
                method!("requests.v1.CaseService", "CloseCase"),
                "Close your State's part of a case",
            ),
        ],
    },
    Group {
        name: "attachment",
        about: "Files of a case: scans, photographs, fingerprint files",
        verbs: &[
            sends_file(verb(
                "put",
                method!("requests.v1.AttachmentService", "PutAttachment"),
                "Put a file; it goes to the partner once a statement lists it (`--attachments`)",
            )),
            to_file(verb(
                "get",
                method!("requests.v1.AttachmentService", "GetAttachment"),
                "Fetch a file that a statement lists, whole and checked",
            )),
        ],
    },
    Group {
        name: "referral",
        about: "Reintegration: consent, referral, plan and follow-up",
        verbs: &[
            verb(
                "consent",
                method!("reintegration.v1.ReferralService", "RecordConsent"),
                "Record the person's consent to one agency",
            ),
            verb(
                "withdraw-consent",
                method!("reintegration.v1.ReferralService", "WithdrawConsent"),
                "Record that the person withdraws consent",
            ),
            verb(
                "refer",
                method!("reintegration.v1.ReferralService", "Refer"),
                "Refer the person to an agency",
            ),
            verb(
                "answer",
                method!("reintegration.v1.ReferralService", "AnswerReferral"),
                "Take a referral, or decline it",
            ),
            verb(
                "plan",
                method!("reintegration.v1.ReferralService", "AgreePlan"),
                "Record the plan agreed with the person (its text is `--note`)",
            ),
            verb(
                "assist",
                method!("reintegration.v1.ReferralService", "ReportAssistance"),
                "Report assistance given",
            ),
            verb(
                "follow-up",
                method!("reintegration.v1.ReferralService", "ReportFollowUp"),
                "Report a follow-up",
            ),
            verb(
                "close",
                method!("reintegration.v1.ReferralService", "CloseReferral"),
                "Close a referral",
            ),
            verb(
                "show",
                method!("reintegration.v1.CaseEventService", "GetReferredCase"),
                "Show a referred case, as far as consent goes",
            ),
        ],
    },
    Group {
        name: "events",
        about: "The thin events that an agency follows",
        verbs: &[
            verb(
                "subscribe",
                method!("reintegration.v1.CaseEventService", "Subscribe"),
                "Follow the events of referred cases; resumes after a token",
            ),
            verb(
                "list",
                method!("reintegration.v1.CaseEventService", "ListEvents"),
                "List the events of referred cases",
            ),
        ],
    },
    Group {
        name: "evidence",
        about: "Evidence that anybody can verify offline",
        verbs: &[to_file(instead(
            "fault",
            method!("node.v1.OperatorService", "ExportFault"),
            "Export that of a partner's fault instead, which is of no case; for operators",
            verb(
                "export",
                method!("oversight.v1.AuditService", "ExportEvidence"),
                "Export the evidence of a case; `readmit verify` checks it",
            ),
        ))],
    },
    Group {
        name: "audit",
        about: "What an overseer may see",
        verbs: &[
            verb(
                "trail",
                method!("oversight.v1.AuditService", "GetAuditTrail"),
                "Show who said what, when, and with which effect",
            ),
            to_file(verb(
                "proof",
                method!("oversight.v1.AuditService", "GetProof"),
                "Prove that one entry is in the signed log; `readmit verify` checks it",
            )),
            verb(
                "accesses",
                method!("oversight.v1.AuditService", "ListAccesses"),
                "List who read what, and for which purpose",
            ),
            verb(
                "indicators",
                method!("oversight.v1.StatisticsService", "GetIndicators"),
                "Count cases by outcome",
            ),
        ],
    },
    Group {
        name: "quarantine",
        about: "What arrived in a partner's name and is not authentic",
        verbs: &[
            verb(
                "list",
                method!("node.v1.OperatorService", "ListQuarantine"),
                "List it, or show one dispatch with its bytes (`--number`)",
            ),
            verb(
                "purge",
                method!("node.v1.OperatorService", "PurgeQuarantine"),
                "Remove all that is in quarantine of a partner",
            ),
        ],
    },
    Group {
        name: "fault",
        about: "Faults of a partner's log",
        verbs: &[verb(
            "list",
            method!("node.v1.OperatorService", "ListFaults"),
            "List the dispatches that are kept as proof",
        )],
    },
    Group {
        name: "operator",
        about: "What the operator of a node does while it runs",
        verbs: &[
            verb(
                "status",
                method!("node.v1.OperatorService", "GetStatus"),
                "Show heads, lag, backlog and the broker",
            ),
            verb(
                "partners",
                method!("node.v1.OperatorService", "ListPartners"),
                "List partners and their offices",
            ),
            verb(
                "adopt",
                method!("node.v1.OperatorService", "AdoptAgreement"),
                "Adopt an agreement's compiled rules on the record",
            ),
            verb(
                "end-agreement",
                method!("node.v1.OperatorService", "EndAgreement"),
                "State on the record that adopted rules end; open cases keep them",
            ),
            writes_rules(verb(
                "agreements",
                method!("node.v1.OperatorService", "ListAgreements"),
                "List the agreements that a State has adopted",
            )),
            verb(
                "set-clock",
                method!("node.v1.OperatorService", "SetClock"),
                "Move the clock forward (demo and test environments only)",
            ),
            verb(
                "open-safeguard",
                method!("node.v1.OperatorService", "OpenSafeguard"),
                "Open a safeguard on this side of a case",
            ),
            verb(
                "meet-safeguard",
                method!("node.v1.OperatorService", "MeetSafeguard"),
                "Record that a safeguard is met",
            ),
            verb(
                "resume",
                method!("node.v1.OperatorService", "ResumeWriting"),
                "Let a node write again whose signer's mark was lost: on the record, for ever",
            ),
            verb(
                "keys",
                method!("node.v1.OperatorService", "ListKeys"),
                "List the keys that this State has announced, and the next serials",
            ),
            verb(
                "dispatch",
                method!("node.v1.OperatorService", "GetDispatch"),
                "Name a dispatch of this State's log, as `keys revoke --last-good` takes it",
            ),
        ],
    },
];

/// Verbs that are commands of their own.
pub(super) const ALONE: &[Verb] = &[
    INBOX,
    verb(
        "erase",
        method!("node.v1.OperatorService", "EraseCase"),
        "Destroy this State's copies of the personal data of a closed case, on the record",
    ),
];

/// The short way to the inbox.
const INBOX: Verb = verb(
    "inbox",
    method!("requests.v1.CaseService", "ListInbox"),
    "List the cases that wait for your office",
);
