const HIDDEN = '***';
const SECRET_NAME = /(TOKEN|KEY|SECRET|PASSWORD|CREDENTIAL)/;
const SECRET_FLAG = /^--(api[-_]key|hf[-_]token)$/;

/** Words of a command without what nobody should read in a scenario or a recording: tokens, keys, passwords. */
export function withoutSecrets(words: readonly string[]): string[] {
  return words.map((word, i) => {
    if (SECRET_FLAG.test(words[i - 1] ?? '') && !word.startsWith('--')) return HIDDEN;
    const [, name] = /^((?:--env=|-e)?[A-Z][A-Z0-9_]*|--[\w-]+)=./.exec(word) ?? [];
    if (name === undefined) return word;
    return SECRET_FLAG.test(name) || SECRET_NAME.test(name) ? `${name}=${HIDDEN}` : word;
  });
}

/** Environment variables that a scenario may need; the others stay where they are. */
export function relevantEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const wanted = /^(PYTORCH_(CUDA_)?ALLOC_CONF|VLLM_\w+|CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES)$/;
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => wanted.test(name) && !SECRET_NAME.test(name)),
  );
}
