//! How a reply looks in a chat: at most two paragraphs, *bold* with one asterisk, short lists, no Markdown.
//!
//! Models write for web pages. Chat apps show their `**`, `##` and `| --- |` as they are, so all of that becomes plain
//! lines. What is said does not change: no sentence is cut in two, and no price is lost but with its whole sentence.

mod inline;
mod lines;
mod speech;

pub use self::speech::spoken;
use super::sentences::sentences;

/// The most paragraphs of a reply.
const MAX_PARAGRAPHS: usize = 2;

/// The most items of a list; more are not read on a phone.
const MAX_ITEMS: usize = 12;

/// The longest reply in characters, some thirty lines on a phone. Whole sentences beyond it are left out.
const MAX_CHARS: usize = 1_800;

/// A last paragraph up to this long stands alone, as a question or an offer does.
const SHORT_PARAGRAPH_CHARS: usize = 240;

/// How often marks are looked for: what was hidden inside others shows when those are gone.
const MAX_PASSES: usize = 6;

/// How a reply is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Closing<'a> {
    /// As the model ended it.
    #[default]
    AsWritten,
    /// With a question: this one, if it does not end with one already.
    Question(&'a str),
}

/// The reply as a chat shows it. Empty when nothing was said but thoughts and marks.
pub fn tidy(reply: &str, closing: Closing<'_>) -> String {
    let mut text = without_thoughts(reply).trim().to_owned();
    for _ in 0..MAX_PASSES {
        let plain = inline::plain(&lines::plain(&text));
        let plain = shorten(join(paragraphs(without_wrapping(&plain)))).join("\n\n");
        if plain == text {
            break;
        }
        text = plain;
    }
    close(text, closing)
}

/// What a reasoning model says aloud before its answer is not for the customer. A thought that never ends is all that
/// there is.
pub fn without_thoughts(text: &str) -> &str {
    const ENDS: [&str; 3] = ["</think>", "</thinking>", "</reasoning>"];
    const BEGINS: [&str; 3] = ["<think>", "<thinking>", "<reasoning>"];
    let after = ENDS.iter().filter_map(|end| text.rfind(end).map(|at| at + end.len())).max();
    let answer = after.and_then(|at| text.get(at..)).unwrap_or(text);
    let begins = BEGINS.iter().filter_map(|begin| answer.find(begin)).min();
    begins.and_then(|at| answer.get(..at)).unwrap_or(answer)
}

/// The text without the label before it ("Respuesta:") and the quotation marks around it.
fn without_wrapping(text: &str) -> &str {
    const LABELS: [&str; 16] = [
        "respuesta final:",
        "respuesta:",
        "answer:",
        "final answer:",
        "response:",
        "reply:",
        "resposta:",
        "resposta final:",
        "asistente:",
        "assistant:",
        "assistente:",
        "bot:",
        "ai:",
        "mensaje:",
        "message:",
        "mensagem:",
    ];
    const PAIRS: [(char, char); 5] = [('"', '"'), ('“', '”'), ('«', '»'), ('\'', '\''), ('‘', '’')];
    let mut text = text.trim();
    loop {
        let before = text;
        let bare = text.trim_start_matches('*');
        let label = LABELS
            .iter()
            .find(|label| bare.get(..label.len()).is_some_and(|start| start.eq_ignore_ascii_case(label)));
        if let Some(label) = label {
            text = bare.get(label.len()..).unwrap_or_default().trim_start_matches(['*', ' ', '\n']).trim();
        }
        for (open, close) in PAIRS {
            let inner = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
            // Quotation marks inside are somebody's words, and these two belong to them.
            if let Some(inner) = inner.filter(|inner| !inner.contains([open, close])) {
                text = inner.trim();
            }
        }
        // A mark that was opened and never closed, or closed and never opened.
        if text.matches('"').count() == 1 {
            text = text.trim_matches('"').trim();
        }
        if text == before {
            return text;
        }
    }
}

/// The paragraphs, each as its lines. A list belongs to the line that leads to it.
fn paragraphs(text: &str) -> Vec<Vec<&str>> {
    let mut paragraphs: Vec<Vec<&str>> = Vec::new();
    let mut parted = true;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            parted = true;
            continue;
        }
        let goes_on = paragraphs.last().and_then(|paragraph| paragraph.last()).is_some_and(|last| {
            !parted
                || (is_item(line) && (last.ends_with([':', ':']) || last.ends_with(":*") || is_item(last)))
        });
        match paragraphs.last_mut().filter(|_| goes_on) {
            Some(paragraph) => paragraph.push(line),
            None => paragraphs.push(vec![line]),
        }
        parted = false;
    }
    for paragraph in &mut paragraphs {
        keep_items(paragraph);
    }
    paragraphs
}

