//! The web API as a channel: a reply is handed to the requests that wait for it, and stays readable for everybody
//! else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Notify, futures::Notified};

use crate::domain::{conversation::ConversationId, tenant::TenantId};

type Place = (TenantId, ConversationId);

/// Where requests wait for the reply of their conversation.
#[derive(Debug, Default)]
pub struct ReplyDesk {
    /// Guards who waits where: the bell of a conversation and how many listen to it.
    waiting: Mutex<HashMap<Place, (Arc<Notify>, usize)>>,
}

impl ReplyDesk {
    /// Takes a place in the row of a conversation.
    pub fn wait(self: &Arc<Self>, tenant: &TenantId, conversation: &ConversationId) -> Ticket {
        let place = (tenant.clone(), conversation.clone());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (bell, listeners) = waiting.entry(place.clone()).or_default();
        *listeners += 1;
        Ticket { desk: self.clone(), place, bell: bell.clone() }
    }

    /// Tells those who wait that the conversation has a reply.
    pub fn hand_over(&self, tenant: &TenantId, conversation: &ConversationId) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((bell, _)) = waiting.get(&(tenant.clone(), conversation.clone())) {
            bell.notify_waiters();
        }
    }
}

/// A place in the row of a conversation, given back when it is dropped.
#[derive(Debug)]
pub struct Ticket {
    desk: Arc<ReplyDesk>,
    place: Place,
    bell: Arc<Notify>,
}

impl Ticket {
    /// The next call. It counts from the moment it is enabled, so: enable it, look whether the reply is there, and
    /// only then wait.
    pub fn call(&self) -> Notified<'_> {
        self.bell.notified()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut waiting = self.desk.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, listeners)) = waiting.get_mut(&self.place) {
            *listeners -= 1;
            if *listeners == 0 {
                waiting.remove(&self.place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reply_calls_everybody_who_waits_for_that_conversation_and_nobody_else() {
        let desk = Arc::new(ReplyDesk::default());
        let (a, b) = (TenantId::parse("a").unwrap(), TenantId::parse("b").unwrap());
        let conversation = ConversationId::new("c");
        let (first, second, other) =
            (desk.wait(&a, &conversation), desk.wait(&a, &conversation), desk.wait(&b, &conversation));
        let mut calls = [&first, &second, &other].map(|ticket| Box::pin(ticket.call()));
        for call in &mut calls {
            call.as_mut().enable();
        }
        desk.hand_over(&a, &conversation);
        let called = calls.map(|mut call| futures::FutureExt::now_or_never(&mut call).is_some());
        assert_eq!(called, [true, true, false]);
        drop((first, second, other));
        assert!(desk.waiting.lock().unwrap().is_empty());
    }
}
