//! Messages that belong to a talk about an appointment, and messages that do not.

use super::*;
use crate::{
    domain::{business::Business, language::Language},
    engine::{booking::fixture, builtin::Builtin},
    prompts::Prompts,
};

fn business() -> Business {
    Business {
        name: "Aura".to_owned(),
        language: Language::Es,
        timezone: "America/Bogota".to_owned(),
        currency: "COP".to_owned(),
        description: String::new(),
        address: String::new(),
        phone: String::new(),
        hours: crate::domain::business::WeekHours::default(),
    }
}

fn reads(text: &str, language: Language, standing: &BookingContext) -> Option<Act> {
    let (rules, business, prompts) = (fixture::clinic(), business(), Prompts::load(None, None).unwrap());
    let builtin = Builtin { business: &business, prompts: &prompts, contact_name: None };
    let scene = Scene {
        rules: &rules,
        words: BookingWords { builtin, zone: &rules.zone, language, files: None },
        text,
        now_ms: fixture::now().timestamp().as_millisecond(),
        routed_here: false,
        draft: &LeadDraft::default(),
        told: &[],
        declined: &[],
        standing,
        fresh_id: "appointment_1",
    };
    read(&scene)
}

#[test]
fn wishes_for_an_appointment_are_told_from_questions_about_them() {
    use Language::{En, Es, Pt};
    let none = BookingContext::default();
    for (text, language) in [
        ("¿Tienen cita para botox mañana en la tarde?", Es),
        ("quiero agendar una limpieza facial", Es),
        ("me regalas un turno pal viernes", Es),
        ("hay cupo para masaje hoy?", Es),
        ("Quisiera reservar", Es),
        ("necesito una cita", Es),
        ("¿cuándo puedo ir para un masaje?", Es),
        ("disponibilidad para botox el lunes", Es),
        ("I want to book an appointment for Monday", En),
        ("do you have anything available for botox tomorrow?", En),
        ("quero marcar um horário para amanhã", Pt),
        ("vocês têm vaga para botox na terça?", Pt),
        ("cita", Es),
        ("hola, quiero un masaje", Es),
        ("me gustaría hacerme la limpieza facial", Es),
        ("una cita por favor", Es),
        ("quiero hora para el lunes", Es),
        ("tenis hora pal viernes?", Es),
    ] {
        assert!(matches!(reads(text, language, &none), Some(Act::Search(..))), "{text:?}");
    }
    for text in [
        "¿Cuál es la política de cancelación de citas?",
        "¿Cuánto dura la cita?",
        "¿Qué pasa si llego tarde a mi cita?",
        "¿A qué hora abren los sábados?",
        "Me hice botox ayer, ¿puedo ir al gimnasio?",
        "¿Cuánto cuesta la limpieza facial?",
        "¿Tienen espacio para parquear?",
        "Hola",
        "gracias",
        "¿el abono de la reserva se devuelve?",
        "¿atienden sin cita?",
        "el masaje de ayer fue muy bueno",
        "llego tarde",
        "quiero saber del masaje",
        "necesito la factura del masaje",
        "otra cosa",
    ] {
        assert_eq!(reads(text, Language::Es, &none), None, "{text:?}");
    }
    assert_eq!(reads("¿a qué hora es mi cita?", Language::Es, &none), Some(Act::Show));
    assert_eq!(reads("quiero cancelar mi cita", Language::Es, &none), Some(Act::Cancel(None)));
    assert!(matches!(
        reads("necesito cambiar mi cita para el lunes", Language::Es, &none),
        Some(Act::Move(None, _))
    ));
}

#[test]
fn an_old_talk_is_over() {
    let talk = Talk { services: vec!["masaje".to_owned()], ..Talk::new(Stage::Cancel) };
    let talk = Talk { appointment: Some("a".to_owned()), ..talk };
    let now_ms = fixture::now().timestamp().as_millisecond();
    let standing = |talk_ms| BookingContext { talk: talk.stored(), talk_ms, ..BookingContext::default() };
    assert_eq!(reads("sí", Language::Es, &standing(now_ms)), Some(Act::CancelNow("a".to_owned())));
    assert_eq!(reads("sí", Language::Es, &standing(now_ms - TALK_MS)), None);
    assert_eq!(reads("no", Language::Es, &standing(now_ms)), Some(Act::Keep("a".to_owned())));
}
