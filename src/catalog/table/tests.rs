use encoding_rs::WINDOWS_1252;

use super::*;

fn cop() -> Currency {
    Currency::parse("COP").unwrap()
}

fn load(text: &str) -> Catalogue {
    read(text.as_bytes(), cop()).unwrap()
}

/// The prices of a column in hundredths, or the lines that are wrong.
fn prices(cells: &[&str]) -> Result<Vec<i64>, Vec<usize>> {
    let mut text = "sku;nombre;precio;existencia\n".to_owned();
    let lines: Vec<String> =
        cells.iter().enumerate().map(|(at, cell)| format!("p{at};Producto {at};{cell};1\n")).collect();
    text.push_str(&lines.concat());
    let catalogue = load(&text);
    if catalogue.failed.is_empty() {
        Ok(catalogue.products.iter().map(|product| product.price.minor).collect())
    } else {
        Err(catalogue.failed.iter().map(|problem| problem.line).collect())
    }
}

#[test]
fn headers_are_known_in_three_languages_and_delimiters_are_found() {
    for text in [
        "sku,name,price,stock\na,Martillo,10,3\n",
        "Código;Nombre;Precio;Existencias\na;Martillo;10;3\n",
        "CÓDIGO\tNome\tPreço\tEstoque\na\tMartillo\t10\t3\n",
        "Stock|Producto|Clave|Precio de venta\n3|Martillo|a|10\n",
        "sep=;\nsku;name;price;stock\na;Martillo;10;3\n",
        "\u{feff}\"sku\",\"name\",\"price\",\"stock\"\r\n\"a\",\"Martillo\",\"10\",\"3\"\r\n",
        "\n\nsku;name;price;stock\n\na;Martillo;10;3",
    ] {
        let catalogue = load(text);
        assert_eq!(catalogue.failed, [], "{text}");
        let [product] = catalogue.products.as_slice() else { panic!("{text}: {catalogue:?}") };
        assert_eq!(
            (product.sku.as_str(), product.name.as_str(), product.stock),
            ("a", "Martillo", 3),
            "{text}"
        );
        assert_eq!(product.price.minor, 1000, "{text}");
        assert!(product.active);
    }
}

#[test]
fn prices_are_read_as_the_file_writes_them() {
    assert_eq!(prices(&["1.250,50", "180.000", "19,9"]), Ok(vec![125_050, 18_000_000, 1990]));
    assert_eq!(prices(&["1,250.50", "180,000", "19.9"]), Ok(vec![125_050, 18_000_000, 1990]));
    assert_eq!(prices(&["$ 1.250.000", "COP 180.000", "990"]), Ok(vec![125_000_000, 18_000_000, 99_000]));
    assert_eq!(prices(&["1 250,50 $", "12,00"]), Ok(vec![125_050, 1200]));
    assert_eq!(prices(&["1.250"]), Ok(vec![125_000]), "three digits are thousands");
    assert_eq!(prices(&["0.75", "1.40"]), Ok(vec![75, 140]));
    assert_eq!(prices(&["0,75", "1.250"]), Ok(vec![75, 125_000]));
    for wrong in ["-5", "gratis", "", "1.2.3", "12,345,6", "1e3", "(5)", "10 o 12"] {
        assert_eq!(prices(&[wrong]), Err(vec![2]), "{wrong:?}");
    }
    assert_eq!(prices(&["10.50", "10.5", "8,125.123"]), Err(vec![4]), "more decimals than the currency has");
}

