import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { trace } from '@opentelemetry/api';
import { CompiledSources } from '../../support/compiled-sources';

const sources = new CompiledSources(['src/telemetry/tracing.ts', 'src/telemetry/call-trace.ts']);
afterAll(() => sources.remove());

/** Runs the module in a process of its own: the exporter loads parts of itself in a way that jest forbids. */
async function run(program: string, env: Record<string, string> = {}): Promise<string> {
  const required = ['tracing', 'call-trace'].map(
    (name) => `...require(${JSON.stringify(sources.path(`src/telemetry/${name}.ts`))})`,
  );
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['-e', `const telemetry = { ${required.join()} };\n(async () => {${program}})();`],
    { env: { PATH: process.env['PATH'], NODE_PATH: sources.env['NODE_PATH'], ...env } },
  );
  return stdout;
}

describe('tracing', () => {
  it('without being started, spans are recorded by nobody', () => {
    const span = trace.getTracer('test').startSpan('INVITE');
    expect(span.isRecording()).toBe(false);
    span.end();
  });

  it('without being started, nothing of the SDK is loaded', async () => {
    const loaded = await run(
      `console.log(Object.keys(require.cache).filter((file) => /opentelemetry.(?!api)/.test(file)).length)`,
    );
    expect(loaded.trim()).toBe('0');
  });

  describe('once started', () => {
    const received: { path: string | undefined; body: string }[] = [];
    const receiver = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        received.push({ path: request.url, body: Buffer.concat(parts).toString('latin1') });
        response.end();
      });
    });
    let endpoint: string;

    beforeAll(async () => {
      await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
      endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    });
    beforeEach(() => received.splice(0));
    afterAll(() => new Promise((resolve) => receiver.close(resolve)));

    const program = (samplingRatio: number): string => `
      const stop = await telemetry.startTracing({
        serviceName: 'dce-test', endpoint: ${JSON.stringify(endpoint)}, samplingRatio: ${samplingRatio} });
      const span = require('@opentelemetry/api').trace.getTracer('test').startSpan('INVITE');
      console.log(span.isRecording());
      span.end();
      await stop();`;

    it('spans reach the receiver, the last of them when it stops', async () => {
      expect((await run(program(1))).trim()).toBe('true');
      expect(received.map(({ path }) => path)).toEqual(['/v1/traces']);
      expect(received[0]?.body).toContain('INVITE');
      expect(received[0]?.body).toContain('dce-test');
    });

    it('what is not sampled is not sent', async () => {
      expect((await run(program(0))).trim()).toBe('false');
      expect(received).toEqual([]);
    });

    it('of a call all is kept or nothing, in whichever process', async () => {
      const kept = async (of: string): Promise<boolean[]> =>
        JSON.parse(
          await run(`
            const stop = await telemetry.startTracing({
              serviceName: 'dce-test', endpoint: ${JSON.stringify(endpoint)}, samplingRatio: 0.5 });
            const tracer = require('@opentelemetry/api').trace.getTracer('test');
            const kept = Array.from({ length: 40 }, (_, n) => ${of});
            console.log(JSON.stringify(kept.map((span) => span.isRecording())));
            await stop();`),
        ) as boolean[];
      const whole = await kept(`telemetry.startCallSpan('test', 'call ' + n, 'call', {})`);
      const beside = await kept(`tracer.startSpan('settle', {}, telemetry.callContext('call ' + n))`);
      expect(beside).toEqual(whole);
      expect(new Set(whole)).toEqual(new Set([true, false]));
    });

    it('what the operator says by the standard variables wins', async () => {
      expect((await run(program(1), { OTEL_TRACES_EXPORTER: 'none' })).trim()).toBe('false');
      expect(received).toEqual([]);
    });
  });
});
