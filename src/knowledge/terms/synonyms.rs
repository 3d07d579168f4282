//! The few things that every business is asked about, in the words of customers.
//!
//! A customer asks what it *vale* where the price list says *precio*. When nobody wrote a word of the question, the
//! words next to it here are looked for instead.

/// Folded words that ask for the same thing, in Spanish, English and Portuguese.
#[rustfmt::skip]
const GROUPS: &[&[&str]] = &[
    &["cuesta", "cuestan", "vale", "valen", "precio", "precios", "costo", "costos", "tarifa", "tarifas", "cobran",
      "price", "prices", "cost", "costs", "fee", "fees", "charge", "custa", "custam", "preco", "precos", "valor"],
    &["horario", "horarios", "abren", "abre", "abierto", "abiertos", "cierran", "cierra", "atienden", "atencion",
      "hours", "open", "opening", "close", "closing", "abrem", "fecham", "aberto", "atendimento"],
    &["direccion", "ubicacion", "ubicados", "ubicado", "queda", "quedan", "sede", "address", "location", "located",
      "endereco", "fica", "localizacao"],
    &["cita", "citas", "turno", "turnos", "reserva", "reservar", "agendar", "agenda", "appointment", "appointments",
      "booking", "book", "agendamento", "marcar"],
    &["envio", "envios", "enviar", "envian", "domicilio", "domicilios", "despacho", "entrega", "entregas", "delivery",
      "deliver", "shipping", "ship", "frete"],
    &["pago", "pagos", "pagar", "pay", "payment", "payments", "pagamento", "pagamentos"],
    &["devolucion", "devoluciones", "reembolso", "reembolsos", "devuelven", "refund", "refunds", "devolucao"],
    &["garantia", "garantias", "warranty", "guarantee"],
    &["descuento", "descuentos", "promocion", "promociones", "oferta", "ofertas", "rebaja", "rebajas", "discount",
      "discounts", "promotion", "promotions", "desconto", "descontos", "promocao", "promocoes"],
    &["parqueadero", "estacionamiento", "parqueo", "parking", "estacionamento"],
    &["dura", "duran", "demora", "demoran", "tarda", "tardan", "duracion", "duration", "duracao"],
    &["telefono", "celular", "whatsapp", "phone", "telefone"],
    &["tarjeta", "tarjetas", "card", "cards", "cartao", "cartoes"],
];

/// The words that ask for the same thing as a folded word; none for most words.
pub(crate) fn synonyms(word: &str) -> impl Iterator<Item = &'static str> {
    let group = GROUPS.iter().find(|group| group.contains(&word)).copied().unwrap_or_default();
    let word = word.to_owned();
    group.iter().copied().filter(move |other| *other != word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold;

    #[test]
    fn a_word_is_in_one_group_and_folded() {
        let mut seen = std::collections::BTreeSet::new();
        for word in GROUPS.iter().copied().flatten() {
            assert!(seen.insert(word), "{word} is there twice");
            assert_eq!(fold(word), *word);
        }
        assert!(synonyms("vale").any(|word| word == "precio"));
        assert_eq!(synonyms("limpieza").count(), 0);
    }
}
