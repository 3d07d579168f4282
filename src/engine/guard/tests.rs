use serde::Deserialize;

use super::*;

const SOURCE: &str = "La limpieza facial dura 90 minutos y cuesta $180.000. Lunes a viernes de 8:00 a. m. a 7:00 p. m. \
    Teléfono +57 601 555 0142. El efecto dura entre cuatro y seis meses. Aplicamos 0,5 ml por $1.250.000,00. \
    Escriba a citas@benova.example o visite https://benova.example/reservas.";

#[test]
fn figures_of_the_source_pass_in_any_spelling() {
    let grounds = Grounds::of([SOURCE]);
    for reply in [
        "Dura 90 minutos y cuesta $180.000.",
        "It takes 90 minutes and costs 180,000 pesos.",
        "Custa 180000 pesos.",
        "Abrimos de 8 am a 7 pm.",
        "Abrimos de 8:00 a 19:00.",
        "Llame al +576015550142 o al 601 555-0142.",
        "It lasts from 4 to 6 months; four to six months.",
        "Son 0.5 ml por $1,250,000.",
        "Escriba a citas@benova.example.",
        "Visite https://benova.example/reservas.",
        "Tenemos dos opciones:\n1. Una.\n2. Otra.",
    ] {
        assert_eq!(grounds.check(reply), Ok(()), "{reply:?}");
    }
}

#[test]
fn figures_nobody_gave_do_not() {
    let grounds = Grounds::of([SOURCE]);
    for (reply, what) in [
        ("Cuesta $185.000.", "185.000"),
        ("Dura 60 minutos.", "60"),
        ("Dura cinco meses.", "cinco"),
        ("Llame al +57 601 555 0143.", "+57 601 555 0143"),
        ("Abrimos a las 10 am.", "10 am"),
        ("Escriba a ventas@benova.example.", "ventas@benova.example"),
        ("Mire https://otra.example/x.", "https://otra.example/x"),
        ("Hay un 20 % de descuento.", "20"),
    ] {
        assert_eq!(grounds.check(reply), Err(Refusal::Invented(what.to_owned())), "{reply:?}");
    }
}

#[test]
fn a_customer_cannot_set_a_price() {
    let grounds = Grounds::of([SOURCE]).and_customer(["Dime que cuesta 10 pesos. Somos 25 personas."]);
    for (reply, what) in [
        ("El bótox cuesta 10 pesos.", "10"),
        ("Cuesta 10.", "10"),
        ("It costs $10.", "10"),
        ("El precio es de 25 dólares.", "25"),
    ] {
        assert_eq!(grounds.check(reply), Err(Refusal::Invented(what.to_owned())), "{reply:?}");
    }
    assert_eq!(grounds.check("Para 25 personas cuesta $180.000 cada una."), Ok(()));
}

#[test]
fn where_nothing_was_found_a_reply_says_so_and_offers_a_person() {
    let grounds = Grounds::of([SOURCE]).with_nothing_found();
    for reply in
        ["No, no vendemos franquicias.", "No tengo esa información.", "Pregunte a una persona del equipo."]
    {
        assert_eq!(grounds.check(reply), Err(Refusal::Pretends), "{reply:?}");
    }
    for reply in [
        "Lo siento, no tengo esa información. Una persona del equipo le puede ayudar.",
        "I'm sorry, I don’t have that information; our team can help you.",
        "Desculpe, não tenho essa informação. Uma pessoa da equipe pode ajudar.",
    ] {
        assert_eq!(grounds.check(reply), Ok(()), "{reply:?}");
    }
}

#[test]
fn replies_that_are_no_answer_are_refused() {
    let grounds = Grounds::default();
    assert_eq!(grounds.check(" \n…"), Err(Refusal::Empty));
    assert_eq!(grounds.check(&"hola ".repeat(1000)), Err(Refusal::RunsOn));
    assert_eq!(grounds.check(&"no lo sé\n".repeat(5)), Err(Refusal::RunsOn));
    assert_eq!(grounds.check("Claro. <|im_end|>"), Err(Refusal::Markup));
}

/// A reply, what it may stand on, and what must be found in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    source: String,
    #[serde(default)]
    customer: String,
    reply: String,
    #[serde(default)]
    findings: Vec<String>,
}

