/** What the engine was told, after vLLM's own parsing: only what the user stated, nothing defaulted. */
export interface EngineFlags {
  /** Canonical snake_case flag name → parsed value, for flags that the version knows and Poolscope honours. */
  readonly honoured: Readonly<Record<string, FlagValue>>;
  /** Flags that the version knows and that touch neither memory nor scheduling: accepted, listed. */
  readonly ignored: readonly string[];
  /** Flags that this version does not know: vLLM would exit with "unrecognized arguments: …". */
  readonly unrecognized: readonly RefusedFlag[];
  /** Values that vLLM refuses: wrong type, or not among the choices of this version. */
  readonly invalid: readonly RefusedFlag[];
  /** Flags that change memory or scheduling, but not yet in Poolscope. */
  readonly unmodelled: readonly string[];
}
export type FlagValue = string | number | boolean | null | Readonly<Record<string, unknown>>;

/** What vLLM's own command line would refuse. */
export interface RefusedFlag {
  /** As argparse prints it. */
  readonly text: string;
  /** The nearest flag that exists, or why this one does not ("removed: use …"). */
  readonly advice: string;
}
