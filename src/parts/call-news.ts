import type { CallEvent, CallObserver } from '../signaling';
import type { Metrics } from '../telemetry';

type Listener = (event: unknown) => void;

const MAX_LISTENERS = 1_000;

/** Hands live news of calls to whoever watches. A watcher that fails is let go; calls never notice. */
export class CallNewsHub implements CallObserver {
  readonly #parts = new Set<Listener>();
  readonly #watchers = new Set<Listener>();
  readonly #count: (event: CallEvent) => void;

  /** @param count - told of every event first */
  constructor(count: (event: CallEvent) => void) {
    this.#count = count;
  }

  /** Whether anybody watches: what nobody would see need not be found out. */
  get watched(): boolean {
    return this.#watchers.size > 0;
  }

  onCall(event: CallEvent): void {
    this.#count(event);
    for (const listeners of [this.#parts, this.#watchers]) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch {
          listeners.delete(listener);
        }
      }
    }
  }

  /** For parts of the switch, which listen always: nothing is found out for their sake. */
  attend(listener: Listener): void {
    this.#parts.add(listener);
  }

  /** @returns how to stop */
  subscribe(listener: Listener): () => void {
    if (this.#watchers.size < MAX_LISTENERS) this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
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
      for (const [reason, count] of Object.entries(decision.trace.bids.counts)) {
        metrics.bids.inc({ outcome: reason }, count);
      }
      break;
    }
    case 'call.ring_failed':
      metrics.ringAttempts.inc({ outcome: event.outcome });
      break;
    case 'call.answered':
      metrics.ringAttempts.inc({ outcome: 'answered' });
      metrics.bids.inc({ outcome: 'won' });
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
    case 'call.one_way_audio':
      metrics.oneWayAudio.inc({ leg: event.leg });
      break;
    case 'call.transferred':
      metrics.transfers.inc({ how: event.transfer.how });
      break;
    case 'call.monitored':
      metrics.monitorings.inc({ mode: event.mode });
      break;
    case 'call.recording':
      if (event.state === 'paused') metrics.recordingPauses.inc();
      break;
    case 'call.attended':
    case 'call.returned':
    case 'call.plan_step':
    case 'call.plan_unusable':
    case 'call.held':
    case 'call.resumed':
    case 'call.sound_played':
    case 'call.queued':
    case 'call.quality':
    case 'call.ringing':
      break;
  }
}
