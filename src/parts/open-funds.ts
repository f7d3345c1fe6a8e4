import { AccountTermsBook, PostgresFunds, worstCost } from '../billing';
import type { Config } from '../config';
import type { Clock } from '../domain';
import { micros } from '../domain';
import { WalletFundsDesk } from './funds-desk';
import { UnheldExposure } from './funds-exposure';
import { HoldExtender } from './funds-extender';
import { Database } from '../storage';

export interface FundsParts {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly bootId: string;
  readonly clock: Clock;
  /** Wallets cannot be asked, or can again. */
  readonly onDegraded: (degraded: boolean, error?: Error) => void;
  /** Something did not work that is made up for. */
  readonly warn: (message: string) => (error: Error) => void;
  /** Ends a call whose wallet covers no more of it. */
  readonly endCall: (callId: string) => void;
}

/** The money of buyers, for a switch. */
export interface Funds {
  readonly desk: WalletFundsDesk;
  /** Covers calls further that need it. */
  extend(answered: readonly { readonly callId: string; readonly connectedMs: number }[]): void;
  /** Gives back what is still to be given back. */
  close(): Promise<void>;
}

/** A wallet waits for no other work: it has connections of its own, and gives up sooner. */
const POOL_SIZE = 2;
const STATEMENT_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 1_000;

/** Fees and taxes that were changed since are settled right, and held for a minute later. */
const TERMS_FRESH_MS = 60_000;

/** Puts together what asks wallets, covers long calls, and what is done while nobody can be asked. */
export function openFunds(parts: FundsParts): Funds {
  const { config, databaseUrl, bootId, clock, onDegraded, warn, endCall } = parts;
  const { statementTimeoutMs, connectTimeoutMs } = config.database;
  const { holdAheadMs, holdTimeoutMs, whenDatabaseIsAway, maxUnheldMicros } = config.billing;
  const database = new Database({
    url: databaseUrl,
    poolSize: POOL_SIZE,
    statementTimeoutMs: Math.min(statementTimeoutMs, STATEMENT_TIMEOUT_MS),
    connectTimeoutMs: Math.min(connectTimeoutMs, CONNECT_TIMEOUT_MS),
    applicationName: `dce wallets ${config.node.id}`,
    onError: warn('database connection lost'),
  });
  const funds = new PostgresFunds(database, {
    nodeId: config.node.id,
    bootId,
    onError: warn('held money is given back later'),
  });
  const terms = new AccountTermsBook({ now: () => clock.monotonic(), freshMs: TERMS_FRESH_MS });
  const extender = new HoldExtender({
    stretchMs: holdAheadMs,
    extend: (holdId, amounts) => funds.extend(holdId, amounts),
    onExhausted: endCall,
    monotonic: () => clock.monotonic(),
  });
  const desk = new WalletFundsDesk({
    funds,
    termsOf: async (accountId) => (await terms.at(database, [accountId], clock.now())).get(accountId),
    costOf: worstCost,
    aheadMs: holdAheadMs,
    holdTimeoutMs,
    whenAway: whenDatabaseIsAway,
    exposure: new UnheldExposure(micros(maxUnheldMicros)),
    extender,
    clock,
    onDegraded,
  });
  return {
    desk,
    extend: (answered) => extender.look(answered),
    close: async () => {
      extender.close();
      await funds.close();
      await database.close();
    },
  };
}