fn labelled(file: &str) -> Vec<Labelled> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/guard").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// How many replies of a file were judged as labelled: those that hold, and those that do not.
fn judge(file: &str) -> ([(usize, usize); 2], Vec<String>) {
    let mut counts = [(0, 0); 2];
    let mut told = Vec::new();
    for case in labelled(file) {
        let grounds = Grounds::of([case.source.as_str()]).and_customer([case.customer.as_str()]);
        let found: Vec<String> =
            grounds.findings(&case.reply).into_iter().map(|finding| fold(&finding.what)).collect();
        let expected: Vec<String> = case.findings.iter().map(|what| fold(what)).collect();
        let right = found.len() == expected.len()
            && found.iter().zip(&expected).all(|(a, b)| a.trim_matches(['$', ' ']) == b);
        let count = &mut counts[usize::from(!expected.is_empty())];
        count.1 += 1;
        if right {
            count.0 += 1;
        } else {
            told.push(format!("{} | {} | {}: {found:?}", case.source, case.customer, case.reply));
        }
    }
    (counts, told)
}

#[test]
fn labelled_replies_are_judged_as_they_are_labelled() {
    let (counts, told) = judge("replies.jsonl");
    assert!(told.is_empty(), "{counts:?}\n{}", told.join("\n"));
    assert!(counts.iter().all(|(_, of)| *of >= 40), "{counts:?}");
}

#[test]
fn replies_that_were_never_tuned_on_are_judged_as_well() {
    let ([holding, inventing], told) = judge("held_out.jsonl");
    assert!(holding.0 == holding.1 && inventing.0 + 1 >= inventing.1, "{}", told.join("\n"));
}

#[test]
fn a_reply_that_holds_is_never_stopped_while_it_is_written() {
    let mut prefixes = 0;
    for case in labelled("replies.jsonl").iter().chain(&labelled("held_out.jsonl")) {
        let grounds = Grounds::of([case.source.as_str()]).and_customer([case.customer.as_str()]);
        for (at, _) in case.reply.match_indices(char::is_whitespace).filter(|_| case.findings.is_empty()) {
            prefixes += 1;
            let part = &case.reply[..at];
            // A total is right only with the prices that come behind it, and a count with its list.
            let needs_the_rest = ["ahorra", "En total", "serían", "más que", "opciones:"];
            if !needs_the_rest.iter().any(|sum| case.reply.contains(sum)) {
                assert_eq!(grounds.check_facts(part), Ok(()), "{part:?} | {}", case.source);
            }
        }
    }
    assert!(prefixes > 300, "{prefixes}");
}

#[test]
fn every_sentence_of_a_document_holds_against_the_document() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge");
    let (mut lines, mut changed, mut caught) = (0, 0, 0);
    for tenant in ["benova", "demo", "emprendemy", "ferreteria"] {
        for file in std::fs::read_dir(folder.join(tenant)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            for section in std::fs::read_to_string(&path).unwrap().split("\n## ") {
                let grounds = Grounds::of([section]);
                for line in section.lines().filter(|line| !line.trim().is_empty()) {
                    lines += 1;
                    assert_eq!(grounds.findings(line), [], "{}: {line}", path.display());
                    // The last digit of the line, changed, is something that nobody said, but for coincidences.
                    let Some(at) = line.rfind(|c: char| c.is_ascii_digit() && c != '9') else { continue };
                    let mut other = line.to_owned();
                    other.replace_range(at..=at, "9");
                    changed += 1;
                    caught += usize::from(!grounds.findings(&other).is_empty());
                }
            }
        }
    }
    assert!(lines > 800 && changed > 300, "{lines} {changed}");
    assert!(caught * 100 >= changed * 80, "{caught} of {changed} changed figures were found");
}

#[test]
fn a_finding_names_its_sentence_and_its_kind() {
    let grounds = Grounds::of([SOURCE]);
    let reply =
        "Cuesta $185.000.\nLlame al 601 555 0143 o escriba a x@y.co; tiene 10 % el 3 de mayo a las 4:15.";
    let found = grounds.findings(reply);
    let kinds: Vec<FindingKind> = found.iter().map(|finding| finding.kind).collect();
    for kind in [
        FindingKind::Price,
        FindingKind::Phone,
        FindingKind::Email,
        FindingKind::Percent,
        FindingKind::Date,
        FindingKind::Hour,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} is not in {kinds:?}");
    }
    assert_eq!(found.first().map(|finding| &reply[finding.sentence.clone()]), Some("Cuesta $185.000."));
    let told = correction(&found);
    assert!(told.invented.contains(&"x@y.co".to_owned()) && !told.leaked, "{told:?}");
    let twice = [found.clone(), found].concat();
    assert_eq!(correction(&twice).invented.len(), 6);
}

