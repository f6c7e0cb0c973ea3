/** A Hugging Face `config.json`, as far as Poolscope reads it. */
export type ModelConfig = Readonly<Record<string, unknown>>;
