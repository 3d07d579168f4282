//! What is chosen among the products that were shown, and what is said where nothing is proposed any more.

use super::{
    Purpose, Shopping,
    basket::{self, Basket},
    skus,
};
use crate::{
    domain::{
        cart::{Asked, Cart, Wanted},
        effect::Effect,
        order::{OrderItem, OrderRecord, OrderStatus},
        product::{Product, ProductSearch},
    },
    engine::{
        sale::{
            answer::{self, Answer},
            choice::{self, Choice, Sureness},
            pointing::{self, Pointed},
            reading::{self, Act, Reading, parts},
        },
        turn::{Step, Turn},
    },
    prompts::Text,
    text::words,
};

impl Turn {
    /// An answer where nothing is proposed any more: the time is over, or it is sold already.
    pub(super) fn answer_without_order(&mut self, cart: &Cart) -> Option<Step> {
        let said = answer::answer(&self.question.text, None, |_| false);
        if !cart.shown.is_empty() || cart.asked.is_some() {
            self.keep_language(said);
        }
        let last = self.input.standing.orders.first().cloned();
        let is_sold =
            |order: &OrderRecord| matches!(order.status, OrderStatus::Confirmed | OrderStatus::Fulfilled);
        if said == Answer::Yes
            && let Some(order) = last.as_ref().filter(|order| is_sold(order))
            && self.last_reply().is_some_and(|reply| reply.contains(&order.id))
        {
            let text = self.order_text(Text::SaleAlready, order);
            self.sale.order = Some(order.public());
            return Some(self.say_sale(text));
        }
        if said == Answer::No
            && reading::regrets(&self.question.text)
            && let Some(order) = last.as_ref().filter(|order| order.status == OrderStatus::Confirmed)
            && self.last_reply().is_some_and(|reply| reply.contains(&order.id))
        {
            return Some(self.leave_to_a_person(order));
        }
        if cart.asked != Some(Asked::Confirm) {
            return None;
        }
        let over = self.input.standing.order.clone().or(last);
        let over = over.filter(|order| order.status == OrderStatus::Expired)?;
        match said {
            Answer::Yes => {
                let skus = skus(&over.items);
                Some(self.look_up(Purpose::Renew(over.items), Vec::new(), skus))
            }
            Answer::Quantity(count) if over.items.len() == 1 => {
                let items: Vec<OrderItem> = over
                    .items
                    .iter()
                    .filter_map(|item| OrderItem::new(&item.sku, &item.name, count, item.unit_price))
                    .collect();
                let skus = skus(&items);
                Some(self.look_up(Purpose::Renew(items), Vec::new(), skus))
            }
            Answer::No => {
                self.sale.effects.push(Effect::SaveCart(Cart::default()));
                Some(self.say_sale(self.builtin_text(Text::SaleCancelled)))
            }
            Answer::Quantity(_) | Answer::Later | Answer::Unclear | Answer::Other { .. } => None,
        }
    }

    /// A choice among what was shown, or how many of it. `direct` is what the message's own words found, `refined` what they
    /// found together with the words for what was shown.
    pub(super) fn pick(
        &mut self,
        reading: &Reading,
        cart: &Cart,
        shown: &[Product],
        direct: Option<&ProductSearch>,
        refined: Option<&ProductSearch>,
    ) -> Option<Step> {
        if shown.is_empty() || !matches!(reading.act, Act::Buy | Act::Bare | Act::Ask) {
            return None;
        }
        let text = self.question.text.clone();
        let said = answer::answer(&text, None, |_| false);
        if said == Answer::No {
            self.sale.effects.push(Effect::SaveCart(Cart::default()));
            return Some(self.say_sale(self.builtin_text(Text::SaleCancelled)));
        }
        match pointing::pointed(&text, shown, self.input.business.language) {
            Pointed::At(places) => return Some(self.choose(&places, reading, cart, shown)),
            Pointed::Among(places, count) => {
                let some: Vec<Product> =
                    places.iter().filter_map(|place| shown.get(*place)).cloned().collect();
                return Some(self.ask_which_shown(&some, count, cart));
            }
            Pointed::Packed(_, asked) => return Some(self.tell_not_packed(&asked, shown, cart)),
            Pointed::Nothing => {}
        }
        match (said, shown) {
            // "How many?" — "Yes."
            (Answer::Yes, [_]) => return Some(self.choose(&[(0, Some(1))], reading, cart, shown)),
            (Answer::Yes, _) if self.only_thanks() => return None,
            (Answer::Later, [only]) => return Some(self.ask_how_many(only, cart.waiting.clone())),
            (Answer::Yes | Answer::Unclear | Answer::Later, _) => {
                return Some(self.ask_which_shown(shown, None, cart));
            }
            _ => {}
        }
        self.refine(reading, cart, shown, direct?, refined?)
    }

