use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::*;
use crate::{
    config::secret::Secret,
    domain::{
        conversation::ConversationId,
        message::{AttachmentKind, Remedy, ReplyName},
    },
};

#[derive(Deserialize)]
struct Sample {
    name: String,
    app_secret: String,
    body_b64: String,
    x_hub_signature_256: String,
}

fn samples() -> Vec<(Sample, Vec<u8>)> {
    let lines = include_str!("../../../tests/fixtures/wire/meta/signed_webhooks.jsonl").lines();
    lines
        .map(|line| {
            let sample: Sample = serde_json::from_str(line).unwrap();
            let body = STANDARD.decode(&sample.body_b64).unwrap();
            (sample, body)
        })
        .collect()
}

/// A tenant with the numbers of the samples.
fn meta() -> Meta {
    let secret = || Secret::from("s".to_owned());
    let number = |id: &str| crate::config::tenant::channels::meta::Number {
        phone_number_id: id.to_owned(),
        phone: None,
    };
    Meta {
        phone_number_id: "106540352242922".to_owned(),
        phone: None,
        business_account_id: None,
        access_token: secret(),
        app_secret: secret(),
        verify_token: secret(),
        api_base: "https://graph.example/v23.0".to_owned(),
        list_button: None,
        template: None,
        numbers: vec![number("1122334455667"), number("<BUSINESS_PHONE_NUMBER_ID>")],
    }
}

fn shown(webhook: &Webhook) -> String {
    let messages = webhook.received.messages.iter().map(|message| {
        let files: Vec<String> = message
            .attachments
            .iter()
            .map(|file| {
                format!(" <{:?} {} {}>", file.kind, file.reference, file.name.as_deref().unwrap_or("-"))
            })
            .collect();
        let source = message.source.as_ref().map(|source| format!(" from {source}")).unwrap_or_default();
        let name = message.contact_name.as_deref().unwrap_or("-");
        format!("{} ({name}): {:?}{}{source}", message.contact, message.text, files.concat())
    });
    let moves = webhook.received.moves.iter().map(|(_, moved)| format!("{} is {}", moved.from, moved.to));
    let news = webhook.received.news.iter().map(|news| {
        let error = news.failure.as_ref().map(|failure| format!(" {}", failure.told)).unwrap_or_default();
        format!("{} {:?}{error}", news.provider_id, news.state)
    });
    let notes = webhook.notes.iter().map(|note| format!("{note:?}"));
    messages.chain(moves).chain(news).chain(notes).collect::<Vec<_>>().join("; ")
}

#[test]
fn every_sample_is_verified_and_refused_when_anything_changes() {
    let samples = samples();
    assert_eq!(samples.len(), 60);
    for (sample, body) in samples {
        let (secret, signature) =
            (Secret::from(sample.app_secret), Some(sample.x_hub_signature_256.as_str()));
        assert_eq!(super::super::verify(&secret, &body, signature), Ok(()), "{}", sample.name);
        assert_eq!(super::super::sign(&secret, &body), sample.x_hub_signature_256);
        let mut changed = body.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        assert_eq!(super::super::verify(&secret, &changed, signature), Err(Refused::Signature));
        let other = Secret::from("another".to_owned());
        assert_eq!(super::super::verify(&other, &body, signature), Err(Refused::Signature));
    }
}

