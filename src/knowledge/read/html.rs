//! Web pages: the main text with its headings, lists and tables. Menus, footers, banners and hidden parts stay out.
//!
//! An article is cut out of its page by the rules of Firefox's reader view ([Readability], by `dom_smoothie`). A page
//! that is no article, such as a price list, would lose half its text that way; it is read whole, without the
//! elements that are boilerplate by their name.
//!
//! [Readability]: https://github.com/mozilla/readability

mod boilerplate;
mod walk;

use dom_query::Document as Page;
use dom_smoothie::Readability;

use self::walk::{Keep, walk};
use super::{document::Document, limits::ReadLimits, outline::Outline};

/// A larger page is read whole: the article rules take more than linear time. In bytes.
const LARGEST_ARTICLE_PAGE: usize = 4 << 20;
/// An article with a smaller share of the letters of its page is not trusted to be all that matters. In percent.
const ARTICLE_SHARE: u64 = 60;

/// Reads a web page.
pub(super) fn read(html: &str, limits: &ReadLimits) -> Document {
    let page = Page::from(html);
    let whole = read_whole(&page);
    if html.len() > LARGEST_ARTICLE_PAGE || html.len() as u64 > limits.max_text_bytes {
        return whole;
    }
    match read_article(page) {
        Some(article) if article.text_bytes() * 100 >= whole.text_bytes() * ARTICLE_SHARE => article,
        _ => whole,
    }
}

/// Adds HTML that stands inside another format.
pub(super) fn add_fragment(outline: &mut Outline, html: &str, limits: &ReadLimits) {
    if html.len() as u64 <= limits.max_text_bytes {
        walk(outline, Page::fragment(html).root(), Keep::All);
    }
}

/// The page without what is boilerplate by its name.
fn read_whole(page: &Page) -> Document {
    let mut outline = Outline::default();
    outline.set_title(&title(page));
    let mains = page.select("main, [role=main]");
    match mains.nodes() {
        [main] if main.text().len() * 2 > page.select("body").text().len() => {
            walk(&mut outline, *main, Keep::Content);
        }
        _ => walk(&mut outline, page.root(), Keep::Content),
    }
    outline.finish()
}

/// The article of the page; `None` for a page without long paragraphs.
fn read_article(page: Page) -> Option<Document> {
    let name = title(&page);
    let mut readability = Readability::with_document(page, None, None).ok()?;
    if !readability.is_probably_readable() {
        return None;
    }
    let article = readability.parse().ok()?;
    let mut outline = Outline::default();
    outline.set_title(if article.title.trim().is_empty() { &name } else { &article.title });
    walk(&mut outline, Page::fragment(article.content).root(), Keep::All);
    Some(outline.finish())
}

fn title(page: &Page) -> String {
    page.select_single("head title").text().to_string()
}

#[cfg(test)]
mod tests;
