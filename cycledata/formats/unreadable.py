"""What parsing a model's text returns where there is no record to return."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A model's text that lacks what was asked for, or that could only be guessed at."""

    where: str
    """Place in the text, e.g. ``"reviewer 2, ### Rating"``."""
    why: str
    """What was expected and what was found."""
    is_silent: bool = field(default=False, repr=False)
    """True if the text states no rating at all, e.g. prose without one."""
