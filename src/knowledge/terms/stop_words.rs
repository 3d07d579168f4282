//! Words that say nothing about what a text is about, folded and sorted.

use crate::domain::language::Language;

/// Whether a folded word is a function word of the language: an article, a pronoun, a question word, or one of the
/// letters that stand for such a word in chats.
pub(crate) fn is_stop_word(word: &str, language: Language) -> bool {
    let list = match language {
        Language::Es => SPANISH,
        Language::En => ENGLISH,
        Language::Pt => PORTUGUESE,
    };
    list.binary_search(&word).is_ok()
}

/// Whether a folded word is what people wrap a question in, in any of the languages: greetings, thanks, "I would like
/// to know". It may still be found in a text, but a text without it answers as well.
pub(crate) fn is_filler(word: &str) -> bool {
    FILLERS.binary_search(&word).is_ok()
}

/// Spanish.
#[rustfmt::skip]
const SPANISH: &[&str] = &[
    "a", "al", "algo", "alguna", "algunas", "alguno", "algunos", "ante", "antes", "aquel", "aquella",
    "asi", "aun", "aunque", "bien", "cada", "casi", "como", "con", "contra", "cual", "cuales", "cuando",
    "cuanta", "cuantas", "cuanto", "cuantos", "d", "de", "del", "desde", "donde", "dos", "durante", "e",
    "el", "ella", "ellas", "ellos", "en", "entre", "era", "eran", "es", "esa", "esas", "ese", "eso",
    "esos", "esta", "estaba", "estado", "estan", "estar", "estas", "este", "esto", "estos", "fue",
    "fueron", "ha", "haber", "habia", "habian", "hace", "han", "hasta", "hay", "k", "ke", "la", "las",
    "le", "les", "lo", "los", "mas", "me", "mi", "mientras", "mis", "muy", "nada", "ni", "no", "nos", "o",
    "os", "otra", "otras", "otro", "otros", "para", "pero", "por", "porque", "pq", "pues", "q", "que",
    "quien", "quienes", "se", "sea", "ser", "si", "sido", "sin", "sobre", "son", "su", "sus", "tal",
    "tambien", "tan", "tanto", "tb", "te", "tiene", "tienen", "tmb", "toda", "todas", "todo", "todos",
    "tras", "tu", "tus", "un", "una", "unas", "uno", "unos", "usted", "ustedes", "x", "xq", "y", "ya",
    "yo",
];

/// English.
#[rustfmt::skip]
const ENGLISH: &[&str] = &[
    "a", "about", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been", "being", "but", "by",
    "can", "could", "d", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "his",
    "how", "i", "if", "im", "in", "into", "is", "it", "its", "just", "ll", "m", "me", "more", "most", "my",
    "no", "not", "of", "on", "one", "or", "other", "our", "out", "pls", "re", "s", "she", "so", "some",
    "such", "t", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "to",
    "too", "u", "up", "us", "ve", "was", "we", "were", "what", "when", "where", "which", "who", "whom",
    "whose", "why", "will", "with", "would", "you", "your",
];

/// Portuguese.
#[rustfmt::skip]
const PORTUGUESE: &[&str] = &[
    "a", "ao", "aos", "as", "ate", "com", "como", "d", "da", "das", "de", "do", "dos", "e", "ela", "elas",
    "ele", "eles", "em", "entre", "era", "essa", "essas", "esse", "esses", "esta", "estao", "estas",
    "este", "estes", "eu", "foi", "foram", "ha", "isso", "isto", "ja", "la", "lhe", "mais", "mas", "me",
    "mesmo", "meu", "meus", "minha", "minhas", "muito", "na", "nao", "nas", "nem", "no", "nos", "num",
    "numa", "o", "onde", "os", "ou", "para", "pela", "pelas", "pelo", "pelos", "por", "pq", "pra", "q",
    "quais", "qual", "quando", "quanta", "quantas", "quanto", "quantos", "que", "quem", "sao", "se", "sem",
    "ser", "seu", "seus", "so", "sua", "suas", "tambem", "tb", "te", "tem", "tinha", "um", "uma", "umas",
    "uns", "vc", "vcs", "voce", "voces",
];

/// The wrapping of questions in the three languages.
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "afternoon", "ajuda", "amiga", "amigo", "ask", "asking", "ayuda", "ayudame", "ayudar", "boa", "bom",
    "buen", "buena", "buenas", "buenos", "conocer", "consulta", "consultar", "could", "decir", "decirme",
    "desculpe", "dia", "dias", "diga", "digame", "dime", "disculpa", "disculpe", "disculpen", "duda",
    "duvida", "evening", "faco", "favor", "fazer", "get", "good", "gostaria", "got", "gracias", "gustan",
    "gustaria", "hacen", "hacer", "haces", "hago", "hello", "help", "hey", "hi", "hola", "info",
    "informacao", "informacion", "informacoes", "information", "interesa", "interesada", "interesado",
    "know", "let", "like", "may", "might", "morning", "necesitamos", "necesitaria", "necesito", "need",
    "noche", "noches", "obrigada", "obrigado", "oi", "ok", "ola", "perdon", "pergunta", "please", "plis",
    "pode", "podem", "poder", "poderia", "poderiam", "podria", "podrian", "podrias", "porfa", "porfavor",
    "posso", "preciso", "pregunta", "preguntar", "puede", "pueden", "puedes", "puedo", "queria", "quero",
    "querria", "question", "quiero", "quisiera", "quisieramos", "sabe", "saben", "saber", "sabes",
    "saludos", "senhor", "senhora", "senor", "senora", "tarde", "tardes", "tell", "tenemos", "tengo",
    "tenho", "thank", "thanks", "tienes", "vale", "voces", "want", "wanted", "wondering",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_as_the_search_needs_them() {
        for list in [SPANISH, ENGLISH, PORTUGUESE, FILLERS] {
            assert!(list.is_sorted());
        }
    }
}
