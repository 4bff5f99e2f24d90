#!/usr/bin/env python3
"""Computes clocks a second time, from the calendar file alone, to hold the product against.

`clocks.py` compares every clock worked out by hand and writes `clocks.tsv`; `clocks.py BLOCK`
prints every start of one block of that table instead, and `clocks.py BLOCK confirmed` does so as if
every estimated holiday were confirmed. Python 3.11, standard library only. Offsets from UTC are
those of the system's own time zone database, not the one that the product carries.
"""

import copy
import datetime as dt
import pathlib
import sys
import tomllib
import zoneinfo

SEED = 20260504
STARTS_IN_BLOCK = 1_000
HERE = pathlib.Path(__file__).parent
UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
MS = dt.timedelta(milliseconds=1)
MASK = 2**64 - 1
UNITS = ["working_days", "calendar_days", "days_unqualified", "weeks", "calendar_months", "years"]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

PAIRS = """NL-XK NL-KZ BE-GE LU-RS NL-MK NL-BA NL-AM NL-HU NL-CH CH-RU NL-RO
           NL-LT NL-SI LU-MD NL-TR NL-AF DE-BD IT-PK FR-HK ES-CV SE-AZ AT-BY NL-LK""".split()
# Unit, largest count, which of the two must act.
KINDS = [("working_days", 20, 1), ("working_days", 5, 0), ("calendar_days", 400, 1),
         ("calendar_months", 24, 0), ("weeks", 30, 1), ("years", 3, 0), ("hours", 500, 1)]


class NotComputable(Exception):
    pass


def read(path):
    with open(path, "rb") as file:
        return tomllib.load(file)


class Pair:
    """The calendars of two States, and the years that both cover. Every holiday is as good as
    any other, unless what is only estimated is to decide nothing."""

    data = read(HERE / "../data/calendars.toml")
    zones = {zone["state"]: zoneinfo.ZoneInfo(zone["name"]) for zone in data["zone"]}
    calendars = {calendar["state"]: calendar for calendar in data["calendar"]}

    def __init__(self, *states):
        both = [self.calendars[state] for state in states]
        self.first = self.data["years"]["first"]
        self.last = min(calendar.get("last_year", self.data["years"]["last"]) for calendar in both)
        self.weekend = {WEEKDAYS.index(day) for calendar in both for day in calendar["weekend"]}
        self.dates = [{holiday["date"] for holiday in calendar["holidays"]} for calendar in both]
        self.holidays = set.union(*self.dates)
        self.feasts = [(index, feast) for index, calendar in enumerate(both)
                       for feast in feasts(calendar["holidays"])]

    def covered(self, day):
        if not self.first <= day.year <= self.last:
            raise NotComputable
        return day

    def works(self, day):
        return day.weekday() not in self.weekend and day not in self.holidays

    def moved(self, index, feast, days):
        """The same pair, with one feast of one of the States some days later."""
        pair = copy.copy(self)
        later = {day + dt.timedelta(days=days) for day in feast}
        pair.holidays = (self.dates[index] - feast) | later | self.dates[1 - index]
        return pair


def feasts(holidays):
    """The days of each holiday that follows a moon sighting; days of one name that follow one
    another are one."""
    found = []
    estimated = [holiday for holiday in holidays if holiday.get("estimated")]
    for holiday in sorted(estimated, key=lambda holiday: holiday["date"]):
        day, name = holiday["date"], holiday["name"]
        if found and found[-1][1] == name and day - dt.timedelta(days=1) in found[-1][0]:
            found[-1][0].add(day)
        else:
            found.append(({day}, name))
    return [days for days, _ in found]


def decided(pair, start, unit, count, last_day):
    """Whether an estimated holiday decides the last day: a day earlier or later, it moves it."""
    if unit != "working_days":
        return False
    near = start.date() - dt.timedelta(days=3), last_day + dt.timedelta(days=3)
    for index, feast in pair.feasts:
        if max(feast) < near[0] or min(feast) > near[1]:
            continue
        for days in (-1, 1):
            try:
                if clock(pair.moved(index, feast, days), None, start, unit, count) != last_day:
                    return True
            except NotComputable:
                return True
    return False


