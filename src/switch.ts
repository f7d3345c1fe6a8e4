import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { LiveCounters, moneyToday } from './analytics';
import type { ClientLimits, ListenTls } from './api';
import { createApi, listen, nodeAdapter } from './api';
import { openSettlementQueue, OutboxRelay } from './billing';
import { openAccess } from './parts/access-parts';
import { requestLog } from './parts/api-log';
import { CallActivity } from './parts/call-activity';
import { auditCall } from './parts/call-audit';
import { CallControlLine } from './parts/call-control';
import { CallNewsHub, countCall } from './parts/call-news';
import type { Config } from './config';
import { maskSecrets } from './config';
import { asError, NEVER_CONNECTED, systemClock } from './domain';
import { dryRunDesk } from './parts/dry-run';
import { connectSip, superviseSip } from './parts/embedded-sip';
import { KnownMarket } from './parts/known-market';
import { observeCaps } from './market';
import type { MediaEngine, MediaServerFigures } from './media';
import type { Events } from './parts/open-events';
import { openEvents } from './parts/open-events';
import { takesCalls } from './parts/media-watch';
import { openMedia } from './parts/open-media';
import { openPrompts } from './parts/open-prompts';
import { PromptWatch } from './parts/prompt-watch';
import { numberChecks } from './parts/number-checks';
import { announceNode, openNodes } from './parts/open-nodes';
import { openFunds } from './parts/open-funds';
import { openPhones } from './parts/open-phones';
import { openPlans } from './parts/open-plans';
import { Callbacks } from './parts/callbacks';
import { ExchangePlanDesk } from './parts/plan-desk';
import { openRecordings } from './parts/open-recordings';
import { openSales } from './parts/open-sales';
import { paymentServices } from './parts/payment-parts';
import { openPhoneApi } from './parts/phone-parts';
import { openWebhooks } from './parts/postback-parts';
import { openVaultOf } from './parts/privacy-parts';
import type { PingReport } from './rtb';
import { AdmissionControl, DrachtioStack, findPlace, placeNamed, Switchboard } from './signaling';
import type { SipServerStats } from './sip-server';
import {
  AuditTrail,
  CallLog,
  CapUsage,
  Database,
  Journal,
  NodeHeartbeat,
  openRedis,
  OrphanCloser,
  PostgresCallRecorder,
  RedisCapReservations,
  RedisRateLimits,
  sharedSecret,
} from './storage';
import { CallTraces } from './parts/call-traces';
import { TestCalls } from './parts/test-calls';
import { checkHealth } from './parts/switch-health';
import type { Logger } from './telemetry';
import {
  createMetrics,
  LoadSampler,
  observeLists,
  observeMediaServers,
  observeRegistrations,
  RepeatedLog,
} from './telemetry';

/** What is in use in a running switch; everything is zero when no call is up. */
export interface SwitchStats {
  readonly calls: number;
  readonly media: ReturnType<MediaEngine['stats']>;
  /** Each FreeSWITCH of the configuration, as this node knows it. */
  readonly mediaServers: readonly MediaServerFigures[];
  readonly reserved: number;
  /** Ring attempts and calls for which money of a wallet is held. */
  readonly held: number;
  readonly queuedRecords: number;
  /** Up to where decisions know the market, as `market.position`; undefined before it was first read. */
  readonly market: string | undefined;
  readonly sip: SipServerStats | undefined;
  /** Processor time of the embedded SIP server, in microseconds. */
  readonly sipCpuMicros: number | undefined;
}

/** A switch that runs. */
export interface RunningSwitch {
  /** `proto/address:port` of every SIP listener. */
  readonly sipListening: readonly string[];
  readonly apiUrl: string;
  readonly sipServerPid: number | undefined;
  stats(): Promise<SwitchStats>;
  /** Takes no new calls, lets those that are up end, gives everything back. */
  stop(drainMs?: number): Promise<void>;
}

/** The same trouble is logged once in so many milliseconds, with how often it came. */
const REPEAT_MS = 10_000;
/** Built from src/web; by the sources and by what was compiled of them alike. */
const CONSOLE_FOLDER = join(__dirname, '../dist/web/console');

/**
 * Builds the switch out of its rooms and starts it. Needs a migrated database and a Redis.
 * @throws Error in one line that says what to do
 */
