import type { ControlConnection } from '../control';
import type { SipRequest } from '../message';
import type { ClientTransaction } from '../transaction';
import type { Hop } from '../transport';

/** A request that an application, or the server itself, sent; over all the hops it may need. */
export class SentRequest {
  transaction: ClientTransaction | undefined;
  /** It is to be cancelled: the CANCEL's text, '' once that was sent. */
  cancelled: string | undefined;
  /** Final response seen. */
  over = false;

  constructor(
    /** Name of its transaction towards the application. */
    readonly id: string,
    /** Who hears of its responses; undefined for a request of the server's own. */
    readonly connection: ControlConnection | undefined,
    /** As sent, without Via. */
    readonly request: SipRequest,
    /** Name of the dialog it belongs to, or makes; '' for none. */
    readonly dialog: string,
    /** The hops to try yet. */
    public hops: readonly Hop[] = [],
  ) {}
}

/** All that still have a transaction, by their names. */
export type SentRequests = Map<string, SentRequest>;
