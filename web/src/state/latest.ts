/** Asks for the newest only: one question at a time; what is asked meanwhile waits, and only the last of it is asked. */

export type Ask<Input, Output> = (input: Input, signal: AbortSignal) => Promise<Output>;

export class Latest<Input, Output> {
  private waiting: { input: Input } | null = null;
  private running: { begun: number; abort: AbortController } | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  /**
   * @param patience in milliseconds: an answer that takes longer is given up when a newer question waits.
   */
  constructor(
    private readonly ask: Ask<Input, Output>,
    private readonly answered: (output: Output, input: Input) => void,
    private readonly failed: (reason: unknown, input: Input) => void,
    private readonly patience = 1500,
  ) {}

  /** Whether a newer question waits. */
  get waits(): boolean {
    return this.waiting !== null;
  }

  put(input: Input): void {
    this.waiting = { input };
    if (!this.running) return this.next();
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (this.waiting && this.running) this.running.abort.abort();
    }, Math.max(0, this.running.begun + this.patience - Date.now()));
  }

  /** Forget what runs and what waits. */
  drop(): void {
    this.waiting = null;
    this.running?.abort.abort();
  }

  private next(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const { waiting } = this;
    if (!waiting) return;
    this.waiting = null;
    const abort = new AbortController();
    this.running = { begun: Date.now(), abort };
    const { input } = waiting;
    this.ask(input, abort.signal)
      .then(
        (output) => {
          if (!abort.signal.aborted) this.answered(output, input);
        },
        (reason: unknown) => {
          if (!abort.signal.aborted) this.failed(reason, input);
        },
      )
      .finally(() => {
        this.running = null;
        this.next();
      });
  }
}