export async function startSwitch(config: Config, log: Logger): Promise<RunningSwitch> {
  const databaseUrl = required(config.database.url, 'database.url (DCE_DATABASE_URL)');
  const redisUrl = required(config.redis.url, 'redis.url (DCE_REDIS_URL)');
  const bootId = randomUUID();
  const clock = systemClock;
  const metrics = createMetrics();
  const load = new LoadSampler();
  const repeated = new RepeatedLog(REPEAT_MS, () => clock.monotonic());
  const warn = (message: string) => (error: Error) =>
    repeated.log(message, (suppressed) => log.warn({ error: error.message, suppressed }, message));
  let events: Events | undefined;
  const degraded = (part: string) => (yes: boolean, error?: Error) => {
    metrics.degraded.set({ part }, yes ? 1 : 0);
    if (part !== 'events') events?.onDegraded(part, yes);
    if (yes) log.error({ part, error: error?.message }, 'a part works in its fallback');
    else log.info({ part }, 'a part is back');
  };
  const onBug = (error: unknown, callId?: string): void => {
    metrics.bugs.inc();
    log.error(
      { callId, error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      'bug',
    );
  };

  const prompts = await openPrompts(config, log);
  const promptWatch = new PromptWatch({ prompts, log, campaigns: () => known.market.campaigns });
  // A drachtio-server tells connections of WebSocket as TCP or TLS.
  const stack = new DrachtioStack(log, { viaTellsWebSocket: config.sip.drachtio.host !== undefined });
  const engines = await openMedia({
    config,
    log,
    prompts,
    srf: stack.srf,
    qualityWanted: () => news.watched,
  });
  const media = engines.main;

  // Storage: the books of calls, and what several nodes share.
  const database = new Database({
    ...config.database,
    url: databaseUrl,
    applicationName: `dce switch ${config.node.id}`,
    onError: warn('database connection lost'),
  });
  const redis = openRedis(redisUrl);
  const queueRedis = openRedis(redisUrl, true);
  const heartbeat = new NodeHeartbeat(database, config.node.id, bootId);
  const orphans = new OrphanCloser(database, config.billing.nodeDeadAfterMs, (count, calls) => {
    log.warn({ count }, 'orphaned calls closed from their last checkpoint');
    relay.wake();
    for (const { callId, connectedMs, sale } of calls) {
      const outcome = sale ? { connected: true, ...desk.charge(sale, connectedMs) } : NEVER_CONNECTED;
      void redisCaps.settleReservation(callId, outcome);
    }
  });
  const relay = new OutboxRelay(database, queueRedis, warn('settlement jobs cannot be queued'));
  const settlements = openSettlementQueue(queueRedis, warn('settlement jobs cannot be shown'));
  const recorder = new PostgresCallRecorder(database, new Journal(join(config.dataDir, 'calls.journal')), {
    log: new CallLog(join(config.dataDir, 'calls.log')),
    onLogFailed: warn('answers and ends of calls are not logged'),
    onShed: (decisions) => warn('decisions are not recorded')(new Error(`${decisions} dropped`)),
    nodeId: config.node.id,
    bootId,
    maxQueued: 50_000,
    onDegraded: degraded('recorder'),
    onOutbox: () => {
      relay.wake();
      events?.wake();
    },
    onRejected: (json, error) => {
      log.error({ error: error.message }, 'a call record cannot be stored: kept in calls.rejected');
      appendFileSync(join(config.dataDir, 'calls.rejected'), `${json}\n`);
    },
  });
  const capUsage = new CapUsage(database, {
    nodeId: config.node.id,
    now: () => clock.now(),
    onError: warn('use of limits is not read'),
  });
  const redisCaps = new RedisCapReservations(redis, {
    fallback: config.caps.whenRedisIsAway,
    leaseMs: config.caps.leaseMs,
    now: () => clock.now(),
    records: capUsage,
    onDegraded: degraded('caps'),
    onLapsed: (leases) => log.error({ leases }, 'this node stood still: limits of its calls had lapsed'),
  });

  // What decisions read, and what they ask of others first.
  const vault = await openVaultOf(config, database);
  const access = openAccess({ config, database, redis, vault, clock });
  const known = new KnownMarket({
    bootId,
    database,
    redis,
    vault,
    clock,
    log,
    degraded,
    onTrunks: () => admitPeers(),
  });
  const { market } = known;
  const caps = observeCaps(redisCaps, known.activity, () => clock.now());
  const { hub } = (events = openEvents({
    nodeId: config.node.id,
    bootId,
    database,
    redis,
    market,
    clock,
    onDegraded: degraded('events'),
    warn,
  }));
  const onPing = (report: PingReport): void => {
    const { outcome, latencyMs } = report;
    events?.onPing(report);
    metrics.pings.inc({ outcome });
    metrics.pingDuration.observe(latencyMs / 1_000);
  };
  const sales = await openSales({ config, database, redis, vault, known, caps, clock, onPing, warn });
  const { desk } = sales;

  // What callers hear and are asked before they are sold.
  const plans = openPlans({
    config,
    database,
    prompts,
    log,
    onAlert: (alert) => events?.onPlanAlert(alert),
    onCleared: (alert) => events?.onPlanCleared(alert),
    onDegraded: degraded('dialplans'),
  });

  // The money of buyers whose calls their wallets must cover.
  const funds = openFunds({
    config,
    databaseUrl,
    bootId,
    clock,
    onDegraded: degraded('wallets'),
    warn,
    endCall: (callId) => switchboard.endUncovered(callId),
  });

  // The people who answer for buyers, on whichever node their phones are.
  const nodes = await openNodes({ config, database, clock, warn });
  nodes.addresses.onChange(() => admitPeers());
  const phones = await openPhones({
    config,
    bootId,
    database,
    redis,
    market,
    clock,
    routeVia: (binding) => nodes.relay.routeVia(binding),
    onDegraded: degraded('phones'),
    warn,
  });

  // SIP and media.
  const sipServer = config.sip.drachtio.host === undefined ? superviseSip(config, log) : undefined;
  const admitPeers = (): void => {
    // Strangers are turned away by the SIP server itself, before anything is spent on them.
    if (config.sip.unknownSource !== 'drop') return;
    const mediaServers = config.media.freeswitch.servers.map((text) => text.replace(/:\d+$/, ''));
    sipServer?.supervisor.admit([...market.trunkSources(), ...nodes.addresses.hosts(), ...mediaServers]);
  };
  stack.onRegister((request) => phones.registrar.handle(request));
  sipServer?.supervisor.onFlowsClosed((flows) => phones.bindings.flowsClosed(flows));
  const recordings = openRecordings({ config, database, vault, market, metrics, clock, warn });
  const calls = new CallActivity(
    (event) => known.tell(event),
    () => clock.now(),
    (did) => market.numberByE164(did)?.sellerId,
  );
  const liveFigures = new LiveCounters({
    nodeId: config.node.id,
    redis,
    now: () => clock.now(),
    carrierOf: (trunkId) => market.trunk(trunkId)?.accountId,
    moneyToday: (scope) => moneyToday(database, scope, clock.now()),
    onDegraded: degraded('live_figures'),
  });
  const traces = new CallTraces();
  const news = new CallNewsHub((event) => {
    countCall(metrics, event);
    traces.onCall(event);
    liveFigures.onCall(event);
    calls.onCall(event);
    events?.onCall(event);
    if (event.type === 'call.ended') desk.ended(event.record);
    if (event.type === 'call.plan_unusable') {
      const { plan, detail } = event;
      repeated.log(`plan ${plan}`, (suppressed) =>
        log.error(
          { plan, detail, suppressed },
          'a dialplan cannot be carried out: its calls are sold at once',
        ),
      );
    }
  });
  const callbacks = new Callbacks({ database, market, clock, onError: warn('callbacks cannot be noted') });
  const planDesk = new ExchangePlanDesk({
    shelf: plans,
    known,
    clock,
    callback: (request) => callbacks.request(request),
  });
  const admission = new AdmissionControl(
    { ...config.limits, maxRssBytes: config.limits.maxRssMegabytes * 1024 * 1024 },
    load,
    clock,
  );
  const switchboard = new Switchboard(
    {
      stack,
      responseTimeoutMs: sipServer ? config.sip.responseTimeoutMs : undefined,
      agents: phones.desk,
      media,
      engineNamed: (name) => engines.named(name),
      plans: planDesk,
      recordings: recordings.desk,
      caps,
      funds: funds.desk,
      recorder,
      observer: news,
      clock,
      admission,
      trunks: market,
      agentOfFlow: (flow) => phones.registrar.agentOfFlow(flow),
      relay: nodes.relay,
      newCallId: () => newCallId(clock.now()),
      desk,
      findPlace: (uri, buyerId) => findPlace(uri, buyerId, config.sip.domain, market),
      placeNamed: (to, buyerId) => placeNamed(to, buyerId, market),
      onBug,
    },
    config.sip.unknownSource,
  );
  const testCalls = new TestCalls({
    nodeId: config.node.id,
    database,
    services: {
      stack,
      responseTimeoutMs: sipServer ? config.sip.responseTimeoutMs : undefined,
      agents: phones.desk,
      media,
      clock,
      onBug,
    },
    onError: warn('how test calls stand is not written'),
  });
  const sipListening: string[] = [];
  const phoneApi = openPhoneApi({
    config,
    database,
    redis,
    market,
    phones,
    news,
    agentOfCall: (callId) => switchboard.agentOf(callId),
    listening: () => sipListening,
    clock,
    warn,
  });
  const checkpoint = setInterval(() => {
    recorder.checkpoint(switchboard.checkpoints());
    funds.extend(switchboard.answered());
  }, config.billing.checkpointMs);

  const stats = async (): Promise<SwitchStats> => {
    const sip = await sipServer?.supervisor.stats();
    return {
      calls: switchboard.size,
      media: media.stats(),
      mediaServers: engines.servers(),
      reserved: redisCaps.held,
      held: funds.desk.size,
      queuedRecords: recorder.queued,
      market: market.position,
      sip: sip?.stats,
      sipCpuMicros: sip?.cpuMicros,
    };
  };
  const webhooks = openWebhooks(config, vault, clock);
  const callControl = new CallControlLine({
    redis,
    nodeId: config.node.id,
    secret: await sharedSecret(database, 'control'),
    calls: switchboard,
    onError: warn('other nodes are not asked about their calls'),
  });
  const trail = new AuditTrail(database, {
    now: () => clock.monotonic(),
    onLost: (entry, error) => log.error({ entry, error: error.message }, 'not in the audit log'),
  });
  news.attend((event) => auditCall(trail, event));
  const limiter = new RedisRateLimits(redis, {
    now: () => clock.monotonic(),
    onDegraded: degraded('rate_limits'),
  });
  let api: Server | undefined;
  let stopping = false;
  const stop = async (drainMs = config.limits.drainMs): Promise<void> => {
    stopping = true;
    await testCalls.close();
    await switchboard.drain(drainMs);
    clearInterval(checkpoint);
    stack.close();
    await sipServer?.supervisor.stop();
    await engines.close();
    await recordings.close();
    callControl.close();
    phoneApi.close();
    api?.closeAllConnections();
    api?.close();
    webhooks.tester.close();
    await sales.close();
    await phones.close();
    await plans.close();
    promptWatch.close();
    await known.close();
    await events?.close();
    await funds.close();
    orphans.stop();
    heartbeat.stop();
    await nodes.addresses.close();
    await trail.close();
    await recorder.close();
    await relay.close();
    redisCaps.close();
    await liveFigures.close();
    redis.disconnect();
    await settlements.close();
    queueRedis.disconnect();
    load.close();
    await database.close();
  };
  try {
    // Answers and true ends of calls may lie in the log and the journal. They are stored before the others
    // hear that this node has begun anew: then whatever is left of its last run is an orphan, to anybody.
    if (!(await recorder.start())) throw new Error('the database takes no records of calls');
    await heartbeat.start();
    await orphans.start();
    await known.start();
    events.start();
    engines.watch.start({
      onAlert: (alert) => events?.onMediaAlert(alert, true),
      onCleared: (alert) => events?.onMediaAlert(alert, false),
    });
    await plans.start();
    promptWatch.start();
    await sales.start();
    liveFigures.start();
    await phones.start();
    recordings.start();
    relay.start();
    nodes.addresses.start();
    const listening = await connectSip(config, stack, sipServer);
    sipListening.push(...listening);
    await announceNode(heartbeat, config.sip, listening, warn);
    api = await listen(
      createApi({
        database,
        numberLists: { lists: market.lists, now: () => clock.now() },
        system: { stats },
        queues: { queues: [settlements], ready: () => queueRedis.status === 'ready' },
        live: { list: () => switchboard.calls(), hangup: (id, detail) => switchboard.hangup(id, detail) },
        callControl,
        dialplans: plans,
        dryRun: dryRunDesk({ config, known, clock }),
        testCalls,
        recordings: recordings.library,
        checks: numberChecks({ known, clock }),
        liveFigures,
        news,
        events: hub,
        bidRequests: sales.bidRequests,
        persons: { vault, now: () => clock.now() },
        access,
        moneyRules: config.billing,
        webhooks,
        payments: paymentServices(config),
        phone: phoneApi.services,
        consoleFolder: CONSOLE_FOLDER,
        requestsPerMinute: config.api.requestsPerMinute,
        limits: config.api.limits,
        limiter,
        trail,
        logRequest: requestLog(log),
        debug: config.api.debug ? { config: () => maskSecrets(config) } : undefined,
        timeoutMs: config.api.timeoutMs,
        corsOrigins: config.api.corsOrigins,
        trustedProxies: config.api.trustedProxies,
        now: () => clock.monotonic(),
        onBug,
        onRequest: ({ method, endpoint, status, seconds }) => {
          metrics.httpRequests.inc({ method, endpoint, status });
          metrics.httpDuration.observe({ method, endpoint }, seconds);
        },
        health: {
          checks: () =>
            checkHealth(database, redis, {
              known,
              stack,
              caps: redisCaps,
              recorder,
              media,
              mediaServers: engines.servers(),
              without: config.decision.without,
            }),
          ready: () =>
            stack.connected && !stopping && (media.name !== 'freeswitch' || takesCalls(engines.servers())),
          metrics: async () => {
            observeLists(metrics, market.lists.stats(clock.now()));
            observeRegistrations(metrics, { ...phones.registrar.figures });
            observeMediaServers(metrics, engines.servers());
            metrics.recordingsOpen.set(recordings.open);
            return {
              contentType: metrics.registry.contentType,
              text: await metrics.registry.metrics(),
            };
          },
        },
      }),
      config.api.host,
      config.api.port,
      {
        tls: apiTls(config, warn('the new certificate of the API cannot be used')),
        limits: clientLimits(config),
        trustedProxies: config.api.trustedProxies,
        onRefused: (reason) => metrics.apiRefused.inc({ reason }),
        onOpen: (connections) => metrics.apiConnections.set(connections),
      },
    ).catch((error: unknown) => {
      const why = asError(error).message;
      throw new Error(`the API cannot start: ${why}; change api.port (DCE_API_PORT)`);
    });
    const realtime = phoneApi.attach(api, {
      events: hub,
      authenticates: access.authenticator,
      board: liveFigures,
      rate: { limiter, limit: config.api.limits.realtime },
      nodes: nodeAdapter(openRedis(redisUrl, true)),
    });
    access.onSessionOver = (sessionId) => realtime.revoked({ sessionId });
    const url = apiUrl(api, config.api.host);
    log.info({ sip: listening, api: url, node: config.node.id }, 'the switch takes calls');
    return {
      sipListening: listening,
      apiUrl: url,
      get sipServerPid() {
        return sipServer?.supervisor.pid;
      },
      stats,
      stop,
    };
  } catch (error) {
    await stop(0).catch(() => undefined);
    throw error;
  }
}

/** A name for a call: sorts by time, unique over all nodes. */
function newCallId(now: number): string {
  return `${now.toString(36).padStart(9, '0')}${randomBytes(9).toString('hex')}`;
}

function clientLimits({ api: { connections, timeoutMs } }: Config): ClientLimits {
  const { max, perAddress, headersMs, sendMs } = connections;
  return { max, maxPerAddress: perAddress, headersMs, sendMs, requestMs: timeoutMs };
}

function apiTls({ api: { tls } }: Config, onError: (error: Error) => void): ListenTls | undefined {
  const { certFile, keyFile } = tls;
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile, onError };
}

function apiUrl(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return `${'setSecureContext' in server ? 'https' : 'http'}://${host}:${port}`;
}

function required(value: string | undefined, what: string): string {
  if (value === undefined) throw new Error(`${what} is not set; dce start provides one by itself`);
  return value;
}