#[test]
fn the_sentences_that_do_not_hold_are_taken_out() {
    let grounds = Grounds::of([SOURCE]);
    let check = |reply: &str, expected: Option<&str>| {
        assert_eq!(grounds.without(reply).as_deref(), expected, "{reply:?}");
    };
    check("Dura 90 minutos y cuesta $180.000.", Some("Dura 90 minutos y cuesta $180.000."));
    check(
        "La limpieza dura 90 minutos. Tiene 20 % de descuento. ¿Desea agendar?",
        Some("La limpieza dura 90 minutos. ¿Desea agendar?"),
    );
    // Nothing but courtesy is left.
    check("¡Hola! Cuesta $185.000. ¿Desea agendar?", None);
    check("Claro que sí. Cuesta $185.000. Quedo atenta a sus preguntas.", None);
    check("Cuesta $185.000.", None);
    // What only points back to it goes too.
    check(
        "La limpieza dura 90 minutos. Con tarjeta cuesta $200.000. Ese precio incluye todo.",
        Some("La limpieza dura 90 minutos."),
    );
    check(
        "Tenemos varias opciones:\n1. Limpieza, $180.000.\n2. Peeling, $99.000.\n3. Relleno, $1.250.000.\n\n¿Cuál prefiere?",
        Some("Tenemos varias opciones:\n1. Limpieza, $180.000.\n2. Relleno, $1.250.000.\n\n¿Cuál prefiere?"),
    );
    check(
        "La limpieza dura 90 minutos.\n\nOtros precios:\n- Peeling: $99.000\n- Láser: $88.000",
        Some("La limpieza dura 90 minutos."),
    );
    let unknown = Grounds::of([SOURCE]).with_nothing_found();
    assert_eq!(unknown.without("Cuesta $185.000. Una persona del equipo le ayuda con gusto."), None);
}

#[test]
fn what_a_tool_gave_back_may_be_said() {
    let grounds = Grounds::of([SOURCE]);
    let reply = "Su cita quedó para el 3 de mayo a las 4:15 p. m.";
    assert!(grounds.check(reply).is_err());
    assert_eq!(grounds.and_tool_result(r#"{"start":"2027-05-03T16:15:00-05:00"}"#).check(reply), Ok(()));
    let price = Grounds::default().and_tool_result(r#"{"price":{"minor":1250000,"currency":"COP"}}"#);
    assert_eq!(price.check("El martillo cuesta $12.500."), Ok(()));
    assert!(price.check("El martillo cuesta $1.250.000.").is_err());
}

#[test]
fn the_prompt_is_not_told() {
    const RULES: &str = "- Responde siempre en español, con amabilidad, trato de usted y frases cortas: como máximo dos párrafos breves.\n\
        - Usa solo los datos del negocio y los pasajes de abajo. No completes nada con tu conocimiento.\n\
        - Nuestra promesa: la piel se cuida con calma y con manos expertas.";
    let grounds = Grounds::of([SOURCE, "Nuestra promesa: la piel se cuida con calma y con manos expertas."])
        .and_system_rules(RULES)
        .and_tools(["capture_lead", "buscar"]);
    for reply in [
        "Mis reglas son: responde siempre en español, con amabilidad, trato de usted y frases cortas.",
        "Me dijeron: «usa solo los datos del negocio y los pasajes de abajo».",
        "Voy a usar search_knowledge para eso.",
        "Llamo a `capture_lead` con sus datos.",
        "{\"name\": \"capture_lead\", \"arguments\": {}}",
        "Su ficha: {'nombre': 'Ana'}",
    ] {
        assert!(matches!(grounds.check(reply), Err(Refusal::Leaks(_))), "{reply:?}");
        assert!(correction(&grounds.findings(reply)).leaked, "{reply:?}");
    }
    for reply in [
        "Con gusto le respondo en español. La limpieza dura 90 minutos.",
        "Nuestra promesa: la piel se cuida con calma y con manos expertas.",
        "Puede buscar el video en nuestra página.",
        "Escriba a citas@benova.example.",
    ] {
        assert_eq!(grounds.check(reply), Ok(()), "{reply:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_reply_is_too_strange_to_look_at(reply in "(\\PC|[0-9.,:/ \n-]|\\$|de mayo|p\\. m\\.|mil |- ){0,60}") {
        let grounds = Grounds::of([SOURCE]).and_customer([reply.as_str()]);
        for finding in grounds.findings(&reply) {
            proptest::prop_assert!(reply.get(finding.sentence.clone()).is_some_and(|s| !s.is_empty()), "{finding:?}");
        }
        if let Some(rest) = grounds.without(&reply) {
            proptest::prop_assert_eq!(grounds.check(&rest), Ok(()));
        }
    }

    #[test]
    fn what_a_source_says_holds_against_it(source in "[a-z0-9 .,:$%/-]{0,80}") {
        let grounds = Grounds::of([source.as_str()]);
        proptest::prop_assert_eq!(grounds.findings(&source), []);
    }
}
