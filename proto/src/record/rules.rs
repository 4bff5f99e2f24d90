//! Compiled rules, to and from [`domain::rules`].

mod travel_document;

use domain::identifier::{AgreementId, EvidenceItem};
use domain::rules::{
    Calendar, Cited, Coverage, Direction, Estimated, Evidence, ExtensionCounts, ExtensionNeeds,
    Length, Limit, Notice, OffsetChange, Offsets, Purpose, ReplyExtension, Requirement, Rules,
    Silence, SilenceEffect, Source, Start, Strength, Unit, Years,
};
use domain::time::{Date, Instant};

use super::facts::{read_category, write_category};
use super::field::{
    ascending, checked, date, date_message, enumeration, from_one, list, required, state, text,
    unique,
};
use crate::InvalidField;
use crate::record::v1;

/// Longest title, instrument or article, in characters.
const TITLE_CHARS_MAX: usize = 400;
/// Longest name of a time zone, in characters.
const ZONE_CHARS_MAX: usize = 64;
/// Most items of any list in compiled rules.
const ITEMS_MAX: usize = 4_096;

enumeration!(read_unit, write_unit, v1::Unit, Unit, {
    Hours => Hours,
    CalendarDays => CalendarDays,
    DaysUnqualified => DaysUnqualified,
    Weeks => Weeks,
    CalendarMonths => CalendarMonths,
    Years => Years,
    WorkingDays => WorkingDays,
});

enumeration!(read_start, write_start, v1::Start, Start, {
    ReceiptOfApplication => ReceiptOfApplication,
    DateOfRequest => DateOfRequest,
    ReceiptOfTravelDocumentRequest => ReceiptOfTravelDocumentRequest,
    ApprovalOrExpiryOfReplyLimit => ApprovalOrExpiryOfReplyLimit,
    KnowledgeOfIrregularStay => KnowledgeOfIrregularStay,
    ConfirmedReceiptOfApplication => ConfirmedReceiptOfApplication,
    SubmissionOfApplication => SubmissionOfApplication,
    InterviewResult => InterviewResult,
    ReceiptOfPositiveReply => ReceiptOfPositiveReply,
    ReceiptOfReply => ReceiptOfReply,
    IssueOfTravelDocument => IssueOfTravelDocument,
    TravelDocumentRequest => TravelDocumentRequest,
    DetectionOfIrregularStay => DetectionOfIrregularStay,
    IrregularStayAscertained => IrregularStayAscertained,
    EntryAndPresenceAscertained => EntryAndPresenceAscertained,
});

enumeration!(read_effect, write_effect, v1::SilenceEffect, SilenceEffect, {
    DeemedAccepted => DeemedAccepted,
    DeemedRefused => DeemedRefused,
    NotStated => NotStated,
    DeemedAcceptedWithDocument => DeemedAcceptedWithDocument,
});

enumeration!(read_needs, write_needs, v1::ExtensionNeeds, ExtensionNeeds, {
    DulyMotivatedRequest => DulyMotivatedRequest,
    Reasons => Reasons,
});

enumeration!(read_requirement, write_requirement, v1::Requirement, Requirement, {
    Required => Required,
    Optional => Optional,
});

enumeration!(read_purpose, write_purpose, v1::Purpose, Purpose, {
    Nationality => Nationality,
    ThirdCountryConditions => ThirdCountryConditions,
});

enumeration!(read_strength, write_strength, v1::Strength, Strength, {
    Proof => Proof,
    PrimaFacie => PrimaFacie,
    ReasonToVerify => ReasonToVerify,
    Supporting => Supporting,
});

impl TryFrom<v1::CompiledRules> for Rules {
    type Error = InvalidField;

