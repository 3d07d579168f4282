//! Selling without a model: what a message wants of the shop is read by code, looked up in the catalogue, and answered
//! from its rows. A sale follows from the customer's own yes alone.
//!
//! [`reading`] reads messages, [`answer`] what is said to a proposal, [`choice`] which product of a search is meant,
//! [`pointing`] which of those that were shown, [`words`] how products and sums are said, and [`proposal`] what a model may ask for. What happens then is planned in `engine/turn/selling.rs`.

pub(crate) mod answer;
pub(crate) mod choice;
pub(crate) mod pointing;
pub mod proposal;
pub(crate) mod quantity;
pub(crate) mod reading;
pub(crate) mod words;
