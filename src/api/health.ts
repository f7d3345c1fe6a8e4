import type { Express } from 'express';

/** How one part is. `degraded`: it works in its fallback. */
export interface HealthCheck {
  readonly status: 'ok' | 'degraded' | 'down';
  readonly detail?: string;
}

export interface Health {
  /** Every part, by name. */
  checks(): Promise<Readonly<Record<string, HealthCheck>>>;
  /** True while new calls are taken. */
  ready(): boolean;
  metrics(): Promise<{ contentType: string; text: string }>;
}

/** `/health`, `/health/live`, `/health/ready` and `/metrics`: open to whoever may reach the port. */
export function serveHealth(app: Express, health: Health, startedAt: number, now: () => number): void {
  app.get('/health', async (_request, response) => {
    const checks = await health.checks();
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
  app.get('/health/ready', (_request, response) => {
    const ready = health.ready();
    response.status(ready ? 200 : 503).json({ status: ready ? 'ok' : 'not_ready' });
  });
  app.get('/metrics', async (_request, response) => {
    const { contentType, text } = await health.metrics();
    response.setHeader('Content-Type', contentType);
    response.send(text);
  });
}