#[test]
fn every_sample_says_what_its_customer_meant() {
    let meta = meta();
    let lines: Vec<String> = samples()
        .iter()
        .map(|(sample, body)| format!("{}: {}", sample.name, shown(&parse(&meta, body).unwrap())))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r##"
    fb_text_message: 16505551234 (Sheena Nelson): "Does it come in another color?"
    fb_text_message_with_context_product_inquiry: 16505551234 (Sheena Nelson): "Is this still available?\n🏷\u{fe0f} di9ozbzfi4"
    fb_text_message_from_click_to_whatsapp_ad: 16505551234 (Sheena Nelson): "Hello! Can I get more info on this?\n📣 Chat with us: Summer Succulents are here!" from ad:120226305854810726
    fb_reaction_message: Passed("a reaction")
    fb_image_message: 16505551234 (Sheena Nelson): "Taj Mahal" <Picture 1003383421387256 ->
    fb_location_message: 16505551234 (Sheena Nelson): "📍 Philz Coffee, 101 Forest Ave, Palo Alto, CA 94301 (37.44221496582, -122.16165924072)\nhttps://philzcoffee.com/"
    fb_contact_sharing_message: 16505551234 (Sheena Nelson): "👤 Lucía Gómez (Google) +1 (983) 555-2319"
    fb_unsupported_message: 16505551234 (Sheena Nelson): "" <File  ->
    fb_button_message: 16505551234 (Sheena Nelson): "Unsubscribe"
    fb_interactive_list_reply_message: 16505551234 (Sheena Nelson): "Priority Mail Express (Next Day to 2 Days)"
    fb_interactive_button_reply_message: 16505551234 (Sheena Nelson): "Cancel"
    fb_order_message: 16505551234 (Sheena Nelson): "🛒 2 × di9ozbzfi4 (30 USD), 1 × nqryix03ez (25 USD)"
    fb_system_message: 16505551234 is 12195555358
    fb_group_create_message: Passed("an event of the field \"group_lifecycle_update\"")
    fb_group_settings_update: Passed("an event of the field \"group_settings_update\"")
    fb_group_remove_participants: Passed("an event of the field \"group_participants_update\"")
    pywa_message_text: 972987654321 (Test Name): "Body Text"
    pywa_message_image: 972987654321 (Test Name): "" <Picture 65463453 ->
    pywa_message_media_with_url: 972987654321 (Test Name): "" <Picture 65463453 ->
    pywa_message_video: 972987654321 (Test Name): "caption" <File 765756756 ->
    pywa_message_document: 972987654321 (Test Name): "caption" <File 1234567890987654321 filename.pdf>
    pywa_message_audio: 972987654321 (Test Name): "" <Voice 1234567890987654321 ->
    pywa_message_voice: 972987654321 (Test Name): "" <Voice 1234567890987654321 ->
    pywa_message_static_sticker: 972987654321 (Test Name): "" <Picture 1234567890987654321 ->
    pywa_message_animated_sticker: 972987654321 (Test Name): "" <Picture 1234567890987654321 ->
    pywa_message_reaction: Passed("a reaction")
    pywa_message_unreaction_empty: Passed("a reaction")
    pywa_message_unreaction_no_emoji: Passed("a reaction")
    pywa_message_current_location: 972987654321 (Test Name): "📍 12.25089, 43.90539"
    pywa_message_chosen_location: 972987654321 (Test Name): "📍 Facebook HQ, 1 Hacker Way, Menlo Park, CA 94025 (37.4611978, -122.2164385)\nhttps://maps.google.com/?cid=2000000000000000000"
    pywa_message_contacts: 972987654321 (Test Name): "👤 Chandler Bing +1 555-555-5555\n👤 Monica +1 666-666-6666\n👤 Rachel Green +1 777-777-7777"
    pywa_message_order: 972987654321 (Test Name): "🛒 3 × HAMBURGER (30 ILS), 2 × FRENCH_FRIES (35 ILS), 2 × SODA (10 ILS)"
    pywa_message_unsupported: 972987654321 (Test Name): "" <File  ->
    pywa_message_unsupported_with_type: 972987654321 (Test Name): "" <File  ->
    pywa_message_reply: 972987654321 (Test Name): "replied text"
    pywa_message_forwarded: 972987654321 (Test Name): "forwarded text"
    pywa_message_forwarded_many_times: 972987654321 (Test Name): "text forwarded many times"
    pywa_message_interactive_message_with_err: 972987654321 (Test Name): "" <File  ->; Problem("error 131000: Unsupported webhook payload")
    pywa_message_referral: 972987654321 (Test Name): "BODY\n📣 AD_TITLE: AD_DESCRIPTION" from ad or post:ADID
    pywa_message_status_sent: wamid.xyzxyz Sent
    pywa_message_status_delivered: wamid.xyzxyz Delivered
    pywa_message_status_read: wamid.xyzxyz Read
    pywa_message_status_played: wamid.xyzxyz Read
    pywa_message_status_failed: wamid.xyzxyz Failed error 130472: Failed to send message because this user's phone number is part of an experiment; Problem("a reply will not arrive: error 130472: Failed to send message because this user's phone number is part of an experiment")
    pywa_message_status_with_tracker: wamid.xyzxyz Sent
    pywa_message_status_group: <WHATSAPP_MESSAGE_ID> Read
    pywa_callback_button_button: 972987654321 (Test Name): "title"
    pywa_callback_button_quick_reply: 972987654321 (Test Name): "title"
    pywa_callback_button_quick_reply_without_context: 972987654321 (Test Name): "title"
    pywa_callback_selection_callback: 972987654321 (Test Name): "title"
    pywa_callback_selection_description: 972987654321 (Test Name): "title (description)"
    pywa_system_phone_number_change: 972987654321 is 972912345678
    pywa_system_identity_change: Contact("customer_identity_changed")
    pywa_edited_message_image: 16505551234 (Test Name): "Updated image caption" <Picture 1234567890 ->
    pywa_deleted_message_revoke: Passed("a message that was taken back")
    pywa_outgoing_message_text: Passed("an event of the field \"smb_message_echoes\"")
    pywa_outgoing_message_delete: Passed("an event of the field \"smb_message_echoes\"")
    pywa_outgoing_message_edit: Passed("an event of the field \"smb_message_echoes\"")
    pywa_flow_completion_completion: 972987654321 (Test Name): "📝 comment_text: Comment Text\ncs_rating: 0\ndelivery_rating: 4\npurchase_rating: 2\nrecommend_radio: 0"
    pywa_flow_completion_without_flow_token: 972987654321 (Test Name): "📝 comment_text: Comment Text\ncs_rating: 0\ndelivery_rating: 4\npurchase_rating: 2\nrecommend_radio: 0"
    "##);
}

