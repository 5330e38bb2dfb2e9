"""Simulated experiments: the chat that asks a model for the results of a plan.

Sec. 3.2: "we require the 'experimental results' to be fabricated instead of conducting actual
experiments". The chat is separate from the paper's own, so that measured results can replace it,
and it uses no tokens of the paper's context.
"""

from cycledata.formats.paper_text import Plan, render_plan
from cycledata.records import Message

SYSTEM = (
    "You stand in for a laboratory. Given the plan of a machine learning paper, invent the outcome"
    " of each planned experiment, for training in simulation only: nothing you write was measured."
    " Answer with the heading ## Experimental_results and a fenced JSON list of objects with name,"
    " description and, where one helps, table (LaTeX) or image (its description)."
)


def experimenter_messages(plan: Plan) -> tuple[Message, Message]:
    """Return the system and user turn that ask for the results of a plan's experiments.

    Only the idea and the experiments of the plan are shown, not the sections already written.
    """
    shown = plan.model_copy(update={"sections": (), "abstract": ""})
    return (
        Message(role="system", content=SYSTEM),
        Message(role="user", content=render_plan(shown)),
    )
