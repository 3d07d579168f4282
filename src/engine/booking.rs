//! Appointments: what is free, what a customer means by "el próximo martes a las 4 y media", and the talk that ends in
//! an appointment.
//!
//! Everything here is a function of values. Which time is taken is read from the database when a turn needs it; what is
//! booked is decided by the store, in the transaction of the turn, over the same rules.

pub mod choice;
pub mod find;
#[cfg(test)]
pub(crate) mod fixture;
pub mod notices;
pub mod proposal;
pub mod rules;
pub mod slots;
pub mod spread;
pub mod talk;
pub mod when;
pub mod words;