/// Leaves out the items of a list beyond [`MAX_ITEMS`].
fn keep_items(paragraph: &mut Vec<&str>) {
    let items = paragraph.iter().filter(|line| is_item(line)).count();
    if items <= MAX_ITEMS {
        return;
    }
    let mut kept = 0;
    paragraph.retain_mut(|line| {
        if !is_item(line) {
            return true;
        }
        kept += 1;
        // The last one says that there are more.
        if kept == MAX_ITEMS {
            *line = "…";
        }
        kept <= MAX_ITEMS
    });
}

fn is_item(line: &str) -> bool {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let numbered = (1..=2).contains(&digits)
        && line.get(digits..).is_some_and(|rest| rest.starts_with(". ") || rest.starts_with(") "));
    numbered || line.starts_with("- ") || line == "…"
}

/// At most two paragraphs: a short last one stays alone, the others become one.
fn join(paragraphs: Vec<Vec<&str>>) -> Vec<String> {
    let texts: Vec<String> = paragraphs.iter().map(|lines| lines.join("\n")).collect();
    if texts.len() <= MAX_PARAGRAPHS {
        return texts;
    }
    let last_is_short = texts.last().is_some_and(|last| last.chars().count() <= SHORT_PARAGRAPH_CHARS);
    let total: usize = texts.iter().map(String::len).sum();
    let mut at = texts.len() - 1;
    if !last_is_short {
        // Where the first half ends.
        let mut length = 0;
        at = texts
            .iter()
            .take_while(|text| {
                length += text.len();
                length * 2 <= total
            })
            .count()
            .max(1);
    }
    let (first, second) = texts.split_at(at);
    [first, second].into_iter().filter(|part| !part.is_empty()).map(join_texts).collect()
}

/// The texts as one paragraph: sentences follow each other, a list keeps its lines.
fn join_texts(texts: &[String]) -> String {
    let mut joined = String::new();
    for text in texts {
        if !joined.is_empty() {
            let lists = joined.lines().last().is_some_and(is_item)
                || text.lines().any(is_item)
                || joined.ends_with(":*")
                || joined.ends_with(':');
            joined.push(if lists { '\n' } else { ' ' });
        }
        joined.push_str(text);
    }
    joined
}

/// Leaves out whole sentences and items at the end of the first paragraph until the reply is short enough.
fn shorten(paragraphs: Vec<String>) -> Vec<String> {
    let length =
        |paragraphs: &[String]| paragraphs.iter().map(|text| text.chars().count() + 2).sum::<usize>();
    let mut paragraphs = paragraphs;
    // The first paragraph has the most to lose; the last one is mostly the question.
    for at in 0..paragraphs.len() {
        while length(&paragraphs) > MAX_CHARS {
            let Some(shorter) = paragraphs.get(at).and_then(|text| without_last_sentence(text)) else {
                break;
            };
            if let Some(paragraph) = paragraphs.get_mut(at) {
                *paragraph = shorter;
            }
        }
    }
    paragraphs
}

/// The text without its last sentence or item; `None` when it has only one.
fn without_last_sentence(text: &str) -> Option<String> {
    let last_line = text.lines().last()?;
    let rest = text.strip_suffix(last_line)?.trim_end();
    if is_item(last_line) {
        return (!rest.is_empty()).then(|| rest.to_owned());
    }
    let last = sentences(last_line).last().copied()?;
    let kept = text.strip_suffix(last)?.trim_end();
    (!kept.is_empty()).then(|| kept.to_owned())
}

fn close(text: String, closing: Closing<'_>) -> String {
    let Closing::Question(question) = closing else { return text };
    let asks = text.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '?').ends_with('?');
    if asks || text.is_empty() || question.is_empty() {
        return text;
    }
    let separator = if text.contains("\n\n") {
        if text.lines().last().is_some_and(is_item) { "\n" } else { " " }
    } else {
        "\n\n"
    };
    format!("{text}{separator}{question}")
}

#[cfg(test)]
#[path = "format/tests.rs"]
mod tests;