/// A webhook with these messages for the first number.
fn webhook(messages: &Value, contacts: &Value) -> Webhook {
    let value = json!({
        "messaging_product": "whatsapp", "metadata": {"phone_number_id": "106540352242922"},
        "contacts": contacts, "messages": messages,
    });
    posted(&json!({"field": "messages", "value": value}))
}

fn posted(change: &Value) -> Webhook {
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]});
    parse(&meta(), body.to_string().as_bytes()).unwrap()
}

#[test]
fn a_customer_who_shows_no_number_is_known_by_the_user_id() {
    let contacts = json!([{"profile": {"name": "Ana"}, "user_id": "CO.1"}, {"profile": {"name": "Leo"}, "user_id": "CO.2"}]);
    let messages = json!([{"from_user_id": "CO.2", "id": "w1", "type": "text", "text": {"body": "hola"}}]);
    let received = webhook(&messages, &contacts).received.messages;
    assert_eq!((received[0].contact.as_str(), received[0].contact_name.as_deref()), ("CO.2", Some("Leo")));
    assert_eq!(received[0].route.as_deref(), Some("106540352242922"));
}

#[test]
fn what_is_not_understood_spoils_nothing_beside_it() {
    let messages = json!([
        {"from": "57300", "id": "w1", "type": "hologram", "hologram": {"id": "7"}},
        {"id": "w2", "type": "text", "text": {"body": "nobody"}},
        "not even an object",
        {"from": "57300", "id": "w3", "type": "text", "text": {"body": ["no", "text"]}},
        {"from": "57300", "id": "w4", "type": "text", "text": {"body": "hola", "new": 1}, "newer": {}},
        {"from": "57300", "id": "w5", "group_id": "g", "type": "text", "text": {"body": "to all"}},
    ]);
    let webhook = webhook(&messages, &json!([]));
    let heard: Vec<_> =
        webhook.received.messages.iter().map(|m| (m.message_id.as_str(), m.text.as_str())).collect();
    assert_eq!(heard, [("w1", ""), ("w3", ""), ("w4", "hola")]);
    assert_eq!(webhook.received.messages[0].attachments[0].kind, AttachmentKind::File);
    assert_eq!(webhook.notes.len(), 3, "{:?}", webhook.notes);
}

