//! The documents that tell Twilio how a call goes on: <https://www.twilio.com/docs/voice/twiml>.

use quick_xml::escape::escape;

use crate::domain::language::Language;

/// The longest text of one `<Say>`, in characters.
const MAX_SAY_CHARS: usize = 4000;

/// How long a caller may stay silent before being asked again, in seconds.
const SILENCE_S: u32 = 6;

/// How long the phone rings at whom a caller is put through to, in seconds.
const RINGING_S: u32 = 25;

/// A document, verb by verb.
#[derive(Debug, Clone, Default)]
pub struct Document {
    verbs: Vec<String>,
    /// The voice that speaks, where it is not Twilio's own for the language.
    voice: Option<String>,
}

impl Document {
    /// A document without a word, spoken by `voice`.
    pub fn spoken_by(voice: Option<&str>) -> Self {
        Self { verbs: Vec::new(), voice: voice.map(str::to_owned) }
    }

    /// Speaks.
    #[must_use]
    pub fn say(mut self, text: &str, language: Language) -> Self {
        let said = self.said(text, language);
        self.verbs.push(said);
        self
    }

    /// Speaks, and listens meanwhile and after: what the caller says is posted to `action`. The caller may speak in between.
    #[must_use]
    pub fn ask(mut self, text: &str, spoken: Language, heard: Language, action: &str) -> Self {
        let said = self.said(text, spoken);
        let (action, heard) = (escape(action), locale(heard));
        self.verbs.push(format!(
            "<Gather input=\"speech\" action=\"{action}\" method=\"POST\" language=\"{heard}\" speechTimeout=\"auto\" \
             timeout=\"{SILENCE_S}\" bargeIn=\"true\">{said}</Gather>"
        ));
        self
    }

    /// Goes on with what is answered at an address.
    #[must_use]
    pub fn go_on(mut self, address: &str) -> Self {
        self.verbs.push(format!("<Redirect method=\"POST\">{}</Redirect>", escape(address)));
        self
    }

    /// Puts the caller through. What came of it is posted to `action`.
    #[must_use]
    pub fn put_through(mut self, to: &str, action: &str) -> Self {
        let noun = if to.starts_with("sip:") { "Sip" } else { "Number" };
        let (to, action) = (escape(to), escape(action));
        self.verbs.push(format!(
            "<Dial timeout=\"{RINGING_S}\" answerOnBridge=\"true\" action=\"{action}\" method=\"POST\"><{noun}>{to}</{noun}></Dial>"
        ));
        self
    }

    /// Ends the call.
    #[must_use]
    pub fn hang_up(mut self) -> Self {
        self.verbs.push("<Hangup/>".to_owned());
        self
    }

    /// The document.
    pub fn written(&self) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{}</Response>", self.verbs.concat())
    }

    fn said(&self, text: &str, language: Language) -> String {
        // XML has no place for control characters, not even escaped.
        let text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
            .take(MAX_SAY_CHARS)
            .collect();
        let voice =
            self.voice.as_ref().map(|voice| format!(" voice=\"{}\"", escape(voice))).unwrap_or_default();
        format!("<Say language=\"{}\"{voice}>{}</Say>", locale(language), escape(text.trim()))
    }
}

/// A language as Latin America speaks it, among those that Twilio understands and speaks.
fn locale(language: Language) -> &'static str {
    match language {
        Language::Es => "es-MX",
        Language::En => "en-US",
        Language::Pt => "pt-BR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_become_verbs() {
        let document = Document::spoken_by(Some("a\"b"))
            .ask(
                "</Say><Hangup/> A&B \u{0} \"x\"",
                Language::Es,
                Language::Pt,
                "https://b.example/v?turn=1&x=\"2\"",
            )
            .go_on("/v?turn=1&silence=1");
        insta::assert_snapshot!(document.written(), @r#"<?xml version="1.0" encoding="UTF-8"?><Response><Gather input="speech" action="https://b.example/v?turn=1&amp;x=&quot;2&quot;" method="POST" language="pt-BR" speechTimeout="auto" timeout="6" bargeIn="true"><Say language="es-MX" voice="a&quot;b">&lt;/Say&gt;&lt;Hangup/&gt; A&amp;B   &quot;x&quot;</Say></Gather><Redirect method="POST">/v?turn=1&amp;silence=1</Redirect></Response>"#);
    }

    #[test]
    fn a_caller_is_put_through_to_a_number_or_an_address() {
        let to = |to: &str| Document::default().put_through(to, "/a").written();
        assert!(to("+573001112233").contains("<Number>+573001112233</Number></Dial>"));
        assert!(to("sip:eva@pbx.example").contains("<Sip>sip:eva@pbx.example</Sip></Dial>"));
        assert!(
            Document::default()
                .say("x", Language::En)
                .hang_up()
                .written()
                .ends_with("<Response><Say language=\"en-US\">x</Say><Hangup/></Response>")
        );
    }
}
