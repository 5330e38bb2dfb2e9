"""Kinds of section titles in papers, for LaTeX and for PDF.

Titles in LaTeX come from sectioning commands, so generous patterns are safe there; in a PDF, the
pattern of known titles also decides whether a line is a heading.
"""

import re

MAX_TITLE = 200
"""Characters; a longer title is of no known kind."""
_ACKNOWLEDGMENT = r"a[ck]{1,2}nowled?ge?m[a-z]{0,5}"
_BESIDE = (
    r"(?:funding|financial|disclosures?|support|author|contributions?|contributors?|credits?|conflicts?|"
    r"competing|ethics|ethical|data|declarations?|disclaimers?|dedication|sponsors?|grants?|thanks|"
    r"availability|notes?|references|broader|impact|interests?|statements?|of|for|the|to|and|de|we)"
)
_ACKNOWLEDGMENTS = re.compile(
    rf"\W*(?:[\dA-Z]{{1,3}}\.?\W+)?(?:{_BESIDE}\W+){{0,4}}{_ACKNOWLEDGMENT}"
    rf"(?:\W+{_BESIDE}){{0,6}}\W*\Z|\W*acknowledging(?: support)?\W*\Z",
    re.IGNORECASE,
)
_FOREIGN_ACKNOWLEDGMENTS = re.compile(
    r"\W*(?:致谢|致謝|謝辞|谢辞|danksagung(?:en)?|remerciements?|agradecimientos?|agradecimentos?"
    r"|ringraziamenti|agraïments|dankwoord|podziękowania|poděkování|kiitokset|tack|takk"
    r"|teşekkür(?:ler)?|köszönetnyilvánítás|mulțumiri|lời cảm ơn"
    r"|благодарности|подяки|ευχαριστίες|감사의 글|사사)\W*\Z",
    re.IGNORECASE,
)
_ABOUT_AUTHORS = re.compile(
    r"\W*(?:[\dA-Z]{1,3}\.?\W+)?(?:"
    r"(?:credit )?author(?:s|['’]s|s['’]|ship)?['’]? "
    r"(?:and affiliations?|affiliations?|addresses|biograph(?:y|ies)|bios?|(?:and )?contributions?"
    r"(?: statement)?|contribution statement|contributions? and acknowledge?ments?|information"
    r"|details|list|notes?|roles|credits?)"
    r"|descriptions? of (?:the )?authors?['’]?s?['’]? ?(?:roles|contributions?)"
    r"|(?:declarations? of )?(?:competing|conflicts? of) interests?(?: statement)?"
    r"|credit (?:author(?:ship)? )?(?:contribution )?statement"
    r"|about the authors?|contributors|list of contributors|contributions of (?:the )?authors?"
    r"|statement of (?:author(?:ship)? )?contributions?"
    r"|funding(?: (?:sources?|information|statement|acknowledge?ments?))?"
    r"|(?:sources? of )?funding|financial (?:support|disclosures?)"
    r"|correspondence to|corresponding authors?"
    r")\W*\Z",
    re.IGNORECASE,
)
_APART = re.compile(
    r"^\W*(?:references|bibliography|references cited|literature cited|contents|table of contents|"
    r"abstract|key ?words?|index terms|keywords and phrases)\W*$",
    re.IGNORECASE,
)
_PRINTED = re.compile(
    r"(?:abstract|introduction|related work|background|conclusions?|discussion|limitations?"
    rf"|{_ACKNOWLEDGMENT}|references|bibliography|literature cited|appendix|appendices"
    r"|supplementa(?:ry|l) materials?|supplement|(?:broader|societal) impacts?(?: statement)?"
    r"|impact statement|ethics statement|ethical considerations|reproducibility(?: statement)?"
    r"|author contributions|funding|data availability|code availability|contents|keywords"
    r"|checklist|neurips paper checklist|einleitung|fazit|schlussfolgerung(?:en)?|introducción"
    r"|conclusiones|introdução|conclus(?:ão|ões)|introduzione|conclusioni|введение|заключение"
    r"|выводы|引言|结论|서론|결론|はじめに|おわりに|結論)",
    re.IGNORECASE,
)
_REFERENCES = re.compile(
    r"references(?: cited| and notes)?|bibliography|literature cited|literatur(?:verzeichnis)?"
    r"|références(?: bibliographiques)?|bibliographie|referencias(?: bibliográficas)?|bibliografía"
    r"|referências(?: bibliográficas)?|riferimenti(?: bibliografici)?|bibliografia"
    r"|список литературы|литература|参考文献|參考文獻|참고\s?문헌",
    re.IGNORECASE,
)
_ABSTRACT = re.compile(
    r"abstract|zusammenfassung|kurzfassung|résumé|resumen|resumo|sommario|riassunto|аннотация|摘要|要旨|概要"
    r"|초록|요약|요\s약",
    re.IGNORECASE,
)
_APPENDIX = re.compile(
    r"append(?:ix|ices)\b.{0,80}|supplement(?:ary|al)?\b.{0,80}|.{0,20}\bchecklist"
    r"|annexes?|anhang|anexos?|apéndices?|apêndices?|appendici?e?|приложени[ея]|附录|附錄|付録|부록",
    re.IGNORECASE,
)
_KEYWORDS = re.compile(
    r"(?:(?:additional )?key ?words|index terms|ccs concepts|acm reference format"
    r"|subject (?:areas|headings)"
    r"|categories and subject descriptors|general terms)"
    r"(?: and phrases)?\s{0,3}(?:[:.—–•-]|\Z)"
    r"|(?:(?:19|20)\d\d\s)?(?:ams\s|mathematics\s)?"
    r"(?:subject classifications?|msc(?:\s?(?:19|20)\d\d)?)\s?[(:.\d]"
    r"|(?:jel|pacs)\s(?:classifications?|codes?|numbers?)\b"
    r"|(?:19|20)\d\d acm subject classification\b|digital object identifier\s",
    re.IGNORECASE,
)
_KEYWORD_LIST = re.compile(
    r"(?:Key\s?words|KEY\s?WORDS|Index Terms|INDEX TERMS|CCS C(?:oncepts|ONCEPTS))\s"
    r"(?!(?:are|is|was|were|and|or|of|in|for|can|have|that|from|with|based|extraction)\b)"
    r"(?=[^.]{0,300}[,;·•])"
)
_PRINTED_ACKNOWLEDGMENTS = re.compile(
    rf"{_ACKNOWLEDGMENT}(?: and .{{0,60}})?|funding", re.IGNORECASE
)


