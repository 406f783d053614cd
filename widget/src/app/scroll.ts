/** Keeps the log where its reader is: at the end while they are there, on the same bubble while older ones come in. */

/** How near to the end still counts as being there. */
const NEAR = 80;
/** How near to the beginning calls for the entries before it. */
const EARLY = 120;

export class Scroll {
  private _atEnd = true;
  private _first: number | undefined;
  private _height = 0;
  private _count = 0;

  /** To be called after each drawing; true when something new stands below what is in sight. */
  settle(box: Element, first: number | undefined, count: number, ownIsNew: boolean): boolean {
    const older = this._first !== undefined && first !== undefined && first < this._first;
    const more = count > this._count && !older;
    if (older) box.scrollTop += box.scrollHeight - this._height;
    else if (this._atEnd || (more && ownIsNew)) this.toEnd(box);
    const missed = more && !this._atEnd;
    this._first = first;
    this._height = box.scrollHeight;
    this._count = count;
    return missed;
  }

  toEnd(box: Element): void {
    box.scrollTop = box.scrollHeight;
    this._atEnd = true;
  }

  /** The reader moved; says where to. */
  moved(box: Element): { atEnd: boolean; early: boolean } {
    this._atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    return { atEnd: this._atEnd, early: box.scrollTop < EARLY };
  }
}
