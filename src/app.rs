//! The daemon: its parts put together, started in order and stopped in order.
//!
//! Start: data directory taken, tenants listed, address bound, workers, requests. Nothing is opened before the daemon
//! listens. Stop: no new requests, then the turns under way, then the replies and notices they left, all within a bound; what is
//! not done by then is done after the next start.

pub mod reload;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    alerts::{Alert, Alerts},
    channel::{Channels, api::ReplyDesk, web::WebHub},
    clock::{Chance, Clock, Ids},
    config::{live::LiveConfig, tenant_file::TenantFileError},
    http,
    knowledge::embed::Embedder,
    llm::{media::MediaReader, pool::Pool},
    meters::Meters,
    notify::Notifier,
    tenants::Tenants,
    worker::{
        DAEMON_OWNER, Stop,
        alerts::AlertCarrier,
        appointments::Appointments,
        attachments::AttachmentReader,
        bell::Bell,
        bots::Bots,
        cataloguing::Cataloguing,
        consolidation::Consolidation,
        delivery::{Courier, Deliveries},
        dispatcher::Dispatcher,
        indexing::Indexer,
        intake::Intake,
        lock::{DataLock, DataLockError},
        outbox::Outbox,
        recovery::{self, Bells},
        turns::{LiveRunner, Turns},
    },
};

/// How often it is looked for tenants that nobody needs any more.
const CLOSE_IDLE_EVERY: Duration = Duration::from_secs(15);

/// How often the pool of models is looked after: its alert is late by as much at most.
const TEND_POOL_EVERY: Duration = Duration::from_secs(1);

