import { context, trace, TraceFlags } from '@opentelemetry/api';
import fc from 'fast-check';
import { createLogger } from '../../../src/telemetry';

interface Line extends Record<string, unknown> {
  readonly level: string;
  readonly msg: string;
}

function logger(level = 'debug') {
  const lines: string[] = [];
  const log = createLogger({
    level,
    component: 'test',
    destination: { write: (line) => void lines.push(line) },
  });
  return { log, text: () => lines.join(''), lines: () => lines.map((line) => JSON.parse(line) as Line) };
}

describe('log lines', () => {
  it('are JSON with a level by name, an ISO time and the component', () => {
    const { log, lines } = logger();
    log.info({ calls: 3 }, 'the switch takes calls');
    expect(lines()).toEqual([
      expect.objectContaining({
        level: 'info',
        component: 'test',
        calls: 3,
        msg: 'the switch takes calls',
        pid: process.pid,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      }),
    ]);
  });

  it('below the level are not written', () => {
    const { log, lines } = logger('warn');
    log.info('nobody reads this');
    log.warn('this they do');
    expect(lines().map(({ msg }) => msg)).toEqual(['this they do']);
  });

  it('carry the trace they belong to', () => {
    const { log, lines } = logger();
    const span = trace.wrapSpanContext({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: TraceFlags.SAMPLED,
    });
    // Without an SDK there is no active span to find; the API's own getter stands in for one.
    const active = jest.spyOn(trace, 'getActiveSpan').mockReturnValue(span);
    log.info('traced');
    active.mockRestore();
    log.info('not traced');
    expect(context.active()).toBeDefined();
    expect(lines()[0]).toMatchObject({
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: 'b7ad6b7169203331',
    });
    expect(lines()[1]).not.toHaveProperty('trace_id');
  });
});

describe('what is never written', () => {
  it.each([
    ['password', { user: { password: 'hunter2' } }],
    ['secret', { sip: { drachtio: { secret: 'hunter2' } } }],
    ['header', { headers: { authorization: 'Bearer hunter2', 'X-API-Key': 'hunter2' } }],
    ['list', { list: [{ token: 'hunter2' }] }],
    ['database URL', { url: 'postgres://dce:hunter2@db/dce' }],
    ['API key', { detail: 'key dce_hunter2hunter2hunter2 was used' }],
    ['error', { error: new Error('connect postgres://dce:hunter2@db/dce failed') }],
    ['cause', { error: new Error('x', { cause: new Error('redis://:hunter2@cache') }) }],
  ])('a secret in a %s', (_where, fields) => {
    const { log, text } = logger();
    log.error(fields, 'trouble');
    log.child(fields).error('trouble');
    expect(text()).not.toContain('hunter2');
    expect(text()).toContain('trouble');
  });

  it('a secret in the text of the line, or in an error that is the line', () => {
    const { log, text } = logger();
    log.error('cannot reach postgres://dce:hunter2@db/dce');
    log.error(new Error('cannot reach postgres://dce:hunter2@db/dce'));
    expect(text()).not.toContain('hunter2');
  });

  it('a telephone number, but for its first digits and the last two', () => {
    const { log, text, lines } = logger();
    log.info({ from: '+12125550123', uri: 'sip:12125550123@192.0.2.1' }, 'call from +12125550123');
    expect(text()).not.toContain('5550123');
    expect(lines()[0]).toMatchObject({
      from: '+1212*****23',
      uri: 'sip:1212*****23@192.0.2.1',
      msg: 'call from +1212*****23',
    });
  });

  it('no E.164 number gets through, wherever it stands', () => {
    const number = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.stringMatching(/^\d{6,14}$/))
      .map(([first, rest]) => `+${first}${rest}`);
    fc.assert(
      fc.property(number, fc.string(), fc.string(), (e164, before, after) => {
        const { log, text } = logger();
        log.info({ deep: { text: [`${before} ${e164} ${after}`] } }, `${e164} ${after}`);
        expect(text()).not.toContain(e164);
      }),
    );
  });

  it('figures and times stay as they are', () => {
    const { log, lines } = logger();
    log.info({ at: 1763712000000, id: '1763712000000', port: 5060, ok: true, nothing: null }, 'x');
    expect(lines()[0]).toMatchObject({
      at: 1763712000000,
      id: '1763712000000',
      port: 5060,
      ok: true,
      nothing: null,
    });
  });
});

describe('whatever is logged', () => {
  it('becomes one line, however deep, round or long it is', () => {
    const round: Record<string, unknown> = { name: 'round' };
    round['self'] = round;
    const { log, lines } = logger();
    log.info(round, 'round');
    log.info({ bytes: Buffer.alloc(10_000), many: Array(10_000).fill(1), long: 'x'.repeat(100_000) }, 'long');
    log.info({ big: 10n }, 'big');
    expect(lines().map(({ msg }) => msg)).toEqual(['round', 'long', 'big']);
    expect(JSON.stringify(lines()[1]).length).toBeLessThan(20_000);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }),
        fc.string(),
        (value, text) => {
          const { log, lines } = logger();
          log.info({ value }, text);
          expect(lines()).toHaveLength(1);
        },
      ),
    );
  });
});
