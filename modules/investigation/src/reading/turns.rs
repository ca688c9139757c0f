//! Turns: several threads work on a list, and each hands in what it has when all that stands before it was handed in. So the result
//! is that of one thread. Knows nothing of what is worked on.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Threads at once. Each may have something in its hands, so more would take more memory; half of the time is most of the gain.
const THREADS: usize = 2;

/// Whose turn it is, and what is worked for.
struct Turns<'s, S> {
    now: Mutex<(usize, &'s mut S)>,
    passed: Condvar,
}

/// The turn of one item. It passes when this is dropped, even in a panic: others would wait for ever.
pub struct Turn<'t, 's, S> {
    turns: &'t Turns<'s, S>,
    place: usize,
}

impl<'t, 's, S> Turn<'t, 's, S> {
    /// Waits for this turn.
    fn wait(&self) -> MutexGuard<'t, (usize, &'s mut S)> {
        let now = self.turns.now.lock().unwrap_or_else(PoisonError::into_inner);
        let is_early = |now: &mut (usize, &mut S)| now.0 < self.place;
        let waited = self.turns.passed.wait_while(now, is_early);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what must be done in order.
    pub fn take(&self, work: impl FnOnce(&mut S)) {
        work(self.wait().1);
    }
}

impl<S> Drop for Turn<'_, '_, S> {
    fn drop(&mut self) {
        self.wait().0 += 1;
        self.turns.passed.notify_all();
    }
}

/// Works on all items. What `work` does outside of its turn may be done at any time.
pub fn in_turns<S: Send, I: Sync>(state: &mut S, items: &[I], work: impl Fn(&I, &Turn<'_, '_, S>) + Sync) {
    let turns = Turns {
        now: Mutex::new((0, state)),
        passed: Condvar::new(),
    };
    let next = AtomicUsize::new(0);
    let run = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            work(item, &Turn { turns: &turns, place });
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    thread::scope(|scope| {
        for _ in 1..threads.min(items.len()) {
            scope.spawn(run);
        }
        run();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_handed_in_in_the_order_of_the_list() {
        let items: Vec<usize> = (0..500).collect();
        let mut handed: Vec<usize> = Vec::new();
        in_turns(&mut handed, &items, |item, turn| {
            // Some have nothing to hand in, and some two things.
            for _ in 0..item % 3 {
                turn.take(|handed| handed.push(*item));
            }
        });
        let expected: Vec<usize> = (0..500).flat_map(|item| vec![item; item % 3]).collect();
        assert_eq!(handed, expected);
        in_turns(&mut handed, &[] as &[usize], |_, _| {
            unreachable!("there is nothing to do")
        });
    }

    #[test]
    fn a_panic_ends_the_work_and_nobody_waits() {
        let items: Vec<usize> = (0..20).collect();
        let ended = std::panic::catch_unwind(|| {
            in_turns(&mut (), &items, |item, turn| {
                turn.take(|()| assert_ne!(*item, 7, "as this test wants it"));
            });
        });
        assert!(ended.is_err());
    }
}
