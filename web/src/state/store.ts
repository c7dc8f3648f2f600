/** A value with watchers, in the shape that Svelte's `$name` reads, without Svelte. */

export type Watcher<Value> = (value: Value) => void;

export class Store<Value> {
  private readonly watchers = new Set<Watcher<Value>>();

  constructor(private held: Value) {}

  get value(): Value {
    return this.held;
  }

  set(value: Value): void {
    if (Object.is(value, this.held)) return;
    this.held = value;
    for (const watcher of [...this.watchers]) watcher(value);
  }

  update(change: (value: Value) => Value): void {
    this.set(change(this.held));
  }

  subscribe(watcher: Watcher<Value>): () => void {
    this.watchers.add(watcher);
    watcher(this.held);
    return () => this.watchers.delete(watcher);
  }
}
