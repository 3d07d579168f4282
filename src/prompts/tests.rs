use super::*;

#[test]
fn every_template_renders_in_three_languages_with_full_and_with_empty_facts() {
    let prompts = Prompts::load(None, None).unwrap();
    for language in Language::ALL {
        for facts in [sample(), Facts::default()] {
            for task in Task::ALL {
                let text = prompts.render(task, language, &facts);
                let least = if task == Task::Answer { 500 } else { 80 };
                assert!(text.len() > least && !text.contains("{{") && !text.contains("{%"), "{text}");
            }
            for text in Text::ALL {
                let said = prompts.text(text, language, &facts);
                assert!(!said.trim().is_empty() && !said.contains("{{"), "{text:?} {language:?}: {said:?}");
            }
        }
    }
}

#[test]
fn a_tenants_file_wins_over_the_owners_and_that_over_the_built_in_one() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, tenant) = (folder.path().join("disk"), folder.path().join("tenant"));
    for (root, thanks) in
        [(&disk, "thanks = 'disk'\ngoodbye = 'disk'"), (&tenant, "thanks = 'tenant {{ name }}'")]
    {
        std::fs::create_dir_all(root.join("locale")).unwrap();
        std::fs::write(root.join("locale/es.toml"), thanks).unwrap();
    }
    std::fs::write(tenant.join("answer.es.md"), "Di siempre {{ business }}.").unwrap();
    let prompts = Prompts::load(Some(&disk), Some(&tenant)).unwrap();
    let facts = Facts { business: "Benova".to_owned(), name: "Ana".to_owned(), ..Facts::default() };
    assert_eq!(prompts.text(Text::Thanks, Language::Es, &facts), "tenant Ana");
    assert_eq!(prompts.text(Text::Goodbye, Language::Es, &facts), "disk");
    assert_eq!(
        prompts.text(Text::Goodbye, Language::En, &facts),
        "Goodbye! Thank you for writing to Benova."
    );
    assert_eq!(prompts.render(Task::Answer, Language::Es, &facts), "Di siempre Benova.");
}

#[test]
fn a_mistake_names_its_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("locale")).unwrap();
    let check = |name: &str, text: &str, place: &str, word: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let error = Prompts::load(None, Some(folder.path())).unwrap_err().to_string();
        std::fs::remove_file(file).unwrap();
        assert!(error.contains(place) && error.contains(word), "{error}");
    };
    check("locale/es.toml", "# x\n\nthanks = 'Hola {{ nombre }}'", "es.toml:3:", "undefined");
    check("locale/es.toml", "thanks = 'a'\nthank = 'b'", "es.toml:2:", "`thanks`");
    check("locale/es.toml", "thanks = 'a'\nthanks = ", "es.toml:2:", "string");
    check("locale/es.toml", "weekdays = 'lunes, martes'", "es.toml:1:", "seven");
    check("answer.en.md", "one\n{% if x", "answer.en.md:2:", "syntax");
    check("answer.en.md", "one\ntwo {{ passages[0].test }}", "answer.en.md:2:", "undefined");
}
