//! One line on a terminal's standard error about what takes longer than a second.

use crate::ui::{Console, Paint, Style};
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Nothing is shown before this: most commands are done by then.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the seconds move.
const TICK: Duration = Duration::from_millis(100);

/// A line that says what is being done and for how long; gone when dropped.
pub struct Progress {
    shared: Arc<Shared>,
    drawer: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    text: String,
    drawn: bool,
    done: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// Begins; draws nothing when nobody looks.
    pub fn new(console: &Console, text: &str) -> Self {
        let state = State { text: text.to_owned(), drawn: false, done: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let drawer = console.live.then(|| {
            let (shared, paint, width) = (Arc::clone(&shared), console.paint_err, console.width);
            std::thread::spawn(move || draw(&shared, paint, width))
        });
        Progress { shared, drawer }
    }

    /// What is being done now.
    pub fn say(&self, text: &str) {
        self.shared.lock().text = text.to_owned();
    }

    /// A handle for another thread that only says what is being done.
    pub fn teller(&self) -> impl Fn(&str) + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move |text: &str| shared.lock().text = text.to_owned()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.shared.lock().done = true;
        self.shared.changed.notify_all();
        if let Some(drawer) = self.drawer.take() {
            let _ = drawer.join();
        }
    }
}

fn draw(shared: &Shared, paint: Paint, width: usize) {
    const WHEEL: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
    let begun = Instant::now();
    let mut turn = 0usize;
    let mut state = shared.lock();
    while !state.done {
        let elapsed = begun.elapsed();
        if elapsed >= PATIENCE {
            let seconds = format!("{:.0} s", elapsed.as_secs_f64());
            let room = width.saturating_sub(seconds.len() + 4);
            let text: String = state.text.chars().take(room).collect();
            let line = format!("\r\x1b[2K{} {text} {}", WHEEL[turn % 10], paint.with(Style::Dim, seconds));
            let _ = std::io::stderr().lock().write_all(line.as_bytes());
            state.drawn = true;
            turn += 1;
        }
        let wait = if elapsed < PATIENCE { PATIENCE - elapsed } else { TICK };
        state = shared.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
    }
    if state.drawn {
        let _ = std::io::stderr().lock().write_all(b"\r\x1b[2K");
    }
}
