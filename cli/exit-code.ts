/** What the process says when it ends; see docs/cli.md. Of several, the highest wins. */
export const ExitCode = {
  Ok: 0,
  /** A check failed, or a simulated crash, hang or failed start that the scenario did not expect. */
  CheckFailed: 1,
  /** Bad usage or input. */
  BadInput: 2,
  /** A fault in Poolscope: an invariant broken. */
  Fault: 3,
  /** A limit of time or memory was reached. */
  Limit: 4,
  /** By Ctrl-C. */
  Interrupted: 130,
} as const;
