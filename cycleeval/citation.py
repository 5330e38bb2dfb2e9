"""BibTeX entries for the software and for the paper that it implements."""

from cycledata import __version__

YEAR = 2026
"""Year of the release; `CITATION.cff` states the same (tested)."""

_PAPER = """\
@inproceedings{weng2025cycleresearcher,
  title     = {CycleResearcher: Improving Automated Research via Automated Review},
  author    = {Weng, Yixuan and Zhu, Minjun and Bao, Guangsheng and Zhang, Hongbo and
               Wang, Jindong and Zhang, Yue and Yang, Linyi},
  booktitle = {International Conference on Learning Representations},
  year      = {2025},
}"""


def cite() -> str:
    """Return the BibTeX entries to cite, one for the software and one for the paper.

    >>> cite().splitlines()[0]
    '@software{cyclekit,'
    """
    software = "\n".join(
        [
            "@software{cyclekit,",
            "  title   = {cyclekit},",
            "  author  = {{The cyclekit authors}},",
            f"  version = {{{__version__}}},",
            f"  year    = {{{YEAR}}},",
            "}",
        ]
    )
    return f"{software}\n\n{_PAPER}"
