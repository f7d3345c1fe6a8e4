import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics, LoadSampler, observeMediaServers, serveMetrics } from '../../../src/telemetry';

describe('metrics', () => {
  it('carry the names that dashboards and alerts know', async () => {
    const text = await createMetrics().registry.metrics();
    for (const name of [
      'dce_calls_total counter',
      'dce_calls_active gauge',
      'dce_calls_duration_seconds histogram',
      'dce_bids_total counter',
      'dce_routing_duration_seconds histogram',
      'dce_compliance_violations_total counter',
      'dce_fraud_score histogram',
      'dce_pdd_seconds histogram',
      'dce_ring_attempts_total counter',
      'dce_settlements_total counter',
      'dce_ledger_imbalance_micros gauge',
      'http_requests_total counter',
      'http_request_duration_seconds histogram',
      'nodejs_eventloop_lag_seconds gauge',
      'process_resident_memory_bytes gauge',
    ]) {
      expect(text).toContain(`# TYPE ${name}\n`);
    }
  });

  it('are documented, each with its kind and its labels', async () => {
    const documented = readFileSync(join(__dirname, '../../../docs/telemetry.md'), 'utf8')
      .split('\n')
      .flatMap((line) => /^\| `(\w+)` \| ([^|]+?) \|/.exec(line)?.slice(1, 3).join(' ') ?? [])
      .map((line) => line.replaceAll('`', ''));
    const known = await createMetrics().registry.getMetricsAsJSON();
    const ours = createMetrics()
      .registry.getMetricsAsArray()
      .filter(({ name }) => /^(dce|http)_/.test(name))
      .map((metric) => {
        const { labelNames = [] } = metric as unknown as { labelNames?: string[] };
        const kind = String(known.find(({ name }) => name === metric.name)?.type);
        return `${metric.name} ${kind}${labelNames.length > 0 ? `: ${labelNames.join(', ')}` : ''}`;
      });
    expect(documented.sort()).toEqual(ours.sort());
  });

  it('of two switches in one process do not mix', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.calls.inc({ outcome: 'completed', reason: 'caller_hangup' });
    expect(await one.registry.metrics()).toContain(
      'dce_calls_total{outcome="completed",reason="caller_hangup"} 1',
    );
    expect(await other.registry.metrics()).not.toContain('dce_calls_total{');
  });

  it('of media servers are what these are now', async () => {
    const metrics = createMetrics();
    const server = {
      name: '192.0.2.1:8021',
      legs: 7,
      maxLegs: 100,
      reconnects: 2,
      timeouts: 3,
      failovers: 4,
    };
    observeMediaServers(metrics, [{ ...server, state: 'up' }]);
    observeMediaServers(metrics, [{ ...server, state: 'draining' }]);
    const lines = (await metrics.registry.metrics()).split('\n').filter((line) => line.includes(server.name));
    expect(lines).toEqual([
      'dce_media_server_state{server="192.0.2.1:8021",state="up"} 0',
      'dce_media_server_state{server="192.0.2.1:8021",state="draining"} 1',
      'dce_media_server_state{server="192.0.2.1:8021",state="down"} 0',
      'dce_media_server_legs{server="192.0.2.1:8021"} 7',
      'dce_media_server_max_legs{server="192.0.2.1:8021"} 100',
      'dce_media_server_reconnects_total{server="192.0.2.1:8021"} 2',
      'dce_media_server_timeouts_total{server="192.0.2.1:8021"} 3',
      'dce_media_server_failovers_total{server="192.0.2.1:8021"} 4',
    ]);
  });

  it('of a process without an API are served, fresh at each reading', async () => {
    const metrics = createMetrics();
    let reads = 0;
    const server = await serveMetrics(metrics.registry, '127.0.0.1', 0, () => {
      metrics.ledgerImbalance.set({ currency: 'USD' }, ++reads);
      return reads === 2 ? Promise.reject(new Error('the database is away')) : Promise.resolve();
    });
    const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
    expect(await (await get('/metrics')).text()).toContain('dce_ledger_imbalance_micros{currency="USD"} 1');
    const second = await get('/metrics');
    expect(second.status).toBe(200);
    expect(second.headers.get('Content-Type')).toMatch(/^text\/plain/);
    expect((await get('/')).status).toBe(404);
    server.close();
  });
});

describe('the load of the process', () => {
  it('is read at no cost, and sampled no more once closed', () => {
    jest.useFakeTimers();
    const load = new LoadSampler();
    expect(load.rssBytes()).toBeGreaterThan(1_000_000);
    expect(load.eventLoopDelayMs()).toBe(0);
    expect(jest.getTimerCount()).toBe(1);
    load.close();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('is a delay that lasts: one long turn of the event loop is none', () => {
    jest.useFakeTimers();
    let turnMs = 10;
    const histogram = { enable: () => true, disable: () => true, reset: () => undefined };
    const load = new LoadSampler({ ...histogram, percentile: () => turnMs * 1e6 });
    const told = [12, 710, 10, 610, 710, 660, 10].map((ms) => {
      turnMs = ms;
      jest.advanceTimersByTime(500);
      return load.eventLoopDelayMs();
    });
    expect(told).toEqual([0, 2, 0, 0, 600, 650, 0]);
    load.close();
    jest.useRealTimers();
  });
});
