import { trace } from '@opentelemetry/api';
import { tracing } from '@opentelemetry/sdk-node';
import type { CallEvent } from '../../../src/signaling';
import { CallTraces, traceSettlement } from '../../../src/parts/call-traces';
import { callTraceIds, keepCallTraces, namingCalls } from '../../../src/telemetry';

const exporter = new tracing.InMemorySpanExporter();

beforeAll(() => {
  keepCallTraces(() => true);
  trace.setGlobalTracerProvider(
    new tracing.BasicTracerProvider({
      idGenerator: namingCalls(new tracing.RandomIdGenerator()),
      spanProcessors: [new tracing.SimpleSpanProcessor(exporter)],
    }),
  );
});
beforeEach(() => exporter.reset());
afterAll(() => trace.disable());

const AT = 1_800_000_000_000;
const target = { targetId: 't1', buyerId: 'b1' };
const PERSON = '+12125550123';

/** News of a call, `after` milliseconds past its INVITE. */
function news(callId: string, after: number, event: Record<string, unknown>): CallEvent {
  return { callId, at: AT + after, ...event } as unknown as CallEvent;
}

const received = {
  type: 'call.received',
  attempt: { trunkId: 'trunk', origin: 'inbound_consumer', from: PERSON },
};
const decided = {
  type: 'call.decided',
  decisionMicroseconds: 2_000,
  decision: {
    ok: true,
    plan: [target],
    trace: { campaignId: 'c', fraud: { score: 0.2 }, bids: { total: 7 } },
  },
};
const ended = (record: object): Record<string, unknown> => ({
  type: 'call.ended',
  record: { state: 'completed', reason: 'caller_hangup', sipStatus: 200, connectedMs: 5_000, ...record },
});

interface Told {
  readonly name: string;
  readonly parent: string | undefined;
  readonly ms: readonly [number, number];
  readonly attributes: Readonly<Record<string, unknown>>;
}

const millis = ([seconds, nanos]: readonly [number, number]): number => seconds * 1e3 + nanos / 1e6 - AT;

function told(): Told[] {
  return exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    parent: span.parentSpanContext?.spanId,
    ms: [millis(span.startTime), millis(span.endTime)],
    attributes: span.attributes,
  }));
}

test('a call is one trace from its INVITE to its money, found by its id alone', () => {
  const traces = new CallTraces();
  const { traceId, spanId } = callTraceIds('call-1');
  const happens: [number, Record<string, unknown>][] = [
    [0, received],
    [3, decided],
    [4, { type: 'call.ringing', target, attempt: 1 }],
    [900, { type: 'call.ring_failed', target, outcome: 'busy', sipStatus: 486 }],
    [901, { type: 'call.ringing', target: { ...target, targetId: 't2' }, attempt: 2 }],
    [2_000, { type: 'call.answered', target, pddMs: 2_000, agentId: undefined }],
    [3_000, { type: 'call.held' }],
    [7_000, ended({ endedAt: AT + 7_000 })],
  ];
  for (const [after, event] of happens) traces.onCall(news('call-1', after, event));
  expect(traces.size).toBe(0);
  traceSettlement('call-1', 'settled', AT + 7_100, AT + 7_140);

  expect(new Set(exporter.getFinishedSpans().map((span) => span.spanContext().traceId))).toEqual(
    new Set([traceId]),
  );
  const whole = exporter.getFinishedSpans().find(({ name }) => name === 'call');
  expect(whole?.spanContext().spanId).toBe(spanId);
  expect(whole?.events.map(({ name }) => name)).toEqual(['answered', 'held']);
  expect(told()).toEqual([
    {
      name: 'decide',
      parent: spanId,
      ms: [1, 3],
      attributes: expect.objectContaining({
        'dce.outcome': 'sold',
        'dce.bids': 7,
        'dce.fraud_score': 0.2,
      }) as object,
    },
    {
      name: 'ring',
      parent: spanId,
      ms: [4, 900],
      attributes: expect.objectContaining({ 'dce.outcome': 'busy', 'dce.sip_status': 486 }) as object,
    },
    {
      name: 'ring',
      parent: spanId,
      ms: [901, 2_000],
      attributes: expect.objectContaining({ 'dce.outcome': 'answered', 'dce.target_id': 't2' }) as object,
    },
    {
      name: 'call',
      parent: undefined,
      ms: [0, 7_000],
      attributes: expect.objectContaining({
        'dce.state': 'completed',
        'dce.reason': 'caller_hangup',
      }) as object,
    },
    {
      name: 'settle',
      parent: spanId,
      ms: [7_100, 7_140],
      attributes: { 'dce.call_id': 'call-1', 'dce.outcome': 'settled' },
    },
  ]);
  expect(JSON.stringify(told())).not.toContain(PERSON.slice(1));
});

test('two calls at once are two traces; whoever gives up while it rings ends that as well', () => {
  const traces = new CallTraces();
  for (const callId of ['a', 'b']) traces.onCall(news(callId, 0, received));
  traces.onCall(news('a', 5, { type: 'call.ringing', target, attempt: 1 }));
  traces.onCall(news('a', 50, ended({ state: 'canceled', reason: 'caller_cancel', endedAt: AT + 50 })));
  traces.onCall(news('b', 9, { type: 'call.ring_failed', target, outcome: 'cap_reached', sipStatus: 0 }));
  traces.onCall(news('b', 10, ended({ state: 'failed', reason: 'buyers_exhausted', endedAt: AT + 10 })));
  expect(traces.size).toBe(0);
  const [ring, first, second] = exporter.getFinishedSpans();
  expect([ring?.name, ring?.attributes['dce.outcome']]).toEqual(['ring', 'canceled']);
  expect(first?.spanContext().traceId).toBe(callTraceIds('a').traceId);
  expect(second?.spanContext().traceId).toBe(callTraceIds('b').traceId);
  expect(second?.events[0]?.name).toBe('target left out');
  expect(second?.status).toMatchObject({ code: 2, message: 'buyers_exhausted' });
});

test('other spans have names of their own, and news of a call that is not known make none', () => {
  trace.getTracer('x').startSpan('other').end();
  new CallTraces().onCall(news('c', 0, decided));
  expect(told().map(({ name }) => name)).toEqual(['other']);
  expect(exporter.getFinishedSpans()[0]?.spanContext().traceId).not.toBe(callTraceIds('c').traceId);
});
