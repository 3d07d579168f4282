//! `iass knowledge list`.

use crate::{
    cli::{context::Context, exit::ExitStatus, table::Table},
    domain::tenant::TenantId,
};

/// Lists the documents by name.
pub(super) fn run(tenant: &TenantId, context: &Context) -> anyhow::Result<ExitStatus> {
    let documents = super::open::database(context, tenant)?.documents()?;
    let time = |ms| jiff::Timestamp::from_millisecond(ms).map(|time| time.to_string()).unwrap_or_default();
    if context.output.is_json() {
        for document in &documents {
            context.output.json(&serde_json::json!({
                "document": document.name,
                "title": document.title,
                "category": document.category,
                "language": document.language,
                "format": document.format,
                "bytes": document.bytes,
                "chunks": document.chunks,
                "source": document.source,
                "updated_at": time(document.updated_ms),
            }))?;
        }
        return Ok(ExitStatus::Ok);
    }
    let mut table = Table::new(["document", "category", "language", "chunks", "title"]);
    for document in documents {
        table.row([
            document.name,
            document.category.unwrap_or_default(),
            document.language.code().to_owned(),
            document.chunks.to_string(),
            document.title.unwrap_or_default(),
        ]);
    }
    context.output.table(&table)?;
    Ok(ExitStatus::Ok)
}
