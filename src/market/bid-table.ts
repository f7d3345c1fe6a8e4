import type { Account, Bid, BidQuality, Buyer, Target } from '../domain';
import { CAP_METRICS, CAP_PERIODS } from '../domain';
import type { BidContext, BidLinks, Standing } from './bid-book';
import { BidBook } from './bid-book';
import { Links } from './links';
import { Ordinals } from './ordinals';
import { TargetTable } from './target-table';

/** What a bid hangs on. */
export interface BidSurroundings {
  account(id: string): Account | undefined;
  buyer(id: string): Buyer | undefined;
  target(id: string): Target | undefined;
  quality(bidId: string): BidQuality | undefined;
}

/** A bid and where it stands. */
interface Entry {
  bid: Bid;
  book: BidBook;
  row: number;
}

/**
 * Every bid of the market, in the book of its campaign, with what its buyer, its target, its account
 * and its record say of it. Whatever of these changes is to be told here.
 */
export class BidTable {
  readonly #around: BidSurroundings;
  readonly #entries = new Map<string, Entry>();
  readonly #books = new Map<string, BidBook>();
  /** Which bids a change of a buyer or a target reaches. */
  readonly #byBuyer = new Links();
  readonly #byTarget = new Links();
  /** Small integers for ids. Those of buyers and targets live while a bid names them. */
  readonly ordinals = { bid: new Ordinals(), target: new Ordinals(), buyer: new Ordinals() } as const;
  readonly targets = new TargetTable(this.ordinals.target);

  constructor(around: BidSurroundings) {
    this.#around = around;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): Bid | undefined {
    return this.#entries.get(id)?.bid;
  }

  /** The bids of a campaign; undefined when it never had one. */
  bookOf(campaignId: string): BidBook | undefined {
    return this.#books.get(campaignId);
  }

  /** @throws RangeError when the bid cannot be compiled; the one before it then still stands */
  put(bid: Bid): void {
    if (bid.status === 'archived') {
      this.drop(bid.id);
      return;
    }
    const entry = this.#entries.get(bid.id);
    if (!entry) this.#insert(bid);
    else if (!isRelated(entry.bid, bid) || !sameCaps(entry.bid, bid)) this.#replace(entry, bid);
    else {
      const { book, row } = entry;
      if (!book.revise(row, bid)) entry.row = book.rewrite(row, bid);
      entry.bid = bid;
    }
  }

  drop(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    entry.book.remove(id);
    this.#unlinkBuyer(entry.bid);
    this.#unlinkTarget(entry.bid);
    this.ordinals.bid.release(id);
  }

  /** A buyer or its account is not what it was. */
  buyerChanged(id: string): void {
    this.#restand(this.#byBuyer.of(id));
  }

  targetChanged(id: string): void {
    this.targets.put(id, this.#around.target(id));
    this.#restand(this.#byTarget.of(id));
  }

  recordChanged(bidId: string): void {
    const entry = this.#entries.get(bidId);
    entry?.book.records.put(entry.row, this.#around.quality(bidId));
  }

  clear(): void {
    for (const id of [...this.#entries.keys()]) this.drop(id);
    this.#books.clear();
  }

  #insert(bid: Bid): void {
    const book = this.#bookFor(bid.campaignId);
    // What cannot be compiled is refused here, before anything is changed.
    const compiled = book.compile(bid);
    this.#byBuyer.add(bid.buyerId, bid.id);
    this.#byTarget.add(bid.targetId, bid.id);
    const around = this.#contextOf(bid);
    this.#entries.set(bid.id, { bid, book, row: book.insert(bid, compiled, around) });
  }

  /** A bid that now belongs to others, or counts against other limits, is another one under the same id. */
  #replace(entry: Entry, bid: Bid): void {
    const book = this.#bookFor(bid.campaignId);
    const compiled = book.compile(bid);
    const before = entry.bid;
    entry.book.remove(bid.id);
    this.#byBuyer.add(bid.buyerId, bid.id);
    this.#byTarget.add(bid.targetId, bid.id);
    if (before.buyerId !== bid.buyerId) this.#unlinkBuyer(before);
    if (before.targetId !== bid.targetId) this.#unlinkTarget(before);
    // Caps seen exhausted under other limits mean nothing: a new ordinal forgets them.
    if (!sameCaps(before, bid)) this.ordinals.bid.release(bid.id);
    entry.row = book.insert(bid, compiled, this.#contextOf(bid));
    entry.book = book;
    entry.bid = bid;
  }

  #contextOf(bid: Bid): BidContext {
    return {
      links: this.#linksOf(bid),
      standing: this.#standingOf(bid),
      record: this.#around.quality(bid.id),
    };
  }

  #bookFor(campaignId: string): BidBook {
    let book = this.#books.get(campaignId);
    if (!book) {
      book = new BidBook(this.targets);
      this.#books.set(campaignId, book);
    }
    return book;
  }

  #linksOf(bid: Bid): BidLinks {
    const { ordinals } = this;
    const known = ordinals.target.of(bid.targetId) >= 0;
    const target = ordinals.target.assign(bid.targetId);
    if (!known) this.targets.put(bid.targetId, this.#around.target(bid.targetId));
    return { bid: ordinals.bid.assign(bid.id), buyer: ordinals.buyer.assign(bid.buyerId), target };
  }

  #unlinkBuyer({ id, buyerId }: Bid): void {
    this.#byBuyer.delete(buyerId, id);
    if (this.#byBuyer.of(buyerId).size === 0) this.ordinals.buyer.release(buyerId);
  }

  #unlinkTarget({ id, targetId }: Bid): void {
    this.#byTarget.delete(targetId, id);
    if (this.#byTarget.of(targetId).size > 0) return;
    this.targets.put(targetId, undefined);
    this.ordinals.target.release(targetId);
  }

  #restand(bidIds: Iterable<string>): void {
    for (const id of bidIds) {
      const entry = this.#entries.get(id);
      entry?.book.setStanding(entry.row, this.#standingOf(entry.bid));
    }
  }

  #standingOf(bid: Bid): Standing {
    if (bid.status !== 'active') return 1;
    const buyer = this.#around.buyer(bid.buyerId);
    if (buyer?.status !== 'active') return 2;
    const target = this.#around.target(bid.targetId);
    if (target?.status !== 'active' || target.buyerId !== bid.buyerId) return 3;
    const account = this.#around.account(buyer.accountId);
    if (account?.status !== 'active') return 4;
    return account.funds === 'stopped' ? 5 : 0;
  }
}

/** Do two values of a bid hang on the same things? */
function isRelated(a: Bid, b: Bid): boolean {
  return (
    a.campaignId === b.campaignId &&
    a.buyerId === b.buyerId &&
    a.targetId === b.targetId &&
    a.status === b.status
  );
}

function sameCaps(a: Bid, b: Bid): boolean {
  const one = a.caps;
  const two = b.caps;
  if (one === two) return true;
  if (one.concurrent !== two.concurrent || one.spacingMs !== two.spacingMs) return false;
  for (const metric of CAP_METRICS) {
    const before = one[metric];
    const after = two[metric];
    if (before === after) continue;
    for (const period of CAP_PERIODS) if (before?.[period] !== after?.[period]) return false;
  }
  return true;
}
