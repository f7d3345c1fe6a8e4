/** Facts of the bids of one campaign by row, as they are looked at when candidates are compared. */
export class BidColumns {
  /** Ids of the bids. */
  readonly ids: string[] = [];
  /** Standing price: expected revenue of a call in micro-units. */
  price: Float64Array;
  /** 1 before 10. */
  priority: Float64Array;
  /** 1 … 1000. */
  weight: Float64Array;
  /** 32-bit hashes of the bids' ids. */
  hash: Uint32Array;
  /** UTC epoch milliseconds; Infinity = stands until withdrawn. */
  expiresAt: Float64Array;
  /** Market ordinals: equal when the bid, the buyer or the target is the same one. */
  ordinal: Int32Array;
  buyer: Int32Array;
  target: Int32Array;
  /** 0 = stands; see `Standing`. */
  standing: Uint8Array;

  constructor(rows: number) {
    this.price = new Float64Array(rows);
    this.priority = new Float64Array(rows);
    this.weight = new Float64Array(rows);
    this.hash = new Uint32Array(rows);
    this.expiresAt = new Float64Array(rows);
    this.ordinal = new Int32Array(rows);
    this.buyer = new Int32Array(rows);
    this.target = new Int32Array(rows);
    this.standing = new Uint8Array(rows);
  }

  get rows(): number {
    return this.price.length;
  }

  grow(rows: number): void {
    this.price = widen(this.price, new Float64Array(rows));
    this.priority = widen(this.priority, new Float64Array(rows));
    this.weight = widen(this.weight, new Float64Array(rows));
    this.hash = widen(this.hash, new Uint32Array(rows));
    this.expiresAt = widen(this.expiresAt, new Float64Array(rows));
    this.ordinal = widen(this.ordinal, new Int32Array(rows));
    this.buyer = widen(this.buyer, new Int32Array(rows));
    this.target = widen(this.target, new Int32Array(rows));
    this.standing = widen(this.standing, new Uint8Array(rows));
  }
}

function widen<Column extends { set(from: Column): void }>(from: Column, into: Column): Column {
  into.set(from);
  return into;
}
