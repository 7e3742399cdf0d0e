//! Filters on dates, in UTC: there is no clock and no time zone here.

use super::{flag, given, soft, text_of};
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::text::number;
use crate::value::V;
use std::rc::Rc;

/// A moment by its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micro: i64,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl Moment {
    /// Seconds since 1970 as a moment; years 1 to 9999, as Python has them.
    fn of(seconds: f64) -> Res<Moment> {
        // From 0001-01-01 to 9999-12-31.
        if !(-62_135_596_800.0..253_402_300_800.0).contains(&seconds) {
            return Err(Fault::failed("the year of this time is out of range"));
        }
        let micros = (seconds * 1e6).round_ties_even() as i64;
        let (whole, micro) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        let (day, rest) = (whole.div_euclid(86_400), whole.rem_euclid(86_400));
        let z = day + 719_468;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let y = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * y + y / 4 - y / 100);
        let m = (5 * of_year + 2) / 153;
        let month = if m < 10 { m + 3 } else { m - 9 };
        Ok(Moment {
            year: y + era * 400 + i64::from(month <= 2),
            month,
            day: of_year - (153 * m + 2) / 5 + 1,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            micro,
        })
    }
    fn days(&self) -> i64 {
        days(self.year, self.month, self.day)
    }
    fn weekday(&self) -> i64 {
        (self.days() + 4).rem_euclid(7)
    }
    fn day_of_year(&self) -> i64 {
        self.days() - days(self.year, 1, 1) + 1
    }
    /// Year and week of ISO 8601.
    fn iso_week(&self) -> (i64, i64) {
        let monday_based = (self.weekday() + 6) % 7;
        let thursday = self.days() - monday_based + 3;
        let year = if thursday < days(self.year, 1, 1) {
            self.year - 1
        } else if thursday >= days(self.year + 1, 1, 1) {
            self.year + 1
        } else {
            self.year
        };
        (year, (thursday - days(year, 1, 1)) / 7 + 1)
    }
    fn text(&self) -> String {
        let Moment { year, month, day, hour, minute, second, micro } = *self;
        let base = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
        if micro == 0 { base } else { format!("{base}.{micro:06}") }
    }
}

/// What Python's `datetime` of a time prints.
pub(crate) fn datetime(seconds: f64) -> Res<String> {
    Moment::of(seconds).map(|m| m.text())
}

/// A time by a format, in UTC.
pub(crate) fn strftime(format: &str, seconds: f64) -> Res<String> {
    let m = Moment::of(seconds)?;
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let Some(letter) = chars.next() else {
            out.push('%');
            break;
        };
        let hour12 = if m.hour % 12 == 0 { 12 } else { m.hour % 12 };
        let name = |all: &[&'static str], at: i64| usize::try_from(at).ok().and_then(|i| all.get(i)).copied();
        let month = name(&MONTHS, m.month - 1).unwrap_or_default();
        let day = name(&DAYS, m.weekday()).unwrap_or_default();
        let half = if m.hour < 12 { "AM" } else { "PM" };
        let shown = match letter {
            // glibc writes years before 1000 without zeros, and Python leaves that to it.
            'Y' => m.year.to_string(),
            'C' => format!("{:02}", m.year / 100),
            'y' => format!("{:02}", m.year % 100),
            'm' => format!("{:02}", m.month),
            'd' => format!("{:02}", m.day),
            'e' => format!("{:2}", m.day),
            'H' => format!("{:02}", m.hour),
            'k' => format!("{:2}", m.hour),
            'I' => format!("{hour12:02}"),
            'l' => format!("{hour12:2}"),
            'M' => format!("{:02}", m.minute),
            'S' => format!("{:02}", m.second),
            'f' => format!("{:06}", m.micro),
            'j' => format!("{:03}", m.day_of_year()),
            'B' => month.to_owned(),
            'b' | 'h' => month[..3].to_owned(),
            'A' => day.to_owned(),
            'a' => day[..3].to_owned(),
            'w' => m.weekday().to_string(),
            'u' => (if m.weekday() == 0 { 7 } else { m.weekday() }).to_string(),
            'U' => format!("{:02}", (m.day_of_year() + 6 - m.weekday()) / 7),
            'W' => format!("{:02}", (m.day_of_year() + 6 - (m.weekday() + 6) % 7) / 7),
            'V' => format!("{:02}", m.iso_week().1),
            'G' => m.iso_week().0.to_string(),
            'p' => half.to_owned(),
            'P' => half.to_lowercase(),
            'Z' => "UTC".to_owned(),
            'z' => "+0000".to_owned(),
            's' => format!("{}", (m.days() * 86_400) + m.hour * 3600 + m.minute * 60 + m.second),
            'F' => format!("{}-{:02}-{:02}", m.year, m.month, m.day),
            'D' | 'x' => format!("{:02}/{:02}/{:02}", m.month, m.day, m.year % 100),
            'T' | 'X' => format!("{:02}:{:02}:{:02}", m.hour, m.minute, m.second),
            'R' => format!("{:02}:{:02}", m.hour, m.minute),
            'r' => format!("{hour12:02}:{:02}:{:02} {half}", m.minute, m.second),
            'c' => {
                let (h, n, s) = (m.hour, m.minute, m.second);
                format!("{} {} {:2} {h:02}:{n:02}:{s:02} {}", &day[..3], &month[..3], m.day, m.year)
            }
            'n' => "\n".to_owned(),
            't' => "\t".to_owned(),
            '%' => "%".to_owned(),
            other => {
                return Err(Fault::unsupported(format!("`%{other}` in a time's format is not supported")));
            }
        };
        out.push_str(&shown);
    }
    Ok(out)
}

