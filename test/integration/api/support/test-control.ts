import type { ApiServices, ControlAnswer, LiveCallView } from '../../../../src/api';
import { FraudState, ModelShelf } from '../../../../src/fraud';
import { Activity, Market } from '../../../../src/market';
import { dryRunDesk } from '../../../../src/parts/dry-run';
import { numberChecks } from '../../../../src/parts/number-checks';
import type { Database } from '../../../../src/storage';
import { saveTestCall } from '../../../../src/storage';

const FEW = { callers: 64, connectedCallers: 64, contacts: 64, counters: 64 };
const SMALL = { callers: 64, dids: 64, sellers: 16, trunks: 16 };
const clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** Checks and dry-runs of a node that knows this market, and has seen no calls. */
export function knowing(market = new Market()): Pick<ApiServices, 'dryRun' | 'checks'> {
  const activity = new Activity(market, FEW);
  const known = { market, activity, fraud: new FraudState(SMALL), shelf: new ModelShelf() };
  return {
    dryRun: dryRunDesk({ config: { decision: { without: [] } } as never, known, clock }),
    checks: numberChecks({ known, clock }),
  };
}

/** Rings nobody: whatever a test call rings is busy. */
export function busy(pool: Database): ApiServices['testCalls'] {
  return {
    nodeId: 'n1',
    assertReady: () => undefined,
    start: ({ id }) => {
      const over = {
        outcome: 'busy',
        sipStatus: 486,
        detail: '',
        calledAt: 1,
        ringingAt: null,
        answeredAt: null,
      } as const;
      const nothing = { attempts: [], audio: null, ladder: [] };
      void saveTestCall(pool, id, { state: 'ended', ...over, endedAt: 2, ...nothing });
    },
    hangUp: () => undefined,
  };
}

/** A switch that does what it is told to its calls; `asked` says what that was. */
export function obedient(
  calls: readonly Record<string, unknown>[],
  asked: unknown[] = [],
): ApiServices['callControl'] {
  return {
    control: (callId, command, buyerIds) => {
      const call = calls.find((one) => one['callId'] === callId);
      if (!call) return Promise.resolve<ControlAnswer>({ kind: 'not_live' });
      asked.push([callId, command, buyerIds]);
      const live = {
        ...{ nodeId: 'n1', state: 'answered', held: command.kind === 'hold' },
        recording: { state: 'off' },
        can: ['record', 'monitor'],
        ...call,
      };
      return Promise.resolve<ControlAnswer>({ kind: 'done', call: live as unknown as LiveCallView });
    },
    look: (callId) => {
      const call = calls.find((one) => one['callId'] === callId);
      return Promise.resolve(
        call &&
          ({
            ...{ nodeId: 'n1', held: false, recording: { state: 'off' }, can: [] },
            ...call,
          } as unknown as LiveCallView),
      );
    },
    list: () => Promise.resolve({ items: calls as never, more: false, silentNodes: 0 }),
  };
}