    fn try_from(it: v1::CompiledRules) -> Result<Self, InvalidField> {
        let directions = list(it.directions, ITEMS_MAX, "directions", direction)?;
        unique(&directions, "directions", |direction| *direction)?;
        let categories = list(it.categories, ITEMS_MAX, "categories", coverage)?;
        unique(&categories, "categories", |coverage| coverage.category)?;
        let evidence = list(it.evidence, ITEMS_MAX, "evidence", evidence)?;
        let key = |listed: &Evidence| (listed.item.clone(), listed.purpose, listed.nationals_of);
        unique(&evidence, "evidence", key)?;
        let calendars = list(it.calendars, ITEMS_MAX, "calendars", calendar)?;
        unique(&calendars, "calendars", |calendar| calendar.state)?;
        let offsets = list(it.offsets, ITEMS_MAX, "offsets", offsets_of)?;
        unique(&offsets, "offsets", |offsets| offsets.state)?;
        Ok(Self {
            agreement: checked(AgreementId::new(&it.agreement), "agreement")?,
            version: from_one(it.version, "version")?,
            meaning: from_one(it.meaning, "meaning")?,
            title: text(it.title, TITLE_CHARS_MAX, "title")?,
            in_force_from: date(it.in_force_from, "in_force_from")?,
            directions,
            categories,
            reply: limit(it.reply, "reply")?,
            reply_with_interview: it.reply_with_interview.map(cited_start).transpose()?,
            reply_extension: it.reply_extension.map(reply_extension).transpose()?,
            silence: silence(it.silence)?,
            refusal_reasons: it.refusal_reasons.map(refusal_reasons).transpose()?,
            register_check: optional(it.register_check, "register_check", limit)?,
            interview: optional(it.interview, "interview", source)?,
            travel_document: it.travel_document.map(travel_document::read).transpose()?,
            transfer: optional(it.transfer, "transfer", limit)?,
            transfer_of_third_country_nationals: optional(
                it.transfer_of_third_country_nationals,
                "transfer_of_third_country_nationals",
                limit,
            )?,
            transfer_extension: optional(it.transfer_extension, "transfer_extension", source)?,
            transfer_notice: optional(it.transfer_notice, "transfer_notice", notice)?,
            escorted_transfer_notice: optional(
                it.escorted_transfer_notice,
                "escorted_transfer_notice",
                notice,
            )?,
            written_communication: optional(
                it.written_communication,
                "written_communication",
                source,
            )?,
            evidence,
            calendars,
            offsets,
            years: years(required(it.years, "years")?)?,
        })
    }
}

impl From<&Rules> for v1::CompiledRules {
    fn from(rules: &Rules) -> Self {
        Self {
            agreement: rules.agreement.as_str().to_owned(),
            version: rules.version,
            meaning: rules.meaning,
            title: rules.title.clone(),
            in_force_from: Some(date_message(rules.in_force_from)),
            directions: rules.directions.iter().map(Into::into).collect(),
            categories: rules.categories.iter().map(Into::into).collect(),
            reply: Some((&rules.reply).into()),
            silence: Some((&rules.silence).into()),
            refusal_reasons: rules.refusal_reasons.as_ref().map(|cited| v1::RefusalReasons {
                requirement: write_requirement(cited.value),
                source: Some((&cited.source).into()),
            }),
            register_check: rules.register_check.as_ref().map(Into::into),
            interview: rules.interview.as_ref().map(Into::into),
            travel_document: rules.travel_document.as_ref().map(Into::into),
            transfer: rules.transfer.as_ref().map(Into::into),
            transfer_notice: rules.transfer_notice.as_ref().map(Into::into),
            written_communication: rules.written_communication.as_ref().map(Into::into),
            evidence: rules.evidence.iter().map(Into::into).collect(),
            calendars: rules.calendars.iter().map(Into::into).collect(),
            offsets: rules.offsets.iter().map(Into::into).collect(),
            years: Some(v1::Years {
                first: rules.years.first.into(),
                last: rules.years.last.into(),
            }),
            reply_with_interview: rules.reply_with_interview.as_ref().map(|cited| v1::CitedStart {
                start: write_start(cited.value),
                source: Some((&cited.source).into()),
            }),
            transfer_of_third_country_nationals: rules
                .transfer_of_third_country_nationals
                .as_ref()
                .map(Into::into),
            escorted_transfer_notice: rules.escorted_transfer_notice.as_ref().map(Into::into),
            reply_extension: rules.reply_extension.as_ref().map(|it| v1::ReplyExtension {
                longest: it.longest.map(Into::into),
                after_obstacle: it.after_obstacle.map(Into::into),
                needs: write_needs(it.needs),
                source: Some((&it.source).into()),
                counts_when_taken: it.counts == ExtensionCounts::WhenTaken,
                counts_when_obstacle_stated: it.counts == ExtensionCounts::WhenObstacleStated,
            }),
            transfer_extension: rules.transfer_extension.as_ref().map(Into::into),
        }
    }
}

