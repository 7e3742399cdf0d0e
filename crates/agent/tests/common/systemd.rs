//! A stand-in for systemd's manager on the private socket of a test root: units live in memory, enabling
//! makes and removes the links systemd would.

use agent::bus::{Connection, Message, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the stand-in knows and was asked.
#[derive(Default)]
pub struct Brain {
    /// Units that are active.
    pub active: BTreeSet<String>,
    /// Units whose last start failed.
    pub failed: BTreeSet<String>,
    /// Units that exist without a file in the root.
    pub installed: BTreeSet<String>,
    /// Units whose start, restart or reload fails.
    pub refuse: BTreeSet<String>,
    /// Units that are gone a moment after they started.
    pub dying: BTreeSet<String>,
    /// `VERB UNIT`, in order.
    pub calls: Vec<String>,
    /// Enabled units as systemd last read them; it reads again at `daemon-reload` only.
    pub enabled: BTreeMap<String, bool>,
    /// Transient timers with the command each runs.
    pub timers: BTreeMap<String, Vec<String>>,
    asked: BTreeMap<String, u32>,
    jobs: u32,
}

/// A running stand-in; ends when dropped.
pub struct FakeSystemd {
    /// Its state.
    pub brain: Arc<Mutex<Brain>>,
    socket: PathBuf,
    server: Option<std::thread::JoinHandle<()>>,
    over: Arc<Mutex<bool>>,
}

impl FakeSystemd {
    pub fn start(root: &Path) -> Self {
        let socket = root.join("run/systemd/private");
        std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        let brain = Arc::new(Mutex::new(Brain::default()));
        let over = Arc::new(Mutex::new(false));
        let (shared, root, ended) = (brain.clone(), root.to_path_buf(), over.clone());
        let server = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if *ended.lock().unwrap() {
                    return;
                }
                serve(stream.unwrap(), &shared, &root);
            }
        });
        FakeSystemd { brain, socket, server: Some(server), over }
    }
}

