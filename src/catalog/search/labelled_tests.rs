//! What the search is worth on the labelled questions of `tests/fixtures/products`, whose README says how they are to be
//! read. `cargo test labelled -- --nocapture` prints what went wrong, but of the held-out half only how much.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use super::{ProductQuery, search};
use crate::{
    catalog::{
        import::{self, BadRows, ImportOptions},
        index,
    },
    clock::Clock,
    domain::{
        language::Language,
        money::Currency,
        product::{ProductHit, ProductSearch},
    },
    knowledge::embed::Embedder,
    store::{
        TenantDb,
        product_import::{Missing, Mode},
    },
};

const CATALOGUE: &str = include_str!("../../../tests/fixtures/products/catalog.csv");
const TUNING: &str = include_str!("../../../tests/fixtures/products/tuning.tsv");
const HELD_OUT: &str = include_str!("../../../tests/fixtures/products/held_out.tsv");

/// The part of the questions that must be answered well.
const LEAST: f64 = 0.85;

const NOW_MS: i64 = 1_700_000_000_000;

/// A question and what is right.
struct Case {
    kind: &'static str,
    query: &'static str,
    wanted: Vec<&'static str>,
}

impl Case {
    fn read(line: &'static str) -> Self {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap();
        let (kind, _language, query, wanted) = (field(), field(), field(), field());
        let wanted = if wanted == "-" { Vec::new() } else { wanted.split('|').collect() };
        Self { kind, query, wanted }
    }

    fn is_wanted(&self, hit: &ProductHit) -> bool {
        let name = hit.product.name.to_lowercase();
        self.wanted.iter().any(|wanted| match wanted.strip_prefix('@') {
            Some(sku) => hit.product.sku == sku,
            None => is_like(&name, &wanted.to_lowercase()),
        })
    }

    /// Whether nothing that can be sold is what was asked for.
    fn is_in_vain(&self) -> bool {
        matches!(self.kind, "none" | "gone")
    }

    fn is_answered_well(&self, found: &ProductSearch) -> bool {
        found
            .offered
            .first()
            .map_or(self.is_in_vain(), |best| self.is_wanted(best) || (self.is_in_vain() && !best.complete))
    }
}

/// Whether a name fits a pattern in which `*` is anything.
fn is_like(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

fn cases(lines: &'static str) -> impl Iterator<Item = Case> {
    lines.lines().filter(|line| !line.starts_with('#')).map(Case::read)
}

/// The shop, opened once.
struct Shop {
    _folder: tempfile::TempDir,
    db: TenantDb,
    embedder: Embedder,
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let db = TenantDb::open(&folder.path().join("shop.db")).unwrap();
    let embedder = Embedder::builtin().unwrap();
    let options = ImportOptions {
        currency: Currency::parse("MXN").unwrap(),
        language: Language::Es,
        missing: Missing::Keep,
        mode: Mode::Apply,
        bad_rows: BadRows::Refuse,
        actor: "test".to_owned(),
    };
    let report = import::import(&db, CATALOGUE.as_bytes(), options, &Clock::System).unwrap();
    assert_eq!((report.changes.added, report.failed.len(), report.warnings.len()), (2000, 0, 0));
    assert_eq!(index::refresh_meanings(&db, &embedder, Duration::MAX).unwrap(), 0);
    Shop { _folder: folder, db, embedder }
});

impl Shop {
    fn search(&self, text: &str) -> ProductSearch {
        let query = ProductQuery { text: text.to_owned(), language: Language::Es, k: 12, now_ms: NOW_MS };
        search(&self.db, &self.embedder, &query).unwrap()
    }
}

/// How many questions of a kind were answered well, of how many.
type Counts = BTreeMap<&'static str, (usize, usize)>;

fn measure(lines: &'static str, wrong: impl Fn(&Case, &ProductSearch)) -> Counts {
    let mut counts = Counts::new();
    for case in cases(lines) {
        let found = SHOP.search(case.query);
        let is_well = case.is_answered_well(&found);
        if !is_well {
            wrong(&case, &found);
        }
        for kind in ["all", if case.is_in_vain() { "in vain" } else { "to be found" }, case.kind] {
            let (well, all) = counts.entry(kind).or_default();
            *well += usize::from(is_well);
            *all += 1;
        }
    }
    counts
}