#[test]
fn everything_wrong_is_told_with_its_line() {
    let catalogue = load(
        "sku,name,price,stock,active\n\
         a,Martillo,10,3,sí\n\
         b,\"Tubo 1/2\" PVC\",10,3,\n\
         c,Sierra,10,-1,\n\
         A,Otro martillo,10,3,\n\
         ,Sin número,10,3,\n\
         d,Codo,10,2.5,\n\
         e,Tapa,10,3,quizá\n\
         f,\"De dos\nlíneas\",10,3,no\n\
         g,Uno,10,3,,demás\n\
         h,,10,3,\n",
    );
    let told: Vec<(usize, &str)> =
        catalogue.failed.iter().map(|problem| (problem.line, problem.error.as_str())).collect();
    insta::assert_debug_snapshot!(told, @r#"
    [
        (
            3,
            "a quote inside a quoted cell is not doubled; write \"\" for each, as in \"Tubo 1/2\"\" PVC\"",
        ),
        (
            4,
            "`stock` is negative: \"-1\"",
        ),
        (
            5,
            "the number is in line 2 already; give each product its own",
        ),
        (
            6,
            "`sku` is empty",
        ),
        (
            7,
            "`stock` is \"2.5\"; write a whole number of pieces",
        ),
        (
            8,
            "`active` is \"quizá\"; write true or false",
        ),
        (
            11,
            "the row has 6 cells and the header 5; put cells that hold the delimiter in quotes",
        ),
        (
            12,
            "`name` is empty",
        ),
    ]
    "#);
    let right: Vec<(&str, &str, bool)> = catalogue
        .products
        .iter()
        .map(|product| (product.sku.as_str(), product.name.as_str(), product.active))
        .collect();
    assert_eq!(right, [("a", "Martillo", true), ("f", "De dos líneas", false)]);
}

#[test]
fn a_quote_that_is_never_closed_spoils_its_own_row_only() {
    let catalogue = load("sku,name,price,stock\na,\"Tubo 1/2,10,3\nb,Codo,10,3\nc,Tapa,10,3\n");
    assert_eq!(catalogue.failed.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2]);
    assert_eq!(catalogue.products.len(), 2);
    let inside = load("sku,name,price,stock\na,\"Tubo 1/2,10,3\nb,\"Codo\",10,3\nc,Tapa,10,3\n");
    assert_eq!(inside.failed.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2]);
    assert_eq!(inside.products.len(), 2);
}

#[test]
fn an_inch_mark_without_quotes_around_is_read_and_told() {
    let catalogue = load("sku,name,price,stock\na,Tubo 1/2\" PVC,10,3\n");
    assert_eq!(catalogue.products[0].name, "Tubo 1/2\" PVC");
    assert_eq!(catalogue.warnings.len(), 1);
    assert_eq!(catalogue.warnings[0].line, 2);
}

#[test]
fn other_encodings_are_understood() {
    let text = "código;nombre;precio;existencia\nñ1;Taladro eléctrico para albañil;1.500,00;4\n";
    let (latin, _, _) = WINDOWS_1252.encode(text);
    assert_eq!(read(&latin, cop()).unwrap(), load(text));
    let little: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(read(&little, cop()).unwrap(), load(text));
    assert_eq!(load(text).products[0].name, "Taladro eléctrico para albañil");
}

#[test]
fn a_file_that_is_no_catalogue_is_refused() {
    assert_eq!(read(b"", cop()), Err(TableError::Empty));
    assert_eq!(read(b"\n \n", cop()), Err(TableError::Empty));
    let Err(TableError::Header { line: 2, missing, .. }) = read(b"\nsku,nombre\n", cop()) else { panic!() };
    assert_eq!(missing, "price, stock");
    let twice = read(b"sku,nombre,price,precio,stock\n", cop());
    assert_eq!(twice, Err(TableError::TwiceInHeader { line: 1, name: "price".to_owned() }));
    assert!(read(TEMPLATE.as_bytes(), cop()).unwrap().failed.is_empty());
}

proptest::proptest! {
    #[test]
    fn no_file_is_too_odd(text in "(sku,name,price,stock\n)?[a-z0-9,;\"\n\r .$-]{0,120}") {
        if let Ok(catalogue) = read(text.as_bytes(), cop()) {
            for product in catalogue.products {
                proptest::prop_assert!(product.price.minor >= 0 && !product.sku.is_empty());
            }
        }
    }
}

#[test]
fn numbers_that_a_spreadsheet_shortened_are_told() {
    let catalogue =
        load("sku,name,price,stock\n7.50103E+12,Leche,27,3\nE+1,Pila,9,3\nMAR-1E+,Martillo,9,3\n");
    assert_eq!(catalogue.products.len(), 3);
    assert_eq!(catalogue.warnings.iter().map(|warning| warning.line).collect::<Vec<_>>(), [2]);
    assert!(catalogue.warnings[0].error.contains("spreadsheet"));
}
