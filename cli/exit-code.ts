/** What the process says when it ends; see docs/cli.md. Of several, the highest wins. Ctrl-C is a signal: 130. */
export const ExitCode = {
  Ok: 0,
  /** A check failed, or a simulated crash, hang or failed start that the scenario did not expect. */
  CheckFailed: 1,
  /** Bad usage or input. */
  BadInput: 2,
  /** A fault in Poolscope: an invariant broken. */
  Fault: 3,
} as const;
