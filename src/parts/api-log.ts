import type { RequestReport } from '../api';
import type { Logger } from '../telemetry';

/** Orchestrators and monitors ask for these all the time. */
const PROBES = new Set(['/metrics', '/health', '/health/live', '/health/ready', '/health/startup']);

/**
 * A line for each request of the API: who asked for which operation, and what became of it. There is no query
 * and no body in it, and of the path the pattern alone.
 */
export function requestLog(log: Logger): (report: RequestReport) => void {
  return ({ requestId, method, endpoint, status, seconds, principal, traceId }) => {
    const level = status >= 500 ? 'warn' : PROBES.has(endpoint) ? 'debug' : 'info';
    if (!log.isLevelEnabled(level)) return;
    const fields = { requestId, method, route: endpoint, status, ms: Math.round(seconds * 1e4) / 10 };
    log[level](
      {
        ...fields,
        ...(principal === undefined ? {} : { principal }),
        // The span is over by now: the logger does not know of it.
        ...(traceId === undefined ? {} : { trace_id: traceId }),
      },
      'request',
    );
  };
}