def month_later(day, months):
    """The same day of a later month; its last day where the month is too short."""
    month = day.year * 12 + day.month - 1 + months
    for missing in range(4):
        try:
            return dt.date(month // 12, month % 12 + 1, day.day - missing)
        except ValueError:
            continue
    raise AssertionError(day)


def clock(pair, acting, start, unit, count):
    """The last day of a period and the moment at which it is over; without the State that must
    act, the last day alone, from a local start."""
    zone = pair.zones[acting] if acting else start.tzinfo
    moment = isinstance(start, dt.datetime)
    day = pair.covered(start.astimezone(zone).date()) if moment else start
    if unit == "hours":
        end = start + dt.timedelta(hours=count)
        return pair.covered((end - MS).astimezone(zone).date()), end
    if unit == "working_days":
        while count:
            day = pair.covered(day + dt.timedelta(days=1))
            count -= pair.works(day)
    elif unit in ("calendar_days", "days_unqualified"):
        day += dt.timedelta(days=count)
    elif unit == "weeks":
        day += dt.timedelta(days=7 * count)
    elif unit == "calendar_months":
        day = month_later(day, count)
    elif unit == "years":
        day = month_later(day, 12 * count)
    else:
        raise ValueError(unit)
    after = pair.covered(day) + dt.timedelta(days=1)
    if not acting:
        return day
    return day, dt.datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(UTC)


def in_ms(moment):
    return (moment - EPOCH) // MS


def splitmix(state):
    """SplitMix64: the next state and a number of 64 bits."""
    state = (state + 0x9E3779B97F4A7C15) & MASK
    mixed = state
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
    return state, mixed ^ (mixed >> 31)


def starts(block, largest):
    """Random starts and counts; half of the starts lie on a half hour or 1 ms before it."""
    first = in_ms(dt.datetime(2023, 12, 20, tzinfo=UTC))
    span = in_ms(dt.datetime(2031, 1, 10, tzinfo=UTC)) - first
    state = SEED + block
    for _ in range(STARTS_IN_BLOCK):
        state, random = splitmix(state)
        ms = first + random % span
        state, random = splitmix(state)
        if random % 4 < 2:
            ms = ms // 1_800_000 * 1_800_000 - random % 4
        yield ms, 1 + (random >> 32) % largest


def lines(block, confirmed):
    """The lines of a block: start in ms, count, last day, end in ms."""
    states = PAIRS[block // len(KINDS)].split("-")
    unit, largest, acting = KINDS[block % len(KINDS)]
    pair = Pair(*states)
    for ms, count in starts(block, largest):
        try:
            start = EPOCH + ms * MS
            day, end = clock(pair, states[acting], start, unit, count)
            local = start.astimezone(pair.zones[states[acting]])
            if not confirmed and decided(pair, local, unit, count, day):
                raise NotComputable
            yield f"{ms} {count} {day} {in_ms(end)}"
        except NotComputable:
            yield f"{ms} {count} - -"


def fnv(texts):
    digest = 0xCBF29CE484222325
    for byte in "".join(f"{text}\n" for text in texts).encode():
        digest = ((digest ^ byte) * 0x100000001B3) & MASK
    return f"{digest:016x}"


def by_hand():
    checked = 0
    for group in read(HERE / "../tests/fixtures/clocks_by_hand.toml")["clock"]:
        key, count = group["limit"].split(" = ")
        key = key.removesuffix("_after_apprehension").removesuffix("_third_country_nationals")
        unit = next(unit for unit in UNITS if key.endswith(unit))
        pair = Pair(group["requesting"], group["requested"])
        for case in group["cases"]:
            start = case["start"]
            kind = dt.datetime if "T" in start else dt.date
            start = kind.fromisoformat(start)
            day, end = clock(pair, group["acting"], start, unit, int(count))
            found = (str(day), end.strftime("%Y-%m-%dT%H:%M:%SZ"))
            if found != (case["last_day"], case["ends"]):
                sys.exit(f"{group['document']} {group['limit']}: {case}: found {found}")
            checked += 1
    return checked


def main():
    if len(sys.argv) > 1:
        print("\n".join(lines(int(sys.argv[1]), "confirmed" in sys.argv[2:])))
        return
    table = [f"# seed {SEED}, {STARTS_IN_BLOCK} starts a block; columns as below\n"
             "# block\trequesting\trequested\tacting\tunit\tcount_max\tcomputable\tdigest\t"
             "computable_unconfirmed\tdigest_unconfirmed\n"]
    for block in range(len(PAIRS) * len(KINDS)):
        states = PAIRS[block // len(KINDS)].split("-")
        unit, largest, acting = KINDS[block % len(KINDS)]
        row = [block, *states, states[acting], unit, largest]
        for confirmed in (True, False):
            found = list(lines(block, confirmed))
            row += [sum(not line.endswith("-") for line in found), fnv(found)]
        table.append("\t".join(map(str, row)) + "\n")
    (HERE / "clocks.tsv").write_text("".join(table))
    print(f"{by_hand()} clocks by hand agree; {len(table) - 1} blocks written")


main()
