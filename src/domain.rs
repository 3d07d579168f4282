//! The words of the product as types: checked once where they enter, trusted afterwards.
//!
//! Nothing here knows of HTTP, SQL, a channel's wire format or the command line.

pub mod appointment;
pub mod audit;
pub mod business;
pub mod campaign;
pub mod cart;
pub mod contact;
pub mod conversation;
pub mod cost;
pub mod effect;
pub mod handoff;
pub mod language;
pub mod lead;
pub mod message;
pub mod money;
pub mod order;
pub mod phone;
pub mod product;
pub mod retrieval;
pub mod split;
pub mod tenant;
pub mod ticket;
pub mod tool;
pub mod turn;
