/** Who wants to know: a set of callbacks, of which none can keep the others from being called. */

export class Listeners<Arguments extends unknown[]> {
  private readonly _all = new Set<(...values: Arguments) => void>();

  /** The answer takes the listener off again. */
  add(listener: (...values: Arguments) => void): () => void {
    this._all.add(listener);
    return () => this._all.delete(listener);
  }

  call(...values: Arguments): void {
    for (const listener of [...this._all]) {
      try {
        listener(...values);
      } catch (error) {
        // A listener's mistake is its own: reported where the browser reports such things, later.
        setTimeout(() => {
          throw error;
        });
      }
    }
  }
}
