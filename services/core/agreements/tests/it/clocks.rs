//! Clocks worked out by hand, and by another program over random starts, against the product's.
//!
//! `check/clocks.py` is that program; it writes `check/clocks.tsv`.

use std::fmt::Write as _;

use domain::clock::{Began, deadline, estimated};
use domain::rules::{Direction, Length, Limit, Rules, Unit, Years};
use domain::time::Instant;
use toml::{Table, Value};

use super::{netherlands_kosovo, state};

const BY_HAND: &str = include_str!("../fixtures/clocks_by_hand.toml");
const BY_SCRIPT: &str = include_str!("../../check/clocks.tsv");

const UNITS: [(&str, Unit); 7] = [
    ("hours", Unit::Hours),
    ("calendar_days", Unit::CalendarDays),
    ("days_unqualified", Unit::DaysUnqualified),
    ("weeks", Unit::Weeks),
    ("calendar_months", Unit::CalendarMonths),
    ("years", Unit::Years),
    ("working_days", Unit::WorkingDays),
];

fn at(text: &str) -> Instant {
    let ms = text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    Instant::from_ms(u64::try_from(ms).unwrap())
}

fn text<'t>(table: &'t Value, key: &str) -> &'t str {
    table[key].as_str().unwrap()
}

/// Rules that hold the calendars and offsets of another pair of States.
fn between(requesting: &str, requested: &str) -> Rules {
    let mut rules = netherlands_kosovo();
    let pair = [state(requesting), state(requested)];
    rules.directions = vec![Direction { requesting: pair[0], requested: pair[1] }];
    let calendars = pair.map(|state| agreements::calendar(state).unwrap());
    let last = calendars.iter().map(|(_, years)| years.last).min().unwrap();
    rules.years = Years { first: calendars[0].1.first, last };
    rules.calendars = calendars.map(|(calendar, _)| calendar.clone()).to_vec();
    rules.offsets = pair.map(|state| agreements::offsets(state).unwrap()).to_vec();
    rules
}

/// The same, as if each holiday that is only estimated were confirmed.
fn confirmed(mut rules: Rules) -> Rules {
    rules.calendars.iter_mut().for_each(|calendar| calendar.estimated.clear());
    rules
}

/// The file of an agreement or a protocol.
fn document(id: &str) -> String {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let paths = ["agreements", "protocols"].map(|folder| data.join(folder).join(id));
    let found =
        paths.iter().find_map(|path| std::fs::read_to_string(path.with_extension("toml")).ok());
    found.unwrap_or_else(|| panic!("no document `{id}`"))
}