/// A sub-message that may be absent.
fn optional<T, U>(
    value: Option<T>,
    field: &str,
    read: impl Fn(Option<T>, &str) -> Result<U, InvalidField>,
) -> Result<Option<U>, InvalidField> {
    value.map(|value| read(Some(value), field)).transpose()
}

fn direction(it: v1::Direction, path: &str) -> Result<Direction, InvalidField> {
    Ok(Direction {
        requesting: state(&it.requesting, &format!("{path}.requesting"))?,
        requested: state(&it.requested, &format!("{path}.requested"))?,
    })
}

impl From<&Direction> for v1::Direction {
    fn from(it: &Direction) -> Self {
        Self { requesting: it.requesting.to_string(), requested: it.requested.to_string() }
    }
}

fn source(it: Option<v1::Source>, path: &str) -> Result<Source, InvalidField> {
    let it = required(it, path)?;
    Ok(Source {
        instrument: text(it.instrument, TITLE_CHARS_MAX, &format!("{path}.instrument"))?,
        article: if it.article.is_empty() {
            None
        } else {
            Some(text(it.article, TITLE_CHARS_MAX, &format!("{path}.article"))?)
        },
    })
}

impl From<&Source> for v1::Source {
    fn from(it: &Source) -> Self {
        Self { instrument: it.instrument.clone(), article: it.article.clone().unwrap_or_default() }
    }
}

fn length(it: Option<v1::Length>, path: &str) -> Result<Length, InvalidField> {
    let it = required(it, path)?;
    Ok(Length {
        count: from_one(it.count, &format!("{path}.count"))?,
        unit: read_unit(it.unit, &format!("{path}.unit"))?,
    })
}

impl From<Length> for v1::Length {
    fn from(it: Length) -> Self {
        Self { count: it.count, unit: write_unit(it.unit) }
    }
}

fn limit(it: Option<v1::Limit>, path: &str) -> Result<Limit, InvalidField> {
    let it = required(it, path)?;
    Ok(Limit {
        length: length(it.length, &format!("{path}.length"))?,
        starts_on: read_start(it.starts_on, &format!("{path}.starts_on"))?,
        source: source(it.source, &format!("{path}.source"))?,
    })
}

impl From<&Limit> for v1::Limit {
    fn from(it: &Limit) -> Self {
        Self {
            length: Some(it.length.into()),
            starts_on: write_start(it.starts_on),
            source: Some((&it.source).into()),
        }
    }
}

fn coverage(it: v1::Coverage, path: &str) -> Result<Coverage, InvalidField> {
    Ok(Coverage {
        category: read_category(it.category, &format!("{path}.category"))?,
        application: optional(it.application, &format!("{path}.application"), limit)?,
        source: source(it.source, &format!("{path}.source"))?,
    })
}

impl From<&Coverage> for v1::Coverage {
    fn from(it: &Coverage) -> Self {
        Self {
            category: write_category(it.category),
            application: it.application.as_ref().map(Into::into),
            source: Some((&it.source).into()),
        }
    }
}

fn silence(it: Option<v1::Silence>) -> Result<Silence, InvalidField> {
    let it = required(it, "silence")?;
    Ok(Silence {
        limit: limit(it.limit, "silence.limit")?,
        effect: read_effect(it.effect, "silence.effect")?,
        source: source(it.source, "silence.source")?,
        exception: it.exception.map(exception).transpose()?,
    })
}

impl From<&Silence> for v1::Silence {
    fn from(it: &Silence) -> Self {
        Self {
            limit: Some((&it.limit).into()),
            effect: write_effect(it.effect),
            source: Some((&it.source).into()),
            exception: it.exception.as_ref().map(|cited| v1::CitedText {
                text: cited.value.clone(),
                source: Some((&cited.source).into()),
            }),
        }
    }
}

