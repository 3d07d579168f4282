//! The appointment worker: reminds customers, asks calendars elsewhere for what turns decided, lets go what was kept too
//! long, and notes that appointments took place.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    backoff::Backoff,
    bell::Bell,
    rounds::{Pace, Rounds, Stop, Surroundings, after_ms, run},
    runner::TenantContext,
};
use crate::{
    alerts::{Alert, Alerts, CalendarTrouble},
    calendar::{CalendarError, RemoteCalendar},
    clock::{Chance, Clock, Ids},
    crash,
    domain::{
        appointment::{AppointmentStatus, rfc3339},
        effect::{AppointmentNotice, Delivery, DeliveryEvent, Effect},
        language::Language,
        tenant::TenantId,
    },
    engine::booking::{
        notices::{Notices, Refusal},
        rules::BookingRules,
        slots::bookable_days,
        talk::Calendar,
    },
    store::appointment::job::{Action, CalendarJob, JobEnd, Telling},
    tenants::{TenantError, Tenants},
};

/// Reminders of one round. The next round follows at once when there are more.
const ROUND: u32 = 32;

/// Jobs of one round.
const MAX_JOBS: usize = 32;

/// How often a calendar elsewhere is asked for the same before it counts as a no.
const MAX_ATTEMPTS: u32 = 8;

/// How long is waited before a calendar is asked again.
const AGAIN: Backoff = Backoff { first: Duration::from_secs(2), most: Duration::from_secs(120) };

/// The same for what is to be taken out there, once it was tried often.
const SELDOM: Backoff = Backoff { first: Duration::from_secs(60), most: Duration::from_secs(1800) };

/// How long a look at a calendar may take.
const LOOK: Duration = Duration::from_secs(15);

/// The parts of an appointment worker.
#[derive(Debug, Clone)]
pub struct Appointments {
    /// The tenants.
    pub tenants: Tenants,
    /// Rung when a turn was committed.
    pub bell: Arc<Bell>,
    /// Rung when there is something to send.
    pub outbox: Arc<Bell>,
    /// Rung when the business is to be told.
    pub deliveries: Arc<Bell>,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Chance.
    pub chance: Chance,
    /// Where it is told that a calendar elsewhere does not work.
    pub alerts: Alerts,
}

impl Appointments {
    /// Works until told to stop. What is not done by then is done after the next start.
    pub async fn run(self, stop: Stop) {
        let around = Surroundings {
            bell: self.bell.clone(),
            tenants: self.tenants.clone(),
            clock: self.clock.clone(),
            chance: self.chance,
            stop,
        };
        run(Arc::new(Worker { parts: self }), around).await;
    }
}

struct Worker {
    parts: Appointments,
}

impl Rounds for Worker {
    const NAME: &'static str = "appointments";