pub(super) fn filter(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [second, utc] = args.take("strftime", ["second", "utc"], 0)?;
    if !flag(utc, false)? {
        return Err(Fault::unsupported(
            "`strftime` in local time is not supported: it depends on the machine",
        )
        .with_help("write `strftime(seconds, utc=true)`"));
    }
    let seconds = match given(second) {
        None => interp.world.now()?,
        Some(second) => match second.as_float() {
            Some(x) => x,
            None => number::parse_float(&soft(&second)?)
                .ok_or_else(|| Fault::failed("Invalid value for epoch value"))?,
        },
    };
    strftime(&text_of(&on, "strftime")?, seconds).map(V::from)
}

/// `datetime.strptime`, for the directives dates are written with.
pub(super) fn to_datetime(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [format] = args.take("to_datetime", ["format"], 0)?;
    let format = format.map_or(Ok(Rc::from("%Y-%m-%d %H:%M:%S")), |f| text_of(&f, "to_datetime"))?;
    let text = text_of(&on, "to_datetime")?;
    let moment = parse(&text, &format)?;
    Ok(V::Date(Rc::from(moment.text())))
}

fn parse(text: &str, format: &str) -> Res<Moment> {
    let wrong = || Fault::failed(format!("time data '{text}' does not match format '{format}'"));
    let mut m = Moment { year: 1900, month: 1, day: 1, hour: 0, minute: 0, second: 0, micro: 0 };
    let mut rest = text;
    let mut half = None;
    let mut letters = format.chars();
    fn digits(rest: &mut &str, most: usize) -> Option<(i64, usize)> {
        let n = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let value = rest[..n].parse().ok()?;
        *rest = &rest[n..];
        Some((value, n))
    }
    let named = |rest: &mut &str, names: &[&str], short: bool| -> Option<i64> {
        for (i, name) in names.iter().enumerate() {
            let name = if short { &name[..3] } else { name };
            if rest.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name)) {
                *rest = &rest[name.len()..];
                return i64::try_from(i).ok();
            }
        }
        None
    };
    while let Some(c) = letters.next() {
        if crate::parse::lexer::is_space(c) {
            let trimmed = rest.trim_start_matches(crate::parse::lexer::is_space);
            if trimmed.len() == rest.len() {
                return Err(wrong());
            }
            rest = trimmed;
            continue;
        }
        if c != '%' {
            rest = rest.strip_prefix(c).ok_or_else(wrong)?;
            continue;
        }
        let number = |rest: &mut &str, most| digits(rest, most).ok_or_else(wrong);
        match letters.next().ok_or_else(wrong)? {
            'Y' => {
                let (year, count) = number(&mut rest, 4)?;
                if count < 4 {
                    return Err(wrong());
                }
                m.year = year;
            }
            'y' => {
                let year = number(&mut rest, 2)?.0;
                m.year = if year <= 68 { 2000 + year } else { 1900 + year };
            }
            'm' => m.month = number(&mut rest, 2)?.0,
            'd' => m.day = number(&mut rest, 2)?.0,
            'H' => m.hour = number(&mut rest, 2)?.0,
            'I' => m.hour = number(&mut rest, 2)?.0 % 12,
            'M' => m.minute = number(&mut rest, 2)?.0,
            'S' => m.second = number(&mut rest, 2)?.0,
            'f' => {
                let (value, count) = number(&mut rest, 6)?;
                m.micro = value * 10i64.pow(6 - u32::try_from(count).unwrap_or(6));
            }
            'b' => m.month = named(&mut rest, &MONTHS, true).ok_or_else(wrong)? + 1,
            'B' => m.month = named(&mut rest, &MONTHS, false).ok_or_else(wrong)? + 1,
            'a' => drop(named(&mut rest, &DAYS, true).ok_or_else(wrong)?),
            'A' => drop(named(&mut rest, &DAYS, false).ok_or_else(wrong)?),
            'p' => {
                let word = rest.get(..2).ok_or_else(wrong)?.to_ascii_uppercase();
                rest = &rest[2..];
                half = match &*word {
                    "AM" => Some(0),
                    "PM" => Some(1),
                    _ => return Err(wrong()),
                };
            }
            '%' => rest = rest.strip_prefix('%').ok_or_else(wrong)?,
            other => {
                return Err(Fault::unsupported(format!("`%{other}` in `to_datetime` is not supported")));
            }
        }
    }
    if half == Some(1) {
        m.hour += 12;
    }
    let month_days = days(m.year + m.month / 12, m.month % 12 + 1, 1) - days(m.year, m.month, 1);
    let good = rest.is_empty()
        && m.year >= 1
        && (1..=12).contains(&m.month)
        && (1..=month_days).contains(&m.day)
        && m.hour < 24
        && m.minute < 60
        && m.second < 60;
    if good { Ok(m) } else { Err(wrong()) }
}
