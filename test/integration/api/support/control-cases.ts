import type { HappyPath } from './happy-path';
import { MARKET_RESOURCES } from './market-bodies';

/** Operations on calls that are up, and those that decide and check without any. */
export function controlCases(
  liveCall: () => Promise<string>,
  callback: () => Promise<string>,
): [string, HappyPath][] {
  const id = 'draft';
  const { id: _id, ...fields } = MARKET_RESOURCES.find(({ path }) => path === 'campaigns')?.body(1) ?? {};
  const of = (what: string, body?: Record<string, unknown>): [string, HappyPath] => [
    `POST /api/v1/calls/{id}/${what}`,
    { id: liveCall, ...(body === undefined ? {} : { body }) },
  ];
  return [
    of('hangup', { reason: 'the caller is in distress' }),
    of('hold', {}),
    of('unhold', {}),
    of('transfer', { to: { kind: 'target', id: 'hall' } }),
    of('play', { sound: 'tone' }),
    of('recording', { action: 'pause' }),
    of('monitor', { action: 'stop' }),
    ['GET /api/v1/callbacks', {}],
    ['GET /api/v1/callbacks/{id}', { id: callback }],
    ['PATCH /api/v1/callbacks/{id}', { id: callback, body: { state: 'taken', note: 'before noon' } }],
    [
      'POST /api/v1/decisions/dry-run',
      { body: { campaignId: id, sellerId: 'seller', changes: [{ entity: 'campaign', id, fields }] } },
    ],
    ['POST /api/v1/checks/phone', { body: { number: '212-555-0123' } }],
    ['POST /api/v1/checks/compliance', { body: { number: '212-555-0123', origin: 'agent_outbound' } }],
  ];
}
