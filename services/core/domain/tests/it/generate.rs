//! Histories from a seed: a plot, steered to where something happens, with noise between its
//! steps. Honest authors ask before they speak; hostile ones state anything.

use domain::case::event::{Kind, Speaker};
use domain::case::said::Side;

use crate::step::{Guard, Manner, Step, What, Word};
use crate::watch::World;

/// A random source that is the same everywhere: SplitMix64.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True in so many of a hundred cases.
    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// A generated history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Generated {
    pub(crate) world: World,
    pub(crate) steps: Vec<Step>,
}

const FILED: &str = "NL tries RequestFiled; XK hears; NL hears";
const ACCEPTED: &str = "XK tries RequestAccepted; NL hears; XK hears";
const SILENT: &str =
    "43200 minutes pass; NL tries SilenceNoticed; XK hears; 1500 minutes pass; XK says; NL hears";
const ISSUED: &str =
    "NL tries TravelDocumentRequested; XK hears; XK tries TravelDocumentIssued; NL hears";
const NOTIFIED: &str = "NL tries TransferNotified; XK hears; 7200 minutes pass; XK says; NL hears";

/// The plots, with their worlds. Parts in braces are the stages above.
const PLOTS: &[(&[World], &str)] = &[
    // The story of an accepted request, to its end.
    (
        &[World::Plain],
        "{filed}; XK tries RequestAdmitted; XK tries ClarificationAsked; NL hears; NL tries \
         ClarificationGiven; NL tries RegisterCheckRequested; NL tries InterviewRequested; \
         XK hears; XK tries RegisterChecked; XK tries InterviewArranged; XK tries \
         InterviewHeld; XK tries IdentityConfirmed; {accepted}; {issued}; {notified}; NL \
         tries PersonDeparted; XK hears; XK tries PersonArrived; NL hears; NL tries \
         CaseClosed; XK tries CaseClosed",
    ),
    // The same, straight to the departure.
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; NL tries PersonDeparted; XK hears; XK \
         tries PersonArrived",
    ),
    (
        &[World::Bare],
        "{filed}; {accepted}; {notified}; NL tries PersonDeparted; XK hears; XK tries \
         PersonArrived; NL hears; NL says TakenBack",
    ),
    // An agreement without register check, interview, travel document.
    (
        &[World::Bare],
        "{filed}; NL tries RegisterCheckRequested; NL tries InterviewRequested; {accepted}; \
         NL tries TravelDocumentRequested; XK says TravelDocumentIssued",
    ),
    // Refused, returned, withdrawn.
    (
        &[World::Plain, World::Bare],
        "{filed}; XK tries RequestRefused; NL hears; NL tries RequestWithdrawn; NL tries \
         CaseClosed; NL tries HoldPlaced",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries RequestRefused 0; XK tries ReturnedUnconsidered; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries ReturnedUnconsidered 0; XK tries RequestRefused; NL hears; XK \
         hears",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries RequestWithdrawn; XK hears; XK tries RequestAccepted; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; NL tries RequestWithdrawn; XK hears; NL tries \
         TravelDocumentRequested; XK tries RequestRefused",
    ),
    // Denied, and accepted all the same.
    (
        &[World::Plain],
        "{filed}; XK tries IdentityInconclusive; XK tries IdentityNotConfirmed; XK tries \
         RequestAccepted; XK says IdentityConfirmed; XK tries RequestRefused",
    ),
    // Silence: proved, answered in time, answered too late, claimed too early or on nothing.
    (
        &[World::Plain, World::Refusing, World::Mute],
        "{filed}; {silent}; NL tries SilenceClaimed; XK hears; NL hears",
    ),
    (
        &[World::Plain, World::Refusing],
        "{filed}; {silent}; NL tries SilenceClaimed; XK hears; XK tries RequestRefused; NL \
         tries RequestWithdrawn; XK hears",
    ),
    (
        &[World::Plain, World::Refusing],
        "{filed}; {silent}; XK tries RequestRefused; NL tries SilenceClaimed; XK hears; NL \
         hears",
    ),
    (
        &[World::Plain],
        "{filed}; {silent}; XK tries RequestAccepted; NL hears; NL tries SilenceClaimed; NL \
         says SilenceClaimed",
    ),
    (
        &[World::Plain],
        "{filed}; {silent}; NL tries SilenceClaimed; NL tries TravelDocumentRequested; XK \
         hears; NL hears; NL tries TravelDocumentRequested; XK hears; XK tries \
         TravelDocumentIssued",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries SilenceClaimed; NL tries SilenceNoticed; 43200 minutes pass; NL \
         tries SilenceNoticed; NL tries SilenceClaimed; XK hears; NL hears; NL tries \
         SilenceClaimed; NL says SilenceClaimed 1; NL says SilenceClaimed 1001",
    ),
    (
        &[World::Plain],
        "NL tries RequestFiled; 43200 minutes pass; NL tries SilenceNoticed; NL says \
         SilenceNoticed; XK stores 99; XK says; NL hears; NL tries SilenceNoticed",
    ),
    (
        &[World::Mute],
        "{filed}; {silent}; NL tries SilenceClaimed; NL says SilenceClaimed; {accepted}",
    ),
    // What agreements say otherwise.
    (
        &[World::Otherwise],
        "{filed}; XK tries RequestAdmitted; NL hears; 5000 minutes pass; XK says; {silent}; NL \
         tries SilenceClaimed; XK hears; NL hears; {notified}; 8000 minutes pass; XK says; NL \
         hears; NL tries PersonDeparted; XK hears; NL hears",
    ),
    (
        &[World::Otherwise],
        "{filed}; NL tries InterviewRequested; XK hears; XK tries InterviewArranged; NL hears; \
         {silent}; XK tries InterviewHeld; 5000 minutes pass; XK says; {silent}; NL tries \
         SilenceClaimed; XK hears; XK tries RequestAccepted; NL hears",
    ),
    (
        &[World::Otherwise],
        "{filed}; {accepted}; NL tries TravelDocumentRequested; XK hears; 8000 minutes pass; \
         {notified}; 8000 minutes pass; XK says; NL hears; NL tries PersonDeparted; XK hears",
    ),
    // A longer reply: taken, crossed by a notice of silence, too long, too late, not there.
    (
        &[World::Extensible],
        "{filed}; XK tries ExtensionTaken; XK tries ExtensionTaken 3; NL hears; 43200 minutes \
         pass; NL tries SilenceNoticed; 2880 minutes pass; NL tries SilenceNoticed; XK hears; \
         1500 minutes pass; XK says; NL hears; NL tries SilenceClaimed; XK hears; NL hears",
    ),
    (
        &[World::Extensible],
        "{filed}; 39000 minutes pass; XK tries ExtensionTaken; 4200 minutes pass; NL tries \
         SilenceNoticed; XK hears; NL hears; 1500 minutes pass; XK says; NL hears; NL tries \
         SilenceClaimed; {silent}; NL tries SilenceClaimed; XK hears; NL hears",
    ),
    (
        &[World::Extensible],
        "{filed}; XK tries ExtensionTaken 9; XK says ExtensionTaken 9; 43200 minutes pass; XK \
         tries ExtensionTaken; XK says ExtensionTaken; NL hears; {silent}; NL tries \
         SilenceClaimed; XK hears; XK tries ExtensionTaken",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries ExtensionTaken; XK says ExtensionTaken; NL hears; {accepted}",
    ),
    // Obstacles to the reply: stated, removed, crossed by a notice of silence, too late.
    (
        &[World::Obstructed],
        "{filed}; XK tries ObstacleReported; XK says ObstacleReported; NL hears; 43200 minutes \
         pass; NL tries SilenceNoticed; NL says SilenceNoticed; XK hears; XK tries \
         ObstacleRemoved; XK says ObstacleRemoved; NL hears; NL tries SilenceNoticed; {silent}; \
         NL tries SilenceClaimed; XK hears; NL hears",
    ),
    (
        &[World::Obstructed],
        "{filed}; 39000 minutes pass; XK tries ObstacleReported; 4200 minutes pass; NL tries \
         SilenceNoticed; XK hears; NL hears; 1500 minutes pass; XK says; NL hears; NL tries \
         SilenceClaimed; XK tries ObstacleRemoved; 1500 minutes pass; XK tries \
         ObstacleReported; NL hears; 1500 minutes pass; XK tries RequestAccepted; XK tries \
         ObstacleRemoved; NL hears",
    ),
    (
        &[World::Obstructed],
        "{filed}; 43200 minutes pass; XK tries ObstacleReported; XK says ObstacleReported; NL \
         hears; {silent}; NL tries SilenceClaimed; XK hears; XK tries ObstacleReported",
    ),
    // Obstacles to the transfer: before it is notified, after it, too late, not there.
    (
        &[World::Obstructed],
        "{filed}; NL tries ObstacleReported; {accepted}; {issued}; NL tries ObstacleReported; NL \
         tries TransferNotified; NL says TransferNotified; 20000 minutes pass; NL tries \
         ObstacleRemoved; XK hears; {notified}; NL tries PersonDeparted; XK hears; NL tries \
         ObstacleReported; NL hears",
    ),
    (
        &[World::Obstructed],
        "{filed}; {accepted}; {issued}; {notified}; NL tries ObstacleReported; NL tries \
         PersonDeparted; NL says PersonDeparted; NL tries ObstacleRemoved; XK hears; NL hears",
    ),
    (
        &[World::Obstructed],
        "{filed}; {accepted}; 140000 minutes pass; NL tries ObstacleReported; NL says \
         ObstacleReported; XK hears; NL tries ObstacleRemoved; NL says ObstacleRemoved",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries ObstacleReported; XK says ObstacleReported; XK tries \
         ObstacleRemoved; XK says ObstacleRemoved; NL hears; {accepted}; NL tries \
         ObstacleReported; NL says ObstacleReported; XK hears",
    ),
    // Claims that cite anything.
    (
        &[World::Plain],
        "{filed}; {silent}; XK says; XK says; XK says; NL hears; NL says SilenceClaimed 3; \
         NL says SilenceClaimed 4; NL says SilenceClaimed 5; NL says SilenceClaimed 6; \
         NL says SilenceClaimed 7; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; {silent}; XK says; XK says; XK says; NL hears; NL says SilenceClaimed 6; \
         XK hears",
    ),
    // What was in hand, and not said to have been heard.
    (
        &[World::Plain],
        "{filed}; 43200 minutes pass; NL tries SilenceNoticed; XK hears; 1500 minutes pass; \
         XK says; NL stores 99; NL says-deaf SilenceClaimed; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries RequestAccepted; NL stores 99; NL says-deaf RequestWithdrawn; \
         XK hears; NL hears; XK tries RequestRefused",
    ),
    // What crosses.
    (
        &[World::Plain],
        "{filed}; {accepted}; NL tries TravelDocumentRequested; XK hears; \
         NL tries RequestWithdrawn; XK tries TravelDocumentIssued; NL hears; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries Rectified; XK tries RequestAccepted; NL hears; XK hears; \
         NL tries TravelDocumentRequested",
    ),
    (
        &[World::Plain],
        "{filed}; {silent}; XK tries Rectified; NL tries SilenceClaimed; NL hears; XK hears; \
         NL tries TransferNotified",
    ),
    (
        &[World::Plain],
        "{filed}; {silent}; NL tries SilenceClaimed; NL tries Rectified; XK hears; \
         XK tries RequestAccepted; NL hears; NL tries TravelDocumentRequested",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries RequestWithdrawn; XK tries RequestAccepted; NL hears; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries RequestRefused; NL tries RequestWithdrawn; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; NL tries TravelDocumentRequested; XK hears; NL tries \
         RequestWithdrawn; XK tries TravelDocumentIssued; NL hears; XK hears; XK tries \
         TravelDocumentRevoked; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; NL tries TravelDocumentRequested; XK hears; NL tries \
         HoldPlaced; XK tries TravelDocumentIssued; NL hears; XK hears; NL tries \
         TransferNotified",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; NL tries TransferNotified; XK tries HoldPlaced; NL \
         hears; XK hears; NL tries PersonDeparted",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; NL tries PersonDeparted; XK tries \
         HoldPlaced; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; XK tries TransferObjected; NL tries \
         PersonDeparted; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; XK tries TravelDocumentRevoked; NL \
         tries PersonDeparted; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries Rectified; XK tries RequestAccepted; NL hears; NL tries \
         TravelDocumentRequested; XK hears; XK tries RequestAccepted; NL hears; NL tries \
         TravelDocumentRequested",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; NL tries TravelDocumentRequested; NL tries Rectified; XK \
         hears; XK tries TravelDocumentIssued; XK tries RequestAccepted; XK tries \
         TravelDocumentIssued; NL hears",
    ),
    // Transfers: too soon, too late, twice, cancelled, objected to, not taken.
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; NL tries TransferNotified 1; NL tries \
         TransferNotified 200; NL tries TransferNotified 7; NL tries TransferNotified 9; NL \
         tries TransferCancelled; NL tries TransferCancelled; NL tries TransferNotified 8; \
         XK hears; NL tries PersonNotDeparted; NL tries PersonDeparted",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; NL tries TransferNotified; NL tries PersonDeparted; \
         XK hears; NL hears; NL tries PersonDeparted; XK tries TransferObjected; NL hears; \
         NL tries PersonDeparted; NL says PersonDeparted",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; NL tries TransferNotified; XK hears; 7200 minutes pass; XK \
         says; NL hears; NL tries PersonDeparted; NL says PersonDeparted",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; NL tries-unsafe PersonDeparted; NL \
         tries PersonDeparted; NL tries RequestWithdrawn; NL says PersonDeparted; NL tries \
         TransferNotified; XK hears; XK tries PersonArrived; XK says PersonArrived; NL says \
         TakenBack + TakenBack",
    ),
    // Travel documents: unasked, twice, expired, late, revoked.
    (
        &[World::Plain],
        "{filed}; {accepted}; XK tries TravelDocumentIssued; XK tries \
         TravelDocumentRevoked; NL tries TravelDocumentRequested; XK hears; XK tries \
         TravelDocumentIssued 1; XK tries TravelDocumentIssued 2; XK tries \
         TravelDocumentIssued; NL hears; NL tries TravelDocumentRequested; XK tries \
         TravelDocumentIssued 2; 160000 minutes pass; NL tries TravelDocumentRequested; XK \
         hears; XK tries TravelDocumentIssued",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; NL tries TravelDocumentRequested; XK hears; 10000 minutes \
         pass; NL tries TransferNotified; XK hears; 8000 minutes pass; XK says; NL hears; \
         NL tries PersonDeparted",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; XK tries TravelDocumentRevoked; XK tries \
         TravelDocumentRevoked; NL hears; NL tries TravelDocumentRequested; XK hears; XK \
         tries TravelDocumentIssued; XK tries HoldPlaced; XK tries TravelDocumentIssued 3",
    ),
    // Requests that must not be filed.
    (
        &[World::Plain],
        "NL says RequestFiled 2; XK hears; XK says RequestAccepted; NL tries HoldPlaced",
    ),
    (
        &[World::Plain],
        "NL tries RequestFiled 2; NL tries RequestFiled 3; NL tries RequestFiled 1; XK \
         hears",
    ),
    (
        &[World::Plain],
        "NL tries RequestFiled 4; NL tries RequestFiled 5; NL tries RequestFiled 6; NL \
         tries RequestFiled 7; NL says RequestFiled 4; XK hears; XK tries RequestAdmitted",
    ),
    (
        &[World::Plain],
        "NL says RequestFiled 3; NL says RequestFiled; XK says RequestFiled; XK hears; NL \
         hears",
    ),
    (
        &[
            World::Unadopted,
            World::Hollow,
            World::Outdated,
            World::Tomorrow,
            World::OneWay,
            World::Ended,
        ],
        "NL tries RequestFiled; NL says RequestFiled; XK hears; NL tries RequestWithdrawn; \
         XK says RequestAccepted; NL hears",
    ),
    // Before the opening is heard, and before there is one.
    (
        &[World::Plain],
        "NL tries RequestFiled; XK says RequestAccepted + HoldPlaced; XK hears; XK tries \
         RequestAccepted; NL hears",
    ),
    (
        &[World::Plain],
        "XK says HoldPlaced; NL hears; NL says EvidenceAdded; NL tries RequestFiled; XK \
         hears; {accepted}",
    ),
    // Kinds that are not understood yet.
    (
        &[World::Young],
        "{filed}; XK tries ClarificationAsked; XK says HoldPlaced; NL tries \
         InterviewRequested; NL says CapabilitiesStated; XK hears; XK tries \
         ClarificationAsked; NL hears; NL tries ClarificationGiven; {accepted}",
    ),
    // What a deadline needs is not in the rules.
    (
        &[World::Ending],
        "{filed}; 30000 minutes pass; NL tries SilenceNoticed; {accepted}; NL tries \
         TravelDocumentRequested; XK hears; XK tries TravelDocumentIssued; NL hears; NL \
         tries TransferNotified 30",
    ),
    // Everything that a consulate may do, out of order.
    (
        &[World::Plain],
        "{filed}; XK tries RegisterChecked; XK tries InterviewArranged; XK tries \
         InterviewHeld; NL tries-unsafe InterviewRequested; NL tries InterviewRequested; NL \
         tries InterviewRequested 1; XK hears; XK tries InterviewArranged; XK tries \
         InterviewMissed; NL hears; NL tries InterviewRequested; XK hears; XK tries \
         InterviewArranged; XK tries InterviewHeld; XK tries IdentityConfirmed; XK tries \
         IdentityNotConfirmed",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries EvidenceAdded; NL tries EvidenceAdded 1; NL tries \
         ClarificationGiven; NL tries TakenBack; XK tries PersonArrived; NL tries \
         CaseClosed; NL tries HoldLifted; NL tries HoldPlaced; NL tries HoldLifted",
    ),
    // Closed, and more is said.
    (
        &[World::Plain],
        "{filed}; XK tries RequestRefused; XK tries CaseClosed; XK tries Rectified; XK says \
         HoldPlaced; NL hears; NL tries CaseClosed; NL tries RequestWithdrawn",
    ),
    // A fault is proved: before the answer, across it, after it, of what both had long heard.
    (
        &[World::Plain],
        "{filed}; XK says FaultProved; NL hears; NL tries EvidenceAdded; XK tries \
         RequestAccepted; NL succeeds; XK hears; XK tries RequestAccepted; NL tries \
         DisputeSettled; XK hears; XK tries DisputeSettled; NL hears; XK hears; {accepted}",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries RequestAccepted; NL stores 99; XK says FaultProved; NL hears; \
         NL succeeds; XK hears; NL tries TravelDocumentRequested; NL tries DisputeSettled; XK \
         hears; XK tries DisputeSettled; NL hears; NL tries TravelDocumentRequested; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; NL says FaultProved; XK hears; XK succeeds; NL hears; NL tries \
         TravelDocumentRequested; NL tries DisputeSettled; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries RequestRefused; NL says FaultProved; XK hears; XK succeeds; NL \
         hears; XK tries RequestRefused; NL hears; XK tries DisputeSettled; NL hears; NL tries \
         DisputeSettled; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; XK hears; NL hears; XK says FaultProved 0; NL hears; XK hears; NL tries \
         DisputeSettled; {accepted}",
    ),
    (
        &[World::Plain],
        "{filed}; {silent}; XK says FaultProved; NL hears; NL tries SilenceClaimed; NL says \
         SilenceClaimed; NL succeeds; NL tries DisputeSettled; XK hears; XK tries \
         DisputeSettled; NL hears; NL tries SilenceClaimed; XK hears; NL hears",
    ),
    // A key is revoked: what had been heard stands, what had not is struck.
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; XK says KeyRevoked 1; NL hears; NL tries \
         PersonDeparted; NL tries DisputeSettled; XK hears; XK tries DisputeSettled; NL hears; \
         NL tries PersonDeparted; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; NL says KeyRevoked 1; NL says \
         PersonDeparted; XK hears; XK tries DisputeSettled; NL hears; NL tries DisputeSettled; \
         XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries RequestAccepted; XK says KeyRevoked 1; NL hears; XK hears; NL \
         tries DisputeSettled; XK tries DisputeSettled; NL hears; XK hears; XK tries \
         RequestRefused; NL hears; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries RequestAccepted; NL hears; XK says KeyRevoked 1; XK tries \
         RequestRefused; XK hears; NL hears; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries RequestWithdrawn; NL says KeyRevoked 2; XK tries RequestAccepted; \
         NL hears; XK hears; NL tries DisputeSettled; XK tries DisputeSettled",
    ),
    (
        &[World::Plain],
        "NL tries RequestFiled; NL says KeyRevoked; XK hears; XK tries RequestAdmitted; NL \
         hears; NL tries DisputeSettled",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries RequestWithdrawn; XK tries RequestAccepted; NL hears; NL says; NL \
         says KeyRevoked 2; XK hears; NL hears; XK tries DisputeSettled; NL tries DisputeSettled",
    ),
    // A clock is corrected: what is still parked takes the correction's time.
    (
        &[World::Plain],
        "{filed}; XK says-ahead RequestAccepted; NL hears; XK says ClockCorrected; NL hears; \
         XK hears; NL tries TravelDocumentRequested",
    ),
    (
        &[World::Plain],
        "{filed}; XK says-ahead RequestAccepted; 718 minutes pass; NL hears; XK says \
         ClockCorrected; NL hears; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; 43200 minutes pass; NL says-ahead SilenceNoticed; NL says ClockCorrected; \
         XK hears; 1500 minutes pass; XK says; NL hears; NL tries SilenceClaimed; XK hears; NL \
         hears",
    ),
    (
        &[World::Plain],
        "{filed}; 43200 minutes pass; NL tries SilenceNoticed; XK hears; 800 minutes pass; XK \
         says-ahead; XK says-ahead; XK says-early ClockCorrected; NL hears; NL tries \
         SilenceClaimed; 800 minutes pass; XK says; NL hears; NL tries SilenceClaimed; XK hears",
    ),
    // What cannot be read, or is contested; and stated again.
    (
        &[World::Plain],
        "{filed}; XK tries EntryUnreadable; NL hears; {silent}; NL tries SilenceClaimed; NL \
         tries Restated; XK hears; XK tries EntryUnreadable; XK says EntryUnreadable; NL hears; \
         NL tries SilenceClaimed; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries EntryContested; NL hears; {silent}; NL tries SilenceClaimed; NL \
         tries Rectified 1; XK hears; XK says; NL hears; NL tries SilenceClaimed; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries Restated; NL says Restated; XK tries EntryUnreadable 40; XK tries \
         EntryContested 0; XK says EntryContested 40; {accepted}; NL tries EntryContested; XK \
         hears; XK tries Restated; NL hears",
    ),
    // Erased: ordered too early, disputed, held, done.
    (
        &[World::Plain],
        "{filed}; XK tries RequestRefused; NL hears; XK hears; NL tries ErasureOrdered; NL \
         tries ErasureDone; NL tries CaseClosed; NL tries ErasureOrdered; NL tries ErasureDone; \
         NL says ErasureDone; XK hears; XK tries CaseClosed; XK says HoldPlaced; XK tries \
         ErasureOrdered",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries RequestRefused; NL hears; XK hears; XK tries CaseClosed; XK says \
         KeyRevoked 1; XK tries ErasureOrdered; NL hears; NL tries DisputeSettled; XK tries \
         DisputeSettled; NL hears; XK hears; XK tries ErasureOrdered; XK tries ErasureDone",
    ),
    // Nothing but noise after the filing.
    (
        &[World::Plain, World::Refusing, World::Bare, World::Young],
        "{filed}; noise; noise; noise; noise; noise; noise; noise; noise",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; noise; noise; noise; noise; noise; noise; noise; noise",
    ),
];

