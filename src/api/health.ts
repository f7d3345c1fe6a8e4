import type { Express } from 'express';
import { sendProblem } from './problem';

/** How one part is. `degraded`: it works in its fallback. */
export interface HealthCheck {
  readonly status: 'ok' | 'degraded' | 'down';
  readonly detail?: string;
}

export type HealthChecks = Readonly<Record<string, HealthCheck>>;

export interface Health {
  /** Every part, by name. */
  checks(): Promise<HealthChecks>;
  /** True while new calls are taken. */
  ready(): boolean;
  metrics(): Promise<{ contentType: string; text: string }>;
}

/** Whoever may reach the port may ask: the parts are looked at once in so many milliseconds. */
const FRESH_MS = 1_000;
/** A part that does not say how it is in this time is down. */
const CHECK_MS = 3_000;

/**
 * `/health` for people and monitors: 200, 206 when a part works in its fallback, 503 when one is down.
 * For orchestrators: `/health/live` (restart me when this fails), `/health/startup` (wait until this
 * works; it stays so) and `/health/ready` (send me new calls while this works). And `/metrics`.
 */
export function serveHealth(app: Express, health: Health, now: () => number): void {
  const startedAt = now();
  const look = remembering(() => withLimit(health.checks()), now);
  let started = false;
  const isReady = (): boolean => {
    const ready = health.ready();
    started ||= ready;
    return ready;
  };
  app.get('/health', async (_request, response) => {
    const checks = await look();
    const all = Object.values(checks);
    const down = all.some((check) => check.status === 'down');
    const degraded = all.some((check) => check.status === 'degraded');
    response.status(down ? 503 : degraded ? 206 : 200).json({
      status: down ? 'down' : degraded ? 'degraded' : 'ok',
      uptimeMs: Math.round(now() - startedAt),
      checks,
    });
  });
  app.get('/health/live', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/health/startup', (_request, response) => {
    const yes = isReady() || started;
    response.status(yes ? 200 : 503).json({ status: yes ? 'ok' : 'starting' });
  });
  app.get('/health/ready', (_request, response) => {
    const ready = isReady();
    response.status(ready ? 200 : 503).json({ status: ready ? 'ok' : 'not_ready' });
  });
  app.get('/metrics', async (_request, response) => {
    const { contentType, text } = await health.metrics();
    response.setHeader('Content-Type', contentType);
    response.send(text);
  });
  app.all(['/health', '/health/:which', '/metrics'], (request, response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') return next();
    response.setHeader('Allow', 'GET, HEAD');
    sendProblem(response, 405, 'method_not_allowed', 'only GET here');
  });
}

/** A look that fails or hangs is itself a finding. */
async function withLimit(checks: Promise<HealthChecks>): Promise<HealthChecks> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<HealthChecks>((resolve) => {
    timer = setTimeout(() => resolve({ checks: { status: 'down', detail: 'they take too long' } }), CHECK_MS);
  });
  try {
    return await Promise.race([checks, late]);
  } catch {
    return { checks: { status: 'down', detail: 'they fail' } };
  } finally {
    clearTimeout(timer);
  }
}

/** The same look for all who ask at about the same time. */
function remembering(look: () => Promise<HealthChecks>, now: () => number): () => Promise<HealthChecks> {
  let last: { readonly at: number; readonly checks: Promise<HealthChecks> } | undefined;
  return () => {
    if (!last || now() - last.at >= FRESH_MS) last = { at: now(), checks: look() };
    return last.checks;
  };
}
