//! What takes the alarm out of a phrase: it is asked about, offered, past or denied.

use std::{ops::Range, sync::LazyLock};

use super::pattern::Patterns;

/// "What if": asked about, not happening. It reaches to the end of its sentence.
static HYPOTHETICAL: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::exact(
        "\
que pasa|pasaria|ocurre|sucede .. si|cuando
q pasa si
si me|se|le|te|nos|tengo|tuviera|tuviese|hay|hubiera|llego|llegara|estoy
en caso de
caso de que
puede|pueden|podria|podrian .. causar|producir|provocar|generar|ocasionar|dar|darme|pasar|haber
puede|podria .. quemar|inflamar|hinchar
causa|produce|provoca|genera|ocasiona
da alergia
riesgo*
contraindic*
efectos secundarios
es posible
hay peligro|posibilidad
me da miedo
miedo
evitar
prevenir
si soy
soy alergic*
what if
what happens if
if i|my|it|he|she|there
in case
can|could|does|will .. cause
risk*
side effects
prevent
o que acontece
que acontece
acontece se
se eu|tiver|houver
em caso de
pode|podem .. causar|dar
risco*
evitar",
    )
});

/// What a business offers: it makes of the words after it a subject.
static OFFERED: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::exact(
        "\
atienden|atiende|tratan|venden|vende|arreglan|reparan|hacen|tienen|cubre|cubren|ofrecen|manejan|dictan|instalan|dan
curso|cursos|taller|capacitacion|clase|clases|seguro|poliza
cuanto|precio|cotizar|cotizacion|cotizame|costo
lampara|lamparas|luz|luces|bombillo|bombilla|bombillos|salida|kit|manguera|mangueras|estufa|instalar
detector|detectores|extintor|extintores|botiquin|alarma|alarmas
primeros auxilios
telefono|numero|linea
sirve|sirven
quiero comprar
do|does|did you
you sell|treat|have|offer
course|insurance|price|quote|sell
how much
first aid
voces
vendem|atendem|tratam|fazem|consertam|cobre
curso|preco|orcamento|quanto|extintor",
    )
});

/// What is over.
static PAST: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::exact(
        "\
hace .. anos|ano|meses|mes|semanas
ano|mes|semana pasado|pasada
una vez
alguna vez
en el pasado
cuando era
antes tuve
anteriormente
years|months|weeks ago
last year|month
once had
in the past
ano|mes passado
anos|meses atras
uma vez
ja tive",
    )
});

/// What asks for reassurance: nothing is on fire, but somebody worries.
static REASSURANCE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::exact("normal\ncuanto dura|tarda\nun poco|poquito\nhow long\na bit|little\num pouco|pouquinho")
});

/// What denies the words a little after it.
static DENIED: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::exact(
        "\
no|nao tengo|tiene|hay|es|era|fue|estoy|esta|soy|tuve|estou|tenho|ha|foi
no sufro|presento|creo|necesito
no me|le|se|nos ha|han|he
ningun|ninguna|nunca|jamas|tampoco
not an|a
isn|aren|don|doesn|didn|wasn t
nenhum|nenhuma",
    )
});

/// What denies the very next word.
const NOT: [&str; 10] = ["no", "ni", "sin", "nao", "nem", "sem", "not", "never", "without", "poco"];

/// How many words before a phrase may deny it.
const DENIAL_REACH: usize = 4;

/// Whether a sentence only asks about, offers, denies or tells of the past what stands at `at` in it, inside the part
/// `clause`.
pub(super) fn disarms<S: AsRef<str>>(sentence: &[S], clause: Range<usize>, at: usize) -> bool {
    // "si me" of "si me desmayo" reaches into the phrase.
    let until_phrase = sentence.get(..(at + 1).min(clause.end)).unwrap_or_default();
    let before_in_clause = sentence.get(clause.start..at).unwrap_or_default();
    let near = sentence.get(at.saturating_sub(DENIAL_REACH).max(clause.start)..at).unwrap_or_default();
    HYPOTHETICAL.places(until_phrase).any(|place| place < at)
        || OFFERED.are_in(before_in_clause)
        || PAST.are_in(sentence.get(clause).unwrap_or_default())
        || DENIED.are_in(near)
        || near.last().is_some_and(|word| NOT.contains(&word.as_ref()))
}

/// Whether somebody asks to be reassured about something that is no danger to life.
pub(super) fn reassures<S: AsRef<str>>(sentence: &[S]) -> bool {
    REASSURANCE.are_in(sentence)
}

/// Whether there is anything in the words that could disarm a phrase.
pub(super) fn any<S: AsRef<str>>(words: &[S]) -> bool {
    HYPOTHETICAL.are_in(words) || OFFERED.are_in(words) || PAST.are_in(words) || DENIED.are_in(words)
}
