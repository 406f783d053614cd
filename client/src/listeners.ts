/** Who wants to know: a set of callbacks, of which none can keep the others from being called. */

export class Listeners<Arguments extends unknown[]> {
  private readonly all = new Set<(...values: Arguments) => void>();

  /** The answer takes the listener off again. */
  add(listener: (...values: Arguments) => void): () => void {
    this.all.add(listener);
    return () => this.all.delete(listener);
  }

  call(...values: Arguments): void {
    for (const listener of [...this.all]) {
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
