//! systemd's manager, as far as a transaction needs it.

use crate::bus::{BusError, Connection, Value};
use artifact::UnitSeen;
use artifact::protocol::{Code, Fault};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

const OBJECT: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const SERVICE: &str = "org.freedesktop.systemd1.Service";
/// A plain question must be answered within this time.
const ANSWER: Duration = Duration::from_secs(10);
/// Between two tries of what systemd sends no event for.
const FORGETS: Duration = Duration::from_millis(20);
/// Reading all unit files again may take this long.
const RELOAD: Duration = Duration::from_secs(60);
/// Units asked about in one go: keeps both sides' socket buffers from filling up.
const BATCH: usize = 16;

/// What is done to units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Start.
    Start,
    /// Stop.
    Stop,
    /// Stop and start; start when it does not run.
    Restart,
    /// Reload, or restart where reloading is not possible.
    Reload,
}

impl Verb {
    fn method(self) -> &'static str {
        match self {
            Verb::Start => "StartUnit",
            Verb::Stop => "StopUnit",
            Verb::Restart => "RestartUnit",
            Verb::Reload => "ReloadOrRestartUnit",
        }
    }
    /// The word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Start => "start",
            Verb::Stop => "stop",
            Verb::Restart => "restart",
            Verb::Reload => "reload",
        }
    }
}

/// A transient timer that runs a command once.
pub struct Timer<'a> {
    /// Name without suffix.
    pub name: &'a str,
    /// For people.
    pub description: &'a str,
    /// From now.
    pub after: Duration,
    /// The command, with the absolute path of its program first.
    pub argv: &'a [String],
}

/// The manager of a running systemd.
pub struct Systemd {
    bus: Connection,
}

fn soon() -> Instant {
    Instant::now() + ANSWER
}

fn no_systemd(error: &BusError) -> Fault {
    Fault::new(Code::NoSystemd, error.to_string())
}

impl Systemd {
    /// Connects to the systemd of the system under `root`.
    ///
    /// # Errors
    /// [`Code::NoSystemd`] when it does not answer.
    pub fn connect(root: &Path) -> Result<Self, Fault> {
        let socket = root.join("run/systemd/private");
        let bus = Connection::open(&socket, soon()).map_err(|e| {
            Fault::new(
                Code::NoSystemd,
                format!("{}: {e}; is systemd running on this host?", socket.display()),
            )
        })?;
        Ok(Systemd { bus })
    }

    fn call(&mut self, member: &str, body: Vec<Value>, until: Instant) -> Result<Vec<Value>, BusError> {
        let serial = self.bus.send_call(OBJECT, MANAGER, member, body)?;
        self.bus.answer(serial, until)
    }

    /// Object path, load, active and sub state of units.
    fn list(&mut self, names: &[&str]) -> Result<Vec<(String, String, UnitSeen)>, Fault> {
        let answer = self
            .call("ListUnitsByNames", vec![Value::strings(names.iter().copied())], soon())
            .map_err(|e| no_systemd(&e))?;
        let rows = answer.first().map(Value::parts).unwrap_or_default();
        let text =
            |row: &Value, at: usize| row.parts().get(at).and_then(Value::text).unwrap_or_default().to_owned();
        Ok(rows
            .iter()
            .map(|row| {
                let seen = UnitSeen {
                    load: text(row, 2),
                    active: text(row, 3),
                    sub: text(row, 4),
                    ..UnitSeen::default()
                };
                (text(row, 0), text(row, 6), seen)
            })
            .collect())
    }