fn exception(it: v1::CitedText) -> Result<Cited<String>, InvalidField> {
    Ok(Cited {
        value: text(it.text, TITLE_CHARS_MAX, "silence.exception.text")?,
        source: source(it.source, "silence.exception.source")?,
    })
}

fn reply_extension(it: v1::ReplyExtension) -> Result<ReplyExtension, InvalidField> {
    let (longest, after) = ("reply_extension.longest", "reply_extension.after_obstacle");
    let (taken, stated) = (it.counts_when_taken, it.counts_when_obstacle_stated);
    let extension = ReplyExtension {
        longest: optional(it.longest, longest, length)?,
        after_obstacle: optional(it.after_obstacle, after, length)?,
        needs: read_needs(it.needs, "reply_extension.needs")?,
        counts: match (taken, stated) {
            (false, false) => ExtensionCounts::Always,
            (true, _) => ExtensionCounts::WhenTaken,
            (false, true) => ExtensionCounts::WhenObstacleStated,
        },
        source: source(it.source, "reply_extension.source")?,
    };
    let alone = !taken && extension.longest.is_none() && extension.after_obstacle.is_some();
    if stated && !alone {
        let reason = "needs `after_obstacle`, and neither `longest` nor `counts_when_taken`";
        let field = "reply_extension.counts_when_obstacle_stated";
        return Err(InvalidField::new(field, reason));
    }
    Ok(extension)
}

fn cited_start(it: v1::CitedStart) -> Result<Cited<Start>, InvalidField> {
    Ok(Cited {
        value: read_start(it.start, "reply_with_interview.start")?,
        source: source(it.source, "reply_with_interview.source")?,
    })
}

fn refusal_reasons(it: v1::RefusalReasons) -> Result<Cited<Requirement>, InvalidField> {
    Ok(Cited {
        value: read_requirement(it.requirement, "refusal_reasons.requirement")?,
        source: source(it.source, "refusal_reasons.source")?,
    })
}

fn cited_length(it: Option<v1::CitedLength>, path: &str) -> Result<Cited<Length>, InvalidField> {
    let it = required(it, path)?;
    Ok(Cited {
        value: length(it.length, &format!("{path}.length"))?,
        source: source(it.source, &format!("{path}.source"))?,
    })
}

impl From<&Cited<Length>> for v1::CitedLength {
    fn from(it: &Cited<Length>) -> Self {
        Self { length: Some(it.value.into()), source: Some((&it.source).into()) }
    }
}

fn notice(it: Option<v1::Notice>, path: &str) -> Result<Notice, InvalidField> {
    let it = required(it, path)?;
    Ok(Notice {
        length: length(it.length, &format!("{path}.length"))?,
        source: source(it.source, &format!("{path}.source"))?,
    })
}

impl From<&Notice> for v1::Notice {
    fn from(it: &Notice) -> Self {
        Self { length: Some(it.length.into()), source: Some((&it.source).into()) }
    }
}

fn evidence(it: v1::Evidence, path: &str) -> Result<Evidence, InvalidField> {
    Ok(Evidence {
        item: checked(EvidenceItem::new(&it.item), &format!("{path}.item"))?,
        purpose: read_purpose(it.purpose, &format!("{path}.purpose"))?,
        strength: read_strength(it.strength, &format!("{path}.strength"))?,
        nationals_of: match it.nationals_of.as_str() {
            "" => None,
            of => Some(state(of, &format!("{path}.nationals_of"))?),
        },
        source: source(it.source, &format!("{path}.source"))?,
    })
}

impl From<&Evidence> for v1::Evidence {
    fn from(it: &Evidence) -> Self {
        Self {
            item: it.item.as_str().to_owned(),
            purpose: write_purpose(it.purpose),
            strength: write_strength(it.strength),
            nationals_of: it.nationals_of.map(|of| of.to_string()).unwrap_or_default(),
            source: Some((&it.source).into()),
        }
    }
}

