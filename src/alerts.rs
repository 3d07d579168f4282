//! What the operator is told: each thing that somebody should look at, as a value.
//!
//! Whoever notices something raises it. It is logged at once, so that nothing is lost, and handed to whoever carries it
//! on: to the address in `[alerts]`, and for what concerns one tenant also to that tenant's staff.

use tokio::sync::mpsc;

use crate::domain::{conversation::ChannelKind, tenant::TenantId};

/// Alerts that may wait to be carried on. More than that were logged, and that must do.
const MAX_WAITING: usize = 64;

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq)]
pub enum Alert {
    /// The keys have been nearly all taken for long.
    PoolCrowded {
        /// Percent of the places that are taken.
        pct: f64,
    },
    /// There is room again.
    PoolRelieved {
        /// Percent of the places that are taken.
        pct: f64,
    },
    /// A key does not work, and only its owner can change that.
    KeyFailed {
        /// The key's id, which begins with its tenant's if a tenant brought it.
        key: String,
        /// Whose key it is; none for the daemon's.
        tenant: Option<TenantId>,
        /// Why.
        trouble: KeyTrouble,
    },
    /// The provider of a channel takes nothing from a tenant until somebody puts it right.
    ChannelFailed {
        /// The tenant.
        tenant: TenantId,
        /// The channel.
        channel: ChannelKind,
        /// Why.
        trouble: ChannelTrouble,
    },
    /// A reply waits until its customer writes again: they last wrote too long ago, and there is no template for it.
    ReplyHeld {
        /// The tenant.
        tenant: TenantId,
        /// The channel.
        channel: ChannelKind,
    },
    /// A tenant has spent most of its month's budget.
    BudgetNearlySpent {
        /// The tenant.
        tenant: TenantId,
        /// How much, in percent.
        pct: u8,
    },
    /// A tenant has spent its month's budget: the built-in answerer serves.
    BudgetSpent {
        /// The tenant.
        tenant: TenantId,
    },
    /// Telegram does not know the token of a tenant's bot.
    BotRefused {
        /// The tenant.
        tenant: TenantId,
    },
    /// Another program asks for the messages of a tenant's bot.
    BotTaken {
        /// The tenant.
        tenant: TenantId,
    },
    /// The calendar elsewhere of a tenant does not do what it is asked.
    CalendarFailed {
        /// The tenant.
        tenant: TenantId,
        /// How it fails.
        trouble: CalendarTrouble,
    },
}

/// How a calendar elsewhere fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarTrouble {
    /// It takes no appointments from us.
    Refuses,
    /// It did not answer for long, and an appointment was given up.
    Silent,
    /// It does not let a cancelled appointment go.
    Keeps,
}

/// Why a key does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyTrouble {
    /// The provider refuses it.
    Refused,
    /// The account has no credit.
    Quota,
    /// The provider does not know the model.
    NoModel,
}

/// Why a channel does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelTrouble {
    /// The provider refuses the token, or what it may do.
    Refused,
    /// The account cannot be charged.
    Unpaid,
    /// The provider has closed the account or the number.
    Blocked,
}

impl Alert {
    /// What makes it the same alert again: it is not told twice in a short time.
    pub fn topic(&self) -> String {
        match self {
            Self::PoolCrowded { .. } => "pool_crowded".to_owned(),
            Self::PoolRelieved { .. } => "pool_relieved".to_owned(),
            Self::KeyFailed { key, trouble, .. } => format!("key_failed:{key}:{trouble:?}"),
            Self::ChannelFailed { tenant, channel, trouble } => {
                format!("channel_failed:{tenant}:{channel}:{trouble:?}")
            }
            Self::ReplyHeld { tenant, channel } => format!("reply_held:{tenant}:{channel}"),
            Self::BudgetNearlySpent { tenant, .. } => format!("budget_nearly_spent:{tenant}"),
            Self::BudgetSpent { tenant } => format!("budget_spent:{tenant}"),
            Self::BotRefused { tenant } => format!("bot_refused:{tenant}"),
            Self::BotTaken { tenant } => format!("bot_taken:{tenant}"),
            Self::CalendarFailed { tenant, trouble } => format!("calendar_failed:{tenant}:{trouble:?}"),
        }
    }