#[test]
fn clocks_end_where_the_hand_puts_them() {
    let groups: Table = BY_HAND.parse().unwrap();
    let mut checked = 0;
    for group in groups["clock"].as_array().unwrap() {
        let (name, limit) = (text(group, "document"), text(group, "limit"));
        // The case is about what the data says, where the data says that it stands.
        let data = document(name);
        assert!(data.lines().any(|line| line == limit), "`{name}` has no `{limit}`");
        assert!(data.contains(text(group, "article")), "{name} {limit}: article");
        if let Some(start) = group.get("starts_on") {
            let line = format!("starts_on = {start}");
            assert!(data.lines().any(|found| found.ends_with(&line)), "{name}: {line}");
        }
        let (key, count) = limit.split_once(" = ").unwrap();
        let key = key.trim_end_matches("_after_apprehension");
        let key = key.trim_end_matches("_third_country_nationals");
        let unit = UNITS.into_iter().find(|(suffix, _)| key.ends_with(suffix)).unwrap().1;
        let length = Length { count: count.parse().unwrap(), unit };
        let rules = confirmed(between(text(group, "requesting"), text(group, "requested")));
        let limit = Limit { length, ..rules.reply.clone() };
        for case in group["cases"].as_array().unwrap() {
            let start = text(case, "start");
            let began = match start.contains('T') {
                true => Began::At(at(start)),
                false => Began::On(start.parse().unwrap()),
            };
            let found = deadline(&rules, began, &limit, state(text(group, "acting"))).unwrap();
            let story = format!("{name} {length:?} from {start}: {}", text(case, "by_hand"));
            assert_eq!(found.last_day.to_string(), text(case, "last_day"), "{story}");
            assert_eq!(found.at, at(text(case, "ends")), "{story}");
            checked += 1;
        }
    }
    assert!(checked >= 120, "{checked} cases");
}

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn fnv(text: &str) -> u64 {
    let digest = 0xCBF2_9CE4_8422_2325;
    text.bytes()
        .fold(digest, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
}

#[test]
fn another_program_computes_the_same_clocks_from_random_starts() {
    const SEED: u64 = 20_260_504;
    const STARTS_IN_BLOCK: u64 = 1_000;
    let first = at("2023-12-20T00:00:00Z").as_ms();
    let span = at("2031-01-10T00:00:00Z").as_ms() - first;
    let starts = |rules: &Rules, block: u64, acting, unit, largest: u64| {
        let mut seed = SEED + block;
        let (mut lines, mut found) = (String::new(), 0);
        for _ in 0..STARTS_IN_BLOCK {
            let mut ms = first + random(&mut seed) % span;
            let chance = random(&mut seed);
            if chance % 4 < 2 {
                ms = ms / 1_800_000 * 1_800_000 - chance % 4;
            }
            let count = u32::try_from(1 + (chance >> 32) % largest).unwrap();
            let limit = Limit { length: Length { count, unit }, ..rules.reply.clone() };
            let began = Began::At(Instant::from_ms(ms));
            match deadline(rules, began, &limit, acting) {
                Ok(over) => {
                    found += 1;
                    let end = over.at.as_ms();
                    writeln!(lines, "{ms} {count} {} {end}", over.last_day).unwrap();
                }
                Err(_) => writeln!(lines, "{ms} {count} - -").unwrap(),
            }
        }
        (found, lines)
    };
    let (mut checked, mut undecided) = (0, 0);
    for row in BY_SCRIPT.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = row.split('\t').collect();
        let [block, requesting, requested, acting, unit, largest, expected @ ..] = &cells[..]
        else {
            panic!("{row}")
        };
        let unit = UNITS.into_iter().find(|(name, _)| name == unit).unwrap().1;
        let (block, largest) = (block.parse().unwrap(), largest.parse().unwrap());
        let [as_estimated, sure] = [false, true].map(|is_confirmed| {
            let rules = between(requesting, requested);
            let rules = if is_confirmed { confirmed(rules) } else { rules };
            starts(&rules, block, state(acting), unit, largest)
        });
        let mut same = Vec::new();
        for (found, lines) in [&sure, &as_estimated] {
            same.extend([found.to_string(), format!("{:016x}", fnv(lines))]);
        }
        let said = "`check/clocks.py` prints the block";
        assert_eq!(same, expected, "{block}, {said}:\n{:.400}\n{:.400}", sure.1, as_estimated.1);
        checked += STARTS_IN_BLOCK;
        undecided += sure.0 - as_estimated.0;
    }
    assert!(undecided > 500, "{undecided} ends that an estimated holiday decides");
    assert!(checked >= 100_000, "{checked} starts");
}

#[test]
fn a_holiday_of_several_days_moves_as_a_whole() {
    let rules = between("NL", "PK");
    let found = |count| -> Vec<(String, String)> {
        let length = Length { count, unit: Unit::WorkingDays };
        let all = estimated::of(&rules);
        let found =
            estimated::deciding(&rules, "2027-06-11".parse().unwrap(), length, all).unwrap();
        found.iter().map(|it| (it.days.on.to_string(), it.days.until.to_string())).collect()
    };
    // Ashura is estimated in Pakistan for Tue 15 and Wed 16 Jun 2027. From Fri 11 Jun:
    // Mon 14 (1), (Tue, Wed), Thu 17 (2), Fri 18 (3).
    // A day earlier: (Mon, Tue), Wed 16 (1), Thu 17 (2), Fri 18 (3).
    // A day later: Mon 14 (1), Tue 15 (2), (Wed, Thu), Fri 18 (3).
    let ashura = ("2027-06-15".to_owned(), "2027-06-16".to_owned());
    assert_eq!(found(1), std::slice::from_ref(&ashura), "Mon 14, or Wed 16");
    assert_eq!(found(2), [ashura], "Thu 17, or Tue 15");
    assert_eq!(found(3), [], "Fri 18 in any case");
}
