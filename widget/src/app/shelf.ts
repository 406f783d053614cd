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
    if (!this._asked.has(name)) this.bring(name).catch(() => {});
    return this._here[name];
  }

  async bring<Name extends PartName>(name: Name): Promise<Parts[Name]> {
    this._asked.add(name);
    try {
      const [path, integrity] = (await this.index())[name];
      const part = await this._bring<Parts[Name]>(path, integrity);
      this._here[name] = part;
      this._arrived(part);
      return part;
    } catch (error) {
      this._asked.delete(name);
      throw error;
    }
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
