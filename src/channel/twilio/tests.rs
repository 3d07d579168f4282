use serde_json::Value;

use super::*;

fn form(fields: &[(&str, &str)]) -> Form {
    Form(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// What a sample brings.
fn sample(name: &str) -> Received {
    let samples: Vec<Value> =
        serde_json::from_str(include_str!("../../../tests/fixtures/wire/twilio/whatsapp_signed_cases.json"))
            .unwrap();
    let sample = samples.iter().find(|sample| sample["name"] == name).unwrap();
    receive(&Form::parse(sample["form"].as_str().unwrap().as_bytes()), "").unwrap()
}

fn message_of(name: &str) -> Inbound {
    let Received { mut messages, news, .. } = sample(name);
    assert!(news.is_empty() && messages.len() == 1);
    messages.remove(0)
}

#[test]
fn a_text_is_a_message_of_its_number() {
    let message = message_of("text_es");
    assert_eq!(
        message,
        Inbound {
            channel: ChannelKind::Twilio,
            message_id: "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
            contact: "+573001112233".to_owned(),
            contact_name: Some("Ana Peña".to_owned()),
            text: "¿Cuánto cuesta el taladro? ñandú 😀".to_owned(),
            attachments: Vec::new(),
            route: Some("whatsapp:+14155238886".to_owned()),
            source: None,
            identity: Identity::default(),
            quiet_ms: 0,
        }
    );
    assert_eq!(message_of("text_plus_newline").text, "a+b & c=d\r\n100%");
    assert_eq!(message_of("text_empty_body").text, "");
    assert_eq!(message_of("unknown_future_param").text, "hola");
    assert_eq!(message_of("with_query").text, "hola");
}

#[test]
fn a_file_a_place_and_a_button_keep_their_meaning() {
    let image = message_of("image");
    assert_eq!((image.text.as_str(), image.attachments.len()), ("mira", 1));
    assert_eq!(
        image.attachments[0],
        Attachment {
            kind: AttachmentKind::Picture,
            reference: "https://api.twilio.com/2010-04-01/Accounts/AC/Messages/MM/Media/ME".to_owned(),
            mime: Some("image/jpeg".to_owned()),
            name: None,
            checksum: None,
            unread: None,
        }
    );
    let voice = message_of("audio_ogg");
    assert_eq!((voice.text.as_str(), voice.attachments[0].kind), ("", AttachmentKind::Voice));
    assert_eq!(message_of("location").text, "📍 Tienda, Bogotá (4.7110, -74.0721)");
    assert_eq!(message_of("button_reply").text, "Sí");
    let pdf = form(&[
        ("MessageSid", "MM1"),
        ("From", "whatsapp:+571234567"),
        ("NumMedia", "99"),
        ("MediaUrl0", "https://api.twilio.com/a"),
        ("MediaContentType0", "application/pdf"),
        ("MediaUrl1", "https://api.twilio.com/b"),
    ]);
    let kinds: Vec<_> =
        receive(&pdf, "").unwrap().messages[0].attachments.iter().map(|file| file.kind).collect();
    assert_eq!(kinds, [AttachmentKind::File, AttachmentKind::File]);
}

#[test]
fn an_sms_and_a_number_without_its_plus_are_the_same_contact() {
    let contact = |from: &str| {
        let form = form(&[("SmsSid", "SM1"), ("From", from), ("To", "+1415"), ("Body", "hola")]);
        receive(&form, "").unwrap().messages.remove(0).contact
    };
    for from in ["+573001112233", "whatsapp:+573001112233", "573001112233"] {
        assert_eq!(contact(from), "+573001112233", "{from}");
    }
    // What is no number stays what it is: a short code, an id that hides the number.
    assert_eq!(contact("whatsapp:CO.AbC123"), "CO.AbC123");
    assert_eq!(contact("12345"), "12345");
}

#[test]
fn an_advertisement_is_where_a_customer_came_from() {
    let form = form(&[
        ("MessageSid", "SM1"),
        ("From", "whatsapp:+573001112233"),
        ("ReferralSourceId", "ad_7"),
        ("ReferralHeadline", "Rebajas"),
    ]);
    assert_eq!(receive(&form, "").unwrap().messages[0].source.as_deref(), Some("ad_7"));
}

#[test]
fn news_of_a_reply_are_told_as_far_as_they_are_news() {
    let news = |name: &str| {
        let received = sample(name);
        assert!(received.messages.is_empty());
        received.news.into_iter().map(|news| (news.state, news.failure)).next()
    };
    assert_eq!(news("status_queued"), None);
    assert_eq!(news("status_sent"), Some((DeliveryState::Sent, None)));
    assert_eq!(news("status_delivered"), Some((DeliveryState::Delivered, None)));
    assert_eq!(news("status_read"), Some((DeliveryState::Read, None)));
    for failed in ["status_failed", "status_undelivered"] {
        let (state, error) = news(failed).unwrap();
        assert_eq!(state, DeliveryState::Failed);
        let failure = error.unwrap();
        assert_eq!(failure.remedy, Remedy::Template);
        assert!(failure.told.starts_with("Twilio 63016: the customer's last message"));
    }
}

#[test]
fn a_form_without_a_message_is_none() {
    for fields in [&[][..], &[("Body", "hola")], &[("MessageSid", "SM1"), ("Body", "x")]] {
        assert_eq!(receive(&form(fields), ""), Err(Refused::Body), "{fields:?}");
    }
}

#[test]
fn a_text_that_is_too_long_is_cut_between_characters() {
    let long = "ñ".repeat(MAX_TEXT_BYTES);
    let form = form(&[("MessageSid", "SM1"), ("From", "+573001112233"), ("Body", &long)]);
    let text = receive(&form, "").unwrap().messages.remove(0).text;
    assert!(text.len() <= MAX_TEXT_BYTES && text.chars().all(|c| c == 'ñ'));
}
