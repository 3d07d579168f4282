//! The words with which people speak of appointments, in three languages. Matched on folded text.

use std::sync::LazyLock;

use crate::text::fold;
use regex::Regex;

#[expect(clippy::expect_used, reason = "a constant pattern; the tests compile each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

/// An appointment by name.
static NOUN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(citas?|turnos?|reservas?|reservacion(es)?|consulta|agendamentos?|horario marcado|appointments?|bookings?|reservations?|sesion|session|sessao)\b",
    )
});
/// The wish for one.
static WISH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(agendar(me|la|lo)?|agendo|agendame|agendeme|reservar(me|la|lo)?|reservame|reserveme|reservo|apartar(me)?|apartame|programar|sacar (una |un )?(cita|turno)|pedir (una |un )?(cita|turno|hora)|(quiero|quisiera|necesito|deseo|busco|me gustaria|para) (una |un |otra |otro |la )?(cita|turno|reserva|consulta|hora)|(una |un |otra |otro )(cita|turno|reserva|hora) (para|pa|pal|con|el|a las)|book(ing)? (an?|my|the)|book me|can i book|to book|make (an )?(appointment|reservation)|schedule (an?|my)|(want|need|like|get) (an |a )?(appointment|booking)|marcar( uma| um)?( horario| consulta)?|agendar( uma| um)?|quero (marcar|agendar|um horario|uma consulta))\b",
    )
});
/// The question whether there is room.
static ROOM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(disponib\w*|cupos?|huecos?|espacios?|turnos? (libres?|disponibles?)|(tienen|tienes|tiene|tenes|teni|tenis|tendran|tendrian|tendras|hay|habra|queda|quedan|manejan) (una |un |alguna |algun |algo de )?(cita|citas|turno|turnos|espacio|espacios|cupo|cupos|hora|horas|agenda|disponibilidad|lugar|algo)|(me )?(atienden|pueden atender|podrian atender|reciben)|availab\w*|openings?|free slots?|any slots?|slots?|do you have (anything|something|an? (appointment|time))|vagas?|horario (livre|disponivel)|(tem|teria|ha) (um |algum |uma |alguma )?(horario|vaga|vagas|agenda)|encaixe|para cuando (hay|tienen)|when can (i|you)|cuando (puedo|podria) ir|que dia[s]? (tienen|hay))\b",
    )
});
static CANCEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(cancel\w*|anular(la|lo)?|anula|anulen|desmarc\w*|no (puedo|podre|voy a poder|alcanzo a) (ir|asistir|llegar)|ya no (voy|puedo ir|podre ir)|(can ?'?t|cannot) make it|nao (vou|posso) (poder )?(ir|comparecer))\b",
    )
});
static MOVE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(cambi(ar|a|e|o|en|as|amos)(la|lo|me|mela|melo|nos)?|m(over|ueve|ueva|ove)(la|lo|me|mela)?|reprogram\w*|reagend\w*|aplazar(la|lo)?|posponer(la|lo)?|adelantar(la|lo)?|correr(la|lo)?|pas(ar|a|e)(la|lo|mela|melo) (para|a|al|pal)|corr(e|a)(la|lo|mela)|reschedul\w*|move (my|the|it)|change (my|the|it)|postpone|remarcar|mudar|adiar|antecipar|trocar)\b",
    )
});
static MINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b((cuando|a que hora|que dia|para cuando|donde) (es|era|tengo|quedo|tenia|esta) (mi|la|una) (cita|turno|reserva)|(mi|mis) (citas?|turnos?|reservas?|horas?)\b|tengo (una |alguna )?(cita|turno|reserva)|(ver|consultar|revisar|confirmar|recordar) (mi|mis|la) (citas?|turnos?|reservas?)|(when|what time) is my|my appointments?|do i have an? (appointment|booking)|quando e (a )?(minha|meu)|(minha|meu)s? (consulta|horario|agendamento)s?|tenho (consulta|horario|agendamento))\b",
    )
});
/// Questions about appointments that are none for one: rules, costs, how it works, what was.
static ABOUT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(cual(es)? (es|son) (la|el|las|los)|politica\w*|policy|policies|reembols\w*|refund|devol\w*|multa|penal\w*|penaliz\w*|fee|cobran por|cobra por|si (no )?(cancelo|cambio|llego|voy)|if i (cancel|miss|am late)|se eu (cancelar|faltar)|con cuant\w+ (tiempo|anticipacion)|anticipacion|antelacion|hasta cuando puedo|llego tarde|llegar tarde|sin cita|cita previa|previa cita|(necesito|se necesita|hay que|toca|debo) (tener |pedir |sacar |agendar )?cita\?|me hice|me hicieron|despues de (mi|la|una) (cita|sesion)|antes de (mi|la|una) (cita|sesion)|before my|after my|parque\w*|estacion\w*|carro|parking|abono|anticipo|deposito|deposit|abren|cierran|abrem|fecham|closed?|opening hours|horario de atencion|como (funciona|es) (la|el)|how does|comprobante|factura|cambios? (y|o) devol|cambio de (producto|talla))\b",
    )
});

