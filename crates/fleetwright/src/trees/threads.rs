//! Many small pieces of work on every processor.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Pieces a thread takes at once: neighbours share a folder and a host.
const AT_ONCE: usize = 16;

/// What becomes of each item, in their order. Each thread makes a worker of its own first.
pub fn each<T: Sync, R: Send, W>(
    items: &[T],
    worker: impl Fn() -> W + Sync,
    work: impl Fn(&W, &T) -> R + Sync,
) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.min(items.len().div_ceil(AT_ONCE)).max(1);
    let next = AtomicUsize::new(0);
    let run = || {
        let worker = worker();
        let mut done = Vec::new();
        loop {
            let begin = next.fetch_add(AT_ONCE, Ordering::Relaxed);
            let Some(rest) = items.get(begin..).filter(|rest| !rest.is_empty()) else { return done };
            let made: Vec<R> = rest.iter().take(AT_ONCE).map(|item| work(&worker, item)).collect();
            done.push((begin, made));
        }
    };
    let mut all: Vec<(usize, Vec<R>)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut all = run();
        for thread in others {
            match thread.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(begin, _)| *begin);
    all.into_iter().flat_map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn what_is_made_comes_in_the_order_of_what_it_is_made_of() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let items: Vec<usize> = (0..length).collect();
            let made = each(&items, || 2, |times, item| item * times);
            assert_eq!(made, (0..length).map(|n| n * 2).collect::<Vec<_>>());
        }
    }
}
