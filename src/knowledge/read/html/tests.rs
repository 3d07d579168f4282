use super::*;
use crate::knowledge::read::BlockKind;

fn outline(html: &str) -> Vec<String> {
    let document = read(html, &ReadLimits::default());
    document.blocks.iter().map(|b| format!("{} | {:?} | {}", b.heading.join(" › "), b.kind, b.text)).collect()
}

#[test]
fn a_price_page_keeps_its_content_and_loses_its_frame() {
    let html = "<html><head><title>Benova</title><style>x{}</style></head><body>\
        <nav><a href=/>Inicio</a><a href=/b>Blog</a></nav><div class='cookie-banner'>Usamos cookies</div>\
        <h1>Precios</h1><p>Precios de <b>enero</b>.<br>IVA incluido.</p><p style='display: none'>oculto</p>\
        <h2>Faciales</h2><table><tr><th>Servicio<th>Precio</tr><tr><td>Limpieza<td>$120.000</tr></table>\
        <ul><li>Efectivo</li><li>Tarjeta</li></ul><dl><dt>¿Hay parqueo?</dt><dd>Sí, gratis.</dd></dl>\
        <ul><li><a href=a>Facebook</a></li><li><a href=b>Instagram</a></li><li><a href=c>TikTok</a></li></ul>\
        <footer>© Benova</footer><script>var a = 'no';</script></body></html>";
    assert_eq!(
        outline(html),
        [
            "Precios | Paragraph | Precios de enero.\nIVA incluido.",
            "Precios › Faciales | Row | Servicio: Limpieza; Precio: $120.000",
            "Precios › Faciales | Item | Efectivo",
            "Precios › Faciales | Item | Tarjeta",
            "Precios › Faciales | Paragraph | ¿Hay parqueo? Sí, gratis.",
        ]
    );
}

#[test]
fn an_article_is_cut_out_of_its_page() {
    let paragraph = "<p>La limpieza facial profunda dura una hora, no requiere reposo y se recomienda cada mes, según el \
        tipo de piel, la edad, el clima y los productos que cada persona usa en su casa todos los días del año.</p>";
    let html = format!(
        "<html><head><title>Guía</title></head><body><div id=a><p>Vea también <a href=x>otras guías del blog</a></p></div>\
         <div class=post><h2>Cuidados</h2>{}</div><div><a href=y>Anterior</a> <a href=z>Siguiente</a></div></body></html>",
        paragraph.repeat(4)
    );
    let lines = outline(&html);
    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(lines.iter().all(|line| line.starts_with("Cuidados | Paragraph | La limpieza")), "{lines:#?}");
}

#[test]
fn a_table_that_only_places_things_reads_as_text() {
    let html =
        format!("<table><tr><td>uno</td><td><p>{}</p><p>dos</p></td></tr></table>", "largo ".repeat(100));
    let blocks = read_whole(&Page::from(html)).blocks;
    assert_eq!((blocks.len(), blocks[0].kind, blocks[0].text.as_str()), (3, BlockKind::Paragraph, "uno"));
}

#[test]
fn a_tower_of_elements_does_no_harm() {
    let page = Page::from(format!("{}fondo", "<div>".repeat(5_000)));
    assert_eq!(read_whole(&page).blocks.len(), 1);
}
