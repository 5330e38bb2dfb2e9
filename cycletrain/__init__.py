"""Training jobs: reviewer, researcher, preference optimization and detection.

Names are imported on first use, so `import cycletrain` does not load torch.
"""

from typing import TYPE_CHECKING

from cycledata import __version__ as __version__
from cycledata.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from cycledata.llm.chat import Sampling as Sampling
    from cycledata.svg import Curve as Curve
    from cycletrain.config import DetectConfig as DetectConfig
    from cycletrain.config import RewardConfig as RewardConfig
    from cycletrain.config import RolloutConfig as RolloutConfig
    from cycletrain.config import SftConfig as SftConfig
    from cycletrain.config import SimpoConfig as SimpoConfig
    from cycletrain.config import SimpoLoss as SimpoLoss
    from cycletrain.config import ValidationConfig as ValidationConfig
    from cycletrain.config_tables import AdapterConfig as AdapterConfig
    from cycletrain.config_tables import ClusterConfig as ClusterConfig
    from cycletrain.config_tables import ModelConfig as ModelConfig
    from cycletrain.config_tables import ServerConfig as ServerConfig
    from cycletrain.config_tables import TrainingConfig as TrainingConfig
    from cycletrain.curvature import machine_probability as machine_probability
    from cycletrain.curvature import sampling_discrepancy as sampling_discrepancy
    from cycletrain.disclosure import DisclosureCheck as DisclosureCheck
    from cycletrain.disclosure import check_disclosure as check_disclosure
    from cycletrain.jobs.detect import run as run_detect
    from cycletrain.jobs.grpo import run as run_grpo
    from cycletrain.jobs.iterate import run as run_iterate
    from cycletrain.jobs.reward import run as run_reward
    from cycletrain.jobs.rollout import run as run_rollout
    from cycletrain.jobs.sft import run as run_sft
    from cycletrain.jobs.simpo import run as run_simpo
    from cycletrain.loop_config import AuditConfig as AuditConfig
    from cycletrain.loop_config import ControlsConfig as ControlsConfig
    from cycletrain.loop_config import GrpoConfig as GrpoConfig
    from cycletrain.loop_config import GrpoLoss as GrpoLoss
    from cycletrain.loop_config import IterateConfig as IterateConfig
    from cycletrain.losses import Logprobs as Logprobs
    from cycletrain.losses import mean_logprob as mean_logprob
    from cycletrain.losses import nll_loss as nll_loss
    from cycletrain.losses import simpo_loss as simpo_loss
    from cycletrain.preferences import Pairing as Pairing
    from cycletrain.preferences import PreferencePair as PreferencePair
    from cycletrain.preferences import Reward as Reward
    from cycletrain.preferences import Rollout as Rollout
    from cycletrain.preferences import UnpairedPrompt as UnpairedPrompt
    from cycletrain.preferences import pair_up as pair_up
    from cycletrain.read_recipe import read_config as read_config
    from cycletrain.reviewing import PredictionLine as PredictionLine
    from cycletrain.reward_audit.changes import Change as Change
    from cycletrain.reward_audit.changes import ShareOfGain as ShareOfGain
    from cycletrain.reward_audit.explained import ExplainedGain as ExplainedGain
    from cycletrain.reward_audit.explained import FeatureShare as FeatureShare
    from cycletrain.reward_audit.report import DistinctShare as DistinctShare
    from cycletrain.reward_audit.report import EditedPaper as EditedPaper
    from cycletrain.reward_audit.report import GroupDiversity as GroupDiversity
    from cycletrain.reward_audit.report import JudgedPaper as JudgedPaper
    from cycletrain.reward_audit.report import RewardAudit as RewardAudit
    from cycletrain.reward_audit.report import audit_policies as audit_policies
    from cycletrain.reward_audit.verdict import EditEffect as EditEffect
    from cycletrain.reward_audit.verdict import GainVerdict as GainVerdict
    from cycletrain.reward_audit.verdict import NamedChange as NamedChange
    from cycletrain.run_record import RunRecord as RunRecord
    from cycletrain.run_record import TextSample as TextSample
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "cycledata.llm.chat": ("Sampling",),
            "cycledata.svg": ("Curve",),
            "cycletrain.config": (
                "DetectConfig",
                "RewardConfig",
                "RolloutConfig",
                "SftConfig",
                "SimpoConfig",
                "SimpoLoss",
                "ValidationConfig",
            ),
            "cycletrain.config_tables": (
                "AdapterConfig",
                "ClusterConfig",
                "ModelConfig",
                "ServerConfig",
                "TrainingConfig",
            ),
            "cycletrain.curvature": (
                "machine_probability",
                "sampling_discrepancy",
            ),
            "cycletrain.disclosure": (
                "DisclosureCheck",
                "check_disclosure",
            ),
            "cycletrain.jobs.detect": ("run as run_detect",),
            "cycletrain.jobs.grpo": ("run as run_grpo",),
            "cycletrain.jobs.iterate": ("run as run_iterate",),
            "cycletrain.jobs.reward": ("run as run_reward",),
            "cycletrain.jobs.rollout": ("run as run_rollout",),
            "cycletrain.jobs.sft": ("run as run_sft",),
            "cycletrain.jobs.simpo": ("run as run_simpo",),
            "cycletrain.loop_config": (
                "AuditConfig",
                "ControlsConfig",
                "GrpoConfig",
                "GrpoLoss",
                "IterateConfig",
            ),
            "cycletrain.losses": (
                "Logprobs",
                "mean_logprob",
                "nll_loss",
                "simpo_loss",
            ),
            "cycletrain.preferences": (
                "Pairing",
                "PreferencePair",
                "Reward",
                "Rollout",
                "UnpairedPrompt",
                "pair_up",
            ),
            "cycletrain.read_recipe": ("read_config",),
            "cycletrain.reviewing": ("PredictionLine",),
            "cycletrain.reward_audit.changes": (
                "Change",
                "ShareOfGain",
            ),
            "cycletrain.reward_audit.explained": (
                "ExplainedGain",
                "FeatureShare",
            ),
            "cycletrain.reward_audit.report": (
                "DistinctShare",
                "EditedPaper",
                "GroupDiversity",
                "JudgedPaper",
                "RewardAudit",
                "audit_policies",
            ),
            "cycletrain.reward_audit.verdict": ("EditEffect", "GainVerdict", "NamedChange"),
            "cycletrain.run_record": ("RunRecord", "TextSample"),
        },
    )