/// The history of a seed.
pub(crate) fn history(seed: u64) -> Generated {
    let mut chance = Chance::new(seed);
    let (worlds, plot) = chance.one_of(PLOTS);
    let world = *chance.one_of(worlds);
    let plot = plot
        .replace("{filed}", FILED)
        .replace("{accepted}", ACCEPTED)
        .replace("{silent}", SILENT)
        .replace("{issued}", ISSUED)
        .replace("{notified}", NOTIFIED);
    let noisy = *chance.one_of(&[0, 0, 10, 25]);
    let mut steps = Vec::new();
    for line in plot.split(';').map(str::trim) {
        if line == "noise" || chance.percent(noisy) {
            steps.push(noise(&mut chance));
        }
        // What does not happen in time is part of the noise.
        if line != "noise" && !(noisy > 0 && chance.percent(3)) {
            steps.push(Step::parse(line));
        }
    }
    let both = [Side::Requested, Side::Requesting];
    steps.extend(both.into_iter().chain(both).map(Step::Hears));
    Generated { world, steps }
}

/// One step that belongs to no plot.
fn noise(chance: &mut Chance) -> Step {
    let side = *chance.one_of(&[Side::Requesting, Side::Requested]);
    match chance.below(10) {
        0 => Step::Passes(*chance.one_of(&[1, 60, 1500, 4320, 11520, 43200])),
        1 => Step::Hears(side),
        2 if chance.percent(30) => Step::Succeeds(side),
        2 => Step::Stores(side, chance.below(12)),
        3..=5 => {
            let guard = *chance.one_of(&[Guard::Met, Guard::Met, Guard::Open]);
            Step::Tries(side, guard, word(chance, side))
        }
        _ => {
            let early = [Manner::Early, Manner::Deaf, Manner::Deaf, Manner::Ahead];
            let manner = if chance.percent(40) { Manner::Honest } else { *chance.one_of(&early) };
            let count = chance.below(3);
            Step::Says(side, manner, (0..count).map(|_| word(chance, side)).collect())
        }
    }
}

/// Anything that a State may put into words, mostly of its own side.
fn word(chance: &mut Chance, side: Side) -> Word {
    let what = match chance.below(40) {
        0 => What::Gibberish,
        1 => What::Elsewhere,
        _ => loop {
            let kind = *chance.one_of(&Kind::ALL);
            let own = match kind.speaker() {
                Speaker::Requesting => side == Side::Requesting,
                Speaker::Requested => side == Side::Requested,
                Speaker::Either => true,
                Speaker::Corridor => false,
            };
            if own || chance.percent(10) {
                break What::Kind(kind);
            }
        },
    };
    let number = chance.percent(40).then(|| chance.below(12));
    Word { what, number }
}
