/** One conversation's entries as the server numbered them: 1, 2, 3 …; shown only without a hole. */

export interface Entry {
  seq: number;
}

export class Log<E extends Entry> {
  private _shown: E[] = [];
  /** Entries that came before the ones that go in front of them. */
  private readonly _early = new Map<number, E>();
  private _heard = 0;
  private _base: number | null = null;

  /** Oldest to newest, each `seq` one more than the last. */
  get entries(): readonly E[] {
    return this._shown;
  }

  /** The last `seq` shown: everything up to here is complete. */
  get lastSeq(): number {
    return this._shown[this._shown.length - 1]?.seq || this._base || 0;
  }

  /** Whether the server is known to have more than is shown. */
  get behind(): boolean {
    return this._heard > this.lastSeq;
  }

  get hasOlder(): boolean {
    return (this._shown[0]?.seq || 1) > 1;
  }

  /** Whether a place to count from is known: after the newest page, or when nothing has been said yet. */
  get placed(): boolean {
    return this._base !== null;
  }

  /** Begins at a page that is contiguous in itself; what is not newer than it is its own. */
  place(page: readonly E[], lastSeq: number): E[] {
    this._base = page[0] ? page[0].seq - 1 : lastSeq;
    this._shown = [];
    this.hear(lastSeq);
    return this.add(page);
  }

  /** The server has said that it holds entries up to `seq`. */
  hear(seq: number): void {
    this._heard = Math.max(this._heard, seq);
  }

  /** Takes entries in any order, any number of times; answers those that became visible. */
  add(entries: readonly E[]): E[] {
    for (const entry of entries) {
      this.hear(entry.seq);
      if (!this.placed || entry.seq > this.lastSeq) this._early.set(entry.seq, entry);
    }
    const visible: E[] = [];
    if (!this.placed) return visible;
    for (let next = this._early.get(this.lastSeq + 1); next; next = this._early.get(this.lastSeq + 1)) {
      this._early.delete(next.seq);
      this._shown.push(next);
      visible.push(next);
    }
    for (const seq of this._early.keys()) if (seq <= this.lastSeq) this._early.delete(seq);
    if (visible.length) this._shown = this._shown.slice();
    return visible;
  }

  /** A page that ends where the shown entries begin; any other is left out. */
  addOlder(page: readonly E[]): E[] {
    const first = this._shown[0]?.seq;
    const last = page[page.length - 1]?.seq;
    if (first === undefined || last !== first - 1) return [];
    this._shown = [...page, ...this._shown];
    return [...page];
  }
}
