//! The sentences the product says by itself, one TOML file per language.

use std::{collections::BTreeMap, path::Path};

use toml::Spanned;

use super::{PromptError, Source, Sources};
use crate::domain::{language::Language, lead::LeadField};

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $key:literal,)*) => {
        /// A sentence, or a part of one, that the product says by itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Text {
            $($(#[$doc])* $name,)*
        }

        impl Text {
            /// All of them.
            pub const ALL: [Self; [$($key),*].len()] = [$(Self::$name),*];

            /// The key in the locale file.
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)*
                }
            }
        }
    };
}

texts! {
    /// The seven weekdays from Monday, with commas between.
    Weekdays = "weekdays",
    /// "Monday to Friday".
    Range = "range",
    /// What a closed day is called.
    Closed = "closed",
    /// The answer to a greeting.
    Greeting = "greeting",
    /// A greeting before an answer.
    Hello = "hello",
    /// The answer to thanks.
    Thanks = "thanks",
    /// The answer to a goodbye.
    Goodbye = "goodbye",
    /// The answer to "ok".
    Acknowledged = "acknowledged",
    /// The answer to "how are you?".
    Wellbeing = "wellbeing",
    /// The answer to "are you a person?".
    Identity = "identity",
    /// The answer to "what can you do?".
    Help = "help",
    /// The answer to a wish for a person.
    Person = "person",
    /// The honest "I do not know", with the offer of a person.
    Unknown = "unknown",
    /// The answer to a message without words.
    Empty = "empty",
    /// When the knowledge cannot be searched just now.
    Trouble = "trouble",
    /// When a message failed again and again.
    Apology = "apology",
    /// Before facts in another language than the customer's.
    Foreign = "foreign",
    /// Where an answer comes from.
    Source = "source",
    /// The same for several documents.
    Sources = "sources",
    /// The opening hours as an answer.
    OurHours = "our_hours",
    /// The address as an answer.
    OurAddress = "our_address",
    /// The phone number as an answer.
    OurPhone = "our_phone",
    /// A person was called because the customer is upset.
    HandoffUpset = "handoff_upset",
    /// A person was called because the product does not know.
    HandoffUnknown = "handoff_unknown",
    /// A person was called because the conversation goes round in circles.
    HandoffLoop = "handoff_loop",
    /// What to do in an emergency when the business has no protocol of its own.
    Emergency = "emergency",
    /// After the protocol: people were told.
    EmergencyHandoff = "emergency_handoff",
    /// The polite refusal of an attack.
    Refusal = "refusal",
    /// The answer to what is none of the business's subjects.
    OutOfScope = "out_of_scope",
    /// The answer to too many messages in a minute.
    TooMany = "too_many",
    /// Before the question for the first missing part of a lead.
    AskIntro = "ask_intro",
    /// Asks for the name.
    AskName = "ask_name",
    /// Asks for the e-mail address.
    AskEmail = "ask_email",
    /// Asks for the phone number.
    AskPhone = "ask_phone",
    /// Asks for the company.
    AskCompany = "ask_company",
    /// Asks what it is about.
    AskProblem = "ask_problem",
    /// Asks for the area.
    AskInterest = "ask_interest",
    /// Asks how urgent it is.
    AskUrgency = "ask_urgency",
    /// The e-mail address has not the form of one.
    EmailWrong = "email_wrong",
    /// The e-mail address is probably mistyped.
    EmailTypo = "email_typo",
    /// The answer to the wish to be contacted.
    WillContact = "will_contact",
    /// Data was taken, and nothing else is to be said.
    Noted = "noted",
    /// The customer corrected data.
    Corrected = "corrected",
    /// The lead is complete: the registered case.
    LeadRegistered = "lead_registered",
    /// A support case was opened.
    TicketOpened = "ticket_opened",
    /// A question that invites the next step.
    AnythingElse = "anything_else",
    /// How appointments are made while there is no calendar to look into.
    BookByPerson = "book_by_person",
    /// The twelve months from January, with commas between.
    Months = "months",
    /// A day of an appointment.
    SlotDay = "slot_day",
    /// A time of an appointment.
    SlotTime = "slot_time",
    /// Day and time of an appointment.
    SlotWhen = "slot_when",
    /// The same on a button.
    SlotLabel = "slot_label",
    /// Free times to choose from.
    BookingOptions = "booking_options",
    /// The time that was asked for is free.
    BookingOne = "booking_one",
    /// The time that was asked for is not free, others are.
    BookingNear = "booking_near",
    /// Somebody else was quicker, before other times.
    BookingTaken = "booking_taken",
    /// No time is free.
    BookingNone = "booking_none",
    /// Asks what the appointment is for.
    BookingWhichService = "booking_which_service",
    /// Asks which of several services is meant.
    BookingWhichVariant = "booking_which_variant",
    /// Asks which of the offered times is meant.
    BookingWhichTime = "booking_which_time",
    /// The time is kept while the customer gives their data.
    BookingKept = "booking_kept",
    /// The appointment is made.
    BookingDone = "booking_done",
    /// The appointment is made as soon as a calendar elsewhere agrees.
    BookingPending = "booking_pending",
    /// The appointment has another time.
    BookingMoved = "booking_moved",
    /// Asks whether the appointment is to be cancelled.
    BookingWhichCancel = "booking_cancel_ask",
    /// The appointment is cancelled.
    BookingCancelled = "booking_cancelled",
    /// The appointment stays as it is.
    BookingStays = "booking_stays",
    /// The customer has no appointment.
    BookingNothing = "booking_nothing",
    /// Asks which of several appointments is meant.
    BookingWhichOne = "booking_which_one",
    /// The appointments of the customer.
    BookingYours = "booking_yours",
    /// The customer does not want an appointment any more.
    BookingGivenUp = "booking_given_up",
    /// The customer said again that they come.
    BookingConfirmed = "booking_confirmed",
    /// Reminds of an appointment and asks whether the customer comes.
    BookingReminder = "booking_reminder",
    /// The only time that is offered, once more.
    BookingOneAgain = "booking_one_again",
    /// Several appointments are booked one after the other.
    BookingOneByOne = "booking_one_by_one",
    /// Nothing of what was offered does: what else would.
    BookingAskWhen = "booking_ask_when",
    /// The customer comes late.
    BookingLate = "booking_late",
    /// An answer in a talk about an appointment was not understood.
    BookingAgain = "booking_again",
    /// What a service costs and how long it takes.
    BookingLength = "booking_length",
    /// Offers to look for a free time.
    BookingLook = "booking_look",
    /// A calendar elsewhere did not take the appointment, for no reason of the customer's.
    BookingFailed = "booking_failed",
    /// An appointment that was to be moved stays as it was.
    BookingUnmoved = "booking_unmoved",
    /// A calendar elsewhere did not take the appointment.
    BookingRefused = "booking_refused",
    /// What a service costs.
    BookingPrice = "booking_price",
    /// The calendar elsewhere does not answer.
    BookingNowhere = "booking_nowhere",
    /// A button: yes.
    ReplyYes = "reply_yes",
    /// A button: no.
    ReplyNo = "reply_no",
    /// A button: cancel.
    ReplyCancel = "reply_cancel",
    /// The heading of a notice: an appointment was made or changed.
    NoticeAppointment = "notice_appointment",
    /// In a notice, before what is booked.
    NoticeService = "notice_service",
    /// In a notice, before when it is.
    NoticeWhen = "notice_when",
    /// In a notice, before with whom it is.
    NoticeStaff = "notice_staff",
    /// The operator: the model keys are nearly all taken.
    PoolCrowded = "alert_pool_crowded",
    /// The operator: there are free model keys again.
    PoolRelieved = "alert_pool_relieved",
    /// The operator: a provider refuses a key.
    KeyRefused = "alert_key_refused",
    /// The operator: the account of a key has no credit.
    KeyQuota = "alert_key_quota",
    /// The operator: a provider does not know a key's model.
    KeyModel = "alert_key_model",
    /// The operator: a tenant's budget is nearly spent.
    BudgetSoft = "alert_budget_soft",
    /// The operator: a tenant's budget is spent.
    BudgetHard = "alert_budget_hard",
    /// The operator: Telegram does not know a bot's token.
    BotRefused = "alert_bot_refused",
    /// The operator: another program asks for a bot's messages.
    BotTaken = "alert_bot_taken",
    /// Tells the operator that a tenant's calendar takes no appointments.
    CalendarRefuses = "alert_calendar_refuses",
    /// Tells the operator that a tenant's calendar does not answer.
    CalendarSilent = "alert_calendar_silent",
    /// Tells the operator that a tenant's calendar does not let an appointment go.
    CalendarKeeps = "alert_calendar_keeps",
    /// The customer: what the business offers, in its owner's words.
    Overview = "overview",
    /// The customer: what help is needed with.
    WhatHappened = "what_happened",
    /// The customer: a voice note cannot be heard just now.
    VoiceTrouble = "voice_trouble",
    /// The operator: the provider of a channel refuses the token.
    ChannelRefused = "alert_channel_refused",
    /// The operator: the provider of a channel cannot charge the account.
    ChannelUnpaid = "alert_channel_unpaid",
    /// The operator: the provider of a channel closed the account.
    ChannelBlocked = "alert_channel_blocked",
    /// The operator: a reply waits until its customer writes again.
    ReplyHeld = "alert_reply_held",
    /// The word on the button that opens a list of choices; at most 20 characters.
    ListButton = "list_button",
    /// What a customer who opens a link to the chat finds already written.
    LinkText = "link_text",
    /// A file that is neither a recording nor a picture.
    FileUnread = "file_unread",
    /// What stands before the description of a picture, in the customer's message.
    PictureShows = "picture_shows",
    /// The customer: nothing was understood in a voice note.
    VoiceUnclear = "voice_unclear",
    /// The customer: a voice note is too long.
    VoiceTooLong = "voice_too_long",
    /// The customer: a file is no sound that can be heard.
    VoiceFormat = "voice_format",
    /// The customer: a picture cannot be looked at just now.
    PictureTrouble = "picture_trouble",
    /// The customer: a picture is too large.
    PictureTooLarge = "picture_too_large",
    /// The customer: a file is no picture that can be looked at.
    PictureFormat = "picture_format",
    /// On the phone: the first words.
    CallGreeting = "call_greeting",
    /// On the phone: the answer takes long.
    CallWait = "call_wait",
    /// On the phone: nothing was heard.
    CallAgain = "call_again",
    /// On the phone: nothing was heard again, and the call ends.
    CallGoodbye = "call_goodbye",
    /// On the phone: a person was called.
    CallPerson = "call_person",
    /// On the phone: the caller is put through.
    CallTransfer = "call_transfer",
    /// On the phone: nobody can be put through; what to do instead.
    CallLeaveMessage = "call_leave_message",
    /// On the phone: a message was taken, and the call ends.
    CallMessageTaken = "call_message_taken",
    /// On the phone: the answer did not come.
    CallTrouble = "call_trouble",
    /// What is said in place of an address of the web.
    SpokenLink = "spoken_link",
    /// What Spanish is called.
    Spanish = "es",
    /// What English is called.
    English = "en",
    /// What Portuguese is called.
    Portuguese = "pt",
    /// The heading of a notice: danger, a person is needed at once.
    NoticeEmergency = "notice_emergency",
    /// The heading of a notice: a person is called into a conversation.
    NoticeHandoff = "notice_handoff",
    /// The heading of a notice: a new lead.
    NoticeLead = "notice_lead",
    /// The heading of a notice: a lead gave other data.
    NoticeLeadChanged = "notice_lead_changed",
    /// The heading of a notice: a new case.
    NoticeTicket = "notice_ticket",
    /// The end of a notice by e-mail.
    NoticeFooter = "notice_footer",
    /// In a notice, before why a person is called.
    NoticeReason = "notice_reason",
    /// In a notice, before how the channel calls the contact.
    NoticeContact = "notice_contact",
    /// In a notice, before the channel.
    NoticeChannel = "notice_channel",
    /// In a notice, before the name.
    NoticeName = "notice_name",
    /// In a notice, before the phone number.
    NoticePhone = "notice_phone",
    /// In a notice, before the e-mail address.
    NoticeEmail = "notice_email",
    /// In a notice, before the company.
    NoticeCompany = "notice_company",
    /// In a notice, before what somebody is interested in.
    NoticeInterest = "notice_interest",
    /// In a notice, before what is wanted or wrong.
    NoticeProblem = "notice_problem",
    /// In a notice, before how soon it must be.
    NoticeUrgency = "notice_urgency",
    /// In a notice, before what a lead is worth.
    NoticeQualification = "notice_qualification",
    /// In a notice, before what a case is about.
    NoticeSubject = "notice_subject",
    /// In a notice, before the customer's words of a case.
    NoticeDetail = "notice_detail",
    /// In a notice, before what a conversation is about.
    NoticeSummary = "notice_summary",
    /// In a notice, before the last messages.
    NoticeSaid = "notice_said",
    /// There are fewer pieces than the customer wants: what there is, and the question whether that will do.
    SaleOfferLess = "sale_offer_less",
    /// One product is proposed: the question whether to order it.
    SaleProposal = "sale_proposal",
    /// A single piece is proposed: the question whether to order it.
    SaleProposalOne = "sale_proposal_one",
    /// Several products are proposed: the list, and the question whether to order them.
    SaleProposalList = "sale_proposal_list",
    /// One line of an order.
    SaleLine = "sale_line",
    /// There are fewer of a product in a list than the customer wants.
    SaleOnlySo = "sale_only_so",
    /// Several products fit: the choice, and the question which one.
    SaleWhich = "sale_which",
    /// Several products were asked about: what there is.
    SaleProducts = "sale_products",
    /// One product of a choice.
    SaleOption = "sale_option",
    /// A product was asked about: its price, and the question how many.
    SalePrice = "sale_price",
    /// A product was chosen: the question how many.
    SaleHowMany = "sale_how_many",
    /// A product cannot be sold now.
    SaleSoldOut = "sale_sold_out",
    /// What is nearest to a product that cannot be sold.
    SaleAlternatives = "sale_alternatives",
    /// Nothing in the catalogue fits.
    SaleNotFound = "sale_not_found",
    /// What was asked for is not there in the size that was said; what is follows.
    SaleOtherSizes = "sale_other_sizes",
    /// The customer wants to buy and did not say what.
    SaleWhat = "sale_what",
    /// The receipt and the closing words.
    SaleConfirmed = "sale_confirmed",
    /// The customer says yes again to an order that is registered.
    SaleAlready = "sale_already",
    /// The customer does not want what was proposed.
    SaleCancelled = "sale_cancelled",
    /// It is not clear whether the customer agrees.
    SaleAskAgain = "sale_ask_again",
    /// After another answer: an order still waits for the customer's word.
    SaleReminder = "sale_reminder",
    /// The time in which an order was set aside is over.
    SaleExpired = "sale_expired",
    /// How the customer's orders are.
    SaleStatus = "sale_status",
    /// How one order is.
    SaleStatusLine = "sale_status_line",
    /// The customer asks for orders and there are none.
    SaleNoOrders = "sale_no_orders",
    /// The customer names an order that is not theirs or does not exist.
    SaleUnknownOrder = "sale_unknown_order",
    /// The customer wants to change or cancel an order that is registered.
    SaleByPerson = "sale_by_person",
    /// The customer wants something taken out that is not in the order.
    SaleNotInOrder = "sale_not_in_order",
    /// The quantity or the number of products is more than an order may have.
    SaleTooMany = "sale_too_many",
    /// The customer will say later whether the proposed order is right.
    SaleLater = "sale_later",
    /// None of what was shown is as the customer wants it.
    SaleNoneSuch = "sale_none_such",
    /// What was shown does not come in the package that the customer names.
    SaleNotPacked = "sale_not_packed",
    /// What a quantity would come to, and the question whether to order it.
    SaleSuppose = "sale_suppose",
    /// The same while an order waits: the question whether to change it.
    SaleSupposeChange = "sale_suppose_change",
    /// The button that agrees.
    SaleYes = "sale_yes",
    /// The button that does not.
    SaleNo = "sale_no",
    /// A status: it waits for the customer.
    OrderProposed = "order_proposed",
    /// A status: sold.
    OrderConfirmed = "order_confirmed",
    /// A status: handed over.
    OrderFulfilled = "order_fulfilled",
    /// A status: given up.
    OrderCancelled = "order_cancelled",
    /// A status: not answered in time.
    OrderExpired = "order_expired",
    /// The heading of a notice: something was sold.
    NoticeOrder = "notice_order",
    /// The heading of a notice: few of a product are left.
    NoticeLowStock = "notice_low_stock",
    /// The heading of a notice: somebody of the business has to put something right.
    NoticeAlert = "notice_alert",
    /// In a notice, before the number of an order.
    NoticeOrderNumber = "notice_order_number",
    /// In a notice, before what an order costs.
    NoticeTotal = "notice_total",
    /// In a notice, before what was sold.
    NoticeItems = "notice_items",
    /// In a notice, before a product.
    NoticeProduct = "notice_product",
    /// In a notice, before how many are left.
    NoticeStock = "notice_stock",
    /// In a notice, before the id of what it tells of.
    NoticeReference = "notice_reference",
    /// Who speaks: the customer.
    RoleCustomer = "role_customer",
    /// Who speaks: the product.
    RoleAssistant = "role_assistant",
    /// Who speaks: a person of the business.
    RolePerson = "role_person",
    /// Why a person is called: danger.
    ReasonEmergency = "reason_emergency",
    /// Why a person is called: the customer asked for one.
    ReasonExplicitRequest = "reason_explicit_request",
    /// Why a person is called: the customer is upset.
    ReasonNegativeSentiment = "reason_negative_sentiment",
    /// Why a person is called: too little was known.
    ReasonRepeatedFallbacks = "reason_repeated_fallbacks",
    /// Why a person is called: the same again and again.
    ReasonLoop = "reason_loop",
    /// Why a person is called: an agent decided so.
    ReasonAgentRequest = "reason_agent_request",
    /// Why a person is called: it looks like an attack.
    ReasonThreat = "reason_threat",
    /// A person stepped in.
    ReasonTakeover = "reason_takeover",
    /// How soon: at once.
    UrgencyHigh = "urgency_high",
    /// How soon: soon.
    UrgencyMedium = "urgency_medium",
    /// How soon: some time.
    UrgencyLow = "urgency_low",
    /// What somebody is interested in: to buy.
    InterestSales = "interest_sales",
    /// What somebody is interested in: help with what was bought.
    InterestSupport = "interest_support",
    /// What somebody is interested in: invoices and payments.
    InterestBilling = "interest_billing",
    /// What somebody is interested in: anything else.
    InterestOther = "interest_other",
    /// What a lead is worth: wants to buy.
    QualificationHot = "qualification_hot",
    /// What a lead is worth: needs help.
    QualificationSupport = "qualification_support",
    /// What a lead is worth: looks around.
    QualificationCold = "qualification_cold",
    /// What a lead is worth: sells something to us, or nonsense.
    QualificationSpam = "qualification_spam",
    /// The chat on a site: what opens the chat.
    WebOpen = "web_open",
    /// The chat on a site: what closes it.
    WebClose = "web_close",
    /// The chat on a site: what the list of messages is called.
    WebLog = "web_log",
    /// The chat on a site: what the field is called.
    WebWrite = "web_write",
    /// The chat on a site: what sends.
    WebSend = "web_send",
    /// The chat on a site: what chooses a picture.
    WebAttach = "web_attach",
    /// The chat on a site: what begins a voice note.
    WebRecord = "web_record",
    /// The chat on a site: what ends a voice note.
    WebStop = "web_stop",
    /// The chat on a site: what drops a voice note.
    WebCancel = "web_cancel",
    /// The chat on a site: what calls a person.
    WebPerson = "web_person",
    /// The chat on a site: what the customer says by it.
    WebPersonWords = "web_person_words",
    /// The chat on a site: who answers: the product.
    WebBot = "web_bot",
    /// The chat on a site: who answers: nobody yet, a person was called.
    WebWaiting = "web_waiting",
    /// The chat on a site: who answers: a person.
    WebHuman = "web_human",
    /// The chat on a site: there is no connection.
    WebOffline = "web_offline",
    /// The chat on a site: an answer is under way.
    WebTyping = "web_typing",
    /// The chat on a site: who spoke, to whoever cannot see it: the customer.
    WebYou = "web_you",
    /// The chat on a site: who spoke: a person of the business.
    WebTeam = "web_team",
    /// The chat on a site: a picture that is on its way.
    WebPhoto = "web_photo",
    /// The chat on a site: a voice note that is on its way.
    WebVoice = "web_voice",
    /// The chat on a site: a voice note is being recorded.
    WebRecording = "web_recording",
    /// The chat on a site: something was not sent.
    WebFailed = "web_failed",
    /// The chat on a site: what sends it again.
    WebRetry = "web_retry",
    /// The chat on a site: a message is too long.
    WebTooLong = "web_too_long",
    /// The chat on a site: too many messages in a short time.
    WebTooMany = "web_too_many",
    /// The chat on a site: the microphone may not be used.
    WebNoMicrophone = "web_no_microphone",
    /// The heading of the demonstration page.
    WebDemoTitle = "web_demo_title",
    /// What the demonstration page is.
    WebDemoAbout = "web_demo_about",
    /// How to put the chat on a site.
    WebDemoEmbed = "web_demo_embed",
}

