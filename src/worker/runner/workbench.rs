//! Places for turns that compute. Everything that a turn does itself takes a few milliseconds of a core; most of its time it
//! waits for a model. When many begin at once they take turns here, so that a core stays for those who acknowledge
//! messages.

use std::{num::NonZero, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::turn::Call;

/// The places. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Workbench {
    places: Arc<Semaphore>,
}

impl Workbench {
    /// A place for each core but one, and one at least.
    pub(super) fn of_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { places: Arc::new(Semaphore::new((cores - 1).max(1))) }
    }

    /// Waits for a place at which a turn computes.
    pub(super) async fn place(&self) -> Place {
        Place { workbench: self.clone(), taken: self.places.clone().acquire_owned().await.ok() }
    }
}

/// What a turn holds while it computes.
#[derive(Debug)]
pub(super) struct Place {
    workbench: Workbench,
    /// None while the turn waits for others. The places are never closed.
    taken: Option<OwnedSemaphorePermit>,
}

impl Place {
    /// Lets another turn compute, because this one waits.
    pub(super) fn leave(&mut self) {
        self.taken = None;
    }

    /// The same, when somebody else carries out the call.
    pub(super) fn leave_for(&mut self, call: &Call) {
        if matches!(call, Call::Remote { .. } | Call::CheckCalendar { .. }) {
            self.leave();
        }
    }

    /// Waits for a place again, if it was left.
    pub(super) async fn back(&mut self) {
        if self.taken.is_none() {
            *self = self.workbench.place().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_for_others_lets_the_next_one_compute() {
        let workbench = Workbench { places: Arc::new(Semaphore::new(1)) };
        let mut first = workbench.place().await;
        let mut second = std::pin::pin!(workbench.place());
        assert!(futures::poll!(second.as_mut()).is_pending());
        first.leave_for(&Call::CheckCalendar { from_ms: 0, to_ms: 1 });
        let mut second = second.await;
        {
            let mut back = std::pin::pin!(first.back());
            assert!(futures::poll!(back.as_mut()).is_pending());
            second.leave();
            back.await;
        }
        assert_eq!(workbench.places.available_permits(), 0);
        first.back().await;
        assert_eq!(workbench.places.available_permits(), 0, "who did not leave takes no second place");
    }
}
