const DELAY_MS = 1000;
const INTERVAL_MS = 100;
const WIDTH = 28;

/** A bar on stderr for runs of more than a second; silent unless stderr is a terminal. */
export class ProgressBar {
  private readonly label: string;
  private readonly started = performance.now();
  private shownAt = 0;
  private readonly visible = process.stderr.isTTY === true && !process.env.CI;

  constructor(label: string) {
    this.label = label;
  }

  update(share: number, detail: string): void {
    const now = performance.now();
    if (!this.visible || now - this.started < DELAY_MS || now - this.shownAt < INTERVAL_MS) return;
    this.shownAt = now;
    const full = Math.round(share * WIDTH);
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
    process.stderr.write(`\r\x1b[K${this.label} ${bar} ${Math.floor(share * 100)} % · ${detail}`);
  }

  end(): void {
    if (this.shownAt > 0) process.stderr.write('\r\x1b[K');
  }
}