/// Another one, beside the appointment that is made: "y otra para mi hermana".
static ANOTHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:y |e |and |tambien |quiero |quisiera |necesito |i want |i need |quero |preciso |also )*(?:otra|otro|another(?: one)?|outra|outro)(?: cita| hora| turno| appointment| horario)? (?:para|pa|pal|a las?|el|for|on|at|as|no|na)\b",
    )
});
/// The customer comes late to an appointment.
static LATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:llego|llegare|llegamos|voy|vamos|estoy|vou|estou|chego|vou chegar|voy a llegar|i am|i m|im|i will be|i ll be|we are|running) (?:un |a |um )?(?:poco |poquito |pouco |bit |little |algo |unos |como |about )?(?:\d{1,2} )?(?:min\w* )?(?:mas )?(?:tarde|atrasad\w+|retrasad\w+|demorad\w+|late)|me (?:voy a )?(?:atras|retras|demor)(?:o|e|ar|are|ando))\b",
    )
});
/// The time that an appointment has already.
static SAME_HOUR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:misma|mesma) hora\b|\bmismo horario\b|\bsame time\b"));

/// Any day, whatever was said before.
static ANY_DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:cualquier|qualquer|any|el) (?:otro )?(?:dia|day)(?: que sea)?\b|\bcuando sea\b|\banytime\b",
    )
});
/// The wish for a service by its name: "quiero un corte".
static WANTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:quiero|quisiera|necesito|deseo|me gustaria|want|need|i d like|quero|queria|preciso)(?: hacerme| hacer| fazer| ponerme| un| una| el| la| los| las| a| an| uma?| os?)+\b",
    )
});
/// What is wished for is to be told something.
static TO_KNOW: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:info\w*|saber|pregunt\w*|conocer|duda\w*|know|about|ask|question|informac\w*|catalogo|lista)\b",
    )
});

/// Whether a text wishes for something by its name, and not to be told of it.
pub(super) fn wants(text: &str) -> bool {
    let text = fold(text);
    WANTS.is_match(&text) && !TO_KNOW.is_match(&text)
}

/// For several people.
static PARTY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:para|pa|for|pra) (?:mi|my|minha|meu|el|la) ?\w* (?:y|e|and) (?:para |pa |for |pra )?(?:mi|me|yo|mim|eu|my|la|el)\b|\b(?:para|for) (?:los |las |the )?(?:dos|tres|cuatro|two|three|2|3|4|duas|dois)(?: personas| people| pessoas| ninos)?$|\b(?:dos|tres|2|3|duas|two) (?:citas|turnos|horas|appointments|horarios)\b",
    )
});

/// Whether any day will do.
pub(super) fn says_any_day(text: &str) -> bool {
    let text = fold(text);
    ANY_DAY.find_iter(&text).any(|found| found.as_str() != "el dia")
}

/// Whether it is for several people.
pub(super) fn is_for_several(text: &str) -> bool {
    PARTY.is_match(&fold(text))
}

/// Whether a text speaks of the time of day that an appointment has already.
pub(super) fn says_same_hour(text: &str) -> bool {
    SAME_HOUR.is_match(&fold(text))
}

/// The day that an appointment has already.
static SAME_DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:el |ese |para el |o |no )?(?:mismo|mismito|mesmo) dia\b|\b(?:the )?same day\b")
});
/// Unless that is the one that does not do: "el mismo día no puedo".
static NOT_SAME_DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:mismo|mesmo) dia (?:no|nao)\b|\bsame day (?:doesn|does not|is not|isn|won)")
});

/// Whether a text speaks of the day that an appointment has already, and not to refuse it.
pub(super) fn says_same_day(text: &str) -> bool {
    let text = fold(text);
    SAME_DAY.is_match(&text) && !NOT_SAME_DAY.is_match(&text)
}

/// What a text says of appointments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cues {
    /// An appointment is named.
    pub(super) noun: bool,
    /// One is wished for.
    pub(super) wish: bool,
    /// Whether there is room is asked.
    pub(super) room: bool,
    /// One is to be cancelled.
    pub(super) cancel: bool,
    /// One is to be moved.
    pub(super) moves: bool,
    /// Another one is wished for.
    pub(super) another: bool,
    /// The customer comes late to one.
    pub(super) late: bool,
    /// Those of the customer are asked for.
    pub(super) mine: bool,
    /// It is a question about how appointments work.
    pub(super) about: bool,
}

/// Looks for the words.
pub(super) fn cues(text: &str) -> Cues {
    let text = fold(text);
    Cues {
        noun: NOUN.is_match(&text),
        wish: WISH.is_match(&text),
        room: ROOM.is_match(&text),
        cancel: CANCEL.is_match(&text),
        moves: MOVE.is_match(&text),
        another: ANOTHER.is_match(text.trim_start_matches(|c: char| !c.is_alphanumeric())),
        late: LATE.is_match(&text),
        mine: MINE.is_match(&text),
        about: ABOUT.is_match(&text),
    }
}
