import type { CallEvent, CallObserver } from './signaling';
import type { Metrics } from './telemetry';

const MAX_LISTENERS = 1_000;

/** Hands live news of calls to whoever watches. A watcher that fails is let go; calls never notice. */
export class CallNewsHub implements CallObserver {
  readonly #listeners = new Set<(event: unknown) => void>();
  readonly #count: (event: CallEvent) => void;

  /** @param count - told of every event first */
  constructor(count: (event: CallEvent) => void) {
    this.#count = count;
  }

  onCall(event: CallEvent): void {
    this.#count(event);
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        this.#listeners.delete(listener);
      }
    }
  }

  /** @returns how to stop */
  subscribe(listener: (event: unknown) => void): () => void {
    if (this.#listeners.size < MAX_LISTENERS) this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Turns news into figures. */
export function countCall(metrics: Metrics, event: CallEvent): void {
  switch (event.type) {
    case 'call.received':
      metrics.callsActive.inc();
      break;
    case 'call.decided': {
      const { decision, decisionMicroseconds } = event;
      metrics.routing.observe(decisionMicroseconds / 1e6);
      if (decision.trace.fraud) metrics.fraudScore.observe(decision.trace.fraud.score);
      for (const finding of decision.trace.findings) {
        if (finding.outcome === 'block') metrics.violations.inc({ rule: finding.rule });
      }
      if (decision.ok) metrics.bids.inc({ outcome: 'ranked' }, decision.plan.length);
      break;
    }
    case 'call.ring_failed':
      metrics.ringAttempts.inc({ outcome: event.outcome });
      break;
    case 'call.answered':
      metrics.ringAttempts.inc({ outcome: 'answered' });
      metrics.pdd.observe(event.pddMs / 1000);
      break;
    case 'call.ended':
      metrics.callsActive.dec();
      metrics.calls.inc({ outcome: event.record.state, reason: event.record.reason });
      if (event.record.sale) metrics.callDuration.observe(event.record.connectedMs / 1000);
      break;
    case 'call.refused':
      metrics.callsRefused.inc({ reason: event.reason });
      break;
    case 'call.ringing':
      break;
  }
}
