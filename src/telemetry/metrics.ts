import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MICROS = [0.00001, 0.000025, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.005, 0.01];

/** Everything the switch counts, under the prefix `dce_`. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    calls: new Counter({
      name: 'dce_calls_total',
      help: 'Calls that ended',
      labelNames: ['outcome', 'reason'],
      registers,
    }),
    callsActive: new Gauge({ name: 'dce_calls_active', help: 'Calls that are up', registers }),
    callsRefused: new Counter({
      name: 'dce_calls_refused_total',
      help: 'INVITEs refused before they became calls',
      labelNames: ['reason'],
      registers,
    }),
    callDuration: new Histogram({
      name: 'dce_calls_duration_seconds',
      help: 'Conversation of answered calls',
      buckets: [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600],
      registers,
    }),
    bids: new Counter({
      name: 'dce_bids_total',
      help: 'Bids looked at: ranked, won, or why not',
      labelNames: ['outcome'],
      registers,
    }),
    routing: new Histogram({
      name: 'dce_routing_duration_seconds',
      help: 'One whole decision',
      buckets: MICROS,
      registers,
    }),
    violations: new Counter({
      name: 'dce_compliance_violations_total',
      help: 'Findings that blocked a call',
      labelNames: ['rule'],
      registers,
    }),
    fraudScore: new Histogram({
      name: 'dce_fraud_score',
      help: 'Fraud score of calls, 0 to 1',
      buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
      registers,
    }),
    pings: new Counter({
      name: 'dce_rtb_pings_total',
      help: 'What buyers answered when they were asked for a live bid',
      labelNames: ['outcome'],
      registers,
    }),
    pingDuration: new Histogram({
      name: 'dce_rtb_ping_duration_seconds',
      help: 'From asking a buyer to its answer, or until it was given up',
      buckets: SECONDS,
      registers,
    }),
    listEntries: new Gauge({
      name: 'dce_number_list_entries',
      help: 'Numbers on each imported list in use',
      labelNames: ['list'],
      registers,
    }),
    listAge: new Gauge({
      name: 'dce_number_list_age_seconds',
      help: 'Age of the data of each imported list; the national list is good for 31 days',
      labelNames: ['list'],
      registers,
    }),
    pdd: new Histogram({
      name: 'dce_pdd_seconds',
      help: 'From INVITE to answer',
      buckets: SECONDS,
      registers,
    }),
    ringAttempts: new Counter({
      name: 'dce_ring_attempts_total',
      help: 'Targets rung',
      labelNames: ['outcome'],
      registers,
    }),
    oneWayAudio: new Counter({
      name: 'dce_one_way_audio_total',
      help: 'Legs that sent no audio three seconds after the answer',
      labelNames: ['leg'],
      registers,
    }),
    transfers: new Counter({
      name: 'dce_transfers_total',
      help: 'Calls that agents handed on',
      labelNames: ['how'],
      registers,
    }),
    monitorings: new Counter({
      name: 'dce_monitorings_total',
      help: 'How often somebody began to listen in to a call in each way, and ended it',
      labelNames: ['mode'],
      registers,
    }),
    recordingPauses: new Counter({
      name: 'dce_recording_pauses_total',
      help: 'How often something was left out of a recording',
      registers,
    }),
    recordings: new Counter({
      name: 'dce_recordings_total',
      help: 'Recordings that are over, and such as were refused',
      labelNames: ['outcome'],
      registers,
    }),
    recordingsOpen: new Gauge({
      name: 'dce_recordings_open',
      help: 'Recordings that are made',
      registers,
    }),
    mediaServerState: new Gauge({
      name: 'dce_media_server_state',
      help: '1 for the state that a media server is in',
      labelNames: ['server', 'state'],
      registers,
    }),
    mediaServerLegs: new Gauge({
      name: 'dce_media_server_legs',
      help: 'Legs on a media server, those of other switches too',
      labelNames: ['server'],
      registers,
    }),
    mediaServerMaxLegs: new Gauge({
      name: 'dce_media_server_max_legs',
      help: 'Legs that a media server takes',
      labelNames: ['server'],
      registers,
    }),
    mediaServerReconnects: new Counter({
      name: 'dce_media_server_reconnects_total',
      help: 'How often the event socket of a media server was lost and found again',
      labelNames: ['server'],
      registers,
    }),
    mediaServerTimeouts: new Counter({
      name: 'dce_media_server_timeouts_total',
      help: 'Commands that a media server did not answer in time',
      labelNames: ['server'],
      registers,
    }),
    mediaServerFailovers: new Counter({
      name: 'dce_media_server_failovers_total',
      help: 'Legs that a media server did not open, and the next one was asked for',
      labelNames: ['server'],
      registers,
    }),
    registrations: new Counter({
      name: 'dce_registrations_total',
      help: 'REGISTERs of phones, by what became of them',
      labelNames: ['outcome'],
      registers,
    }),
    settlements: new Counter({
      name: 'dce_settlements_total',
      help: 'Settlement jobs',
      labelNames: ['outcome'],
      registers,
    }),
    settlementsOpen: new Gauge({
      name: 'dce_settlements_open',
      help: 'Calls that are over and not settled yet, dead letters aside',
      registers,
    }),
    settlementOldestOpen: new Gauge({
      name: 'dce_settlements_oldest_open_seconds',
      help: 'For how long the oldest of them has waited',
      registers,
    }),
    deadLetters: new Gauge({
      name: 'dce_dead_letters',
      help: 'Settlements that no retry helped; each is for people',
      registers,
    }),
    settlementDifferences: new Gauge({
      name: 'dce_settlement_differences_open',
      help: 'Calls whose end came late and would have made another price, for people',
      registers,
    }),
    analyticsLag: new Gauge({
      name: 'dce_analytics_lag_seconds',
      help: 'Age of the oldest event of a call that its figures do not heed yet',
      registers,
    }),
    ledgerImbalance: new Gauge({
      name: 'dce_ledger_imbalance_micros',
      help: 'Debits less credits of the whole ledger; anything but 0 is an emergency',
      labelNames: ['currency'],
      registers,
    }),
    bugs: new Counter({ name: 'dce_bugs_total', help: 'Impossible things that happened', registers }),
    degraded: new Gauge({
      name: 'dce_degraded',
      help: '1 while a part works in its fallback',
      labelNames: ['part'],
      registers,
    }),
    httpRequests: new Counter({
      name: 'http_requests_total',
      help: 'API requests',
      labelNames: ['method', 'endpoint', 'status'],
      registers,
    }),
    httpDuration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time that API requests took',
      labelNames: ['method', 'endpoint'],
      buckets: SECONDS,
      registers,
    }),
    apiConnections: new Gauge({
      name: 'dce_api_connections',
      help: 'Connections to the API that are open',
      registers,
    }),
    apiRefused: new Counter({
      name: 'dce_api_connections_refused_total',
      help: 'Connections to the API that were not taken, or ended because nobody reads',
      labelNames: ['reason'],
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Writes down how large and how old the imported lists of numbers are. */
export function observeLists(
  metrics: Metrics,
  { lists }: { readonly lists: readonly { name: string; entries: number; ageMs: number }[] },
): void {
  metrics.listEntries.reset();
  metrics.listAge.reset();
  for (const { name: list, entries, ageMs } of lists) {
    metrics.listEntries.set({ list }, entries);
    metrics.listAge.set({ list }, ageMs / 1_000);
  }
}

