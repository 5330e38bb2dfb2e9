"""Acronyms of the packages glossaries, acronym and acro."""

from collections.abc import Callable

import pytest

from cycledata.records import PaperText

Parse = Callable[..., PaperText]

RL = r"\newacronym{rl}{RL}{reinforcement learning}"
PHI = r"\newacronym[longplural={phases of the Moon}]{pm}{PM}{phase of the Moon}"


@pytest.mark.parametrize(
    ("preamble", "body", "printed"),
    [
        (RL, r"\gls{rl} and \gls{rl}", "reinforcement learning (RL) and RL"),
        (RL, r"\Gls{rl} helps. \Gls{rl} works.", "Reinforcement learning (RL) helps. RL works."),
        (RL, r"\glspl{rl}, \glspl{rl}", "reinforcement learnings (RLs), RLs"),
        (RL, r"\gls[hyper=false]{rl}['s] use", "reinforcement learning's (RL) use"),
        (RL, r"\gls*{rl}", "reinforcement learning (RL)"),
        (RL, r"\let\use\gls \use{rl} and \use{rl}", "reinforcement learning (RL) and RL"),
        (RL, r"\acrshort{rl}, \acrlong{rl}, \gls{rl}", "RL, reinforcement learning, reinforcement"),
        (RL, r"\acrfull{rl} and \gls{rl}", "reinforcement learning (RL) and RL"),
        (RL, r"\gls{rl}\glsresetall{} \gls{rl}", "(RL){} reinforcement learning (RL)"),
        (RL, r"\glsentrytitlecase{rl}{long}", "Reinforcement Learning"),
        (PHI, r"\acrlongpl{pm}", "phases of the Moon"),
        (r"\newabbreviation{nn}{NN}{neural network}", r"\glsxtrlong{nn}", "neural network"),
        (
            r"\newglossaryentry{set}{name={open set}, description={A, b}}",
            r"\glspl{set}",
            "open sets",
        ),
        (r"\acrodef{nn}[NN]{neural network}", r"\ac{nn}, \ac{nn}", "neural network (NN), NN"),
        (r"\acrodef{CPU}{central unit}", r"\acf{CPU} \acs{CPU}", "central unit (CPU) CPU"),
        (r"\acrodef{nn}[NN]{neural net}", r"\acp{nn}, \acp{nn}", "neural nets (NNs), NNs"),
        (
            r"\DeclareAcronym{gp}{short = GP, long = {Gauss process, exact}, long-plural-form=GPs}",
            r"\ac{gp}; \Acl{gp}",
            "Gauss process, exact (GP); Gauss process, exact",
        ),
        (
            RL + r"\newcommand{\method}{deep \gls{rl}}",
            r"\method",
            "deep reinforcement learning (RL)",
        ),
    ],
)
def test_an_acronym_is_printed_in_full_once(
    parse_body: Parse, preamble: str, body: str, printed: str
) -> None:
    text = parse_body(r"\section{A}" + body, r"\usepackage{glossaries}" + preamble)
    assert printed in text.sections[0].text
    assert text.warnings == parse_body(r"\section{A}words").warnings


def test_titles_and_headings_print_acronyms(parse_body: Parse) -> None:
    text = parse_body(r"\maketitle\section{\gls{rl} at Work}", RL + r"\title{On \gls{rl}}")
    assert text.title == "On reinforcement learning (RL)"
    assert text.sections[0].title == "RL at Work"


def test_a_list_at_the_end_defines_what_is_used_before(parse_body: Parse) -> None:
    body = (
        r"\section{A}\ac{nn} and \acs{nn}"
        r"\section{List}\begin{acronym}\acro{nn}[NN]{neural network}\end{acronym}"
    )
    text = parse_body(body, r"\usepackage[printonlyused]{acronym}")
    assert text.sections[0].text == "neural network (NN) and NN"


def test_acronyms_are_defined_with_spaces_before_the_short_form(parse_body: Parse) -> None:
    preamble = r"\usepackage{acronym}\newacro  {nn}  [NN]  {neural network}"
    text = parse_body(r"\section{A}\ac{nn} and \acs*{nn}", preamble)
    assert text.sections[0].text == "neural network (NN) and NN"
    assert "missing-acronym" not in [each.rule for each in text.warnings]


def test_an_undefined_acronym_stays_and_is_named(parse_body: Parse) -> None:
    text = parse_body(r"\section{A}\ac{rl} or \ac{rl}", r"\usepackage{acronym}")
    assert text.sections[0].text == r"\ac{rl} or \ac{rl}"
    assert [each.detail for each in text.warnings if each.rule == "missing-acronym"] == [
        r"\ac{rl} has no definition"
    ]


def test_an_authors_own_command_wins(parse_body: Parse) -> None:
    text = parse_body(r"\section{A}\ac{x}", RL + r"\newcommand{\ac}[1]{\textbf{action #1}}")
    assert "action x" in text.sections[0].text
