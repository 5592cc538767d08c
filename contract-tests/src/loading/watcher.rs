//! Shows how far it is: a bar on a terminal, a line for each step anywhere else.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use wechatpay_contract::load::{Course, Step};

/// Shows each step on stderr.
pub(super) struct Watcher(Mutex<State>);

struct State {
    /// What is being done.
    doing: &'static str,
    bar: ProgressBar,
    /// What the former step told, to know the rate since then.
    former: (Duration, u64),
}

impl Watcher {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template("{prefix:>10} {bar:40} {msg}");
        let bar = ProgressBar::new(0);
        let bar = style.map_or(bar.clone(), |style| bar.with_style(style));
        Self(Mutex::new(State { doing: "", bar, former: Default::default() }))
    }

    /// Shows this step in the place of the former.
    pub(super) fn show(&self, step: Step) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Signing { signed, of } => {
                state.begin("signing", of as u64, || format!("signing {of} requests"));
                // Threads tell in the order of their chance.
                let signed = state.bar.position().max(signed as u64);
                state.bar.set_position(signed);
                state.bar.set_message(format!("{signed} of {of}"));
            }
            Step::WarmingUp(course) => state.send("warming up", course),
            Step::Running(course) => state.send("sending", course),
        }
    }
}

impl State {
    fn begin(&mut self, doing: &'static str, length: u64, line: impl Fn() -> String) {
        if self.doing == doing {
            return;
        }
        (self.doing, self.former) = (doing, Default::default());
        if self.bar.is_hidden() {
            anstream::eprintln!("{}", line());
        }
        self.bar.set_prefix(doing);
        self.bar.set_position(0);
        self.bar.set_length(length);
    }

    fn send(&mut self, doing: &'static str, Course { took, length, answered }: Course) {
        let seconds = length.as_secs_f64();
        self.begin(doing, milliseconds(length), || format!("{doing} for {seconds} s"));
        let (before, then) = std::mem::replace(&mut self.former, (took, answered));
        let since = took.saturating_sub(before).as_secs_f64();
        let rate = if since > 0.0 { answered.saturating_sub(then) as f64 / since } else { 0.0 };
        self.bar.set_position(milliseconds(took));
        self.bar.set_message(format!("{:.1} of {seconds} s, {rate:.0} a second", took.as_secs_f64()));
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
