//! Which column is which, by names in Spanish, English and Portuguese.

use super::{TableError, scan::Record};
use crate::text::fold;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Sku,
    Name,
    Description,
    Price,
    Stock,
    Category,
    Active,
    ImageUrl,
}

impl Column {
    const ALL: [Self; 8] = [
        Self::Sku,
        Self::Name,
        Self::Description,
        Self::Price,
        Self::Stock,
        Self::Category,
        Self::Active,
        Self::ImageUrl,
    ];

    /// What no catalogue does without.
    const REQUIRED: [Self; 4] = [Self::Sku, Self::Name, Self::Price, Self::Stock];

    /// The contract's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sku => "sku",
            Self::Name => "name",
            Self::Description => "description",
            Self::Price => "price",
            Self::Stock => "stock",
            Self::Category => "category",
            Self::Active => "active",
            Self::ImageUrl => "image_url",
        }
    }

    /// The column of a header; none for one that is not known.
    fn of(header: &str) -> Option<Self> {
        let folded = fold(header);
        let words: Vec<&str> =
            folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        Some(match words.join(" ").as_str() {
            "sku" | "codigo" | "code" | "clave" | "referencia" | "ref" | "id" | "articulo" | "product id"
            | "codigo de producto" | "codigo producto" | "codigo do produto" | "cod" | "part number" => {
                Self::Sku
            }
            "name"
            | "nombre"
            | "nome"
            | "producto"
            | "product"
            | "produto"
            | "titulo"
            | "title"
            | "nombre del producto"
            | "nome do produto"
            | "product name" => Self::Name,
            "description" | "descripcion" | "descricao" | "detalle" | "detalles" | "details" | "detalhes" => {
                Self::Description
            }
            "price" | "precio" | "preco" | "valor" | "precio unitario" | "preco unitario" | "unit price"
            | "pvp" | "precio de venta" | "precio venta" | "preco de venda" => Self::Price,
            "stock" | "existencia" | "existencias" | "cantidad" | "inventario" | "quantity" | "qty"
            | "estoque" | "quantidade" | "inventory" | "disponible" | "disponibles" | "unidades" => {
                Self::Stock
            }
            "category" | "categoria" | "linea" | "familia" | "departamento" | "rubro" => Self::Category,
            "active" | "activo" | "activa" | "ativo" | "ativa" | "estado" | "habilitado" | "enabled"
            | "status" => Self::Active,
            "image url" | "imagen" | "imagem" | "image" | "url imagen" | "imagen url" | "url de imagen"
            | "foto" | "url da imagem" | "imagem url" | "picture" | "photo" => Self::ImageUrl,
            _ => return None,
        })
    }
}

/// Where each column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    places: [Option<usize>; 8],
    /// How many columns the header has.
    pub(super) width: usize,
}

impl Columns {
    /// Reads a header.
    ///
    /// # Errors
    /// When a column that is needed is missing, or one is there twice.
    pub(super) fn read(header: &Record) -> Result<Self, TableError> {
        let mut columns = Self { places: [None; 8], width: header.cells.len() };
        for (place, name) in header.cells.iter().enumerate() {
            let Some(column) = Column::of(name) else { continue };
            if let Some(free) = columns.places.get_mut(column as usize) {
                if free.is_some() {
                    return Err(TableError::TwiceInHeader {
                        line: header.line,
                        name: column.name().to_owned(),
                    });
                }
                *free = Some(place);
            }
        }
        let missing: Vec<&str> = Column::REQUIRED
            .into_iter()
            .filter(|column| columns.place(*column).is_none())
            .map(Column::name)
            .collect();
        if missing.is_empty() {
            return Ok(columns);
        }
        Err(TableError::Header {
            line: header.line,
            missing: missing.join(", "),
            found: header.cells.join(", ").chars().take(200).collect(),
        })
    }

    /// How many columns of a header are known.
    pub(super) fn known_in(header: &Record) -> usize {
        Column::ALL
            .into_iter()
            .filter(|column| header.cells.iter().any(|name| Column::of(name) == Some(*column)))
            .count()
    }

    /// The cell of a row; none when the row is too short or there is no such column.
    pub(super) fn cell<'a>(&self, row: &'a Record, column: Column) -> Option<&'a str> {
        row.cells.get(self.place(column)?).map(|cell| cell.trim())
    }

    fn place(&self, column: Column) -> Option<usize> {
        self.places.get(column as usize).copied().flatten()
    }
}