impl Drop for FakeSystemd {
    fn drop(&mut self) {
        *self.over.lock().unwrap() = true;
        let _ = UnixStream::connect(&self.socket);
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// One agent at a time: the agent holds a lock, and a second one waits for us.
fn serve(mut stream: UnixStream, brain: &Arc<Mutex<Brain>>, root: &Path) {
    let mut said = Vec::new();
    let mut byte = [0u8];
    while !said.ends_with(b"BEGIN\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => said.push(byte[0]),
            _ => return,
        }
    }
    if stream.write_all(b"OK 0123\r\n").is_err() {
        return;
    }
    let mut bus = Connection::from_stream(stream);
    while let Ok(call) = bus.receive(Instant::now() + Duration::from_secs(30)) {
        for message in answer(&call, &mut brain.lock().unwrap(), root) {
            if bus.send(&message).is_err() {
                return;
            }
        }
    }
}

fn reply(call: &Message, body: Vec<Value>) -> Message {
    Message { kind: 2, reply_to: call.serial, body, ..Message::default() }
}

fn refuse(call: &Message, text: &str) -> Message {
    let member = "org.freedesktop.systemd1.Refused".to_owned();
    Message { kind: 3, reply_to: call.serial, member, body: vec![Value::str(text)], ..Message::default() }
}

fn link(root: &Path, unit: &str) -> PathBuf {
    root.join("etc/systemd/system/multi-user.target.wants").join(unit)
}

fn exists(brain: &Brain, root: &Path, unit: &str) -> bool {
    brain.installed.contains(unit) || root.join("etc/systemd/system").join(unit).exists()
}

fn texts(value: Option<&Value>) -> Vec<String> {
    value.map(Value::parts).unwrap_or_default().iter().filter_map(Value::text).map(str::to_owned).collect()
}

fn answer(call: &Message, brain: &mut Brain, root: &Path) -> Vec<Message> {
    let first = || call.body.first().and_then(Value::text).unwrap_or_default().to_owned();
    match call.member.as_str() {
        "ListUnitsByNames" => {
            let rows = texts(call.body.first()).iter().map(|name| row(brain, root, name)).collect();
            vec![reply(call, vec![Value::Array("(ssssssouso)".to_owned(), rows)])]
        }
        "Get" => {
            let unit =
                call.path.rsplit('/').next().unwrap_or_default().replace("_2e", ".").replace("_2d", "-");
            let value = match call.body.get(1).and_then(Value::text).unwrap_or_default() {
                "UnitFileState" if !exists(brain, root, &unit) => Value::str(""),
                "UnitFileState" => {
                    let now = link(root, &unit).symlink_metadata().is_ok();
                    let known = *brain.enabled.entry(unit).or_insert(now);
                    Value::str(if known { "enabled" } else { "disabled" })
                }
                "CanReload" => Value::Bool(true),
                "NeedDaemonReload" => Value::Bool(false),
                _ => Value::u64(0),
            };
            vec![reply(call, vec![Value::variant(value)])]
        }
        "StartUnit" | "RestartUnit" | "ReloadOrRestartUnit" | "StopUnit" => job(call, brain, root, &first()),
        "EnableUnitFiles" => {
            for unit in texts(call.body.first()) {
                brain.calls.push(format!("enable {unit}"));
                let link = link(root, &unit);
                std::fs::create_dir_all(link.parent().unwrap()).unwrap();
                let _ = std::os::unix::fs::symlink(format!("/etc/systemd/system/{unit}"), link);
            }
            vec![reply(call, vec![Value::Bool(true), Value::Array("(sss)".to_owned(), vec![])])]
        }
        "DisableUnitFiles" => {
            for unit in texts(call.body.first()) {
                brain.calls.push(format!("disable {unit}"));
                let link = link(root, &unit);
                let _ = std::fs::remove_file(&link);
                let _ = std::fs::remove_dir(link.parent().unwrap());
            }
            vec![reply(call, vec![Value::Array("(sss)".to_owned(), vec![])])]
        }
        "Reload" => {
            brain.calls.push("daemon-reload".to_owned());
            brain.enabled.clear();
            vec![reply(call, vec![])]
        }
        "StartTransientUnit" => {
            let argv = command_of(call.body.get(3));
            brain.timers.insert(first(), argv);
            finish(call, brain, &first(), "done")
        }
        other => vec![refuse(call, &format!("no method {other}"))],
    }
}

/// The command inside the auxiliary service of a transient timer.
fn command_of(aux: Option<&Value>) -> Vec<String> {
    let service = aux.and_then(|a| a.parts().first()).and_then(|s| s.parts().get(1));
    for property in service.map(Value::parts).unwrap_or_default() {
        if let [name, Value::Variant(value)] = property.parts()
            && name.text() == Some("ExecStart")
        {
            return texts(value.parts().first().and_then(|c| c.parts().get(1)));
        }
    }
    Vec::new()
}

fn row(brain: &mut Brain, root: &Path, name: &str) -> Value {
    if brain.dying.contains(name) && brain.active.contains(name) {
        let asked = brain.asked.entry(name.to_owned()).or_default();
        *asked += 1;
        if *asked > 1 {
            brain.active.remove(name);
            brain.failed.insert(name.to_owned());
        }
    }
    let running = brain.active.contains(name) || brain.timers.contains_key(name);
    let (active, sub) = match (running, brain.failed.contains(name)) {
        (true, _) => ("active", "running"),
        (false, true) => ("failed", "failed"),
        (false, false) => ("inactive", "dead"),
    };
    let load = if running || exists(brain, root, name) { "loaded" } else { "not-found" };
    let path = format!("/org/freedesktop/systemd1/unit/{}", name.replace('.', "_2e").replace('-', "_2d"));
    let text = |t: &str| Value::str(t);
    Value::Struct(vec![
        text(name),
        text(""),
        text(load),
        text(active),
        text(sub),
        text(""),
        Value::Path(path),
        Value::u32(0),
        text(""),
        Value::Path("/".to_owned()),
    ])
}

fn job(call: &Message, brain: &mut Brain, root: &Path, unit: &str) -> Vec<Message> {
    let verb = match call.member.as_str() {
        "StartUnit" => "start",
        "RestartUnit" => "restart",
        "ReloadOrRestartUnit" => "reload",
        _ => "stop",
    };
    brain.calls.push(format!("{verb} {unit}"));
    if verb == "stop" {
        brain.active.remove(unit);
        brain.timers.remove(unit);
        return finish(call, brain, unit, "done");
    }
    if !exists(brain, root, unit) {
        return vec![refuse(call, &format!("Unit {unit} not found."))];
    }
    if brain.refuse.contains(unit) {
        brain.active.remove(unit);
        brain.failed.insert(unit.to_owned());
        return finish(call, brain, unit, "failed");
    }
    brain.failed.remove(unit);
    brain.asked.remove(unit);
    brain.active.insert(unit.to_owned());
    finish(call, brain, unit, "done")
}

fn finish(call: &Message, brain: &mut Brain, unit: &str, result: &str) -> Vec<Message> {
    brain.jobs += 1;
    let job = Value::Path(format!("/org/freedesktop/systemd1/job/{}", brain.jobs));
    let signal = Message {
        kind: 4,
        path: "/org/freedesktop/systemd1".to_owned(),
        interface: "org.freedesktop.systemd1.Manager".to_owned(),
        member: "JobRemoved".to_owned(),
        body: vec![Value::u32(brain.jobs), job.clone(), Value::str(unit), Value::str(result)],
        ..Message::default()
    };
    vec![reply(call, vec![job]), signal]
}
