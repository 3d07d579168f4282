//! Opens what the commands about a tenant's knowledge work with.

use std::sync::Arc;

use anyhow::Context as _;

use crate::{
    cli::{
        context::Context,
        exit::{ExitStatus, Failure},
    },
    config::{
        daemon::{EmbeddingModel, Embeddings},
        tenant_file::TenantDirectory,
    },
    domain::tenant::TenantId,
    knowledge::{
        embed::{Embedder, catalogue::model_folder},
        ingest::Ingester,
        read::{ReadLimits, Reader},
        retrieve::Knowledge,
    },
    store::TenantDb,
};

/// A tenant's knowledge, to be searched and added to.
pub(crate) struct OpenKnowledge {
    /// For searching.
    pub(crate) knowledge: Knowledge,
    /// For adding.
    pub(crate) ingester: Ingester,
}

/// Opens a tenant's database. The tenant must exist; its file may be wrong, its knowledge is still there.
pub(crate) fn database(context: &Context, tenant: &TenantId) -> anyhow::Result<TenantDb> {
    let directory = TenantDirectory::new(&context.config.paths.tenants);
    directory.existing(tenant)?;
    Ok(TenantDb::open(&context.config.paths.tenant_database(tenant))?)
}

/// Opens a tenant's database and the embedding model.
pub(crate) fn open(context: &Context, tenant: &TenantId) -> anyhow::Result<OpenKnowledge> {
    let db = database(context, tenant)?;
    let embedder = Arc::new(embedder(&context.config.embeddings)?);
    let exe = std::env::current_exe()
        .context("cannot find this program, which reads files in a process of its own")?;
    let reader = Reader::new(exe, ReadLimits::default());
    Ok(OpenKnowledge {
        ingester: Ingester::new(db.clone(), embedder.clone(), reader, context.clock.clone()),
        knowledge: Knowledge::new(db, embedder),
    })
}

/// The embedding model of the configuration.
pub(crate) fn embedder(config: &Embeddings) -> anyhow::Result<Embedder> {
    let runtime = config.onnxruntime.as_deref();
    let opened = match &config.model {
        EmbeddingModel::BuiltIn => Embedder::builtin(),
        EmbeddingModel::Named(name) => Embedder::local_onnx(&model_folder(&config.models, name), runtime),
        EmbeddingModel::Folder(folder) => Embedder::local_onnx(folder, runtime),
    };
    opened.map_err(|error| {
        Failure::new(ExitStatus::BadConfiguration, format!("`embeddings.model` cannot be opened: {error}"))
            .hint("`iass model list` shows what is here, `iass model pull NAME` fetches one, \"builtin\" needs nothing")
            .into()
    })
}
