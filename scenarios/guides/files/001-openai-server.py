engine_args = AsyncEngineArgs(
model=MODEL_PATH,
tokenizer=MODEL_PATH,
tensor_parallel_size=1,
dtype="bfloat16", # 或"float16"
trust_remote_code=True,
gpu_memory_utilization=0.6, # 关键调整点
enforce_eager=True,
worker_use_ray=False,
engine_use_ray=False,
disable_log_requests=True,
max_model_len=4096, # 适当降低
enable_chunked_prefill=True,
)