/** Writes down what became of REGISTERs so far. */
export function observeRegistrations(metrics: Metrics, figures: Readonly<Record<string, number>>): void {
  metrics.registrations.reset();
  for (const [outcome, count] of Object.entries(figures)) metrics.registrations.inc({ outcome }, count);
}

const SERVER_STATES = ['up', 'draining', 'down'] as const;

/** Writes down how the media servers are, and what came of what was asked of them so far. */
export function observeMediaServers(
  metrics: Metrics,
  servers: readonly {
    readonly name: string;
    readonly state: (typeof SERVER_STATES)[number];
    readonly legs: number;
    readonly maxLegs: number;
    readonly reconnects: number;
    readonly timeouts: number;
    readonly failovers: number;
  }[],
): void {
  for (const counter of [
    metrics.mediaServerReconnects,
    metrics.mediaServerTimeouts,
    metrics.mediaServerFailovers,
  ]) {
    counter.reset();
  }
  for (const { name: server, state, legs, maxLegs, reconnects, timeouts, failovers } of servers) {
    for (const each of SERVER_STATES) {
      metrics.mediaServerState.set({ server, state: each }, each === state ? 1 : 0);
    }
    metrics.mediaServerLegs.set({ server }, legs);
    metrics.mediaServerMaxLegs.set({ server }, maxLegs);
    metrics.mediaServerReconnects.inc({ server }, reconnects);
    metrics.mediaServerTimeouts.inc({ server }, timeouts);
    metrics.mediaServerFailovers.inc({ server }, failovers);
  }
}
