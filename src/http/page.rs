//! Lists over HTTP: `?limit=&cursor=` in, `{"items":[],"next":null|cursor}` out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ApiError;

/// Items on a page unless the client says otherwise.
const DEFAULT_LIMIT: u32 = 50;

/// The most items on a page.
const MAX_LIMIT: u32 = 500;

/// What a client may say about the page it wants.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PageQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl PageQuery {
    /// How many items.
    ///
    /// # Errors
    /// 422 when it is not a number from 1 to 500.
    pub(super) fn limit(&self) -> Result<u32, ApiError> {
        let Some(text) = &self.limit else { return Ok(DEFAULT_LIMIT) };
        text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
            ApiError::field("limit", format!("`limit` must be a number from 1 to {MAX_LIMIT}, not {text:?}"))
        })
    }

    /// Where the page of a list that is ordered by time begins, as [`place`] wrote it.
    ///
    /// # Errors
    /// 422 when it is no such place.
    pub(super) fn place(&self) -> Result<Option<(i64, String)>, ApiError> {
        self.cursor(|text| {
            let (ms, id) = text.split_once('.')?;
            Some((ms.parse().ok()?, id.to_owned()))
        })
    }

    /// Where the page begins, as `read` understands it.
    ///
    /// # Errors
    /// 422 when `read` does not.
    pub(super) fn cursor<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, ApiError> {
        let wrong = || ApiError::field("cursor", "`cursor` must be the `next` of an earlier page");
        self.cursor.as_deref().map(|text| read(text).ok_or_else(wrong)).transpose()
    }
}

/// The place behind an item of a list that is ordered by time.
pub(super) fn place(at: Timestamp, id: &str) -> String {
    format!("{}.{id}", at.as_millisecond())
}

impl<T> Page<T> {
    /// A page of at most `limit` of `items`, which has one more when the list goes on. `cursor` names the place
    /// behind an item.
    pub(super) fn new(mut items: Vec<T>, limit: u32, cursor: impl FnOnce(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let goes_on = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| goes_on).map(cursor);
        Self { items, next }
    }

    /// The same page with each item in another shape.
    pub(super) fn map<U>(self, shape: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(shape).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_with_more_behind_it_has_a_next() {
        let next = |items: Vec<i32>| Page::new(items, 2, ToString::to_string).next;
        assert_eq!(next(vec![7, 8, 9]), Some("8".to_owned()));
        assert_eq!(next(vec![7, 8]), None);
        assert_eq!(next(vec![]), None);
    }

    #[test]
    fn a_limit_is_checked() {
        let limit = |text: &str| PageQuery { limit: Some(text.to_owned()), cursor: None }.limit().ok();
        assert_eq!([limit("1"), limit("500")], [Some(1), Some(500)]);
        assert_eq!([limit("0"), limit("501"), limit("x"), limit("")], [None; 4]);
        assert_eq!(PageQuery::default().limit().unwrap(), 50);
    }
}
