"""Chat models: one client for OpenAI-compatible endpoints and one wrapper of in-process vLLM."""