#[test]
fn what_is_for_another_number_is_left_alone() {
    let value = json!({"metadata": {"phone_number_id": "999"}, "messages": [
        {"from": "57300", "id": "w1", "type": "text", "text": {"body": "hola"}}]});
    let webhook = posted(&json!({"field": "messages", "value": value}));
    assert!(webhook.received.messages.is_empty());
    assert_eq!(webhook.notes, [Note::UnknownNumber("999".to_owned())]);
}

#[test]
fn a_user_id_and_a_username_are_the_customers_own() {
    let value = |contacts: Value, from: Value| {
        let mut message = json!({"id": "w1", "type": "text", "text": {"body": "hola"}});
        message.as_object_mut().unwrap().extend(from.as_object().unwrap().clone());
        let value = json!({"metadata": {"phone_number_id": "106540352242922"}, "contacts": contacts,
                           "messages": [message]});
        let message = posted(&json!({"field": "messages", "value": value})).received.messages.remove(0);
        (message.contact, message.identity.aliases.join(" "), message.identity.username)
    };
    let told = |contact: &str, also: &str, username: Option<&str>| {
        (contact.to_owned(), also.to_owned(), username.map(str::to_owned))
    };
    let ana = json!({"profile": {"name": "Ana", "username": "ana"}, "wa_id": "57300", "user_id": "CO.1"});
    assert_eq!(value(json!([ana]), json!({"from": "57300"})), told("57300", "CO.1", Some("ana")));
    assert_eq!(value(json!([ana]), json!({"from_user_id": "CO.1"})), told("CO.1", "", Some("ana")));
    assert_eq!(
        value(json!([]), json!({"from": "57300", "from_user_id": "CO.1"})),
        told("57300", "CO.1", None)
    );
    // The name of whoever else is named says nothing of who wrote.
    let (_, also, _) = value(json!([ana]), json!({"from": "57399"}));
    assert_eq!(also, "");
}

#[test]
fn a_status_says_which_reply_it_is_of_and_what_can_be_done() {
    let status = |state: &str, mark: &str, code: i64| {
        posted(&json!({"field": "messages", "value": {
            "metadata": {"phone_number_id": "106540352242922"},
            "statuses": [{"id": "wamid.1", "status": state, "biz_opaque_callback_data": mark,
                          "errors": [{"code": code, "title": "as told"}]}]}}))
    };
    let news = |state: &str, mark: &str| status(state, mark, 0).received.news.remove(0);
    let reply = ReplyName { conversation: ConversationId::new("conv_1"), seq: 7 };
    assert_eq!(news("sent", "iass:conv_1:7").reply, Some(reply));
    assert_eq!(news("sent", "another's").reply, None);
    assert_eq!(news("sent", "").failure, None);
    for (code, remedy, troubles) in [
        (131_047, Remedy::Template, vec![]),
        (131_016, Remedy::Again, vec![]),
        (131_026, Remedy::Nothing, vec![]),
        (131_042, Remedy::Nothing, vec![ChannelTrouble::Unpaid]),
    ] {
        let webhook = status("failed", "", code);
        let failure = webhook.received.news[0].failure.clone().unwrap();
        assert_eq!((failure.remedy, webhook.troubles), (remedy, troubles), "{code}");
        assert_eq!(failure.told, format!("error {code}: as told"));
    }
}

#[test]
fn a_tap_on_a_button_of_ours_says_all_its_words() {
    let reply = json!({"type": "list_reply", "list_reply": {"id": "iass:jueves 26 de noviembre a las 10:30",
        "title": "jueves 26 de noviembre…", "description": "jueves 26 de noviembre a las 10:30"}});
    let messages = json!([{"from": "57300", "id": "w1", "type": "interactive", "interactive": reply}]);
    assert_eq!(
        webhook(&messages, &json!([])).received.messages[0].text,
        "jueves 26 de noviembre a las 10:30"
    );
}

#[test]
fn only_json_of_metas_form_is_taken() {
    let meta = meta();
    for wrong in ["", "{\"entry\": 3}", "nonsense"] {
        assert_eq!(parse(&meta, wrong.as_bytes()), Err(Refused::Body), "{wrong}");
    }
    assert!(
        parse(&meta, b"{\"object\":\"page\",\"entry\":[{\"changes\":[{}]}]}")
            .unwrap()
            .received
            .messages
            .is_empty()
    );
}