    /// Takes what was pointed at.
    fn choose(
        &mut self,
        places: &[(usize, Option<u32>)],
        reading: &Reading,
        cart: &Cart,
        shown: &[Product],
    ) -> Step {
        // Whoever wants several of a list and does not say how many wants one of each; so does who is asked how many of one
        // product and says "that one".
        let is_asked = cart.asked == Some(Asked::HowMany)
            && reading.act != Act::Ask
            && !self.question.text.contains('?');
        let unsaid = if places.len() > 1 || (is_asked && shown.len() == 1) { Some(1) } else { None };
        let more = reading.wanted.iter().any(|wanted| wanted.more);
        let mut wanted: Vec<Wanted> = places
            .iter()
            .filter_map(|(place, count)| Some((shown.get(*place)?, count)))
            .map(|(product, count)| Wanted {
                text: product.sku.clone(),
                quantity: count.or(cart.quantity).or(unsaid),
                more,
                ..Wanted::default()
            })
            .collect();
        wanted.extend(cart.waiting.iter().cloned());
        self.take(wanted, reading)
    }

    /// Looks up what was chosen by its number, and what still waits, to put it into the order.
    pub(super) fn take(&mut self, wanted: Vec<Wanted>, reading: &Reading) -> Step {
        if let Some(language) = self.input.previous_language {
            self.question.language = language;
        }
        let queries = wanted.iter().map(|wanted| wanted.text.clone()).collect();
        let known = self.open_order().map(|order| skus(&order.items)).unwrap_or_default();
        let purpose = Purpose::Chosen(wanted);
        self.look_up_for(Shopping { purpose, reading: reading.clone(), refuses: false }, queries, known)
    }

    /// "The one of 20 kg": another one of what was shown.
    fn refine(
        &mut self,
        reading: &Reading,
        cart: &Cart,
        shown: &[Product],
        direct: &ProductSearch,
        refined: &ProductSearch,
    ) -> Option<Step> {
        let [wanted] = reading.wanted.as_slice() else { return None };
        let text = self.question.text.clone();
        let says_so = pointing::is_refinement(&text, self.input.business.language);
        let is_other = choice::choose(direct, Sureness::Asking) != Choice::Nothing;
        if parts::is_empty(&wanted.text) || (is_other && !says_so) {
            return None;
        }
        if let Some(step) = self.measure_out(reading, cart, shown) {
            return Some(step);
        }
        let quantity = wanted.quantity.or(cart.quantity);
        match choice::choose(refined, Sureness::Asking) {
            Choice::One(product) => {
                let mut all = vec![Wanted { text: product.sku, quantity, ..Wanted::default() }];
                all.extend(cart.waiting.iter().cloned());
                Some(self.take(all, reading))
            }
            Choice::Which(products) => Some(self.ask_which_shown(&products, quantity, cart)),
            Choice::SoldOut(product, near) => {
                let mut basket = Basket::default();
                basket.note_sold_out(&product.name);
                Some(self.tell_sold_out(&basket, &near, quantity))
            }
            Choice::Nothing if says_so => Some(self.tell_none_such(&wanted.text, shown, cart)),
            Choice::Nothing => None,
        }
    }

    /// "5 metros" of what is sold by the metre.
    fn measure_out(&mut self, reading: &Reading, cart: &Cart, shown: &[Product]) -> Option<Step> {
        let said = words(&self.question.text);
        let start = said.iter().position(|word| word.bytes().all(|byte| byte.is_ascii_digit()))?;
        let (number, unit) = (said.get(start)?, said.get(start + 1)?);
        let (count, measure) = (number.parse::<u32>().ok()?, format!("{number} {unit}"));
        let fitting: Vec<usize> = (0..shown.len())
            .filter(|at| shown.get(*at).is_some_and(|p| basket::is_by_unit_of(p, &measure)))
            .collect();
        match fitting.as_slice() {
            [] => None,
            [only] => Some(self.choose(&[(*only, Some(count))], reading, cart, shown)),
            several => {
                let some: Vec<Product> = several.iter().filter_map(|at| shown.get(*at)).cloned().collect();
                Some(self.ask_which_shown(&some, Some(count), cart))
            }
        }
    }

    /// Asks once more which of what was shown is meant.
    fn ask_which_shown(&mut self, products: &[Product], quantity: Option<u32>, cart: &Cart) -> Step {
        if let Some(language) = self.input.previous_language {
            self.question.language = language;
        }
        self.sale.topic.clone_from(&cart.topic);
        self.ask_which(products, quantity.or(cart.quantity), cart.waiting.clone(), &Basket::default())
    }

    /// Whether the message thanks and does not say yes to anything.
    fn only_thanks(&self) -> bool {
        let said = words(&self.question.text);
        let has = |list: &[&str]| said.iter().any(|word| list.contains(&word.as_str()));
        has(&["gracias", "thanks", "thank", "obrigado", "obrigada"]) && !has(&["si", "sim", "yes", "claro"])
    }
}