    /// Only load, active and sub state and the count of restarts: cheap enough to be asked often.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub fn states(&mut self, names: &[&str]) -> Result<BTreeMap<String, UnitSeen>, Fault> {
        let mut out = BTreeMap::new();
        for (name, path, mut seen) in self.list(names)? {
            if name.ends_with(".service") {
                seen.restarts =
                    u32::try_from(self.property(&path, SERVICE, "NRestarts")?).unwrap_or(u32::MAX);
            }
            out.insert(name, seen);
        }
        Ok(out)
    }

    fn property(&mut self, path: &str, interface: &str, name: &str) -> Result<u64, Fault> {
        let body = vec![Value::str(interface), Value::str(name)];
        let serial = self.bus.send_call(path, PROPERTIES, "Get", body).map_err(|e| no_systemd(&e))?;
        match self.bus.answer(serial, soon()) {
            Ok(body) => Ok(body.first().and_then(Value::number).unwrap_or(0)),
            Err(BusError::Refused(..)) => Ok(0),
            Err(e) => Err(no_systemd(&e)),
        }
    }

    /// Everything about units, asked in one go.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub fn show(&mut self, names: &[&str]) -> Result<BTreeMap<String, UnitSeen>, Fault> {
        let mut out = BTreeMap::new();
        for batch in names.chunks(BATCH) {
            let units = self.list(batch)?;
            let mut asked = Vec::new();
            for (name, path, _) in &units {
                let unit = ["UnitFileState", "NeedDaemonReload", "CanReload", "ActiveEnterTimestamp"];
                let service = ["ExecMainStartTimestamp", "MainPID", "NRestarts"];
                let service: &[&str] = if name.ends_with(".service") { &service } else { &[] };
                let wanted = unit.iter().map(|p| (UNIT, *p)).chain(service.iter().map(|p| (SERVICE, *p)));
                let mut serials = Vec::new();
                for (interface, property) in wanted {
                    let body = vec![Value::str(interface), Value::str(property)];
                    let sent = self.bus.send_call(path, PROPERTIES, "Get", body);
                    serials.push((property, sent.map_err(|e| no_systemd(&e))?));
                }
                asked.push(serials);
            }
            for ((name, _, mut seen), serials) in units.into_iter().zip(asked) {
                for (property, serial) in serials {
                    let value = match self.bus.answer(serial, soon()) {
                        Ok(body) => body.into_iter().next(),
                        Err(BusError::Refused(..)) => None,
                        Err(e) => return Err(no_systemd(&e)),
                    };
                    if let Some(value) = value {
                        set(&mut seen, property, &value);
                    }
                }
                out.insert(name, seen);
            }
        }
        Ok(out)
    }

    /// Does one thing to several units at once and waits until every job has ended.
    ///
    /// # Errors
    /// [`Code::UnitFailed`] naming every unit whose job did not end well, or did not end in time.
    pub fn run(&mut self, verb: Verb, names: &[&str], limit: Duration) -> Result<(), Fault> {
        let until = Instant::now() + limit;
        let mut jobs: BTreeMap<String, &str> = BTreeMap::new();
        let mut failed = Vec::new();
        for name in names {
            match self.call(verb.method(), vec![Value::str(*name), Value::str("replace")], until) {
                Ok(body) => {
                    let job = body.first().and_then(Value::text).unwrap_or_default();
                    jobs.insert(job.to_owned(), name);
                }
                Err(BusError::Refused(_, text)) => failed.push(format!("{name}: {text}")),
                Err(e) => return Err(no_systemd(&e)),
            }
        }
        while !jobs.is_empty() {
            let signal = match self.bus.signal("JobRemoved", until) {
                Ok(signal) => signal,
                Err(BusError::Io(e)) if e.kind() == std::io::ErrorKind::TimedOut => {
                    let late = format!("did not {} within {} s", verb.word(), limit.as_secs());
                    failed.extend(jobs.values().map(|n| format!("{n}: {late}")));
                    break;
                }
                Err(e) => return Err(no_systemd(&e)),
            };
            let [_, job, _, result] = signal.body.as_slice() else { continue };
            let Some(name) = job.text().and_then(|j| jobs.remove(j)) else { continue };
            match result.text() {
                Some("done" | "skipped") => {}
                other => failed.push(format!("{name}: {} ended as `{}`", verb.word(), other.unwrap_or("?"))),
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(Fault::new(Code::UnitFailed, failed.join("; "))) }
    }

    /// Makes systemd forget how often units were started lately, so that no start limit refuses the next start.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub fn forget_starts<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Result<(), Fault> {
        for name in names {
            match self.call("ResetFailedUnit", vec![Value::str(name)], soon()) {
                // One that is not loaded has nothing to forget.
                Ok(_) | Err(BusError::Refused(..)) => {}
                Err(e) => return Err(no_systemd(&e)),
            }
        }
        Ok(())
    }

    /// Queues jobs without waiting for them: for use while the machine boots.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub fn queue(&mut self, verb: Verb, name: &str) -> Result<(), Fault> {
        match self.call(verb.method(), vec![Value::str(name), Value::str("replace")], soon()) {
            Ok(_) => Ok(()),
            Err(BusError::Refused(_, text)) => Err(Fault::new(Code::UnitFailed, format!("{name}: {text}"))),
            Err(e) => Err(no_systemd(&e)),
        }
    }

    /// Starts units at boot from now on. A reload must follow.
    ///
    /// # Errors
    /// [`Code::UnitFailed`] when systemd refuses, for example because a unit is masked or not there.
    pub fn enable(&mut self, names: &[&str]) -> Result<(), Fault> {
        let body = vec![Value::strings(names.iter().copied()), Value::Bool(false), Value::Bool(false)];
        self.files("EnableUnitFiles", "enable", names, body)
    }

    /// No longer starts units at boot. A reload must follow.
    ///
    /// # Errors
    /// [`Code::UnitFailed`] when systemd refuses.
    pub fn disable(&mut self, names: &[&str]) -> Result<(), Fault> {
        let body = vec![Value::strings(names.iter().copied()), Value::Bool(false)];
        self.files("DisableUnitFiles", "disable", names, body)
    }

    fn files(&mut self, member: &str, word: &str, names: &[&str], body: Vec<Value>) -> Result<(), Fault> {
        match self.call(member, body, soon()) {
            Ok(_) => Ok(()),
            Err(BusError::Refused(_, text)) => {
                Err(Fault::new(Code::UnitFailed, format!("cannot {word} {}: {text}", names.join(", "))))
            }
            Err(e) => Err(no_systemd(&e)),
        }
    }

    /// Makes systemd read its unit files again.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub fn reload(&mut self) -> Result<(), Fault> {
        match self.call("Reload", Vec::new(), Instant::now() + RELOAD) {
            Ok(_) => Ok(()),
            Err(e) => Err(no_systemd(&e)),
        }
    }

    /// Waits until systemd reports anything, at most this long.
    ///
    /// # Errors
    /// When systemd is gone.
    pub fn wait_for_news(&mut self, limit: Duration) -> Result<(), Fault> {
        self.bus.wait_for_news(Instant::now() + limit).map_err(|e| no_systemd(&e))
    }

    /// Sets a transient timer; an older one of the same name is replaced.
    ///
    /// # Errors
    /// [`Code::UnitFailed`] when systemd refuses.
    pub fn set_timer(&mut self, timer: &Timer<'_>) -> Result<(), Fault> {
        self.cancel_timer(timer.name)?;
        // The caller holds the lock and nothing is pending: one that still runs is for a transaction that ended.
        let service = format!("{}.service", timer.name);
        let states = self.states(&[&service])?;
        if states.get(&service).is_some_and(|u| !matches!(u.active.as_str(), "inactive" | "failed")) {
            self.run(Verb::Stop, &[&service], ANSWER)?;
        }
        let property =
            |name: &str, value: Value| Value::Struct(vec![Value::str(name), Value::variant(value)]);
        let microseconds = u64::try_from(timer.after.as_micros()).unwrap_or(u64::MAX);
        let on_active = Value::Struct(vec![Value::str("OnActiveSec"), Value::u64(microseconds)]);
        let argv = Value::strings(timer.argv.iter().map(String::as_str));
        let program = timer.argv.first().cloned().unwrap_or_default();
        let command = Value::Struct(vec![Value::Str(program), argv, Value::Bool(false)]);
        let timer_properties = vec![
            property("Description", Value::str(timer.description)),
            property("TimersMonotonic", Value::Array("(st)".to_owned(), vec![on_active])),
            property("AccuracyUSec", Value::u64(10_000)),
            property("RemainAfterElapse", Value::Bool(false)),
        ];
        let service_properties = vec![
            property("Description", Value::str(timer.description)),
            property("Type", Value::str("oneshot")),
            property("CollectMode", Value::str("inactive-or-failed")),
            // An undo that could not be done, for a full disk say, is tried again.
            property("Restart", Value::str("on-failure")),
            property("RestartUSec", Value::u64(5_000_000)),
            property("StartLimitIntervalUSec", Value::u64(3_600_000_000)),
            property("StartLimitBurst", Value::u32(20)),
            property("ExecStart", Value::Array("(sasb)".to_owned(), vec![command])),
        ];
        let properties = |list| Value::Array("(sv)".to_owned(), list);
        let service = Value::Struct(vec![
            Value::Str(format!("{}.service", timer.name)),
            properties(service_properties),
        ]);
        let body = vec![
            Value::Str(format!("{}.timer", timer.name)),
            Value::str("replace"),
            properties(timer_properties),
            Value::Array("(sa(sv))".to_owned(), vec![service]),
        ];
        let until = soon();
        let job = loop {
            match self.call("StartTransientUnit", body.clone(), until) {
                Ok(body) => break body.first().and_then(Value::text).unwrap_or_default().to_owned(),
                // systemd forgets a transient unit some time after it ended.
                Err(BusError::Refused(name, _))
                    if name.ends_with(".UnitExists") && Instant::now() + FORGETS < until =>
                {
                    std::thread::sleep(FORGETS);
                }
                Err(BusError::Refused(_, text)) => {
                    let message = format!("cannot set the dead-man timer: {text}");
                    return Err(Fault::new(Code::UnitFailed, message));
                }
                Err(e) => return Err(no_systemd(&e)),
            }
        };
        loop {
            let signal = self.bus.signal("JobRemoved", until).map_err(|e| no_systemd(&e))?;
            let [_, ended, _, result] = signal.body.as_slice() else { continue };
            if ended.text() == Some(&job) {
                return match result.text() {
                    Some("done") => Ok(()),
                    other => Err(Fault::new(
                        Code::UnitFailed,
                        format!("the dead-man timer did not start: `{}`", other.unwrap_or("?")),
                    )),
                };
            }
        }
    }

    /// Takes a transient timer away; none of that name is fine.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub fn cancel_timer(&mut self, name: &str) -> Result<(), Fault> {
        let timer = format!("{name}.timer");
        if self.states(&[&timer])?.get(&timer).is_some_and(|u| u.active != "inactive") {
            self.run(Verb::Stop, &[&timer], ANSWER)?;
        }
        Ok(())
    }
}

fn set(seen: &mut UnitSeen, property: &str, value: &Value) {
    let number = value.number().unwrap_or(0);
    let small = u32::try_from(number).unwrap_or(u32::MAX);
    match property {
        "UnitFileState" => seen.file_state = value.text().unwrap_or_default().to_owned(),
        "NeedDaemonReload" => seen.need_daemon_reload = number != 0,
        "CanReload" => seen.can_reload = number != 0,
        "ActiveEnterTimestamp" => seen.active_enter_us = number,
        "ExecMainStartTimestamp" => seen.main_start_us = number,
        "MainPID" => seen.main_pid = small,
        "NRestarts" => seen.restarts = small,
        _ => {}
    }
}

/// The names in a set, as the calls take them.
pub fn names(set: &BTreeSet<String>) -> Vec<&str> {
    set.iter().map(String::as_str).collect()
}