    async fn round(self: Arc<Self>, id: TenantId, _others: usize, pace: Pace) -> anyhow::Result<Option<i64>> {
        let parts = &self.parts;
        if pace == Pace::Hurry {
            return Ok(None);
        }
        let tenant = match parts.tenants.look(&id).await {
            Ok(tenant) => tenant,
            Err(TenantError::Unknown(_) | TenantError::Disabled(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let context = &tenant.context;
        let Some(rules) = context.desk.booking.clone() else { return Ok(None) };
        let (db, now_ms) = (&context.db, parts.clock.now_ms());
        let took_place = db.tidy_appointments(now_ms).await?;
        if took_place > 0 {
            tracing::debug!(tenant = %id, appointments = took_place, "took place");
        }
        let (business, prompts, of) = (context.business.clone(), context.prompts.clone(), rules.clone());
        let said = db
            .remind(now_ms, ROUND, move |due| {
                Notices { business: &business, prompts: &prompts, rules: &of }.reminder(due)
            })
            .await?;
        if said > 0 {
            crash::point("reminder.after_commit");
            tracing::info!(tenant = %id, reminders = said, "reminded of appointments");
            parts.outbox.ring(&id);
        }
        let mut next_job = None;
        if let Some(calendar) = &context.calendar {
            next_job = self.do_jobs(&id, context, &rules, calendar).await?;
        }
        let next_reminder = db.next_reminder_ms().await?;
        Ok([next_reminder, next_job].into_iter().flatten().min())
    }

    fn under_way(&self) -> usize {
        0
    }
}

impl Worker {
    /// Asks the calendar elsewhere for what is due. Says when the next job is.
    async fn do_jobs(
        &self,
        id: &TenantId,
        tenant: &TenantContext,
        rules: &BookingRules,
        calendar: &RemoteCalendar,
    ) -> anyhow::Result<Option<i64>> {
        for _ in 0..MAX_JOBS {
            let now_ms = self.parts.clock.now_ms();
            let (job, next_due) = tenant.db.next_calendar_job(now_ms).await?;
            let Some(job) = job else { return Ok(next_due) };
            // Counted before it is made: one that a crash cuts off may have been taken there.
            tenant.db.begin_calendar_job(job.seq).await?;
            let asked = match job.action {
                Action::Create if job.appointment.status != AppointmentStatus::Held => Ok(None),
                Action::Create => calendar.create(&job.appointment).await.map(Some),
                Action::Cancel => {
                    calendar.cancel(&job.appointment, job.remote_id.as_deref()).await.map(|()| None)
                }
            };
            crash::point("calendar.after_asked");
            match asked {
                Ok(Some(made)) => {
                    let telling = notices(tenant, rules).agreed(
                        &job.appointment,
                        job.replaces.is_some(),
                        language(tenant, &job).await,
                    );
                    let end =
                        JobEnd::Created { remote_id: made.remote_id, remote_version: made.remote_version };
                    let effects = notice(tenant, rules, &job);
                    self.end(id, tenant, &job, end, Some(telling), effects).await?;
                }
                Ok(None) => self.end(id, tenant, &job, JobEnd::Cancelled, None, Vec::new()).await?,
                Err(error) => self.failed(id, tenant, rules, calendar, &job, error).await?,
            }
        }
        Ok(Some(self.parts.clock.now_ms()))
    }

    /// The calendar elsewhere did not do it: it is asked again, or what was to be is given up.
    async fn failed(
        &self,
        id: &TenantId,
        tenant: &TenantContext,
        rules: &BookingRules,
        calendar: &RemoteCalendar,
        job: &CalendarJob,
        error: CalendarError,
    ) -> anyhow::Result<()> {
        let now_ms = self.parts.clock.now_ms();
        let last = job.attempts + 1 >= MAX_ATTEMPTS;
        let again = match (&error, job.action) {
            (CalendarError::Temporary(_), Action::Create) => !last,
            (_, Action::Create) => false,
            // Somebody may still put right what keeps it there, as long as anybody would come.
            (_, Action::Cancel) => now_ms < job.appointment.slot.end_ms,
        };
        let trouble = match (&error, job.action) {
            (CalendarError::Permanent(_), Action::Create) => Some(CalendarTrouble::Refuses),
            (CalendarError::Temporary(_), Action::Create) if last => Some(CalendarTrouble::Silent),
            (_, Action::Cancel) if last => Some(CalendarTrouble::Keeps),
            _ => None,
        };
        if let Some(trouble) = trouble {
            self.parts.alerts.raise(Alert::CalendarFailed { tenant: id.clone(), trouble });
        }
        if again {
            let pauses = if last { SELDOM } else { AGAIN };
            let pause = pauses.pause(job.attempts, self.parts.chance);
            tracing::warn!(tenant = %id, %error, attempts = job.attempts + 1, "a calendar elsewhere is asked again");
            tenant.db.retry_calendar_job(job.seq, &error.to_string(), after_ms(now_ms, pause)).await?;
            return Ok(());
        }
        tracing::warn!(tenant = %id, %error, attempts = job.attempts + 1, "a calendar elsewhere refused");
        match job.action {
            Action::Cancel => self.end(id, tenant, job, JobEnd::GivenUp, None, Vec::new()).await,
            Action::Create => self.compensate(id, tenant, rules, calendar, job, &error).await,
        }
    }

    /// The calendar elsewhere said no: the time is let go, and the customer hears of others at once.
    async fn compensate(
        &self,
        id: &TenantId,
        tenant: &TenantContext,
        rules: &BookingRules,
        calendar: &RemoteCalendar,
        job: &CalendarJob,
        error: &CalendarError,
    ) -> anyhow::Result<()> {
        let now_ms = self.parts.clock.now_ms();
        let mut times = look(tenant, rules, calendar, now_ms).await;
        // Whatever the calendar shows: this time is not to be had there.
        for busy in &mut times.busy {
            if busy.appointment.as_ref() == Some(&job.appointment.id) {
                busy.service = None;
            }
        }
        let replaced = match &job.replaces {
            Some(replaced) => tenant.db.appointment(replaced).await?.filter(|record| record.status.stands()),
            None => None,
        };
        let refusal = Refusal {
            record: &job.appointment,
            replaced: replaced.as_ref(),
            is_taken: *error == CalendarError::Conflict,
        };
        let plan = notices(tenant, rules).refused(&refusal, &times, language(tenant, job).await, now_ms);
        let telling = Telling { text: plan.text, choices: plan.choices };
        let effects = plan.changes.into_iter().map(Effect::Booking).collect();
        // The last try had no clear end, or one before it had none.
        let unsure = job.attempts > 0 || matches!(error, CalendarError::Temporary(_));
        self.end(id, tenant, job, JobEnd::Refused { unsure }, Some(telling), effects).await
    }

    async fn end(
        &self,
        id: &TenantId,
        tenant: &TenantContext,
        job: &CalendarJob,
        end: JobEnd,
        telling: Option<Telling>,
        effects: Vec<Effect>,
    ) -> anyhow::Result<()> {
        let ids = self.parts.ids.clone();
        tenant.db.end_calendar_job(job, end, telling, effects, ids, self.parts.clock.now_ms()).await?;
        crash::point("calendar.after_commit");
        self.parts.outbox.ring(id);
        self.parts.deliveries.ring(id);
        Ok(())
    }
}

fn notices<'a>(tenant: &'a TenantContext, rules: &'a BookingRules) -> Notices<'a> {
    Notices { business: &tenant.business, prompts: &tenant.prompts, rules }
}

/// What is taken here and there; a calendar that does not answer offers nothing.
pub(super) async fn look(
    tenant: &TenantContext,
    rules: &BookingRules,
    calendar: &RemoteCalendar,
    now_ms: i64,
) -> Calendar {
    let (_, last) = bookable_days(rules, now_ms);
    let end = last.tomorrow().ok().and_then(|end| end.to_zoned(rules.zone.clone()).ok());
    let to_ms = end.map_or(i64::MAX, |end| end.timestamp().as_millisecond());
    let looked = async {
        let own = tenant.db.busy(now_ms, to_ms, now_ms).await?;
        anyhow::Ok(calendar.together(own, now_ms, to_ms, Instant::now() + LOOK).await?)
    };
    looked.await.unwrap_or_else(|error| {
        tracing::warn!(tenant = %tenant.id, %error, "a calendar elsewhere cannot be looked at");
        Calendar { unreachable: true, ..Calendar::default() }
    })
}

async fn language(tenant: &TenantContext, job: &CalendarJob) -> Option<Language> {
    tenant.db.conversation_language(&job.appointment.conversation).await.ok().flatten()
}

/// What the business is told of an appointment that a calendar elsewhere took.
fn notice(tenant: &TenantContext, rules: &BookingRules, job: &CalendarJob) -> Vec<Effect> {
    let record = &job.appointment;
    let phone = record.details.get("phone").and_then(serde_json::Value::as_str);
    let payload = serde_json::json!(AppointmentNotice {
        appointment: record.id.clone(),
        change: if job.replaces.is_some() { "moved" } else { "booked" }.to_owned(),
        conversation: record.conversation.as_str().to_owned(),
        contact: record.contact.clone(),
        contact_name: record.contact_name.clone(),
        phone: phone.map(str::to_owned),
        service: record.service_name.clone(),
        staff: record.resource_name.clone(),
        start: rfc3339(record.slot.start_ms, &rules.zone),
        end: rfc3339(record.slot.end_ms, &rules.zone),
        status: AppointmentStatus::Booked,
    });
    let targets = tenant.desk.appointment_targets.iter();
    targets
        .map(|target| {
            Effect::Deliver(Delivery {
                target: *target,
                event: DeliveryEvent::Appointment,
                subject: format!("{}#agreed", record.id),
                payload: payload.clone(),
                urgent: false,
            })
        })
        .collect()
}
