/** Asks for the newest only: one question at a time; what is asked meanwhile waits, and only the last of it is asked. */

export type Ask<Input, Output> = (input: Input, signal: AbortSignal) => Promise<Output>;

export class Latest<Input, Output> {
  private waiting: { input: Input } | null = null;
  private running: { begun: number; abort: AbortController } | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private resting: ReturnType<typeof setTimeout> | null = null;
  private asked = -Infinity;

  /**
   * @param patience in milliseconds: an answer that takes longer is given up when a newer question waits.
   * @param rest at least so many milliseconds lie between two questions, however fast answers come; above none, no
   * question is asked in the middle of what puts it.
   */
  constructor(
    private readonly ask: Ask<Input, Output>,
    private readonly answered: (output: Output, input: Input) => void,
    private readonly failed: (reason: unknown, input: Input) => void,
    private readonly patience = 1500,
    private readonly rest = 0,
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
    if (!this.waiting || this.resting) return;
    if (this.rest === 0) return this.begin();
    this.resting = setTimeout(() => {
      this.resting = null;
      this.begin();
    }, Math.max(0, this.asked + this.rest - Date.now()));
  }

  private begin(): void {
    const { waiting } = this;
    if (!waiting) return;
    this.waiting = null;
    const abort = new AbortController();
    this.asked = Date.now();
    this.running = { begun: this.asked, abort };
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
