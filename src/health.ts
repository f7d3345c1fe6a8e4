import { ConfigError, loadConfig } from './config';

/**
 * Asks the process on this machine whether it works: the switch, or with `--worker` the worker. Ends with 0
 * when it does, with 1 and one line when it does not. A program of its own and no command of `dce`: it
 * is run every few seconds beside live calls, and must not load the whole house to ask one question.
 */
async function main(): Promise<void> {
  const { DCE_CONFIG } = process.env;
  const { api, telemetry } = loadConfig({
    env: process.env,
    flags: {},
    file: DCE_CONFIG === '' ? undefined : DCE_CONFIG,
  }).config;
  const worker = process.argv.includes('--worker');
  const port = worker ? telemetry.workerMetricsPort : api.port;
  if (port === undefined) {
    throw new ConfigError('telemetry.workerMetricsPort (DCE_TELEMETRY_WORKER_METRICS_PORT) is not set');
  }
  const url = `http://${reachable(api.host)}:${port}${worker ? '/metrics' : '/health/ready'}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
    throw new Error(`${url} does not answer`, { cause: error });
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
}

const TIMEOUT_MS = 4_000;

/** Who listens on every address is asked on loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

main().catch((error: unknown) => {
  process.stderr.write(`dce: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
