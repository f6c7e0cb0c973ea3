llm = LLM(model="DeepSeek-R1-Distill-Qwen-7B", gpu_memory_utilization=0.4)
