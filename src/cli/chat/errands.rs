//! What a chat's turns leave for the business: told in the background while the talk goes on, and at its end within a
//! bounded time. What is left then is told by the daemon or by the next chat. The screen never hears of it.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    notify::SEND_TIMEOUT,
    worker::delivery::{Courier, Sender},
};

/// How long after the end of a talk deliveries are still begun. The last one has its own time on top.
const LAST_CALL: Duration = Duration::from_secs(5);

/// How much longer than its time a delivery may take to be noted.
const MARGIN: Duration = Duration::from_secs(2);

/// The background work of a chat.
pub(super) struct Errands {
    bell: Arc<Notify>,
    leaving: CancellationToken,
    work: JoinHandle<()>,
}

impl Errands {
    /// Begins to wait for turns.
    pub(super) fn begin(courier: Courier, sender: Sender, config: Arc<Config>) -> Self {
        let (bell, leaving) = (Arc::new(Notify::new()), CancellationToken::new());
        let work = tokio::spawn(run(courier, sender, config, bell.clone(), leaving.clone()));
        Self { bell, leaving, work }
    }

    /// A turn was committed.
    pub(super) fn turn_committed(&self) {
        self.bell.notify_one();
    }

    /// Waits until everything is told, but not for long.
    pub(super) async fn finish(self) {
        self.leaving.cancel();
        let most = LAST_CALL + SEND_TIMEOUT + MARGIN;
        if tokio::time::timeout(most, self.work).await.is_err() {
            tracing::warn!("not everything was told to the business; the rest is told later");
        }
    }
}

async fn run(
    courier: Courier,
    sender: Sender,
    config: Arc<Config>,
    bell: Arc<Notify>,
    leaving: CancellationToken,
) {
    loop {
        let is_last = tokio::select! {
            () = leaving.cancelled() => true,
            () = bell.notified() => false,
        };
        let until = Instant::now() + LAST_CALL;
        if let Err(error) = courier.deliver_due(&sender, &config, until).await {
            tracing::warn!(%error, "the business was not told; it is told later");
        }
        if is_last {
            return;
        }
    }
}
