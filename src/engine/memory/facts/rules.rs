//! The forms in which people tell of themselves, in three languages.
//!
//! Patterns read folded text. `v` is what is kept, in the customer's words; `n`, where there is one, is what it is about.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::{
    effect::FactKind::{self, Fact, Preference},
    language::Language::{self, En, Es, Pt},
};

/// How the name of a fact is made.
#[derive(Clone, Copy)]
pub(super) enum Name {
    /// Always this: a later value takes the place of an earlier one.
    Fixed(&'static str),
    /// This and what it is about: several may be so at once.
    With(&'static str),
    /// This, for a value that has a capital letter or a digit: the name of a place or a model.
    Proper(&'static str),
    /// This and a thing, for each of the things that follow.
    EachItem(&'static str),
}

/// One form of telling one thing.
pub(super) struct Rule {
    pub(super) language: Language,
    pub(super) kind: FactKind,
    pub(super) name: Name,
    /// After how many days it is no longer to be relied on.
    pub(super) expires_days: Option<u32>,
    pub(super) pattern: Regex,
}

/// All forms.
pub(super) static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| FORMS.iter().map(Form::compile).collect());

struct Form(Language, FactKind, Name, Option<u32>, &'static str);

impl Form {
    #[expect(clippy::expect_used, reason = "constant patterns; the tests compile each")]
    fn compile(&self) -> Rule {
        let Self(language, kind, name, expires_days, pattern) = self;
        Rule {
            language: *language,
            kind: *kind,
            name: *name,
            expires_days: *expires_days,
            pattern: Regex::new(pattern).expect("a valid pattern"),
        }
    }
}

/// Days after which a pregnancy is over.
const PREGNANCY: Option<u32> = Some(280);
/// Days after which a habit may be another.
const HABIT: Option<u32> = Some(365);
/// Days after which a body, a home or a vehicle may be another.
const YEARS: Option<u32> = Some(730);

const FORMS: &[Form] = &[
    // Allergies: each its own fact, because losing one would be dangerous.
    Form(
        Es,
        Fact,
        Name::EachItem("alergia"),
        None,
        r"\b(?:soy|tengo|somos|sufro de|me dan?) (?:muy )?(?P<v>alergic[oa]s?|alergia)(?: al?)?\b",
    ),
    Form(
        Pt,
        Fact,
        Name::EachItem("alergia"),
        None,
        r"\b(?:sou|tenho) (?:muito )?(?P<v>alergic[oa]|alergia)(?: aos?| as?)?\b",
    ),
    Form(
        En,
        Fact,
        Name::EachItem("alergia"),
        None,
        r"\b(?:i am|i'm|im) (?:very |severely |highly )?(?P<v>allergic) to\b",
    ),
    Form(
        En,
        Fact,
        Name::With("alergia"),
        None,
        r"\bi have an? (?P<v>(?:severe |bad )?(?P<n>\w+(?: \w+)?) allergy)\b",
    ),
    // Skin and hair.
    Form(
        Es,
        Fact,
        Name::Fixed("piel"),
        YEARS,
        r"\b(?:tengo (?:la |el )?|mi )(?P<v>(?:piel|cutis|cara) (?:es )?(?:muy |super |bastante |algo )?(?:sensible|sec[oa]|gras[oa]|mixt[oa]|acneic[oa]|madura|delicad[oa]|reactiva|atopica|oleosa)(?: y (?:muy )?(?:sensible|sec[oa]|gras[oa]|mixt[oa]|delicad[oa]))?)\b",
    ),
    Form(
        Pt,
        Fact,
        Name::Fixed("piel"),
        YEARS,
        r"\b(?:tenho (?:a )?|minha )(?P<v>pele (?:e )?(?:muito |bem |super )?(?:sensivel|seca|oleosa|mista|acneica|madura|delicada|atopica)(?: e (?:muito )?(?:sensivel|seca|oleosa|mista))?)\b",
    ),
    Form(
        En,
        Fact,
        Name::Fixed("piel"),
        YEARS,
        r"\b(?:i have|i've got|ive got) (?P<v>(?:very |really |quite )?(?:sensitive|dry|oily|combination|acne-prone|mature|reactive)(?:,? (?:and )?(?:sensitive|dry|oily))? skin)\b",
    ),
    Form(
        En,
        Fact,
        Name::Fixed("piel"),
        YEARS,
        r"\bmy (?P<v>skin is (?:very |really |quite )?(?:sensitive|dry|oily|combination|acne-prone|mature|reactive))\b",
    ),
    Form(
        Es,
        Fact,
        Name::Fixed("cabello"),
        YEARS,
        r"\b(?:tengo (?:el )?|mi )(?P<v>(?:cabello|pelo) (?:es )?(?:muy |bastante )?(?:rizado|liso|graso|seco|tenturado|tinturado|tenido|decolorado|crespo|ondulado|fino|maltratado|quebradizo))\b",
    ),
    Form(
        Pt,
        Fact,
        Name::Fixed("cabello"),
        YEARS,
        r"\b(?:tenho (?:o )?|meu )(?P<v>cabelo (?:e )?(?:muito )?(?:cacheado|liso|oleoso|seco|tingido|descolorido|crespo|ondulado|fino))\b",
    ),
    Form(
        En,
        Fact,
        Name::Fixed("cabello"),
        YEARS,
        r"\bi have (?P<v>(?:very )?(?:curly|straight|oily|dry|dyed|bleached|wavy|thin) hair)\b",
    ),
    // What is eaten.
    Form(
        Es,
        Fact,
        Name::Fixed("dieta"),
        None,
        r"\b(?:soy|somos) (?P<v>vegan[oa]s?|vegetarian[oa]s?|pescetarian[oa]s?)\b",
    ),
    Form(Pt, Fact, Name::Fixed("dieta"), None, r"\b(?:sou|somos) (?P<v>vegan[oa]s?|vegetarian[oa]s?)\b"),
    Form(
        En,
        Fact,
        Name::Fixed("dieta"),
        None,
        r"\b(?:i am|i'm|im|we are|we're) (?:an? )?(?P<v>vegans?|vegetarians?|pescatarians?)\b",
    ),
    Form(
        Es,
        Fact,
        Name::With("dieta"),
        None,
        r"\b(?P<v>no (?:como|puedo comer) (?:nada (?:de|con) )?(?P<n>carne|cerdo|pollo|pescado|mariscos|gluten|lacteos|azucar|huevos?|picante|trigo))\b",
    ),
    Form(
        Pt,
        Fact,
        Name::With("dieta"),
        None,
        r"\b(?P<v>nao (?:como|posso comer) (?:nada (?:de|com) )?(?P<n>carne|porco|frango|peixe|frutos do mar|gluten|laticinios|acucar|ovos?|trigo))\b",
    ),
    Form(
        En,
        Fact,
        Name::With("dieta"),
        None,
        r"\bi (?P<v>(?:don't|do not|dont|can't|cannot|cant) eat (?:any )?(?P<n>meat|pork|chicken|fish|seafood|shellfish|gluten|dairy|sugar|eggs?|wheat))\b",
    ),
    Form(
        Es,
        Fact,
        Name::With("intolerancia"),
        None,
        r"\b(?:soy|tengo) (?P<v>(?:intolerante|intolerancia) (?:a la|al|a) (?P<n>lactosa|gluten|fructosa|trigo|histamina))\b",
    ),
    Form(
        Pt,
        Fact,
        Name::With("intolerancia"),
        None,
        r"\b(?:sou|tenho) (?P<v>(?:intolerante|intolerancia) (?:a|ao) (?P<n>lactose|gluten|frutose|trigo))\b",
    ),
    Form(
        En,
        Fact,
        Name::With("intolerancia"),
        None,
        r"\b(?:i am|i'm|im) (?P<v>(?P<n>lactose|gluten|fructose)[ -]intolerant)\b",
    ),
    // Health that a business must mind.
    Form(
        Es,
        Fact,
        Name::With("salud"),
        None,
        r"\bsoy (?P<v>(?P<n>diabetic|hipertens|asmatic|epileptic|celiac|hemofilic)[oa])\b",
    ),
    Form(
        Es,
        Fact,
        Name::With("salud"),
        None,
        r"\b(?:tengo|padezco(?: de)?|sufro de) (?:la )?(?P<v>(?P<n>diabetes|hipertension|presion alta|asma|epilepsia|hipotiroidismo|rosacea|dermatitis|psoriasis|melasma|vitiligo|eczema|migranas?|lupus|(?:un )?marcapasos|(?:una )?protesis))\b",
    ),
    Form(
        Pt,
        Fact,
        Name::With("salud"),
        None,
        r"\bsou (?P<v>(?P<n>diabetic|hipertens|asmatic|epileptic|celiac|hemofilic)[oa])\b",
    ),
    Form(
        Pt,
        Fact,
        Name::With("salud"),
        None,
        r"\b(?:tenho|sofro de) (?P<v>(?P<n>diabetes|hipertensao|pressao alta|asma|epilepsia|hipotireoidismo|rosacea|dermatite|psoriase|melasma|vitiligo|enxaqueca|lupus|(?:um )?marca-?passo))\b",
    ),
    Form(
        En,
        Fact,
        Name::With("salud"),
        None,
        r"\b(?:i am|i'm|im) (?:an? )?(?P<v>(?P<n>diabetic|asthmatic|epileptic|coeliac|celiac|hypertensive))\b",
    ),
    Form(
        En,
        Fact,
        Name::With("salud"),
        None,
        r"\bi (?:have|suffer from) (?P<v>(?P<n>diabetes|hypertension|high blood pressure|asthma|epilepsy|rosacea|dermatitis|psoriasis|melasma|vitiligo|eczema|migraines?|lupus|celiac disease|a pacemaker))\b",
    ),
    Form(
        Es,
        Fact,
        Name::With("medicacion"),
        HABIT,
        r"\b(?:tomo|uso|estoy tomando|me aplico) (?P<v>(?P<n>anticoagulantes?|isotretino\w+|roacutan|accutane|warfarina|insulina|metformina|antidepresivos?|corticoides?|aspirina))\b",
    ),
    Form(
        Pt,
        Fact,
        Name::With("medicacion"),
        HABIT,
        r"\b(?:tomo|uso|estou tomando) (?P<v>(?P<n>anticoagulantes?|isotretino\w+|roacutan|varfarina|insulina|metformina|antidepressivos?|corticoides?|aspirina))\b",
    ),
    Form(
        En,
        Fact,
        Name::With("medicacion"),
        HABIT,
        r"\b(?:i take|i'm taking|i am taking|i'm on|i am on) (?P<v>(?P<n>blood thinners|anticoagulants|isotretinoin|accutane|warfarin|insulin|metformin|antidepressants|steroids|aspirin))\b",
    ),
    Form(
        Es,
        Fact,
        Name::Fixed("embarazo"),
        PREGNANCY,
        r"\bestoy (?P<v>(?:embarazada|en embarazo|esperando (?:un )?bebe)(?: de \w+ (?:semanas|meses))?)\b",
    ),
    Form(
        Pt,
        Fact,
        Name::Fixed("embarazo"),
        PREGNANCY,
        r"\b(?:estou|to) (?P<v>gravida(?: de \w+ (?:semanas|meses))?)\b",
    ),
    Form(
        En,
        Fact,
        Name::Fixed("embarazo"),
        PREGNANCY,
        r"\b(?:i am|i'm|im) (?P<v>(?:\w+ (?:weeks|months) )?(?:pregnant|expecting a baby))\b",
    ),
    Form(
        Es,
        Fact,
        Name::Fixed("lactancia"),
        HABIT,
        r"\bestoy (?P<v>lactando|amamantando|en lactancia|dando pecho|dando de lactar)\b",
    ),
    Form(Pt, Fact, Name::Fixed("lactancia"), HABIT, r"\b(?:estou|to) (?P<v>amamentando)\b"),
    Form(En, Fact, Name::Fixed("lactancia"), HABIT, r"\b(?:i am|i'm|im) (?P<v>breast-?feeding|nursing)\b"),
    // Who lives with them.
    Form(
        Es,
        Fact,
        Name::Fixed("hijos"),
        YEARS,
        r"\btengo (?P<v>(?:un|una|dos|tres|cuatro|cinco|seis|\d) (?:hij[oa]s?|hijit[oa]s?|nin[oa]s?|bebes?|gemel[oa]s|mellizos)(?: de \w+(?: y \w+)? (?:anos?|meses|anitos?))?)\b",
    ),
    Form(
        Pt,
        Fact,
        Name::Fixed("hijos"),
        YEARS,
        r"\btenho (?P<v>(?:um|uma|dois|duas|tres|quatro|cinco|\d) (?:filh[oa]s?|filhinh[oa]s?|bebes?|criancas?|gemeos)(?: de \w+(?: e \w+)? (?:anos?|meses|aninhos?))?)\b",
    ),
    Form(
        En,
        Fact,
        Name::Fixed("hijos"),
        YEARS,
        r"\bi have (?P<v>(?:a|one|two|three|four|five|\d)(?: \w+-year-old)? (?:kids?|child|children|sons?|daughters?|baby|babies|twins))\b",
    ),
    Form(
        Es,
        Fact,
        Name::With("mascota"),
        YEARS,
        r"\btengo (?P<v>(?:un|una|dos|tres|cuatro|\d) (?P<n>perr[oa]s?|perrit[oa]s?|gatit[oa]s?|conej[oa]s?|cachorr[oa]s?|gat[oa]s?)(?: (?:golden|labrador|pug|pequen[oa]s?|grandes?))?(?: de \w+ (?:anos?|meses|semanas))?)(?:$| que\b| llamad[oa]\b| muy\b| y (?:un|una|el|la|le|necesit|quier|esta)\b)",
    ),
    Form(
        Pt,
        Fact,
        Name::With("mascota"),
        YEARS,
        r"\btenho (?P<v>(?:um|uma|dois|duas|tres|\d) (?P<n>cachorr[oa]s?|cachorrinh[oa]s?|gat[oa]s?|gatinh[oa]s?|coelhos?|caes|cao)(?: de \w+ (?:anos?|meses))?)(?:$| que\b| chamad[oa]\b| e\b)",
    ),
    Form(
        En,
        Fact,
        Name::With("mascota"),
        YEARS,
        r"\bi have (?P<v>(?:an?|one|two|three|\d)(?: \w+(?:-\w+)*)? (?P<n>dogs?|cats?|puppy|puppies|kittens?|rabbits?))(?:$| that\b| who\b| called\b| named\b| and\b)",
    ),
    // Sizes, days, places, vehicles.
    Form(
        Es,
        Fact,
        Name::Fixed("talla"),
        YEARS,
        r"\b(?:uso |soy |mi )(?:la |de )?(?P<v>talla (?:es )?(?:la )?(?:\d{1,2}|xxs|xs|s|m|l|xl|xxl))\b",
    ),
    Form(
        Pt,
        Fact,
        Name::Fixed("talla"),
        YEARS,
        r"\b(?:uso |visto |meu )(?P<v>(?:tamanho|manequim) (?:e )?(?:o )?(?:\d{1,2}|pp|p|m|g|gg|xg))\b",
    ),
    Form(
        En,
        Fact,
        Name::Fixed("talla"),
        YEARS,
        r"\b(?:i am|i'm|im|i wear)(?: an?)? (?P<v>size (?:\d{1,2}|xxs|xs|s|m|l|xl|xxl|small|medium|large))\b",
    ),
    Form(Es, Fact, Name::Fixed("calzado"), YEARS, r"\b(?P<v>calzo (?:el |la |talla )?\d{2}(?:[.,]5)?)\b"),
    Form(Pt, Fact, Name::Fixed("calzado"), YEARS, r"\b(?P<v>calco (?:o )?\d{2})\b"),
    Form(
        Es,
        Fact,
        Name::Fixed("cumpleanos"),
        None,
        r"\b(?:mi cumpleanos es|cumplo anos)(?: el)?(?: dia)? (?P<v>\d{1,2} de [a-z]{4,10})\b",
    ),
    Form(
        Pt,
        Fact,
        Name::Fixed("cumpleanos"),
        None,
        r"\b(?:meu aniversario e|faco aniversario)(?: no)?(?: em)?(?: dia)? (?P<v>\d{1,2} de [a-z]{4,9})\b",
    ),
    Form(
        En,
        Fact,
        Name::Fixed("cumpleanos"),
        None,
        r"\bmy birthday is(?: on)?(?: the)? (?P<v>\d{1,2}(?:st|nd|rd|th)?(?: of)? [a-z]{3,9}|(?:january|february|march|april|may|june|july|august|september|october|november|december) \d{1,2}(?:st|nd|rd|th)?)\b",
    ),
    Form(
        Es,
        Fact,
        Name::Proper("ciudad"),
        YEARS,
        r"\b(?:vivo|vivimos) en (?P<v>[a-z]{3,}(?: (?:de |del |la |los |las )*[a-z]{3,}){0,2})$",
    ),
    Form(
        Pt,
        Fact,
        Name::Proper("ciudad"),
        YEARS,
        r"\b(?:moro|moramos) (?:em|no|na) (?P<v>[a-z]{3,}(?: (?:de |do |da )*[a-z]{3,}){0,2})$",
    ),
    Form(En, Fact, Name::Proper("ciudad"), YEARS, r"\b(?:i|we) live in (?P<v>[a-z]{3,}(?: [a-z]{3,}){0,2})$"),
    Form(
        Es,
        Fact,
        Name::Proper("vehiculo"),
        YEARS,
        r"\bmi (?:carro|auto|coche|moto|camioneta|vehiculo) es una? (?P<v>[a-z0-9-]+(?: [a-z0-9-]+){0,4})$",
    ),
    Form(
        Pt,
        Fact,
        Name::Proper("vehiculo"),
        YEARS,
        r"\b(?:meu carro|minha moto|meu veiculo) e uma? (?P<v>[a-z0-9-]+(?: [a-z0-9-]+){0,4})$",
    ),
    Form(
        En,
        Fact,
        Name::Proper("vehiculo"),
        YEARS,
        r"\bmy (?:car|truck|motorbike|motorcycle|van) is an? (?P<v>[a-z0-9-]+(?: [a-z0-9-]+){0,4})$",
    ),
    // When to be reached or served.
    Form(
        Es,
        Preference,
        Name::Fixed("horario"),
        HABIT,
        r"\b(?:prefiero|preferiria|me gusta mas|me (?:queda|viene|sirve|conviene) mejor)(?: que (?:me|nos) [a-z]+n?)?(?: (?:la|las|mi|mis) citas?)?(?: ir)? (?P<v>(?:por|en|de|a) las? (?:mananas?|tardes?|noches?)|(?:al|a) mediodia|los (?:lunes|martes|miercoles|jueves|viernes|sabados|domingos|fines de semana)(?: por las? (?:mananas?|tardes?|noches?))?|entre semana|despues de las \d{1,2}(?::\d{2})?(?: ?[ap]m)?)",
    ),
    Form(
        Es,
        Preference,
        Name::Fixed("horario"),
        HABIT,
        r"\b(?:llam[ae]n?me|escrib[ae]n?me|contact[ae]n?me|me (?:llamen|escriban|contacten)|solo puedo|siempre puedo) (?:solo |siempre |unicamente )?(?P<v>(?:por|en) las? (?:mananas|tardes|noches)|(?:solo |siempre |unicamente )?(?:por|en) la (?:manana|tarde|noche)|los fines de semana|entre semana|(?:despues|antes) de las \d{1,2}(?::\d{2})?(?: ?[ap]m)?)",
    ),
    Form(
        Pt,
        Preference,
        Name::Fixed("horario"),
        HABIT,
        r"\b(?:prefiro|e melhor pra mim|fica melhor)(?: que me [a-z]+m)?(?: ser atendid[oa])? (?P<v>(?:de|pela|a|na parte da|no periodo da) (?:manha|tarde|noite)|(?:aos|nos) (?:sabados|domingos|fins de semana)|durante a semana|depois das \d{1,2}h?)",
    ),
    Form(
        En,
        Preference,
        Name::Fixed("horario"),
        HABIT,
        r"\b(?:i|we)(?:'d| would)? (?:always )?(?:prefer|like)(?: to be (?:called|contacted|seen)| calls| appointments| messages)? (?P<v>(?:in the |on )?(?:mornings?|afternoons?|evenings?|weekends|weekdays))\b",
    ),
    Form(
        En,
        Preference,
        Name::Fixed("horario"),
        HABIT,
        r"\b(?:call|text|write(?: to)?|contact|message) me (?:only |always )?(?P<v>in the (?:mornings|afternoons|evenings)|only in the (?:morning|afternoon|evening)|on weekends|on weekdays|(?:after|before) \d{1,2} ?(?:am|pm))\b",
    ),
    // How to be reached.
    Form(
        Es,
        Preference,
        Name::Fixed("contacto"),
        HABIT,
        r"\b(?:prefiero|preferiria)(?: (?:que (?:me|nos) [a-z]+n?|hablar|recibir)(?: (?:la informacion|la info|todo|las cosas))?)? (?P<v>(?:por|via|al|en el) (?:whats?app?|wasap|wpp|correo(?: electronico)?|e-?mail|mail|telefono|celular|llamada|mensajes?(?: de texto)?|sms|telegram|instagram|este medio|aqui|chat))\b",
    ),
    Form(
        Es,
        Preference,
        Name::Fixed("contacto"),
        HABIT,
        r"\bprefiero (?P<v>que me llamen$|que me escriban$|las llamadas\b|una llamada\b|los mensajes\b|el correo\b|el whatsapp\b)",
    ),
    Form(
        Es,
        Preference,
        Name::Fixed("contacto"),
        HABIT,
        r"\b(?P<v>no me (?:llamen|llames|llame|marquen)(?: [a-z0-9]+){0,8})$",
    ),
    Form(
        Pt,
        Preference,
        Name::Fixed("contacto"),
        HABIT,
        r"\bprefiro(?: (?:que me [a-z]+m|falar|receber))? (?P<v>(?:por|pelo|via) (?:whats?app|whats|zap|e-?mail|telefone|mensagem|mensagens|ligacao|aqui))\b",
    ),
    Form(Pt, Preference, Name::Fixed("contacto"), HABIT, r"\b(?P<v>nao me liguem(?: [a-z0-9]+){0,8})$"),
    Form(
        En,
        Preference,
        Name::Fixed("contacto"),
        HABIT,
        r"\b(?:i|we)(?:'d| would)? prefer (?P<v>(?:to be (?:contacted|reached) |to talk |to chat )?(?:by |via |over |on )?(?:e-?mail|whats?app|texts?|text messages?|sms|the phone|phone|phone calls|a call|calls))\b",
    ),
    Form(
        En,
        Preference,
        Name::Fixed("contacto"),
        HABIT,
        r"\b(?P<v>(?:don't|do not|dont|never) call me(?: [a-z0-9]+){0,8})$",
    ),
    // How to be spoken to, in which language, by whom, and how to pay.
    Form(
        Es,
        Preference,
        Name::Fixed("trato"),
        None,
        r"\b(?P<v>(?:trat|habl)(?:ame|eme|enme|arme) de (?:tu|usted|vos)|no me tutee[ns]?|tuteame|tuteeme|me puede[ns]? tutear|puede[ns]? tutearme)\b",
    ),
    Form(
        Es,
        Preference,
        Name::Fixed("idioma"),
        None,
        r"\b(?:prefiero|preferiria)(?: (?:que me [a-z]+n?|hablar|escribir))? (?P<v>en (?:ingles|espanol|portugues|frances|aleman|italiano))\b",
    ),
    Form(
        Pt,
        Preference,
        Name::Fixed("idioma"),
        None,
        r"\bprefiro(?: (?:que me [a-z]+m|falar|escrever))? (?P<v>em (?:ingles|espanhol|portugues))\b",
    ),
    Form(
        En,
        Preference,
        Name::Fixed("idioma"),
        None,
        r"\bi(?:'d| would)? prefer (?:to (?:speak|write|chat|talk) )?(?:in )?(?P<v>english|spanish|portuguese|french)\b",
    ),
    Form(
        Es,
        Preference,
        Name::Fixed("atencion"),
        HABIT,
        r"\bprefiero que me atiendan? (?P<v>(?:una? (?:mujer|hombre|doctora|doctor|chica)|siempre [a-z]+|(?:la|el) (?:doctora?|dra?|senorita) [a-z]+))\b",
    ),
    Form(
        En,
        Preference,
        Name::Fixed("atencion"),
        HABIT,
        r"\bi(?:'d| would)? prefer (?P<v>an? (?:female|male|woman|man)(?: (?:doctor|therapist|trainer|dentist|stylist))?)\b",
    ),
    Form(
        Es,
        Preference,
        Name::Fixed("pago"),
        HABIT,
        r"\b(?:prefiero|siempre) (?:pagar|pago) (?P<v>(?:en efectivo|con tarjeta(?: de (?:credito|debito))?|por (?:transferencia|nequi|daviplata|pse|paypal)|contra ?entrega|a cuotas))\b",
    ),
    Form(
        Pt,
        Preference,
        Name::Fixed("pago"),
        HABIT,
        r"\b(?:prefiro pagar|sempre pago) (?P<v>(?:em dinheiro|(?:com|no) (?:o )?cartao|(?:por|no|com|via) pix|no boleto|parcelado))\b",
    ),
    Form(
        En,
        Preference,
        Name::Fixed("pago"),
        HABIT,
        r"\b(?:i(?:'d| would)? prefer to pay|i always pay) (?P<v>(?:in cash|cash|by card|with (?:a )?card|by (?:bank )?transfer|with paypal))\b",
    ),
];