__all__ = [
    "AdapterConfig",
    "AuditConfig",
    "Change",
    "ClusterConfig",
    "ControlsConfig",
    "Curve",
    "DetectConfig",
    "DisclosureCheck",
    "DistinctShare",
    "EditEffect",
    "EditedPaper",
    "ExplainedGain",
    "FeatureShare",
    "GainVerdict",
    "GroupDiversity",
    "GrpoConfig",
    "GrpoLoss",
    "IterateConfig",
    "JudgedPaper",
    "Logprobs",
    "ModelConfig",
    "NamedChange",
    "Pairing",
    "PredictionLine",
    "PreferencePair",
    "Reward",
    "RewardAudit",
    "RewardConfig",
    "Rollout",
    "RolloutConfig",
    "RunRecord",
    "Sampling",
    "ServerConfig",
    "SftConfig",
    "ShareOfGain",
    "SimpoConfig",
    "SimpoLoss",
    "TextSample",
    "TrainingConfig",
    "UnpairedPrompt",
    "ValidationConfig",
    "__version__",
    "audit_policies",
    "check_disclosure",
    "machine_probability",
    "mean_logprob",
    "nll_loss",
    "pair_up",
    "read_config",
    "run_detect",
    "run_grpo",
    "run_iterate",
    "run_reward",
    "run_rollout",
    "run_sft",
    "run_simpo",
    "sampling_discrepancy",
    "simpo_loss",
]
