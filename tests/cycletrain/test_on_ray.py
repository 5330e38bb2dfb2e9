"""Copies of a model on Ray write what one model in this process writes."""

from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from cycledata.errors import TrainingError
from cycledata.jsonl import append_jsonl, read_jsonl
from cycledata.llm.chat import Sampling
from cycletrain.config_tables import ClusterConfig, ModelConfig, ServerConfig
from cycletrain.on_ray import RECORDED, sample_rows
from cycletrain.preferences import Reward, Rollout
from cycletrain.reviewing import reward_papers
from cycletrain.sampling import SamplingPlan
from cycletrain.servers import generator_of

PAPERS = [
    Rollout(prompt_id="p", index=i, turns=(), review_text=f"# Paper {i}\n", latex="x")
    for i in range(5)
]
CPU = ClusterConfig(engines=1, gpus_per_engine=0)


# Ray warns about its own sockets and of what it will change.
@pytest.mark.filterwarnings("ignore")
def test_an_engine_on_ray_gives_the_rows_of_a_model_here_and_a_killed_run_resumes(
    tiny_model: Path, tmp_path: Path
) -> None:
    ray = pytest.importorskip("ray")

    def rewards(folder: str, papers: list[Rollout], **model: object) -> list[Reward]:
        return sample_rows(
            ModelConfig.model_validate({"path": str(tiny_model), "dtype": "float32", **model}),
            partial(reward_papers, n_reviewers=2),
            papers,
            Reward,
            keys_of=lambda paper: [(paper.prompt_id, paper.index)],
            plan=SamplingPlan(Sampling(temperature=1, max_tokens=9), 2, 1, 7, tmp_path / folder),
        )

    expected = rewards("here", PAPERS)
    assert len({row.text for row in expected}) == len(PAPERS)
    recorded = tmp_path / "ray" / RECORDED
    recorded.parent.mkdir()
    append_jsonl(recorded, expected[:2])
    with recorded.open("a", encoding="utf-8") as file:
        file.write('{"prompt_id": "p", "ind')  # torn by a kill
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        assert rewards("ray", PAPERS, cluster=CPU) == expected
    finally:
        ray.shutdown()
    assert sorted(row.index for row in read_jsonl(recorded, Reward)) == list(range(5))
    assert rewards("ray", PAPERS, cluster=CPU) == expected  # nothing is left to do


@pytest.mark.parametrize(
    "other",
    [{"path": "http://node/m"}, {"path": "m", "server": ServerConfig()}],
    ids=["endpoint", "server"],
)
def test_a_model_runs_in_one_kind_of_place(other: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="set no server and no URL with it"):
        ModelConfig.model_validate({**other, "cluster": CPU})


def test_a_job_without_the_cluster_says_where_it_is_for(tmp_path: Path) -> None:
    with (
        pytest.raises(TrainingError, match="cluster: is for rollout and reward"),
        generator_of(ModelConfig(path="m", cluster=CPU), tmp_path),
    ):
        pass