    /// The tenant that it concerns; none when it concerns the daemon.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::PoolCrowded { .. } | Self::PoolRelieved { .. } => None,
            Self::KeyFailed { tenant, .. } => tenant.as_ref(),
            Self::ChannelFailed { tenant, .. }
            | Self::ReplyHeld { tenant, .. }
            | Self::BudgetNearlySpent { tenant, .. }
            | Self::BudgetSpent { tenant }
            | Self::BotRefused { tenant }
            | Self::BotTaken { tenant }
            | Self::CalendarFailed { tenant, .. } => Some(tenant),
        }
    }

    fn log(&self) {
        match self {
            Self::PoolCrowded { pct } => tracing::error!(
                pool_capacity_pct = pct,
                "the model keys have been nearly all taken for long; add a key or raise its limits"
            ),
            Self::PoolRelieved { pct } => {
                tracing::info!(pool_capacity_pct = pct, "there are free model keys again");
            }
            Self::KeyFailed { key, trouble, .. } => match trouble {
                KeyTrouble::Refused => {
                    tracing::error!(key, "the provider refuses a key; check its `api_key` and reload");
                }
                KeyTrouble::Quota => tracing::error!(key, "the account of a key has no credit left"),
                KeyTrouble::NoModel => tracing::error!(
                    key,
                    "the provider of a key does not know its model; check `model` and `base_url` and reload"
                ),
            },
            Self::ChannelFailed { tenant, channel, trouble } => match trouble {
                ChannelTrouble::Refused => tracing::error!(
                    tenant = %tenant, %channel,
                    "the provider of a channel refuses the tenant's token; check it with `iass doctor` and reload"
                ),
                ChannelTrouble::Unpaid => tracing::error!(
                    tenant = %tenant, %channel, "the provider of a channel cannot charge the tenant's account"
                ),
                ChannelTrouble::Blocked => tracing::error!(
                    tenant = %tenant, %channel, "the provider of a channel has closed the tenant's account or number"
                ),
            },
            Self::ReplyHeld { tenant, channel } => tracing::warn!(
                tenant = %tenant, %channel,
                "a reply waits until its customer writes again: they last wrote more than 24 hours ago and no template \
                 carries it; see the dead letters"
            ),
            Self::BudgetNearlySpent { tenant, pct } => {
                tracing::warn!(tenant = %tenant, spent_pct = pct, "a tenant's month's budget is nearly spent");
            }
            Self::BudgetSpent { tenant } => tracing::warn!(
                tenant = %tenant,
                "a tenant's month's budget is spent; the built-in answerer serves it"
            ),
            Self::BotRefused { tenant } => tracing::error!(
                tenant = %tenant,
                "Telegram does not know the bot's token; check channels.telegram.token and reload"
            ),
            Self::BotTaken { tenant } => tracing::error!(
                tenant = %tenant,
                "another program asks for the messages of the Telegram bot; stop it, or give this tenant a bot of its own"
            ),
            Self::CalendarFailed { tenant, trouble } => match trouble {
                CalendarTrouble::Refuses => tracing::error!(
                    tenant = %tenant,
                    "the tenant's calendar takes no appointments; check [booking] with `iass doctor` and reload"
                ),
                CalendarTrouble::Silent => tracing::error!(
                    tenant = %tenant, "the tenant's calendar does not answer; an appointment was given up"
                ),
                CalendarTrouble::Keeps => tracing::error!(
                    tenant = %tenant,
                    "the tenant's calendar does not let a cancelled appointment go; take it out there by hand"
                ),
            },
        }
    }
}

/// Where alerts are raised. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Alerts {
    carrier: Option<mpsc::Sender<Alert>>,
}

impl Alerts {
    /// Alerts that are only logged: for commands that end soon.
    pub fn logged() -> Self {
        Self { carrier: None }
    }

    /// Alerts that are logged and carried on by whoever has the other end.
    pub fn carried() -> (Self, mpsc::Receiver<Alert>) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        (Self { carrier: Some(sender) }, receiver)
    }

    /// Tells the operator. Never waits.
    pub fn raise(&self, alert: Alert) {
        alert.log();
        if let Some(carrier) = &self.carrier
            && carrier.try_send(alert).is_err()
        {
            tracing::warn!("an alert was only logged: too many are waiting");
        }
    }
}
