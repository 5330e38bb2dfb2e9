import pytest

from cycledata.consent.evidence import read_license


@pytest.mark.parametrize(
    ("words", "name", "terms"),
    [
        ("CC BY 4.0", "CC-BY-4.0", set()),
        ("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0", set()),
        ("https://creativecommons.org/licenses/by-sa/4.0/", "CC-BY-SA-4.0", {"share-alike"}),
        (
            "http://creativecommons.org/licenses/by-nc-sa/4.0/",
            "CC-BY-NC-SA-4.0",
            {"non-commercial", "share-alike"},
        ),
        (
            "http://creativecommons.org/licenses/by-nc-nd/4.0/",
            "CC-BY-NC-ND-4.0",
            {"non-commercial", "no-derivatives"},
        ),
        ("CC-BY-NC-ND 4.0", "CC-BY-NC-ND-4.0", {"non-commercial", "no-derivatives"}),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0", set()),
        ("CC0", "CC0-1.0", set()),
        ("CCBY", "CC-BY-unversioned", set()),
        ("CCBYNCSA", "CC-BY-NC-SA-unversioned", {"non-commercial", "share-alike"}),
        (
            "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
            "arXiv-nonexclusive",
            {"no-redistribution"},
        ),
    ],
)
def test_licence_is_read_from_the_services_words(words: str, name: str, terms: set[str]) -> None:
    licence = read_license(words)
    assert licence is not None
    assert (licence.name, set(licence.terms)) == (name, terms)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "all rights reserved",
        "CC",
        "CC BY 4.0 except figures",
        "not CC BY 4.0",
        "http://evil.example/creativecommons.org/licenses/by/4.0/",
        "CC BY-XX 4.0",
        "by",
        "CC BY 4.0" * 50,
    ],
)
def test_words_nobody_recognises_are_no_licence(words: str) -> None:
    assert read_license(words) is None


@pytest.mark.parametrize(
    "words",
    [
        "All rights reserved. See publicdomain/zero for what this is not.",
        "This is not creativecommons.org/publicdomain/zero/1.0/",
        "http://creativecommons.org/publicdomain/zero/1.0/ does not apply",
        "http://evil.example/nonexclusive-distrib",
        "not CC0",
        "CC0\u200b",
        "cc by-\u017fa 4.0",
        "\u0421\u0421 BY 4.0",
        "\uff23\uff23 BY 4.0",
        "https://cc0",
        "CC  BY 4.0",
        "CC BY 4.0\n",
        "CC BY 5.0",
    ],
)
def test_only_whole_spellings_of_the_closed_list_are_licenses(words: str) -> None:
    assert read_license(words) is None