impl Text {
    /// The question for a part of a lead.
    pub fn asking_for(field: LeadField) -> Self {
        match field {
            LeadField::Name => Self::AskName,
            LeadField::Email => Self::AskEmail,
            LeadField::Phone => Self::AskPhone,
            LeadField::Company => Self::AskCompany,
            LeadField::Interest => Self::AskInterest,
            LeadField::Problem => Self::AskProblem,
            LeadField::Urgency => Self::AskUrgency,
        }
    }

    /// The name of its template in a language.
    pub(super) fn template(self, language: Language) -> String {
        format!("{}/{}", language.code(), self.key())
    }

    /// The name of a language.
    pub fn name_of(language: Language) -> Self {
        match language {
            Language::Es => Self::Spanish,
            Language::En => Self::English,
            Language::Pt => Self::Portuguese,
        }
    }
}

/// The file of a language's sentences.
pub(super) fn file(language: Language) -> String {
    format!("locale/{}.toml", language.code())
}

/// Reads the sentences of a file; each knows the line it stands in.
pub(super) fn parse(file: &Path, text: &str, language: Language) -> Result<Sources, PromptError> {
    let wrong = |at: usize, message: String| {
        let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        PromptError::Wrong { file: file.to_owned(), line, message }
    };
    let entries: BTreeMap<Spanned<String>, Spanned<String>> = toml::from_str(text)
        .map_err(|e| wrong(e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
    let mut sources = Sources::new();
    for (key, value) in entries {
        let Some(known) = Text::ALL.into_iter().find(|text| text.key() == key.get_ref()) else {
            let nearest = Text::ALL
                .into_iter()
                .map(Text::key)
                .max_by(|a, b| strsim::jaro(a, key.get_ref()).total_cmp(&strsim::jaro(b, key.get_ref())))
                .unwrap_or_default();
            let message = format!("`{}` is not a sentence; did you mean `{nearest}`?", key.get_ref());
            return Err(wrong(key.span().start, message));
        };
        if known == Text::Weekdays && value.get_ref().split(',').count() != 7 {
            let message = "`weekdays` must name seven days, from Monday, with commas between".to_owned();
            return Err(wrong(value.span().start, message));
        }
        if known == Text::Months && value.get_ref().split(',').count() != 12 {
            let message = "`months` must name twelve months, from January, with commas between".to_owned();
            return Err(wrong(value.span().start, message));
        }
        let line = text.get(..value.span().start).unwrap_or_default().matches('\n').count() + 1;
        sources.insert(
            known.template(language),
            Source { text: value.into_inner(), file: file.to_owned(), line },
        );
    }
    Ok(sources)
}
