import { createHmac, timingSafeEqual } from 'node:crypto';

const FORM = /^([A-Za-z0-9_-]{1,1024})\.([A-Za-z0-9_-]{43})$/;

/** What one node says to another by way of SIP: a text that only who has the secret of all nodes can have written. */
export class Signatures {
  readonly #secret: Buffer;
  readonly #purpose: string;

  /** @param purpose - what is signed for one is good for no other; without line breaks */
  constructor(secret: Buffer, purpose: string) {
    this.#secret = secret;
    this.#purpose = purpose;
  }

  /**
   * A token of letters that need no escapes.
   * @param context - what it goes along with, and is good for alone
   */
  sign(text: string, context: string): string {
    const payload = Buffer.from(text).toString('base64url');
    return `${payload}.${this.#mac(payload, context).toString('base64url')}`;
  }

  /** The text; undefined when nobody signed that for this context. */
  read(token: string, context: string): string | undefined {
    const [, payload = '', mac = ''] = FORM.exec(token) ?? [];
    const given = Buffer.from(mac, 'base64url');
    const expected = this.#mac(payload, context);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    return Buffer.from(payload, 'base64url').toString();
  }

  #mac(payload: string, context: string): Buffer {
    return createHmac('sha256', this.#secret)
      .update(`${this.#purpose}\n${payload}\n${context}`, 'latin1')
      .digest();
  }
}
