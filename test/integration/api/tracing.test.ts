import { context, propagation, trace } from '@opentelemetry/api';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { node, tracing } from '@opentelemetry/sdk-node';
import { createLogger } from '../../../src/telemetry';
import type { CollectedSpan } from '../../support/trace-collector';
import { TraceCollector } from '../../support/trace-collector';
import { until } from '../../support/until';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

const lines: Record<string, unknown>[] = [];
const log = createLogger({
  level: 'info',
  component: 'test',
  destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
});
let collector: TraceCollector;
let provider: node.NodeTracerProvider;
let api: TestApi;

beforeAll(async () => {
  collector = await TraceCollector.start();
  // OTLP/HTTP in JSON. The transport of the SDK loads parts of itself in a way that jest forbids.
  const exporter: tracing.SpanExporter = {
    export: (ended, done) => {
      const body = Buffer.from(JsonTraceSerializer.serializeRequest(ended) ?? []);
      const headers = { 'Content-Type': 'application/json' };
      void fetch(`${collector.url}/v1/traces`, { method: 'POST', headers, body }).then(
        ({ ok }) => done({ code: ok ? 0 : 1 }),
        (error: Error) => done({ code: 1, error }),
      );
    },
    shutdown: () => Promise.resolve(),
  };
  provider = new node.NodeTracerProvider({
    sampler: new tracing.ParentBasedSampler({ root: new tracing.AlwaysOnSampler() }),
    spanProcessors: [new tracing.SimpleSpanProcessor(exporter)],
  });
  provider.register();
  api = await startTestApi({
    system: {
      stats: () => {
        // As parts of the switch do, some awaits below the handler.
        log.info('statistics were asked for');
        return Promise.resolve(
          trace.getTracer('test').startActiveSpan('stats', (span) => {
            span.end();
            return { calls: 0 };
          }),
        );
      },
    },
  });
});
beforeEach(() => {
  collector.spans.length = 0;
  lines.length = 0;
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
  await provider.shutdown();
  for (const part of [trace, context, propagation]) part.disable();
  await collector.stop();
});

const ask = (traceparent?: string) =>
  api.ask('GET', '/api/v1/system/stats', {
    headers: traceparent === undefined ? {} : { traceparent },
  });
const named = (name: string): CollectedSpan | undefined => collector.spans.find((span) => span.name === name);
const REQUEST = 'GET /api/v1/system/stats';
const attribute = (span: CollectedSpan | undefined, key: string): unknown =>
  Object.values(span?.attributes.find((one) => one.key === key)?.value ?? {})[0];

test('a request is a span in the trace of who asks, and so are its work and what is logged', async () => {
  const answer = await ask(`00-${TRACE}-${PARENT}-01`);
  expect(answer.status).toBe(200);
  await until('the spans', () =>
    Promise.resolve(named(REQUEST) !== undefined && named('stats') !== undefined),
  );
  const request = named(REQUEST);
  expect(request).toMatchObject({ traceId: TRACE, parentSpanId: PARENT });
  expect(named('stats')).toMatchObject({ traceId: TRACE, parentSpanId: request?.spanId });
  expect(lines).toMatchObject([
    { msg: 'statistics were asked for', trace_id: TRACE, span_id: request?.spanId },
  ]);
  expect(attribute(request, 'http.request.method')).toBe('GET');
  expect(attribute(request, 'http.route')).toBe('/api/v1/system/stats');
  expect(Number(attribute(request, 'http.response.status_code'))).toBe(200);
  expect(attribute(request, 'dce.request_id')).toBe(answer.headers.get('x-request-id'));
  expect(attribute(request, 'enduser.id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(JSON.stringify(collector.spans)).not.toContain(api.admin);
});

test.each([
  ['none', undefined],
  ['one that is none', '00-zz-b7ad6b7169203331-01'],
  ['zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
])('with %s there is a trace of its own', async (_what, traceparent) => {
  expect((await ask(traceparent)).status).toBe(200);
  await until('the span', () => Promise.resolve(named(REQUEST) !== undefined));
  expect(named(REQUEST)?.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
  expect(named(REQUEST)?.parentSpanId ?? '').toBe('');
  expect(lines[0]?.['trace_id']).toBe(named(REQUEST)?.traceId);
});

test('what the caller does not sample is not exported, and is logged with its trace all the same', async () => {
  await ask(`00-${TRACE}-${PARENT}-00`);
  await ask();
  await until('the second', () => Promise.resolve(named(REQUEST) !== undefined));
  expect(collector.spans.filter(({ traceId }) => traceId === TRACE)).toEqual([]);
  expect(lines[0]).toMatchObject({ trace_id: TRACE });
});
