//! Dates and times as PyYAML recognises them and Python prints them.

/// What a text that looks like a timestamp is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Timestamp {
    /// Not one.
    No,
    /// A `date` or `datetime`, as `str()` prints it.
    Yes(String),
    /// It has the form, and Python refuses the numbers.
    Bad(&'static str),
}

/// `2024-01-31`, or `2024-1-31 1:02:03.5 +01:00` in the forms YAML 1.1 has. Where nothing tells the type
/// (`implicit`), a date alone has two digits for month and day.
pub(crate) fn read(text: &str, implicit: bool) -> Timestamp {
    match Reader(text.as_bytes()).timestamp(implicit) {
        Some(Ok(text)) => Timestamp::Yes(text),
        Some(Err(why)) => Timestamp::Bad(why),
        None => Timestamp::No,
    }
}

struct Reader<'t>(&'t [u8]);

impl Reader<'_> {
    fn timestamp(&mut self, implicit: bool) -> Option<Result<String, &'static str>> {
        let year = self.number(4, 4)?;
        self.byte(b'-')?;
        let before = self.0.len();
        let month = self.number(1, 2)?;
        self.byte(b'-')?;
        let day = self.number(1, 2)?;
        let short = before - self.0.len() < 5;
        if self.0.is_empty() {
            if implicit && short {
                return None;
            }
            return Some(date(year, month, day).map(|()| format!("{year:04}-{month:02}-{day:02}")));
        }
        if self.byte(b'T').or_else(|| self.byte(b't')).is_none() && self.blanks() == 0 {
            return None;
        }
        let hour = self.number(1, 2)?;
        self.byte(b':')?;
        let minute = self.number(2, 2)?;
        self.byte(b':')?;
        let second = self.number(2, 2)?;
        let mut micro = 0;
        if self.byte(b'.').is_some() {
            let digits = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
            for i in 0..6 {
                let digit = if i < digits { u32::from(self.0[i] - b'0') } else { 0 };
                micro = micro * 10 + digit;
            }
            self.0 = &self.0[digits..];
        }
        self.blanks();
        let zone = self.zone()?;
        if !self.0.is_empty() {
            return None;
        }
        Some(date(year, month, day).and_then(|()| {
            if hour > 23 || minute > 59 || second > 59 {
                return Err("hours go to 23, minutes and seconds to 59");
            }
            let mut text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
            if micro > 0 {
                text.push_str(&format!(".{micro:06}"));
            }
            if let Some(minutes) = zone {
                if minutes.abs() >= 24 * 60 {
                    return Err("a time zone is less than a day away");
                }
                let sign = if minutes < 0 { '-' } else { '+' };
                text.push_str(&format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60));
            }
            Ok(text)
        }))
    }

    /// Minutes east; the outer nothing is a text that has no such form.
    fn zone(&mut self) -> Option<Option<i32>> {
        if self.byte(b'Z').is_some() {
            return Some(Some(0));
        }
        let sign = match self.0.first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Some(None),
        };
        self.0 = &self.0[1..];
        let hours = self.number(1, 2)?;
        let minutes = if self.byte(b':').is_some() { self.number(2, 2)? } else { 0 };
        Some(Some(sign * i32::try_from(hours * 60 + minutes).ok()?))
    }

    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let digits = self.0.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        if digits < least {
            return None;
        }
        let n = self.0[..digits].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
        self.0 = &self.0[digits..];
        Some(n)
    }

    fn byte(&mut self, wanted: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[wanted])?;
        Some(())
    }

    fn blanks(&mut self) -> usize {
        let blanks = self.0.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        self.0 = &self.0[blanks..];
        blanks
    }
}

fn date(year: u32, month: u32, day: u32) -> Result<(), &'static str> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return Err("a month is from 1 to 12"),
    };
    if year == 0 {
        return Err("a year is from 1 to 9999");
    }
    if day == 0 || day > days {
        return Err("the month has no such day");
    }
    Ok(())
}