fn share(counts: &Counts, kind: &str) -> f64 {
    let (well, all) = counts[kind];
    f64::from(u32::try_from(well).unwrap()) / f64::from(u32::try_from(all).unwrap())
}

fn tell(case: &Case, found: &ProductSearch) {
    println!("{:9} {:?} wanted {:?}", case.kind, case.query, case.wanted);
    for (what, hits) in [("offered", &found.offered), ("sold out", &found.sold_out)] {
        for hit in hits.iter().take(3) {
            println!(
                "      {what} {:.3} {:.2} {} {}",
                hit.score,
                hit.coverage,
                if hit.complete { "complete" } else { "part" },
                hit.product.name
            );
        }
    }
}

#[test]
fn labelled_searches_find_what_customers_mean() {
    let tuning = measure(TUNING, tell);
    let held_out = measure(HELD_OUT, |_, _| ());
    for (kind, (well, all)) in &tuning {
        let (held_well, held_all) = held_out[kind];
        println!("{kind:12} tuning {well:3} of {all:3}   held out {held_well:3} of {held_all:3}");
    }
    let mut whole = tuning;
    for (kind, (well, all)) in &held_out {
        let sum = whole.entry(kind).or_default();
        *sum = (sum.0 + well, sum.1 + all);
    }
    for (what, counts) in [("the whole", &whole), ("the held-out half", &held_out)] {
        for kind in ["all", "to be found", "in vain"] {
            let share = share(counts, kind);
            println!("{what}, {kind}: {share:.3}");
            assert!(share >= LEAST, "{what}, {kind}: {share:.3}");
        }
    }
}

#[test]
fn what_cannot_be_sold_is_never_offered() {
    for case in cases(TUNING).chain(cases(HELD_OUT)) {
        let found = SHOP.search(case.query);
        for hit in &found.offered {
            assert!(hit.product.active && hit.product.available() > 0, "{:?}: {:?}", case.query, hit.product);
        }
        assert!(found.sold_out.iter().all(|hit| hit.product.active), "{:?}", case.query);
    }
    // Each product by its own name: one that cannot be sold is at most told to be sold out.
    let mut unsellable = 0;
    for line in CATALOGUE.lines().skip(1).step_by(3) {
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
        let row = rows.records().next().unwrap().unwrap();
        let (sku, name) = (&row[0], &row[1]);
        let is_sold = &row[4] != "0" && &row[6] == "true";
        unsellable += usize::from(!is_sold);
        for text in [sku, name] {
            let found = SHOP.search(text);
            assert!(is_sold || found.offered.iter().all(|hit| hit.product.sku != sku), "{text} is offered");
        }
    }
    assert!(unsellable > 50, "only {unsellable} cannot be sold");
}

#[test]
fn every_label_names_something_that_the_shop_has() {
    let names: Vec<(String, String, bool)> = CATALOGUE
        .lines()
        .skip(1)
        .map(|line| {
            let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let row = rows.records().next().unwrap().unwrap();
            (row[0].to_owned(), row[1].to_lowercase(), &row[4] != "0" && &row[6] == "true")
        })
        .collect();
    for case in cases(TUNING).chain(cases(HELD_OUT)) {
        for wanted in &case.wanted {
            let is_it = |(sku, name, _): &&(String, String, bool)| match wanted.strip_prefix('@') {
                Some(wanted) => sku == wanted,
                None => is_like(name, &wanted.to_lowercase()),
            };
            assert!(names.iter().any(|row| is_it(&row)), "{:?} wants {wanted}", case.query);
        }
        let can_be_sold = case.wanted.iter().any(|wanted| {
            names.iter().any(|(sku, name, is_sold)| {
                *is_sold
                    && wanted.strip_prefix('@').map_or(is_like(name, &wanted.to_lowercase()), |w| w == sku)
            })
        });
        assert!(can_be_sold || case.is_in_vain(), "{:?} wants what cannot be sold", case.query);
    }
}
