//! Which parts of a page are not its content, told by element, role, style and class.

use dom_query::NodeRef;

/// Elements that never hold text to read.
const NEVER: &[&str] = &[
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas", "audio", "video",
    "head", "select", "option", "textarea", "button", "input", "map",
];
/// Elements that surround the content.
const AROUND: &[&str] = &["nav", "footer", "aside", "dialog", "menu"];
/// Roles that surround the content.
const ROLES: &[&str] = &[
    "navigation",
    "banner",
    "contentinfo",
    "search",
    "complementary",
    "dialog",
    "alertdialog",
    "menu",
    "menubar",
];
/// Words of a class or an id that name boilerplate. "menu" is not among them: it is what a restaurant offers.
const WORDS: &[&str] = &[
    "cookie",
    "cookies",
    "breadcrumb",
    "breadcrumbs",
    "sidebar",
    "nav",
    "navbar",
    "navigation",
    "footer",
    "share",
    "sharing",
    "social",
    "newsletter",
    "subscribe",
    "related",
    "recommended",
    "comments",
    "disqus",
    "ad",
    "ads",
    "advert",
    "advertisement",
    "sponsor",
    "sponsored",
    "popup",
    "modal",
    "skip",
    "pagination",
    "pager",
    "toolbar",
];
/// A list of links is a menu when this share of its letters is in links, in percent.
const MENU_SHARE: usize = 80;
/// A shorter list is not judged. In items.
const SHORTEST_MENU: usize = 3;

/// Whether an element is never read, in any part of a page.
pub(super) fn is_invisible(node: &NodeRef<'_>, name: &str) -> bool {
    NEVER.contains(&name)
        || node.has_attr("hidden")
        || node.attr("aria-hidden").is_some_and(|value| value.as_ref() == "true")
        || node.attr("style").is_some_and(|style| {
            let style: String = style.to_lowercase().split_whitespace().collect();
            style.contains("display:none") || style.contains("visibility:hidden")
        })
}

/// Whether an element is a menu, a footer, a banner or the like.
pub(super) fn is_around(node: &NodeRef<'_>, name: &str) -> bool {
    if matches!(name, "html" | "body" | "main" | "article" | "h1" | "h2") {
        return false;
    }
    AROUND.contains(&name)
        || node.attr("role").is_some_and(|role| ROLES.contains(&role.as_ref()))
        || node.class().is_some_and(|class| names_boilerplate(&class))
        || node.id_attr().is_some_and(|id| names_boilerplate(&id))
        || matches!(name, "ul" | "ol") && is_menu(node)
}

fn names_boilerplate(names: &str) -> bool {
    names
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| !word.is_empty() && WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

fn is_menu(list: &NodeRef<'_>) -> bool {
    let items = list.children_it(false).filter(|child| child.has_name("li")).count();
    let (mut all, mut linked) = (0, 0);
    for node in list.descendants_it() {
        if node.is_text() {
            let letters = node.text().trim().chars().count();
            all += letters;
            let in_link = node.ancestors_it(Some(6)).any(|ancestor| ancestor.has_name("a"));
            linked += if in_link { letters } else { 0 };
        }
    }
    items >= SHORTEST_MENU && linked * 100 >= all * MENU_SHARE
}
