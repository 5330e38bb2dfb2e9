r"""Commands that model-written LaTeX may use; everything else is printed in place of being run.

The list is closed: no command on it defines, redefines or measures anything, reads or writes a
file, loops, or changes how TeX reads characters. Text that uses only these commands cannot change
what was typeset before it. Each one is defined by the packages that ``latex_paper`` loads.
"""

import re
from typing import NamedTuple

_STRUCTURE = """
part section subsection subsubsection paragraph subparagraph appendix item label ref eqref
pageref autoref cite citep citet citealp citealt citeauthor citeyear citeyearpar Citep
Citet nocite footnote footnotemark footnotetext caption url href par newline linebreak nolinebreak
pagebreak nopagebreak newpage clearpage noindent indent begin end centering raggedright raggedleft
hline cline toprule midrule bottomrule cmidrule addlinespace multicolumn tabularnewline
smallskip medskip bigskip quad qquad hspace vspace hfill vfill hskip thinspace
enspace hphantom vphantom phantom verb and tag notag nonumber qedhere qed today TeX LaTeX
"""
_FONTS = """
textit textbf textrm textsf texttt textsc textsl textup textmd textnormal emph underline mbox
itshape bfseries rmfamily sffamily ttfamily scshape slshape upshape mdseries normalfont em it bf rm
tt sf sc tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge
mathbf mathbb mathcal mathfrak mathit mathrm mathsf mathtt boldsymbol bm pmb text
operatorname mathop mathbin mathrel mathord mathopen mathclose mathpunct displaystyle textstyle
scriptstyle scriptscriptstyle boldmath unboldmath
"""
_SYMBOLS = """
textbackslash textasciitilde textasciicircum textbar textless textgreater textquotesingle
textquotedblleft textquotedblright textquoteleft textquoteright textendash textemdash textbullet
textdegree textregistered texttrademark textcopyright textsuperscript textsubscript texteuro
textperiodcentered textellipsis textunderscore textdollar S P dag ddag copyright pounds
aa AA ae AE oe OE o O l L ss i j dh DH th TH ng NG SS c v u H k r b d t a
ldots dots cdots vdots ddots dotsc dotsb dotsm dotsi colon slash
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda mu nu
xi pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega digamma Gamma Delta
Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varGamma varDelta varTheta varLambda varXi varPi
varSigma varUpsilon varPhi varPsi varOmega aleph beth gimel daleth hbar hslash ell wp Re Im partial
infty prime emptyset varnothing nabla surd top bot angle measuredangle triangle forall exists
nexists neg lnot flat natural sharp clubsuit diamondsuit heartsuit spadesuit Bbbk complement eth
square blacksquare Box Diamond lozenge bigstar checkmark maltese imath jmath mho
pm mp times div ast star circ bullet cdot cap cup uplus sqcap sqcup vee lor wedge land setminus
smallsetminus wr diamond bigtriangleup bigtriangledown triangleleft triangleright lhd rhd unlhd
unrhd oplus ominus otimes oslash odot bigcirc dagger ddagger amalg boxplus boxminus boxtimes
circledast ltimes rtimes
leq le geq ge neq ne equiv prec succ preceq succeq ll gg lll ggg subset supset subseteq supseteq
subsetneq supsetneq nsubseteq nsupseteq sqsubset sqsupset sqsubseteq sqsupseteq in ni owns notin
vdash dashv models perp mid nmid parallel nparallel bowtie Join smile frown asymp approx approxeq
cong sim simeq doteq propto varpropto triangleq leqslant geqslant lesssim gtrsim
lessgtr gtrless leqq geqq nleq ngeq nless ngtr therefore because vDash Vdash Vvdash between
leftarrow gets rightarrow to leftrightarrow Leftarrow Rightarrow Leftrightarrow mapsto longmapsto
longleftarrow longrightarrow longleftrightarrow Longleftarrow Longrightarrow Longleftrightarrow iff
implies impliedby uparrow downarrow updownarrow Uparrow Downarrow Updownarrow nearrow searrow
swarrow nwarrow hookleftarrow hookrightarrow leftharpoonup leftharpoondown rightharpoonup
rightharpoondown rightleftharpoons leadsto rightsquigarrow twoheadrightarrow nrightarrow nleftarrow
nRightarrow xrightarrow xleftarrow circlearrowleft circlearrowright curvearrowright upharpoonright
"""
_MATH = """
sum prod coprod int oint iint iiint bigcap bigcup bigsqcup bigvee bigwedge bigodot bigotimes
bigoplus biguplus limits nolimits displaylimits substack sideset
frac dfrac tfrac cfrac binom dbinom tbinom sqrt root over choose atop stackrel overset underset
overbrace underbrace overline overrightarrow overleftarrow underrightarrow
hat widehat tilde widetilde bar vec dot ddot dddot acute grave check breve mathring not
left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm biggm
Biggm lbrace rbrace lbrack rbrack langle rangle lceil rceil lfloor rfloor lvert rvert lVert rVert
vert Vert backslash ulcorner urcorner llcorner lrcorner
arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup
ln log max min Pr sec sin sinh sup tan tanh argmax argmin injlim projlim mod bmod pmod pod
smash boxed intertext mathstrut strut
"""
ALLOWED_COMMANDS = frozenset(f"{_STRUCTURE}{_FONTS}{_SYMBOLS}{_MATH}".split())
"""Control words, without their backslash."""
MATH_COMMANDS = frozenset(f"{_SYMBOLS}{_MATH}".split()) - {"strut"}
"""Those of them that plain text does not use."""
_ENVIRONMENT_WORDS = """
itemize enumerate description quote quotation verse center flushleft flushright figure table
tabular array minipage equation align alignat gather multline split aligned gathered
cases matrix pmatrix bmatrix vmatrix Vmatrix smallmatrix eqnarray displaymath math subequations
theorem lemma proof corollary proposition definition remark example claim verbatim
footnotesize small scriptsize
"""
ALLOWED_ENVIRONMENTS = frozenset(_ENVIRONMENT_WORDS.split())
"""Environments, without the star of a starred form."""
_ALLOWED_SYMBOLS = frozenset("\\%&#_${},;:! -/\"'`^~=.()[]|<>+@*\n\t")
_TOKEN = re.compile(
    r"\\(?P<word>[A-Za-z]+)|\\(?P<symbol>[\s\S]|$)|(?P<caret>\^\^+)|(?P<control>[\x00-\x08\x0b-\x1f\x7f])"
)
_ENVIRONMENT = re.compile(r"\*?[ \t\n]{0,20}\{[ \t]{0,20}([A-Za-z]{1,40})\*?[ \t]{0,20}\}")
_WEB_ADDRESS = re.compile(r"[ \t\n]{0,20}\{[ \t]{0,20}(?:https?:|mailto:)")


