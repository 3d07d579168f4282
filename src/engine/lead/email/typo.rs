//! The domain that was probably meant: slips of the finger in the names of the large providers and in `.com`.

use strsim::osa_distance;

/// A provider that many people have their address at, and the endings it really has.
struct Provider {
    label: &'static str,
    endings: Endings,
    /// How many slips are taken for this provider; short names are near to too many others.
    slips: usize,
}

enum Endings {
    /// Only `.com`.
    Com,
    /// `.com`, `.es`, `.com.mx` …: one for each country.
    Countries,
}

const PROVIDERS: [Provider; 6] = [
    Provider { label: "gmail", endings: Endings::Com, slips: 1 },
    Provider { label: "hotmail", endings: Endings::Countries, slips: 2 },
    Provider { label: "outlook", endings: Endings::Countries, slips: 2 },
    Provider { label: "yahoo", endings: Endings::Countries, slips: 1 },
    Provider { label: "icloud", endings: Endings::Com, slips: 1 },
    Provider { label: "protonmail", endings: Endings::Com, slips: 2 },
];

/// Providers whose names are one slip from another's.
const REAL: &[&str] =
    &["mail", "email", "ymail", "fmail", "gmx", "aol", "live", "msn", "googlemail", "rocketmail"];

/// What `.com` becomes under hurried thumbs. None of them is a domain of its own, but for `.cm`, `.co` and `.om`,
/// which are left alone unless a provider's name stands before them.
const COM_SLIPS: &[&str] = &[
    "con", "cmo", "ocm", "comm", "coom", "ccom", "vom", "xom", "cim", "cpm", "clm", "ckm", "con.co", "comn",
    "coml",
];

/// The domain that was probably meant, when it is another than this one.
pub(super) fn meant_domain(domain: &str) -> Option<String> {
    let (label, ending) = domain.split_once('.').unwrap_or((domain, ""));
    let near = |provider: &&Provider| osa_distance(label, provider.label) <= provider.slips;
    let provider = if REAL.contains(&label) { None } else { PROVIDERS.iter().find(near) };
    let meant = if let Some(provider) = provider {
        format!("{}.{}", provider.label, provider.ending(ending))
    } else {
        let (name, top) = domain.rsplit_once('.')?;
        if !COM_SLIPS.contains(&top) {
            return None;
        }
        format!("{name}.com")
    };
    (meant != domain).then_some(meant)
}

impl Provider {
    /// The ending that was meant by this one.
    fn ending<'a>(&self, written: &'a str) -> &'a str {
        let is_country = |part: &str| part.len() == 2 && !matches!(part, "co" | "cm" | "om");
        let is_real = match written.split_once('.') {
            None => is_country(written),
            Some((first, country)) => matches!(first, "com" | "co") && is_country(country),
        };
        match self.endings {
            Endings::Countries if is_real => written,
            Endings::Countries | Endings::Com => "com",
        }
    }
}
