use super::*;

/// Messages as customers write them, without a conversation before.
const SHORT: [(Language, &str); 66] = [
    (Language::Es, "hola"),
    (Language::Es, "buenas"),
    (Language::Es, "precio"),
    (Language::Es, "precio botox"),
    (Language::Es, "cuanto cuesta?"),
    (Language::Es, "donde quedan"),
    (Language::Es, "a ke hora abren el sabado"),
    (Language::Es, "tienen parqueadero?"),
    (Language::Es, "gracias"),
    (Language::Es, "muchas gracias, hasta luego"),
    (Language::Es, "si"),
    (Language::Es, "quiero una cita para mañana"),
    (Language::Es, "hacen envios?"),
    (Language::Es, "y los domingos?"),
    (Language::Es, "cuanto dura"),
    (Language::Es, "puedo pagar con tarjeta"),
    (Language::Es, "¿Atienden hombres?"),
    (Language::Es, "necesito factura"),
    (Language::Es, "horario de atencion"),
    (Language::Es, "quiero hablar con una persona"),
    (Language::Es, "hola buenas tardes me pueden ayudar"),
    (Language::Es, "que incluye el paquete"),
    (Language::En, "hello"),
    (Language::En, "hi there"),
    (Language::En, "thanks"),
    (Language::En, "thank you very much"),
    (Language::En, "how much is it?"),
    (Language::En, "price of botox"),
    (Language::En, "where are you?"),
    (Language::En, "what time do you open"),
    (Language::En, "do you deliver"),
    (Language::En, "can I pay by card"),
    (Language::En, "is there parking?"),
    (Language::En, "I need an appointment"),
    (Language::En, "opening hours"),
    (Language::En, "good morning"),
    (Language::En, "bye"),
    (Language::En, "yes please"),
    (Language::En, "talk to a person"),
    (Language::En, "and on sunday?"),
    (Language::En, "how long does it take"),
    (Language::En, "refund policy"),
    (Language::En, "Do you offer hair transplants?"),
    (Language::En, "what's the cost"),
    (Language::Pt, "olá"),
    (Language::Pt, "oi"),
    (Language::Pt, "oi, tudo bem?"),
    (Language::Pt, "bom dia"),
    (Language::Pt, "boa tarde"),
    (Language::Pt, "obrigado"),
    (Language::Pt, "quanto custa?"),
    (Language::Pt, "quanto custa a limpeza de pele"),
    (Language::Pt, "onde fica?"),
    (Language::Pt, "que horas abre"),
    (Language::Pt, "voces atendem a domicilio?"),
    (Language::Pt, "Vocês aceitam cartão?"),
    (Language::Pt, "posso pagar com pix"),
    (Language::Pt, "quero marcar uma consulta"),
    (Language::Pt, "tem estacionamento?"),
    (Language::Pt, "qual é o preço"),
    (Language::Pt, "quanto tempo dura a drenagem"),
    (Language::Pt, "tchau, até amanhã"),
    (Language::Pt, "preciso de ajuda"),
    (Language::Pt, "sim, quero"),
    (Language::Pt, "e aos sábados?"),
    (Language::Pt, "falar com uma pessoa"),
];

#[test]
fn short_messages_are_told_apart_without_a_conversation_before() {
    // The worst case: the business speaks another language than the customer.
    let mut wrong = Vec::new();
    let mut asked = 0;
    for (expected, text) in SHORT {
        for business in Language::ALL {
            asked += 1;
            let found = detect(text, business);
            if found != expected {
                wrong.push((text, business, found));
            }
        }
    }
    assert!(wrong.len() * 20 <= asked, "{} of {asked} wrong: {wrong:#?}", wrong.len());
}

#[test]
fn a_text_that_says_nothing_keeps_the_language_of_the_conversation() {
    for previous in Language::ALL {
        for text in ["", "👍", "123", "...", "Botox", "WhatsApp", "ana@example.com"] {
            assert_eq!(detect(text, previous), previous, "{text:?}");
        }
    }
}

#[test]
fn a_customer_may_change_the_language() {
    assert_eq!(detect("Do you speak English?", Language::Es), Language::En);
    assert_eq!(detect("¿Me puede responder en español?", Language::En), Language::Es);
    assert_eq!(detect("Você fala português?", Language::Es), Language::Pt);
}

#[test]
fn a_short_no_is_in_the_language_of_the_conversation() {
    for text in ["no me funciona", "no sirve", "no anda", "no"] {
        assert_eq!(detect(text, Language::Es), Language::Es, "{text}");
    }
    assert_eq!(detect("não funciona", Language::Es), Language::Pt);
}

#[test]
fn a_message_that_stands_alone_tells_its_language_or_does_not() {
    for (text, expected) in [
        ("¿Cuánto cuesta la limpieza facial?", Some(Language::Es)),
        ("hola cuanto vale el botox", Some(Language::Es)),
        ("a ke hora abren el sabado", Some(Language::Es)),
        ("How much does a lip filler cost?", Some(Language::En)),
        ("what time do you open", Some(Language::En)),
        ("Quanto custa a limpeza de pele?", Some(Language::Pt)),
        ("vcs abrem no domingo?", Some(Language::Pt)),
        ("oi, quero agendar um horario", Some(Language::Pt)),
        ("botox", None),
        ("50 ml", None),
        ("", None),
    ] {
        assert_eq!(tell(text), expected, "{text}");
    }
}