class NeutralisedText(NamedTuple):
    """LaTeX that uses allowed commands only."""

    text: str
    n_neutralised: int
    """Commands and characters that are now printed, not run."""


def neutralise(text: str) -> NeutralisedText:
    r"""Print every command that is not allowed, in place of running it.

    Args:
      text: LaTeX or BibTeX of unknown origin.

    >>> neutralise(r"\gdef\textit#1{}")
    NeutralisedText(text='\\textbackslash{}gdef\\textit#1{}', n_neutralised=1)
    """
    n_neutralised = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal n_neutralised
        word, symbol = match["word"], match["symbol"]
        if word is not None and _is_allowed(word, text, match.end()):
            return match[0]
        if symbol and symbol in _ALLOWED_SYMBOLS:
            return match[0]
        n_neutralised += 1
        if word is not None:
            return f"\\textbackslash{{}}{word}"
        if match["caret"]:  # TeX reads ^^5c as a backslash
            return "\\^{}" * len(match["caret"])
        return " " if match["control"] else f"\\textbackslash{{}}{symbol}"

    text = text.encode("utf-8", "replace").decode("utf-8")
    return NeutralisedText(_TOKEN.sub(replace, text), n_neutralised)


def _is_allowed(word: str, text: str, end: int) -> bool:
    if word in ("begin", "end"):
        name = _ENVIRONMENT.match(text, end)
        return name is not None and name[1] in ALLOWED_ENVIRONMENTS
    if word == "href":  # hyperref starts programs for run: and opens files for file:
        return _WEB_ADDRESS.match(text, end) is not None
    return word in ALLOWED_COMMANDS
