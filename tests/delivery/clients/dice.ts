/** Chance that can be repeated: the same seed and name give the same throws. */
export class Dice {
  private state: number;

  constructor(seed: number, name: string) {
    this.state = seed | 0;
    for (const character of name) this.state = Math.imul(this.state ^ character.charCodeAt(0), 0x9e3779b1) | 0;
  }

  /** In [0, 1): the generator mulberry32. */
  roll(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  id(): string {
    return Array.from({ length: 4 }, () =>
      Math.floor(this.roll() * 4_294_967_296)
        .toString(16)
        .padStart(8, "0"),
    ).join("");
  }
}
