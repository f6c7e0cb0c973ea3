llm = LLM(model="DeepSeek-R1-Distill-Qwen-7B", offload_weights=True)
