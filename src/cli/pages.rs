//! Lists on the command line: read page by page, so that a long one needs no memory.

use crate::store::StoreError;

/// Items read at once.
const PAGE: u32 = 500;

/// Hands every item of a list to `each`, at most `most` of them. `page` reads the items behind a place, and `place`
/// names the place behind an item.
///
/// # Errors
/// What reading or `each` returns.
pub(crate) async fn for_each<T>(
    most: Option<u32>,
    page: impl AsyncFn(Option<(i64, String)>, u32) -> Result<Vec<T>, StoreError>,
    place: impl Fn(&T) -> (i64, String),
    mut each: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut left = most.unwrap_or(u32::MAX);
    let mut behind = None;
    while left > 0 {
        let wanted = left.min(PAGE);
        let items = page(behind.take(), wanted).await?;
        behind = items.last().map(&place);
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        items.into_iter().try_for_each(&mut each)?;
        if count < wanted {
            break;
        }
        left -= count;
    }
    Ok(())
}
