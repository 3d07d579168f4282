//! Words of a message: which say nothing of its subject, and how they are written.

/// The word with every run of three or more equal letters as one: "holaaaa".
pub(crate) fn undrawn(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    letters
        .chunk_by(|a, b| a == b && a.is_alphabetic())
        .flat_map(|run| if run.len() > 2 { run.get(..1) } else { Some(run) }.unwrap_or_default())
        .collect()
}

/// Whether a folded word carries no subject of its own in any of the languages: articles, pronouns, prepositions,
/// auxiliary verbs, question words and courtesies.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.split_ascii_whitespace().any(|stop| stop == word)
}

const STOP_WORDS: &str = "\
a al algo alguna algun algunas algunos ante antes aqui asi aun aunque bien buenas buenos cada casi como con cual cuales cualquier cuando cuanta \
cuantas cuanto cuantos de del desde donde dos e el ella ellas ellos en entre era es esa esas ese eso esos esta estan estar estas este esto estos \
estoy etc fue ha haber habria hace hacen hacer hago han hasta hay hola la las le les lo los mas me mi mis mucha mucho muy nada ni no nos nosotros o \
os otra otro para pero poco por porque puede pueden puedo pues q que ke quien quiero quisiera saber se ser si sin sobre solo son soy su sus tambien \
tan te tengo ti tiene tienen toda todas todo todos tu tus u un una unas uno unos usted ustedes va van voy x y ya yo favor gracias dia dias tarde \
tardes noche noches decir diga dime podria podrian necesito gustaria ver d xq pq tal seria sera haga hagan uds ud ahi alla alli \
the an and any are as at be been but by can could did do does for from had has have he her here hers him his how i if in into is it its just me \
my no not of off on one or our out please she should so some than thanks that their them then there these they this those to too us was we were \
what when where which who why will with would you your yours hi hello good morning afternoon evening want need know tell about am im \
ao aos aquela aquele as ate com da das dele do dos ela elas ele eles em essa essas esse esses estao estou eu foi fosse isso isto ja lhe mais mas \
meu meus minha minhas muito na nas nao nem nos nossa nosso num numa nunca oi ola ou para pela pelas pelo pelos pode podem posso pra pro qual quais \
quando quanta quanto quantos quem sao se seja sem ser seu seus so sua suas tambem tem tenho ter teu tua um uma umas uns vai voce voces vc vcs vos \
quero preciso gostaria obrigado obrigada boa bom tudo onde porque tao";

/// The text with its first letter large, past an opening mark.
pub(crate) fn capitalised(text: &str) -> String {
    with_first(text, |c| c.to_uppercase().to_string())
}

/// The text with its first letter small, past an opening mark.
pub(crate) fn lower_first(text: &str) -> String {
    with_first(text, |c| c.to_lowercase().to_string())
}

fn with_first(text: &str, change: impl Fn(char) -> String) -> String {
    let mut done = false;
    text.chars()
        .map(|c| {
            if done || !c.is_alphabetic() {
                return c.to_string();
            }
            done = true;
            change(c)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_words_say_nothing_of_the_subject() {
        assert!(["cuanto", "how", "quanto", "the", "usted"].into_iter().all(is_stop_word));
        assert!(!["botox", "limpieza", "sabado", "parking"].into_iter().any(is_stop_word));
    }
}
