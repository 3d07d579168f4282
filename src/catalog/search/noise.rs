//! What people say around the name of a product: that they want it, ask for it, or what it costs.

use std::{collections::HashSet, sync::LazyLock};

use crate::{domain::language::Language, knowledge::terms::is_stop_word};

/// Folded words in Spanish, English and Portuguese.
const NOISE: &str = "\
quiero quisiera quiere querria kiero qiero comprar comprarte comprarles compra llevar llevarme llevo necesito nesesito necesitamos nececito ocupo busco buscando buscaba \
ando dame deme denme damelo deme ponme pongame mandame mandeme enviame envieme regalame regaleme vendeme vendanme vendes venden vende vendan \
tienes tienen tiene tendran tendras tendra hay habra hubiera manejan maneja trabajan cuentan consigues consigo conseguir encuentro encargo encargar \
precio precios presio cuanto cuantos cuanta cuesta cuestan costo costos vale valen sale salen valor coste disponible disponibles existencia existencias \
stock catalogo producto productos articulo articulos hola buenas buenos dias tardes noches favor porfa porfavor porfis porfi porfas xfa xfavor xfis plis pls plz gracias amigo amiga senor senyor \
me te le les nos das da dan podria podrian puedes pueden puede gustaria interesa interesan informacion info saber cotizar cotizacion cotizame pedido pedir \
pido ordenar encargarte ver mostrar muestrame muestreme ensename ensenyame algun alguna algunos algunas pieza piezas pza pzas unidad unidades seria serian \
esta estan este esos esas ese unos unas uno una un tambien solo solamente oye oiga disculpe disculpa urgente urge ahorita hoy aca ahi cosa cosas tal mejor \
barato barata baratos economico economicos bueno buena buen mas menos agrega agregame agregue agregar anade anademe anyade anyademe sumale ponle ademas aparte quita quitame \
i to want need buy purchase order get looking look price cost much many how do does have sell stock any some please hi hello would like can could give me for the \
quero queria gostaria comprar preciso procuro voces voce tem vende vendem quanto custa preco preços precos valor por favor ola oi bom dia boa tarde me ve manda \
levar encomendar algum alguma disponivel estoque \
regala disculpen perdon permiso senyorita senyora joven jefe jefa don donya che wey guey parce amor estimado estimada estimados saludos onda \
sirve sirven serviria recomienda recomiendan recomendarme recomiendas ayuda ayudas ayudar ayudame saben sabe pregunta consulta duda \
urgentemente rapido pronto manyana regalo caso marca marcas color colores alla ustedes vos tenes tendran habria sabes dicen dice decir decirme \
looking something anything got store shop there thanks thank im can't \
gostava tens teria alguem obrigado obrigada";

static WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| NOISE.split_ascii_whitespace().collect());

/// Whether a folded word says nothing of which product is meant.
pub(super) fn is_noise(word: &str) -> bool {
    WORDS.contains(word) || Language::ALL.into_iter().any(|language| is_stop_word(word, language))
}
