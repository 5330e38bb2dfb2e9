"""vLLM in this process: needs a GPU, and an environment of its own, since it pins its torch."""

from collections.abc import Sequence
from typing import Any

from cycledata.errors import RequestRejectedError
from cycledata.llm.chat import ChatRequest, Completion, ResponseSchema, Sampling
from cycledata.llm.control_tokens import neutralize, restore

_MAX_WORDS = 300


class VllmModel:
    """A model that vLLM runs in this process.

    Args:
        model: hub id or directory.
        schema: JSON schema of the completions; None for free text.
        adapter: directory of a LoRA adapter; None for the model itself.
        engine_args: passed on to `vllm.LLM`, e.g. `tensor_parallel_size=4`.

    Raises:
        ImportError: the `vllm` package is not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        schema: ResponseSchema | None = None,
        adapter: str | None = None,
        **engine_args: object,
    ) -> None:
        try:
            from vllm import LLM
            from vllm.exceptions import VLLMClientError
        except ImportError as error:
            raise ImportError(
                "vLLM is not installed here: pip install 'cyclekit[vllm]' in an environment of its"
                " own, or start `vllm serve` anywhere and give its URL"
            ) from error
        self.model = model
        self.url = f"vllm:{model}"
        self._schema = schema
        self._chat_options: dict[str, Any] = {"use_tqdm": False}
        if adapter is not None:
            from vllm.lora.request import LoRARequest

            self._chat_options["lora_request"] = LoRARequest("adapter", 1, adapter)
        self._llm = LLM(model=model, **engine_args)
        self._rejection = VLLMClientError

    def complete(
        self, requests: Sequence[ChatRequest], sampling: Sampling
    ) -> list[Completion | RequestRejectedError]:
        """Complete requests in one batch; return one result per request, in order."""
        try:
            return self._complete(requests, sampling)
        except self._rejection as error:
            if len(requests) == 1:
                words = str(error)[:_MAX_WORDS]
                return [
                    RequestRejectedError(
                        f"{requests[0].id}: rejected by {self.url}: {words}",
                        too_long="length" in str(error),
                    )
                ]
            # One prompt beyond the context fails the whole batch, and vLLM does not say which.
            return [self.complete([request], sampling)[0] for request in requests]

    def _complete(
        self, requests: Sequence[ChatRequest], sampling: Sampling
    ) -> list[Completion | RequestRejectedError]:
        chats, counts = [], []
        for request in requests:
            pairs = [neutralize(message.content) for message in request.messages]
            counts.append(sum(n for _, n in pairs))
            chats.append(
                [
                    {"role": message.role, "content": text}
                    for message, (text, _) in zip(request.messages, pairs, strict=True)
                ]
            )
        settings = [self._settings(request, sampling) for request in requests]
        outputs = self._llm.chat(chats, settings, **self._chat_options)
        return [
            Completion(
                restore(output.outputs[0].text.encode("utf-8", "backslashreplace").decode()),
                output.outputs[0].finish_reason,
                served_model=self.model,
                n_prompt_tokens=len(output.prompt_token_ids or ()),
                n_completion_tokens=len(output.outputs[0].token_ids),
                n_neutralized=n,
            )
            for output, n in zip(outputs, counts, strict=True)
        ]

    def _settings(self, request: ChatRequest, sampling: Sampling) -> Any:
        from vllm import SamplingParams

        options: dict[str, Any] = {}
        if self._schema is not None:
            from vllm.sampling_params import StructuredOutputsParams

            # The older `guided_json` is ignored without a warning.
            options["structured_outputs"] = StructuredOutputsParams(json=self._schema.schema)
        return SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            seed=request.seed,
            **options,
        )
