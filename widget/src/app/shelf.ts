/** The parts that come when they are needed: asked for by name, found by an index that is itself loaded only then. */

import type { PartIndex, PartName, Parts, Surroundings } from "../contract.ts";

export class Shelf {
  private readonly _here: Partial<Parts> = {};
  private readonly _asked = new Set<PartName>();
  private _index: Promise<PartIndex> | undefined;

  /** `arrived` is called once with each part that has come. */
  constructor(
    private readonly _bring: Surroundings["bring"],
    private readonly _arrived: (part: Parts[PartName]) => void,
  ) {}

  /** Where it does not come, each further asking tries again. */
  get<Name extends PartName>(name: Name): Parts[Name] | undefined {
    if (!this._asked.has(name)) {
      this._asked.add(name);
      this.index()
        .then((index) => {
          const [path, integrity] = index[name];
          return this._bring<Parts[Name]>(path, integrity);
        })
        .then(
          (part) => {
            this._here[name] = part;
            this._arrived(part);
          },
          () => this._asked.delete(name),
        );
    }
    return this._here[name];
  }

  /** Fetched ahead, it spares the first part a round trip. */
  index(): Promise<PartIndex> {
    if (!this._index) {
      this._index = this._bring<PartIndex>(PARTS, PARTS_INTEGRITY);
      this._index.catch(() => {
        this._index = undefined;
      });
    }
    return this._index;
  }
}
