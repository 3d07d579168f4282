//! What a customer is choosing and has not been proposed yet: which products they were shown, and what they asked for.
//! Nothing of it is set aside.

use serde::{Deserialize, Serialize};

/// The most products that a choice is offered among.
pub const MAX_CHOICES: usize = 5;

/// What a conversation left open about a purchase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cart {
    /// The products that were shown last, in the order in which they were shown: "the second one".
    pub shown: Vec<String>,
    /// What the customer was asked.
    pub asked: Option<Asked>,
    /// How many of what is chosen.
    pub quantity: Option<u32>,
    /// The customer's words for what was shown: "the one of 20 kg" is another one of these.
    pub topic: Option<String>,
    /// What else the same message asked for and is still to be looked at, in the customer's words.
    pub waiting: Vec<Wanted>,
}

/// What a customer was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Which of the products that were shown.
    Which,
    /// How many.
    HowMany,
    /// Whether the proposed order is right.
    Confirm,
    /// Whether so many of the one product that is shown are to be ordered: the customer supposed it.
    Supposed,
    /// Nothing: products were shown, or told the price of.
    Nothing,
}

/// Something a customer asked for, before it is known which product it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// How many; none when they did not say.
    pub quantity: Option<u32>,
    /// The customer's words for it.
    pub text: String,
    /// The measure that the quantity was said in ("2 kg"): a product of just that size is one piece.
    pub measure: Option<String>,
    /// Whether it is to be had besides what is in the order already: "two more".
    pub more: bool,
}