/// Why the daemon cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It would be open to everybody who can reach the machine.
    #[error("{0} can be reached from other machines, and there is no token to keep strangers out")]
    Unprotected(SocketAddr),
    /// The data directory is not to be had.
    #[error(transparent)]
    Data(#[from] DataLockError),
    /// The folder of tenants cannot be listed.
    #[error(transparent)]
    Tenants(#[from] TenantFileError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Models are configured, and nothing can be sent to them.
    #[error("cannot prepare to ask the models")]
    Models(#[source] reqwest::Error),
    /// The system does not tell where this program is.
    #[error("cannot find this program, which reads documents in a process of its own")]
    Program(#[source] io::Error),
    /// Nothing can be sent over HTTP.
    #[error("cannot prepare to send notices")]
    Http(#[source] reqwest::Error),
    /// The system does not tell of signals.
    #[error("cannot receive signals")]
    Signals(#[source] io::Error),
}

/// How a daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything under way was finished.
    Drained,
    /// The bound was reached; the rest is done after the next start.
    Late,
    /// A second signal came.
    Forced,
}

/// A daemon that has its data directory and its tenants, and does not listen yet.
#[derive(Debug)]
pub struct Prepared {
    live: Arc<LiveConfig>,
    tenants: Tenants,
    embedder: Arc<Embedder>,
    pool: Arc<Pool>,
    /// What the operator is to be told.
    alerts: mpsc::Receiver<Alert>,
    /// Where the operator is told.
    raised: Alerts,
    clock: Clock,
    ids: Ids,
    lock: DataLock,
    /// This program, which reads documents in a process of its own.
    exe: PathBuf,
    /// What tells the business.
    notifier: Notifier,
    /// Where requests wait for replies.
    desk: Arc<ReplyDesk>,
    /// The ways in which replies leave.
    channels: Channels,
}

/// A daemon that listens.
#[derive(Debug)]
pub struct Daemon {
    prepared: Prepared,
    listener: TcpListener,
    address: SocketAddr,
    signals: Signals,
}

#[derive(Debug)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
}

impl Prepared {
    /// Takes the data directory and lists the tenants. Blocking.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(
        live: Arc<LiveConfig>,
        embedder: Arc<Embedder>,
        clock: Clock,
        ids: Ids,
    ) -> Result<Self, StartError> {
        let config = live.get();
        let listen = config.server.listen;
        if config.admin_token.is_none() && !listen.ip().to_canonical().is_loopback() {
            return Err(StartError::Unprotected(listen));
        }
        let lock = DataLock::take(&config.paths.data)?;
        let tenants = Tenants::list(live.clone(), embedder.clone(), clock.clone())?;
        let exe = std::env::current_exe().map_err(StartError::Program)?;
        let certificates = live.source().env().get("SSL_CERT_FILE").map(PathBuf::from);
        let notifier = Notifier::new(certificates).map_err(StartError::Http)?;
        let (raised, alerts) = Alerts::carried();
        let pool = Pool::new(&config.llm, clock.clone(), Meters::new(), raised.clone())
            .map_err(StartError::Models)?;
        let desk = Arc::new(ReplyDesk::default());
        let channels = Channels::new(desk.clone(), live.clone(), clock.clone(), raised.clone())
            .map_err(StartError::Http)?;
        let pool = Arc::new(pool);
        Ok(Self {
            live,
            tenants,
            embedder,
            pool,
            alerts,
            raised,
            clock,
            ids,
            lock,
            exe,
            notifier,
            desk,
            channels,
        })
    }

    /// Begins to listen. Requests wait until [`Daemon::run`].
    ///
    /// # Errors
    /// [`StartError::Listen`] and [`StartError::Signals`].
    pub async fn listen(self) -> Result<Daemon, StartError> {
        let address = self.live.get().server.listen;
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let signal = |kind| signal(kind).map_err(StartError::Signals);
        let signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
        };
        Ok(Daemon { prepared: self, listener, address, signals })
    }
}

impl Daemon {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until a signal ends it.
    pub async fn run(self) -> Ended {
        let Self { prepared, listener, address, mut signals } = self;
        let Prepared {
            live,
            tenants,
            embedder,
            pool,
            alerts,
            raised,
            clock,
            ids,
            lock,
            exe,
            notifier,
            desk,
            channels,
        } = prepared;
        let stopping = CancellationToken::new();
        let (turns_stop, sends_stop, memory_stop) = (Stop::default(), Stop::default(), Stop::default());
        let bell = || Arc::new(Bell::default());
        let bells = Bells {
            dispatcher: bell(),
            outbox: bell(),
            deliveries: bell(),
            appointments: bell(),
            memory: bell(),
            catalogue: bell(),
        };
        let owner = ids.next(DAEMON_OWNER);

        let indexer = Arc::new(Indexer::new(live.clone(), exe, clock.clone()));
        let media = MediaReader::new(pool.clone(), clock.clone());
        let reader =
            AttachmentReader { channels: channels.clone(), media: media.clone(), live: live.clone() };
        let runner = LiveRunner::new(live.clone(), pool.clone(), reader, clock.clone(), ids.clone());
        let consolidation = Consolidation {
            tenants: tenants.clone(),
            runner: runner.clone(),
            embedder,
            bell: bells.memory.clone(),
            clock: clock.clone(),
            chance: Chance::System,
        };
        let cataloguing = Cataloguing {
            tenants: tenants.clone(),
            bell: bells.catalogue.clone(),
            clock: clock.clone(),
            chance: Chance::System,
        };
        let dispatcher = Dispatcher {
            live: live.clone(),
            tenants: tenants.clone(),
            turns: Turns::Engine(runner),
            indexer: indexer.clone(),
            bell: bells.dispatcher.clone(),
            outbox: bells.outbox.clone(),
            deliveries: bells.deliveries.clone(),
            memory: bells.memory.clone(),
            appointments: bells.appointments.clone(),
            desk: desk.clone(),
            channels: channels.clone(),
            owner: owner.clone(),
            clock: clock.clone(),
            chance: Chance::System,
        };
        let web = channels.web.clone();
        let outbox = Outbox {
            live: live.clone(),
            tenants: tenants.clone(),
            channels: channels.clone(),
            bell: bells.outbox.clone(),
            owner: owner.clone(),
            clock: clock.clone(),
            chance: Chance::System,
        };
        let deliveries = Deliveries {
            live: live.clone(),
            tenants: tenants.clone(),
            courier: Courier { notifier, owner, clock: clock.clone(), chance: Chance::System },
            bell: bells.deliveries.clone(),
        };
        let appointments = Appointments {
            tenants: tenants.clone(),
            bell: bells.appointments.clone(),
            outbox: bells.outbox.clone(),
            deliveries: bells.deliveries.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            chance: Chance::System,
            alerts: raised.clone(),
        };
        let intake = Intake {
            live: live.clone(),
            dispatcher: bells.dispatcher.clone(),
            outbox: bells.outbox.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let bots = Bots {
            live: live.clone(),
            tenants: tenants.clone(),
            channels: channels.clone(),
            intake,
            alerts: raised,
            chance: Chance::System,
        };
        let carrier = AlertCarrier {
            live: live.clone(),
            tenants: tenants.clone(),
            deliveries: bells.deliveries.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let router = http::router(http::Parts {
            live: live.clone(),
            tenants: tenants.clone(),
            dispatcher: bells.dispatcher.clone(),
            outbox: bells.outbox.clone(),
            deliveries: bells.deliveries.clone(),
            appointments: bells.appointments.clone(),
            catalogue: bells.catalogue.clone(),
            indexer,
            media,
            pool: pool.clone(),
            channels,
            desk,
            web: web.clone(),
            clock,
            ids,
            stopping: stopping.clone(),
        });

        let turns = tokio::spawn(dispatcher.run(turns_stop.clone()));
        let sends = tokio::spawn(outbox.run(sends_stop.clone()));
        let tellings = tokio::spawn(deliveries.run(sends_stop.clone()));
        let memory = tokio::spawn(consolidation.run(memory_stop.clone()));
        let reminding = tokio::spawn(appointments.run(memory_stop.clone()));
        let finding = tokio::spawn(cataloguing.run(memory_stop.clone()));
        let side = TaskTracker::new();
        side.spawn(recovery::run(tenants.clone(), bells, stopping.clone()));
        side.spawn(close_idle(tenants.clone(), live.clone(), stopping.clone()));
        side.spawn(tend(pool.clone(), web.clone(), stopping.clone()));
        side.spawn(bots.run(stopping.clone()));
        side.spawn(carrier.run(alerts, stopping.clone()));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let stop_serving = stopping.clone().cancelled_owned();
        let requests =
            tokio::spawn(axum::serve(listener, service).with_graceful_shutdown(stop_serving).into_future());
        tracing::info!(address = %address, tenants = tenants.ids().len(), "listening on http://{address}");

        signals.wait_for_end(&live, &tenants, &pool).await;
        let grace = live.get().worker.shutdown_grace;
        tracing::info!(grace_s = grace.as_secs(), "stopping: finishing what is under way");
        stopping.cancel();
        turns_stop.hurry.cancel();
        sends_stop.hurry.cancel();
        // What it leaves undone can wait.
        memory_stop.hurry.cancel();
        memory_stop.finish.cancel();
        side.close();
        let drain = async {
            // In this order, because each one feeds the next. A task that panicked has nothing left to finish.
            drop(requests.await);
            web.sockets.close();
            web.sockets.wait().await;
            turns_stop.finish.cancel();
            drop(turns.await);
            sends_stop.finish.cancel();
            drop((sends.await, tellings.await));
            drop((memory.await, reminding.await, finding.await));
            side.wait().await;
        };
        let ended = tokio::select! {
            drained = tokio::time::timeout(grace, drain) => {
                if drained.is_ok() { Ended::Drained } else { Ended::Late }
            }
            () = signals.wait_for_end(&live, &tenants, &pool) => Ended::Forced,
        };
        match ended {
            Ended::Drained => tracing::info!("stopped"),
            Ended::Late => tracing::warn!("stopped with work left; the next start goes on with it"),
            Ended::Forced => {
                tracing::warn!("stopped by a second signal; the next start goes on with what is left");
            }
        }
        drop(lock);
        ended
    }
}

impl Signals {
    /// Waits for the signal that ends the daemon; takes up changed files on every hangup signal until then.
    async fn wait_for_end(&mut self, live: &Arc<LiveConfig>, tenants: &Tenants, pool: &Pool) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.reload.recv() => {
                    // What is wrong was logged, and nothing else can be done about it here.
                    drop(reload::reload(live, tenants, pool).await);
                }
            }
        }
    }
}

async fn close_idle(tenants: Tenants, live: Arc<LiveConfig>, stop: CancellationToken) {
    let mut every = tokio::time::interval(CLOSE_IDLE_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {
                tenants.close_idle(live.get().worker.close_idle_tenant).await;
            }
        }
    }
}

async fn tend(pool: Arc<Pool>, web: Arc<WebHub>, stop: CancellationToken) {
    let mut every = tokio::time::interval(TEND_POOL_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {
                for (tenant, conversation) in web.tend() {
                    pool.release(&tenant, &conversation);
                }
                pool.tend();
            }
        }
    }
}