def is_acknowledgments(title: str) -> bool:
    """Return True for a LaTeX heading of acknowledgments, alone or beside funding and the like.

    >>> [is_acknowledgments(t) for t in ("5 Acknowledgements", "Acknowledging Uncertainty")]
    [True, False]
    """
    return (
        "nowl" in title.lower()
        and len(title) < MAX_TITLE
        and _ACKNOWLEDGMENTS.match(title) is not None
    )


def is_about_authors(title: str) -> bool:
    """Return True for a heading of authors' contributions, biographies, addresses or funding.

    >>> [is_about_authors(t) for t in ("Author Contributions", "Contributions")]
    [True, False]
    """
    return _ABOUT_AUTHORS.match(title) is not None


def is_foreign_acknowledgments(title: str) -> bool:
    """Return True for acknowledgments in another language, e.g. "Danksagung"."""
    return _FOREIGN_ACKNOWLEDGMENTS.match(title) is not None


def is_apart(title: str) -> bool:
    """Return True for references, contents, an abstract or keywords, which are not sections."""
    return _APART.match(title) is not None


def is_keywords(text: str) -> bool:
    """Return whether a paragraph is a list of keywords or classes of the paper.

    >>> [is_keywords(t) for t in ("Index Terms—foxes", "KEYWORDS foxes; dogs", "Keywords are few")]
    [True, True, False]
    >>> [is_keywords(t) for t in ("MSc students took part", "Keyword-based search, too")]
    [False, False]
    """
    return bool(_KEYWORDS.match(text) or (len(text) < 400 and _KEYWORD_LIST.match(text)))


def is_abstract(title: str) -> bool:
    """Return True for the heading of an abstract."""
    return _ABSTRACT.fullmatch(title.strip(" .:")) is not None


def is_references(title: str) -> bool:
    """Return True for the heading of a list of references."""
    return _REFERENCES.fullmatch(title) is not None


def is_appendix(title: str) -> bool:
    """Return True for the heading of an appendix, supplement or checklist."""
    return _APPENDIX.fullmatch(title) is not None


def is_printed_acknowledgments(title: str) -> bool:
    """Return True for acknowledgments or funding as a PDF prints them."""
    return _PRINTED_ACKNOWLEDGMENTS.fullmatch(title) is not None


def is_printed_title(line: str) -> bool:
    """Return True for a line of a PDF that is a heading by its words alone."""
    return (
        _PRINTED.fullmatch(line.rstrip(".:")) is not None
        or is_appendix(line)
        or is_abstract(line)
        or is_references(line.rstrip(".:"))
        or is_foreign_acknowledgments(line)
        or (len(line) < MAX_TITLE and is_about_authors(line))
    )
