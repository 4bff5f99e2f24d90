//! The timeline as an SVG image: it names and describes itself, and says nothing by colour alone.

use std::fmt::Write as _;

use domain::time::Date;

use crate::chart::{Scale, day_ms, day_of_ms, ended, start_ms};
use crate::clause::End;
use crate::timeline::{Ending, Line, Situation, began_words, end_words};

/// Where the bars begin, in pixels.
const LEFT: usize = 300;
/// How wide the scale is.
const WIDTH: usize = 520;
/// How high a row is.
const ROW: usize = 40;
/// Where the first row begins.
const TOP: usize = 80;
/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;
/// Lines of the scale at most.
const TICKS_MAX: usize = 8;

/// An image of the clocks: bars for those that end, words for those that do not.
#[must_use]
pub fn svg(title: &str, lines: &[Line]) -> String {
    let rows: Vec<(&Line, &Ending)> = ended(lines).collect();
    let other: Vec<String> = lines.iter().filter_map(not_drawn).collect();
    let height = TOP + (rows.len() + 1) * ROW + other.len() * 20 + 20;
    let width = LEFT + WIDTH + 140;
    let mut image = String::new();
    let described: Vec<String> =
        rows.iter().map(|(line, ending)| in_words(line, ending)).chain(other.clone()).collect();
    let mut add = |element: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(image, "{element}");
    };
    add(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"#000\">"
    ));
    add(format_args!("<title id=\"title\">{}</title>", escaped(title)));
    add(format_args!("<desc id=\"desc\">{}</desc>", escaped(&described.join("; "))));
    add(format_args!("<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>"));
    add(format_args!("<text x=\"16\" y=\"28\" font-size=\"16\">{}</text>", escaped(title)));
    if let Some(scale) = Scale::of(lines) {
        let bottom = TOP + rows.len() * ROW;
        ticks(&mut image, scale, bottom);
        for (index, (line, ending)) in rows.into_iter().enumerate() {
            row(&mut image, scale, TOP + index * ROW, (line, ending));
        }
    }
    for (index, words) in other.iter().enumerate() {
        let y = height - 20 - (other.len() - 1 - index) * 20;
        let _ = writeln!(image, "<text x=\"16\" y=\"{y}\">{}</text>", escaped(words));
    }
    image.push_str("</svg>\n");
    image
}

/// Days on the scale, evenly spaced.
fn ticks(image: &mut String, scale: Scale, bottom: usize) {
    let days = (scale.to - scale.from).div_ceil(DAY_MS).max(1);
    let step = days.div_ceil(TICKS_MAX as u64).max(1);
    let first = scale.from.div_euclid(DAY_MS) * DAY_MS;
    for index in 0.. {
        let at = first + index * step * DAY_MS;
        if at > scale.to {
            return;
        }
        let (x, day) = (LEFT + scale.at(at, WIDTH), day_of_ms(at));
        let _ = writeln!(
            image,
            "<line x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{bottom}\" stroke=\"#999\" \
             stroke-dasharray=\"2 3\"/><text x=\"{x}\" y=\"{}\" font-size=\"10\" \
             text-anchor=\"middle\">{day}</text>",
            TOP - 12,
            TOP - 18
        );
    }
}

/// One clock: its name and length, a bar from its start to its end, and the last day.
fn row(image: &mut String, scale: Scale, top: usize, (line, ending): (&Line, &Ending)) {
    let start = LEFT + scale.at(start_ms(ending.began), WIDTH);
    let end = LEFT + scale.at(ending.at.as_ms(), WIDTH);
    let middle = top + ROW / 2 - 4;
    let _ = writeln!(image, "<g><title>{}</title>", escaped(&in_words(line, ending)));
    let _ = writeln!(
        image,
        "<text x=\"16\" y=\"{}\">{}</text><text x=\"16\" y=\"{}\" font-size=\"11\">{}</text>",
        top + 12,
        escaped(&line.clock),
        top + 27,
        escaped(&format!("{}, {}", line.timed.length_words(), line.acting))
    );
    let dashes = match line.timed.end {
        End::Latest => "",
        End::Earliest => " stroke-dasharray=\"1 3\"",
        End::Valid => " stroke-dasharray=\"6 3\"",
    };
    let _ = writeln!(
        image,
        "<rect x=\"{start}\" y=\"{}\" width=\"{}\" height=\"16\" fill=\"#ddd\" stroke=\"#000\"\
         {dashes}/>",
        middle - 8,
        (end - start).max(1)
    );
    ending.skipped.iter().for_each(|skipped| not_worked(image, scale, middle, skipped.day));
    let _ = writeln!(
        image,
        "<circle cx=\"{start}\" cy=\"{middle}\" r=\"4\"/><path d=\"M{end} {}v24\" \
         stroke=\"#000\" stroke-width=\"3\"/>",
        middle - 12
    );
    let _ = writeln!(
        image,
        "<text x=\"{}\" y=\"{}\">{}</text></g>",
        LEFT + WIDTH + 16,
        middle + 4,
        ending.last_day
    );
}

/// A day that is not counted, as a gap in the bar.
fn not_worked(image: &mut String, scale: Scale, middle: usize, day: Date) {
    let from = scale.at(day_ms(day), WIDTH);
    let to = scale.at(day_ms(day) + DAY_MS, WIDTH);
    let _ = writeln!(
        image,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"10\" fill=\"#fff\" stroke=\"#666\" \
         stroke-width=\"0.5\"/>",
        LEFT + from,
        middle - 5,
        to.saturating_sub(from).max(1)
    );
}

fn in_words(line: &Line, ending: &Ending) -> String {
    let skipped = match ending.skipped.len() {
        0 => String::new(),
        1 => ", 1 day not worked".to_owned(),
        days => format!(", {days} days not worked"),
    };
    format!(
        "{}: {} from {}, {} {} ({}){skipped}",
        line.clock,
        line.timed.length_words(),
        began_words(ending.began),
        end_words(line.timed.end),
        ending.last_day,
        line.acting
    )
}

/// What is said of a clock that has no bar.
fn not_drawn(line: &Line) -> Option<String> {
    match &line.situation {
        Situation::Ends(_) => None,
        Situation::NotStarted(_) => Some(format!("{}: not started", line.clock)),
        Situation::NotComputable { why, .. } => {
            Some(format!("{}: not computable, {why}", line.clock))
        }
        Situation::HolidayMustBeConfirmed { holidays, .. } => {
            let days: Vec<String> = holidays
                .iter()
                .map(|holiday| format!("{} {}", holiday.state, holiday.days.on))
                .collect();
            let days = days.join(", ");
            Some(format!("{}: no end while a holiday is only estimated, {days}", line.clock))
        }
    }
}

/// A text as XML has it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // What XML has no place for is not carried over.
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