fn calendar(it: v1::Calendar, path: &str) -> Result<Calendar, InvalidField> {
    let weekend_path = format!("{path}.weekend");
    let weekend = list(it.weekend, 7, &weekend_path, |day, path| {
        u8::try_from(day)
            .ok()
            .filter(|day| (1..=7).contains(day))
            .ok_or_else(|| InvalidField::new(path, "must be 1 to 7"))
    })?;
    ascending(&weekend, &weekend_path, |day| *day)?;
    let holidays_path = format!("{path}.holidays");
    let holidays = list(it.holidays, ITEMS_MAX, &holidays_path, |day, path| date(Some(day), path))?;
    ascending(&holidays, &holidays_path, |day| *day)?;
    let estimated_path = format!("{path}.estimated");
    let estimated = list(it.estimated, ITEMS_MAX, &estimated_path, |it, path| {
        estimated_holiday(it, &holidays, path)
    })?;
    if !estimated.is_sorted_by(|before, after| before.until < after.on) {
        return Err(InvalidField::new(estimated_path, "must be ascending, no day in two"));
    }
    let state = state(&it.state, &format!("{path}.state"))?;
    Ok(Calendar { state, weekend, holidays, estimated })
}

fn estimated_holiday(
    it: v1::EstimatedHoliday,
    holidays: &[Date],
    path: &str,
) -> Result<Estimated, InvalidField> {
    let on = date(it.on, &format!("{path}.on"))?;
    let until = date(it.until, &format!("{path}.until"))?;
    if until < on {
        return Err(InvalidField::new(format!("{path}.until"), "must not be before the first day"));
    }
    let mut day = on;
    loop {
        if holidays.binary_search(&day).is_err() {
            return Err(InvalidField::new(path, "must have its days among the holidays"));
        }
        match day.tomorrow() {
            Ok(next) if next <= until => day = next,
            Ok(_) | Err(_) => return Ok(Estimated { on, until }),
        }
    }
}

impl From<&Calendar> for v1::Calendar {
    fn from(it: &Calendar) -> Self {
        Self {
            state: it.state.to_string(),
            weekend: it.weekend.iter().map(|day| (*day).into()).collect(),
            holidays: it.holidays.iter().map(|day| date_message(*day)).collect(),
            estimated: it.estimated.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Estimated> for v1::EstimatedHoliday {
    fn from(it: &Estimated) -> Self {
        Self { on: Some(date_message(it.on)), until: Some(date_message(it.until)) }
    }
}

fn offsets_of(it: v1::Offsets, path: &str) -> Result<Offsets, InvalidField> {
    let changes_path = format!("{path}.changes");
    let changes = list(it.changes, ITEMS_MAX, &changes_path, |change, path| {
        if change.from_ms % 1_000 != 0 {
            return Err(InvalidField::new(format!("{path}.from_ms"), "must be whole seconds"));
        }
        if change.seconds.unsigned_abs() >= 86_400 {
            return Err(InvalidField::new(format!("{path}.seconds"), "must be less than a day"));
        }
        Ok(OffsetChange { from: Instant::from_ms(change.from_ms), seconds: change.seconds })
    })?;
    ascending(&changes, &changes_path, |change| change.from)?;
    Ok(Offsets {
        state: state(&it.state, &format!("{path}.state"))?,
        zone: text(it.zone, ZONE_CHARS_MAX, &format!("{path}.zone"))?,
        changes,
    })
}

impl From<&Offsets> for v1::Offsets {
    fn from(it: &Offsets) -> Self {
        let change = |change: &OffsetChange| v1::OffsetChange {
            from_ms: change.from.as_ms(),
            seconds: change.seconds,
        };
        Self {
            state: it.state.to_string(),
            zone: it.zone.clone(),
            changes: it.changes.iter().map(change).collect(),
        }
    }
}

fn years(it: v1::Years) -> Result<Years, InvalidField> {
    let year = |number: u32, field: &str| {
        u16::try_from(number)
            .ok()
            .filter(|year| (1970..=9999).contains(year))
            .ok_or_else(|| InvalidField::new(field, "must be 1970 to 9999"))
    };
    let years = Years { first: year(it.first, "years.first")?, last: year(it.last, "years.last")? };
    if years.last < years.first {
        return Err(InvalidField::new("years.last", "must not be before the first year"));
    }
    Ok(years)
}
