import type { Consent, E164 } from '../domain';
import { CONSENT_SCOPES } from '../domain';
import {
  CERTIFICATE_BYTES,
  certificateForm,
  packCertificate,
  PLAIN_TEXT,
  unpackCertificate,
} from './consent-certificate';

const PAGE_BITS = 14;
const PAGE_ROWS = 2 ** PAGE_BITS;
const PAGE_MASK = PAGE_ROWS - 1;

/** Rows are made a page at a time: growing copies nothing. */
class Page {
  readonly ids = new Float64Array(PAGE_ROWS);
  readonly givenAt = new Float64Array(PAGE_ROWS);
  /** NaN = never. */
  readonly expiresAt = new Float64Array(PAGE_ROWS);
  readonly revokedAt = new Float64Array(PAGE_ROWS);
  /** Places in the list of names; 0 = none. */
  readonly sellers = new Uint32Array(PAGE_ROWS);
  readonly campaigns = new Uint32Array(PAGE_ROWS);
  /** One bit for each of the scopes. */
  readonly scopes = new Uint8Array(PAGE_ROWS);
  readonly certificateKinds = new Uint8Array(PAGE_ROWS);
  readonly certificates = new Uint8Array(PAGE_ROWS * CERTIFICATE_BYTES);
  /** Of the next consent of the same number; of a free row, the next free one. 0 = none. */
  readonly next = new Uint32Array(PAGE_ROWS);
}

/** Bytes of a row in {@link Page}. */
const ROW_BYTES = 4 * 8 + 3 * 4 + 2 + CERTIFICATE_BYTES;
/** An id that is not a number of this form is kept as its text. */
const NUMERIC_ID = /^[1-9]\d{0,14}$/;

/** Consents as rows of typed arrays, counted from 1, with what does not fit into them aside. */
export class ConsentRows {
  readonly #pages: Page[] = [];
  #made = 0;
  #free = 0;
  #used = 0;
  readonly #names: string[] = [''];
  readonly #places = new Map<string, number>();
  /** Ids and certificates that are no packed ones, by row. */
  readonly #textIds = new Map<number, string>();
  readonly #textCertificates = new Map<number, string>();

  get size(): number {
    return this.#used;
  }

  /** Of the arrays; texts that are kept aside come on top. */
  get bytes(): number {
    return this.#pages.length * PAGE_ROWS * ROW_BYTES;
  }

  /** @returns the new row */
  add(consent: Consent): number {
    const row = this.#take();
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    if (NUMERIC_ID.test(consent.id)) page.ids[at] = Number(consent.id);
    else {
      page.ids[at] = 0;
      this.#textIds.set(row, consent.id);
    }
    page.givenAt[at] = consent.givenAt;
    page.expiresAt[at] = consent.expiresAt ?? Number.NaN;
    page.revokedAt[at] = consent.revokedAt ?? Number.NaN;
    page.sellers[at] = this.#placeOf(consent.sellerId);
    page.campaigns[at] = this.#placeOf(consent.campaignId);
    page.scopes[at] = consent.scopes.reduce((bits, scope) => bits | (1 << CONSENT_SCOPES.indexOf(scope)), 0);
    const kind = packCertificate(consent.certificate, page.certificates, at * CERTIFICATE_BYTES);
    page.certificateKinds[at] = kind;
    if (certificateForm(kind) === PLAIN_TEXT) this.#textCertificates.set(row, consent.certificate?.id ?? '');
    return row;
  }

  read(row: number, number: E164): Consent {
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    const bits = page.scopes[at] as number;
    return {
      id: this.idOf(row),
      number,
      sellerId: this.#nameAt(page.sellers[at] as number),
      campaignId: this.#nameAt(page.campaigns[at] as number),
      scopes: CONSENT_SCOPES.filter((_, bit) => (bits & (1 << bit)) !== 0),
      givenAt: page.givenAt[at] as number,
      expiresAt: instant(page.expiresAt[at] as number),
      revokedAt: instant(page.revokedAt[at] as number),
      certificate: unpackCertificate(
        page.certificateKinds[at] as number,
        page.certificates,
        at * CERTIFICATE_BYTES,
        this.#textCertificates.get(row),
      ),
    };
  }

  remove(row: number): void {
    this.#textIds.delete(row);
    this.#textCertificates.delete(row);
    this.setNext(row, this.#free);
    this.#free = row;
    this.#used--;
  }

  idOf(row: number): string {
    const id = this.#page(row).ids[row & PAGE_MASK] as number;
    return id === 0 ? (this.#textIds.get(row) ?? '') : String(id);
  }

  hasId(row: number, id: string): boolean {
    const numeric = this.#page(row).ids[row & PAGE_MASK] as number;
    return numeric === 0 ? this.#textIds.get(row) === id : NUMERIC_ID.test(id) && numeric === Number(id);
  }

  /** True when the first is to be told before the second: the newer, of equals the one with the greater id. */
  isNewer(one: number, other: number): boolean {
    const a = this.#page(one);
    const b = this.#page(other);
    const [at, bt] = [one & PAGE_MASK, other & PAGE_MASK];
    const givenA = a.givenAt[at] as number;
    const givenB = b.givenAt[bt] as number;
    if (givenA !== givenB) return givenA > givenB;
    const idA = a.ids[at] as number;
    const idB = b.ids[bt] as number;
    return idA !== idB ? idA > idB : this.idOf(one) > this.idOf(other);
  }

  nextOf(row: number): number {
    return this.#page(row).next[row & PAGE_MASK] as number;
  }

  setNext(row: number, next: number): void {
    this.#page(row).next[row & PAGE_MASK] = next;
  }

  #take(): number {
    this.#used++;
    const row = this.#free;
    if (row !== 0) {
      this.#free = this.nextOf(row);
      return row;
    }
    this.#made++;
    if (this.#made >> PAGE_BITS >= this.#pages.length) this.#pages.push(new Page());
    return this.#made;
  }

  #page(row: number): Page {
    const page = this.#pages[row >>> PAGE_BITS];
    if (!page) throw new RangeError(`there is no row ${row}`);
    return page;
  }

  #placeOf(name: string | undefined): number {
    if (name === undefined) return 0;
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    this.#names.push(name);
    this.#places.set(name, this.#names.length - 1);
    return this.#names.length - 1;
  }

  #nameAt(place: number): string | undefined {
    return place === 0 ? undefined : this.#names[place];
  }
}

function instant(milliseconds: number): number | undefined {
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
