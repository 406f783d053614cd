/** One conversation's entries as the server numbered them: 1, 2, 3 …; shown only without a hole. */

export interface Entry {
  seq: number;
}

export class Log<E extends Entry> {
  private shown: E[] = [];
  /** Entries that came before the ones that go in front of them. */
  private readonly early = new Map<number, E>();
  private heard = 0;
  private base: number | null = null;

  /** Oldest to newest, each `seq` one more than the last. */
  get entries(): readonly E[] {
    return this.shown;
  }

  /** The last `seq` shown: everything up to here is complete. */
  get lastSeq(): number {
    return this.shown.at(-1)?.seq ?? this.base ?? 0;
  }

  /** Whether the server is known to have more than is shown. */
  get behind(): boolean {
    return this.heard > this.lastSeq;
  }

  get hasOlder(): boolean {
    return (this.shown[0]?.seq ?? 1) > 1;
  }

  /** Whether a place to count from is known: after the newest page, or when nothing has been said yet. */
  get placed(): boolean {
    return this.base !== null;
  }

  /** Begins at a page that is contiguous in itself; what is not newer than it is its own. */
  place(page: readonly E[], lastSeq: number): E[] {
    this.base = page[0] ? page[0].seq - 1 : lastSeq;
    this.shown = [];
    this.hear(lastSeq);
    return this.add(page);
  }

  /** The server has said that it holds entries up to `seq`. */
  hear(seq: number): void {
    this.heard = Math.max(this.heard, seq);
  }

  /** Takes entries in any order, any number of times; answers those that became visible. */
  add(entries: readonly E[]): E[] {
    for (const entry of entries) {
      this.hear(entry.seq);
      if (!this.placed || entry.seq > this.lastSeq) this.early.set(entry.seq, entry);
    }
    const visible: E[] = [];
    if (!this.placed) return visible;
    for (let next = this.early.get(this.lastSeq + 1); next; next = this.early.get(this.lastSeq + 1)) {
      this.early.delete(next.seq);
      this.shown.push(next);
      visible.push(next);
    }
    for (const seq of this.early.keys()) if (seq <= this.lastSeq) this.early.delete(seq);
    if (visible.length) this.shown = this.shown.slice();
    return visible;
  }

  /** A page that ends where the shown entries begin; any other is left out. */
  addOlder(page: readonly E[]): E[] {
    const first = this.shown[0]?.seq;
    const last = page.at(-1)?.seq;
    if (first === undefined || last !== first - 1) return [];
    this.shown = [...page, ...this.shown];
    return [...page];
  }
}
