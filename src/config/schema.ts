import { isIP, isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import { z } from 'zod';

const port = z.number().int().min(0).max(65_535);
const positive = z.number().int().positive();
const nonNegative = z.number().int().nonnegative();

/** `udp:127.0.0.1:5060`, `wss:[::1]:443`. */
const listen = z
  .string()
  .refine(
    isListenAddress,
    'must look like udp:127.0.0.1:5060 or tcp:[::1]:5060, and may begin with tls, ws and wss, too',
  );
const address = z.string().refine((text) => isIP(text) !== 0, 'must be an IP address');
/** RFC 1123 §2.1; an address is one too. */
const host = z
  .string()
  .max(253)
  .refine(
    (text) =>
      isIP(text) !== 0 || /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(text),
    'must be a host name or an IP address',
  );
const url = (...schemes: readonly string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)),
      `must be a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    );
/** A STUN or TURN server as browsers take it (RFC 7064, RFC 7065). */
const iceServer = (...schemes: readonly string[]) =>
  z
    .string()
    .max(512)
    .refine(
      (text) =>
        schemes.some((scheme) => text.startsWith(`${scheme}:`)) &&
        /^[a-z]+:(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?$/.test(text),
      `must look like ${schemes[0]}:${schemes[0]}.example.com:3478`,
    );
/** `8443`, `8000-8999`; below are the system's. */
const unprivilegedPorts = z.string().refine((text) => {
  const [, from, to = from] = /^(\d{4,5})(?:-(\d{4,5}))?$/.exec(text) ?? [];
  return Number(from) >= 1_024 && Number(from) <= Number(to) && Number(to) <= 65_535;
}, 'must be a port from 1024 on, or a range of them, e.g. 8000-8999');
/** An address, a CIDR block, or a name. */
const privatePlace = z
  .string()
  .max(253)
  .refine(
    (text) => isIP(text) !== 0 || isBlock(text) || host.safeParse(text).success,
    'must be an address, a CIDR block or a host name',
  );
const addressOrBlock = z
  .string()
  .refine((text) => isIP(text) !== 0 || isBlock(text), 'must be an address or a CIDR block');
const file = z.string().min(1).max(4_096);
/** An IPv4 address and a TCP port. */
const addressAndPort = z.string().refine((text) => {
  const [name = '', number = ''] = text.split(':');
  return isIPv4(name) && port.min(1).safeParse(Number(number || NaN)).success && text.split(':').length === 2;
}, 'must look like 192.0.2.20:8021');
/** A host, or `*.` and what is below it. */
const hostRule = z
  .string()
  .max(253)
  .refine(
    (text) => host.safeParse(text.replace(/^\*\./, '')).success,
    'must be a host name, *.name or an address',
  );
/** What a browser sends as Origin: scheme, host and port, no path. */
const origin = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text,
    'must look like https://console.example.com',
  );

/** An OpenID provider: what each field means is told in docs/access.md. */
const oidcProvider = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and -'),
  name: z.string().trim().min(1).max(64),
  issuer: z
    .string()
    .max(512)
    .refine(isIssuer, 'must be an https:// URL without a query; http:// is for this machine alone'),
  clientId: z.string().min(1).max(256),
  secretEnv: z
    .string()
    .regex(/^DCE_SECRET_[A-Z0-9_]+$/, 'must be the name of a variable that begins with DCE_SECRET_')
    .optional(),
  scopes: z
    .array(z.string().regex(/^[!-~]{1,64}$/))
    .max(16)
    .default([]),
  autoCreate: z
    .strictObject({
      domains: z.array(host.toLowerCase()).min(1).max(64),
      accountId: z.string().min(1).max(64).default('operator'),
      role: z.enum(['admin', 'auditor', 'buyer', 'seller', 'carrier']).optional(),
      scopes: z
        .array(z.string().regex(/^(\*|[a-z_]+:(\*|read|write)|\*:(read|write))$/))
        .min(1)
        .max(64),
    })
    .optional(),
});

/** OpenID Connect Core 1.0 §1.2: scheme, host, and maybe port and path. */
function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname: name, search, hash } = new URL(text);
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(name);
  return (protocol === 'https:' || (protocol === 'http:' && local)) && search === '' && hash === '';
}

/** An origin, or `https://*.example.com` for all below a domain. */
const originPattern = z.string().refine((text) => {
  const plain = text.replace(/^(https?:\/\/)\*\.(?=[^*]+\.)/, '$1');
  return !plain.includes('*') && origin.safeParse(plain).success;
}, 'must look like https://console.example.com or https://*.example.com');

/** So many requests in so many seconds, and so many at once after a rest. */
const rateLimit = (what: string, count: number, seconds: number, burst: number) =>
  z
    .strictObject({
      count: positive.max(10_000_000).default(count).describe(`Requests in that time: ${what}`),
      seconds: positive.max(86_400).default(seconds).describe('The time, in seconds'),
      burst: positive.max(10_000_000).default(burst).describe('Requests at once, after a rest'),
    })
    .prefault({});

/** A provider of look-ups: what each field means is told in docs/lookups.md. */
const lookupProvider = z.strictObject({
  name: z.string().min(1).max(64),
  kind: z.enum(['dnc', 'litigator', 'reassigned', 'line_type']),
  url: z.string().max(2_048),
  method: z.enum(['GET', 'POST']).default('GET'),
  body: z.record(z.string(), z.unknown()).optional(),
  headers: z.record(z.string(), z.string().max(4_096)).optional(),
  secretEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable')
    .optional(),
  timeoutMs: positive.max(10_000).default(150),
  maxConcurrent: positive.max(1_000).default(32),
  answer: z
    .strictObject({
      pointer: z.string().max(256),
      listed: z.array(z.string()).max(64),
      clear: z.array(z.string()).max(64),
      noData: z.array(z.string()).max(64).optional(),
    })
    .optional(),
  value: z
    .strictObject({
      pointer: z.string().max(256),
      values: z.record(z.string(), z.string().max(64)).optional(),
    })
    .optional(),
  notFound: z.enum(['clear', 'no_data']).optional(),
});

const MIN_MEDIA_PORTS = 10;

const settings = z.strictObject({
  environment: z
    .enum(['development', 'test', 'production'])
    .default('development')
    .describe('Which kind of installation this is'),
  dataDir: z.string().min(1).default('.dce').describe('Folder for the private database, journals and keys'),
  node: z
    .strictObject({
      id: z
        .string()
        .min(1)
        .max(64)
        .default(() => hostname().slice(0, 64))
        .describe('Name of this node, unique among all nodes; the host name by default'),
    })
    .prefault({}),
  sip: z
    .strictObject({
      listen: z
        .array(listen)
        .min(1)
        .max(16)
        .default(['udp:127.0.0.1:5060', 'tcp:127.0.0.1:5060', 'ws:127.0.0.1:5066'])
        .describe('Where the embedded SIP server listens: udp, tcp, tls, ws and wss'),
      tls: z
        .strictObject({
          certFile: file
            .optional()
            .describe(
              'PEM file of the certificate (with its chain) that tls and wss listeners show; read again when it changes',
            ),
          keyFile: file.optional().describe('PEM file of its private key, without a passphrase'),
          caFile: file
            .optional()
            .describe(
              'PEM file of the roots that peers called by TLS are trusted by, instead of the well-known ones',
            ),
          verifyPeers: z
            .boolean()
            .default(true)
            .describe('Whether peers called by TLS must show a certificate that is good for their name'),
        })
        .prefault({}),
      ws: z
        .strictObject({
          origins: z
            .array(origin)
            .max(256)
            .default([])
            .describe(
              'Origins of web pages that may open WebSocket connections to the SIP server; empty: any',
            ),
          trustedProxies: z
            .array(addressOrBlock)
            .max(64)
            .default([])
            .describe(
              'Addresses and CIDR blocks of reverse proxies before the SIP server, whose X-Forwarded-For is believed',
            ),
          maxConnections: positive
            .max(200_000)
            .default(20_000)
            .describe('WebSocket connections that the SIP server holds at once'),
          maxConnectionsPerAddress: positive
            .max(200_000)
            .default(1_000)
            .describe('The same from one address, behind which there may be a whole call centre'),
        })
        .prefault({}),
      externalAddress: host
        .optional()
        .describe('Address that SIP peers see, where it differs from the one bound'),
      nodeAddress: listen
        .refine((text) => /^(udp|tcp):/.test(text), 'must be udp or tcp')
        .optional()
        .describe(
          'Where the other nodes reach this SIP server, e.g. tcp:10.0.0.7:5060; by default its first tcp or udp listener',
        ),
      t1Ms: positive
        .max(5_000)
        .default(500)
        .describe('RFC 3261 timer T1 of the embedded SIP server, in milliseconds'),
      responseTimeoutMs: positive
        .max(60_000)
        .default(4_000)
        .describe(
          'A buyer that has not said anything after this long, not even 100, is passed over (embedded SIP server only: a drachtio-server keeps a 100 to itself), in milliseconds',
        ),
      unknownSource: z
        .enum(['drop', 'forbid'])
        .default('drop')
        .describe('What an INVITE from an address of no trunk gets: nothing, or 403'),
      domain: host
        .toLowerCase()
        .default('dce.invalid')
        .describe('Domain of the addresses that phones register, and the realm of their passwords'),
      digest: z
        .array(z.enum(['SHA-256', 'MD5']))
        .min(1)
        .max(2)
        .default(['SHA-256', 'MD5'])
        .describe('How phones may prove their password; many know MD5 alone'),
      registrar: z
        .strictObject({
          minSeconds: positive
            .max(3_600)
            .default(60)
            .describe('Shortest registration; a phone that asks for less is told to ask for this'),
          maxSeconds: positive
            .max(86_400)
            .default(3_600)
            .describe('Longest registration; a phone that asks for more gets this'),
          defaultSeconds: positive
            .max(86_400)
            .default(600)
            .describe('Registration of a phone that does not say how long'),
          keepAliveSeconds: positive
            .min(10)
            .max(3_600)
            .default(120)
            .describe('Within which a phone is to show that its connection lives (Flow-Timer, RFC 5626)'),
        })
        .prefault({}),
      drachtio: z
        .strictObject({
          host: host
            .optional()
            .describe('Host of a drachtio-server to use instead of the embedded SIP server'),
          port: port.default(9022).describe('Control port of the drachtio-server'),
          secret: z
            .string()
            .min(1)
            .default('cymru')
            .describe('Secret of the drachtio-server')
            .meta({ secret: true }),
        })
        .prefault({}),
    })
    .prefault({}),
  media: z
    .strictObject({
      engine: z
        .enum(['mediasoup', 'freeswitch', 'passthrough'])
        .default('mediasoup')
        .describe(
          'Who carries audio: mediasoup, the servers of media.freeswitch, or nobody (peers exchange RTP directly)',
        ),
      workers: positive.max(64).default(1).describe('mediasoup worker processes'),
      listenAddress: address.default('127.0.0.1').describe('Address that RTP ports are bound to'),
      announcedAddress: host.optional().describe('Address told to peers for RTP, where it differs'),
      portMin: port.min(1024).default(40_000).describe('Lowest UDP port for audio'),
      portMax: port.min(1024).default(49_999).describe('Highest UDP port for audio'),
      rtpTimeoutMs: positive
        .default(20_000)
        .describe('Milliseconds without audio after which a call is ended'),
      webrtcPort: port
        .min(1024)
        .optional()
        .describe('First port for browsers; without it any of portMin to portMax'),
      webrtcPorts: nonNegative
        .max(256)
        .default(16)
        .describe(
          'Ports that the browsers of one media worker share, the next worker has the next; 0 for none',
        ),
      webrtcTcp: z
        .boolean()
        .default(false)
        .describe('Browsers may send media over TCP too, on the same ports'),
      webrtcTimeoutMs: positive
        .default(20_000)
        .describe('Milliseconds without audio from a browser after which a call is ended'),
      oneWayAfterMs: positive
        .max(60_000)
        .default(2_500)
        .describe('Milliseconds after the answer by which each side must have been heard'),
      promptsDir: z
        .string()
        .min(1)
        .optional()
        .describe('Folder of recorded prompts, in place of those that are shipped'),
      freeswitch: z
        .strictObject({
          servers: z
            .array(addressAndPort)
            .max(64)
            .default([])
            .describe('Event sockets of FreeSWITCH servers, e.g. 192.0.2.20:8021; without any there is none'),
          secret: z
            .string()
            .min(8)
            .max(128)
            .regex(/^[!-~]+$/, 'printable ASCII without spaces')
            .optional()
            .describe('Password of their event sockets')
            .meta({ secret: true }),
          listenAddress: address
            .default('127.0.0.1')
            .describe('Where the switch listens for their channels, on any port: an address that they reach'),
          spoolDir: file
            .optional()
            .describe('Folder shared with them, under the same path; freeswitch in dataDir by default'),
          promptsDir: file
            .optional()
            .describe('Where they find the prompts; the folder that the switch reads by default'),
        })
        .prefault({}),
    })
    .prefault({}),
  dialplans: z
    .strictObject({
      dir: z
        .string()
        .min(1)
        .optional()
        .describe('Folder of dialplans, one YAML file each, in place of those that are shipped'),
    })
    .prefault({}),
  database: z
    .strictObject({
      url: url('postgres', 'postgresql')
        .optional()
        .describe('PostgreSQL to use; without it a private one is started')
        .meta({ secret: true }),
      poolSize: positive.max(200).default(10).describe('Connections a process may hold'),
      statementTimeoutMs: positive.default(30_000).describe('Longest a statement may take'),
      connectTimeoutMs: positive.default(5_000).describe('Longest a connection may take'),
    })
    .prefault({}),
  redis: z
    .strictObject({
      url: url('redis', 'rediss')
        .optional()
        .describe('Redis to use; without it a private one is started')
        .meta({ secret: true }),
    })
    .prefault({}),
  api: z
    .strictObject({
      host: host.default('127.0.0.1').describe('Address the admin API listens on'),
      port: port.default(8080).describe('Port of the admin API'),
      requestsPerMinute: positive
        .default(6_000)
        .describe('Requests that one caller may make in a minute, where api.limits says nothing else'),
      limits: z
        .strictObject({
          callsWrite: rateLimit('what changes calls that are up, and test calls', 100, 60, 200),
          callsRead: rateLimit('reading calls', 1_000, 60, 2_000),
          bidsWrite: rateLimit('making bids', 1_000, 60, 5_000),
          analytics: rateLimit('analytics, and writing and trying dialplans', 60, 60, 120),
          admin: rateLimit('changing users, keys, clients and fraud models, and debugging', 10, 60, 20),
          realtime: rateLimit('connections of one principal to /ws/v1', 10, 3_600, 60),
          phone: rateLimit('an agent who is signed in', 600, 60, 600),
          unproven: rateLimit('an address, of which no credential is proven yet', 1_200, 60, 1_200),
        })
        .prefault({}),
      debug: z
        .boolean()
        .default(true)
        .describe('Whether administrators may take profiles and heaps of this node over the API'),
      timeoutMs: positive
        .max(300_000)
        .default(30_000)
        .describe('Longest a request may take before it is answered with 503, its body included'),
      connections: z
        .strictObject({
          max: positive
            .max(1_000_000)
            .default(20_000)
            .describe('Connections to the API of this node at once'),
          perAddress: positive
            .max(1_000_000)
            .default(2_000)
            .describe(
              'The same from one address (of IPv6, one /64), behind which there may be a whole office; not of api.trustedProxies',
            ),
          headersMs: positive
            .max(60_000)
            .default(10_000)
            .describe('Longest a client may take for a handshake of TLS, and for the headers of a request'),
          sendMs: positive
            .max(600_000)
            .default(60_000)
            .describe('Longest a client may take nothing of an answer before its connection is ended'),
        })
        .prefault({}),
      corsOrigins: z
        .array(originPattern)
        .max(64)
        .default([])
        .describe(
          'Origins whose pages may call the API from a browser, with the cookies of a session; https://*.example.com for all below a domain; none by default',
        ),
      trustedProxies: z
        .array(addressOrBlock)
        .max(64)
        .default([])
        .describe(
          'Addresses and CIDR blocks of reverse proxies before the API, whose X-Forwarded-For is believed where wrong keys, tokens and sign-ins are counted',
        ),
      tls: z
        .strictObject({
          certFile: z
            .string()
            .min(1)
            .max(1_024)
            .optional()
            .describe(
              'Certificate chain in PEM, with which the API is served over HTTPS; read again on change',
            ),
          keyFile: z.string().min(1).max(1_024).optional().describe('Its private key in PEM'),
        })
        .prefault({}),
    })
    .prefault({}),
  access: z
    .strictObject({
      publicUrl: origin
        .optional()
        .describe(
          'Origin at which the API is reached: the issuer of tokens, and what links to the console begin with; the same on every node. By default what api.host and api.port say',
        ),
      audience: z.string().min(1).max(128).default('dce').describe('Whom tokens are for (`aud`)'),
      accessHours: positive.max(168).default(24).describe('Hours that an access token is good'),
      cookieHours: positive.max(168).default(12).describe('The same of one in a cookie'),
      refreshDays: positive
        .max(90)
        .default(7)
        .describe('Days within which a session is refreshed; else it is over'),
      sessionDays: positive
        .max(365)
        .default(30)
        .describe('Days after which a user signs in anew, whatever was refreshed'),
      sessionsPerUser: positive
        .max(1_000)
        .default(20)
        .describe('Sessions of one user at once; the one used longest ago gives way'),
      keyDays: positive.max(3_650).default(90).describe('Days after which another RSA key signs tokens'),
      invitationDays: positive.max(90).default(7).describe('Days that an invitation is good'),
      resetMinutes: positive
        .max(10_080)
        .default(60)
        .describe('Minutes that a link to reset a password is good'),
      argon2: z
        .strictObject({
          memoryKib: positive
            .min(8)
            .max(1_048_576)
            .default(19_456)
            .describe('Memory that a hash of a password takes, in KiB'),
          passes: positive.max(100).default(2).describe('Passes of it'),
          parallelism: positive.max(16).default(1).describe('Lanes of it'),
        })
        .prefault({}),
      oidc: z
        .array(oidcProvider)
        .max(16)
        .default([])
        .describe(
          'OpenID providers that people may sign in with, as docs/access.md tells; JSON in a variable',
        ),
    })
    .prefault({}),
  phone: z
    .strictObject({
      websocketUrls: z
        .array(url('ws', 'wss'))
        .max(8)
        .default([])
        .describe(
          'Where browser phones reach SIP, best first; by default the WS and WSS listeners at the host that the page was loaded from',
        ),
      stunUrls: z
        .array(iceServer('stun', 'stuns'))
        .max(8)
        .default([])
        .describe('STUN servers of browser phones; media that is announced by its address needs none'),
      turn: z
        .strictObject({
          urls: z
            .array(iceServer('turn', 'turns'))
            .max(8)
            .default([])
            .describe('TURN servers of browser phones, e.g. turn:turn.example.com:3478?transport=udp'),
          secret: z
            .string()
            .min(16)
            .max(256)
            .optional()
            .describe('Secret shared with the TURN servers, of which credentials are made')
            .meta({ secret: true }),
        })
        .prefault({}),
      missedBeforeAway: positive
        .max(100)
        .default(3)
        .describe(
          'Calls in a row that may ring at an agent in vain; with the last of them the agent is away',
        ),
      relayOnly: z
        .boolean()
        .default(false)
        .describe('Browser phones send media over the TURN servers alone, and tell nobody their addresses'),
      sessionHours: positive.max(720).default(12).describe('Hours after which an agent signs in again'),
      credentialSeconds: positive
        .min(60)
        .max(86_400)
        .default(3_600)
        .describe('Seconds for which SIP and TURN credentials of a browser phone are good'),
      dispositions: z
        .array(
          z.strictObject({
            code: z.string().regex(/^[A-Za-z0-9_.:#*-]{1,64}$/, '1 to 64 letters, digits, _ . : # * -'),
            label: z.string().trim().min(1).max(64),
          }),
        )
        .min(1)
        .max(50)
        .default([
          { code: 'sale', label: 'Sale' },
          { code: 'appointment', label: 'Appointment' },
          { code: 'call_back', label: 'Call back' },
          { code: 'not_interested', label: 'Not interested' },
          { code: 'not_qualified', label: 'Not qualified' },
          { code: 'wrong_number', label: 'Wrong number' },
          { code: 'no_conversation', label: 'No conversation' },
        ])
        .describe('What agents may say of a call after it; JSON in a variable'),
    })
    .prefault({}),
  limits: z
    .strictObject({
      maxCalls: nonNegative.default(5_000).describe('Calls up at once on a node; 0 = no limit'),
      maxCps: nonNegative.default(0).describe('New calls per second on a node; 0 = no limit'),
      maxEventLoopDelayMs: nonNegative
        .default(500)
        .describe('Lasting event-loop delay in milliseconds over which new calls are refused; 0 = no limit'),
      maxRssMegabytes: nonNegative
        .default(4_096)
        .describe('Resident memory over which new calls are refused; 0 = no limit'),
      drainMs: nonNegative
        .default(30_000)
        .describe('Milliseconds running calls may take to end when the node goes down'),
    })
    .prefault({}),
  market: z
    .strictObject({
      historyDays: positive
        .max(36_500)
        .default(400)
        .describe('Days after which changes of the market are let go; older decisions cannot be replayed'),
    })
    .prefault({}),
  caps: z
    .strictObject({
      whenRedisIsAway: z
        .enum(['local', 'refuse'])
        .default('local')
        .describe('Keep limits in this node alone, or refuse calls'),
      leaseMs: positive
        .min(3_000)
        .default(30_000)
        .describe('Milliseconds after which what a dead node held is free again'),
    })
    .prefault({}),
  decision: z
    .strictObject({
      without: z
        .array(z.enum(['simple_routing', 'no_rtb', 'no_fraud', 'no_lookups', 'no_analytics']))
        .default([])
        .describe(
          'Parts to do without: no_rtb asks no buyers, no_lookups no providers, no_fraud scores nothing, simple_routing goes by price alone, no_analytics rolls nothing up',
        ),
    })
    .prefault({}),
  lookups: z
    .strictObject({
      providers: z
        .array(lookupProvider)
        .max(32)
        .default([])
        .describe('Who is asked about numbers over HTTP, as docs/lookups.md tells; JSON in a variable'),
      deadlineMs: positive
        .max(10_000)
        .default(300)
        .describe('Milliseconds a call waits for all its look-ups together'),
      ttlMs: positive
        .max(86_400_000)
        .default(3_600_000)
        .describe('Milliseconds an answer of a provider is good for'),
      callbackMaxAgeMs: positive
        .max(300_000)
        .default(300_000)
        .describe('The same before a call that the exchange itself makes; five minutes at most'),
      maxCached: nonNegative.max(10_000_000).default(100_000).describe('Answers a node keeps in memory'),
    })
    .prefault({}),
  rtb: z
    .strictObject({
      secret: z
        .string()
        .min(32)
        .optional()
        .describe(
          'Key that hides callers from buyers, the same on every node; without it one is made and kept in the database',
        )
        .meta({ secret: true }),
      allowPrivate: z
        .array(privatePlace)
        .max(256)
        .default([])
        .describe(
          'Addresses, CIDR blocks and names of buyers that may be reached although they are not of the public internet',
        ),
      allowHttp: z
        .array(hostRule)
        .max(256)
        .default([])
        .describe('Hosts of buyers that may be reached without TLS: names, *.name, addresses'),
      sipHosts: z
        .array(hostRule)
        .max(1_024)
        .default([])
        .describe('Hosts that buyers may have calls sent to, besides those of their targets'),
      minTimeoutMs: positive
        .max(10_000)
        .default(50)
        .describe('No buyer is waited for less than this, however fast it usually is, in milliseconds'),
      lateMs: nonNegative
        .max(10_000)
        .default(500)
        .describe('Milliseconds past its time that the reply of a buyer is still listened for and counted'),
      connectTimeoutMs: positive
        .max(10_000)
        .default(1_000)
        .describe('Longest a connection to a buyer may take, TLS included'),
      confirmTimeoutMs: positive.max(10_000).default(1_000).describe('Longest a confirmation may take'),
      maxInFlight: positive.max(100_000).default(1_000).describe('Pings under way at once on a node'),
      maxInFlightPerOrigin: positive.max(10_000).default(64).describe('The same to one host of a buyer'),
      maxConnectionsPerOrigin: positive
        .max(1_000)
        .default(32)
        .describe('HTTP/1.1 connections to one host of a buyer'),
      idleMs: positive.max(600_000).default(60_000).describe('Milliseconds an idle connection is kept'),
      offerSeconds: positive
        .max(3_600)
        .default(30)
        .describe('Seconds that an offer stands which does not say how long'),
      maxOfferSeconds: positive
        .max(86_400)
        .default(300)
        .describe('Longest that an offer is believed to stand, in seconds'),
      maxMinDurationSeconds: positive
        .max(14_400)
        .default(300)
        .describe('Most connected seconds that a buyer may ask for before it pays'),
      sipHost: host
        .optional()
        .describe('Host of the SIP addresses that sellers are given; sip.externalAddress by default'),
      reservationSeconds: positive
        .max(3_600)
        .default(30)
        .describe('Seconds within which the call of an accepted bid request must arrive'),
      maxReservationsPerSeller: positive
        .max(100_000)
        .default(500)
        .describe('Reservations of one seller that wait for their calls at once, on all nodes'),
      logDays: positive.max(3_650).default(30).describe('Days after which bid requests are let go'),
    })
    .prefault({}),
  privacy: z
    .strictObject({
      key: z
        .string()
        .min(32)
        .optional()
        .describe(
          'Key that seals proof of consent and makes pseudonyms, the same on every node; without it one is made and kept in dataDir',
        )
        .meta({ secret: true }),
      callsDays: positive
        .max(36_500)
        .default(180)
        .describe('Days after which calls lose the number of the person'),
      recordingsDays: positive.max(36_500).default(90).describe('Days after which recordings are deleted'),
      consentYears: positive
        .max(100)
        .default(5)
        .describe('Years that proof of a consent is kept after it ended'),
      auditYears: positive
        .max(100)
        .default(7)
        .describe('Years that requests of persons and what was done about them are kept'),
      keepProof: z
        .boolean()
        .default(true)
        .describe(
          'Keep proof of consent for that time even when the person has everything erased (GDPR Art. 17(3)(e))',
        ),
      retentionEveryMs: nonNegative
        .max(604_800_000)
        .default(3_600_000)
        .describe('Milliseconds between runs of the retention job in a worker; 0 = it is run by hand'),
    })
    .prefault({}),
  recordings: z
    .strictObject({
      folder: file
        .optional()
        .describe('Where recordings are made and kept, sealed; the folder recordings of dataDir by default'),
      keys: z
        .array(z.string().min(32).max(1_024))
        .max(16)
        .default([])
        .describe(
          'Keys that wrap those of recordings, the one in use first, then older ones, the same on every node; without any one is made of privacy.key',
        )
        .meta({ secret: true }),
      unknownBuyers: z
        .enum(['all_party', 'as_caller'])
        .default('all_party')
        .describe(
          'Whose consent recording takes where nobody knows in which state a buyer is: everybody’s, or as the state of the caller says, since contracts with buyers see to theirs',
        ),
      maxMinutes: positive
        .max(1_440)
        .default(240)
        .describe('Minutes after which a recording ends, and the call goes on'),
      maxAtOnce: nonNegative
        .max(10_000)
        .default(500)
        .describe('Recordings that a node makes at once; 0 = none are made'),
      maxQueuedKilobytes: positive
        .max(65_536)
        .default(1_024)
        .describe('What may wait for the disk of one recording; a minute of audio has 960 kilobytes'),
      s3: z
        .strictObject({
          endpoint: url('https', 'http')
            .optional()
            .describe(
              'Where recordings go once they are whole: an S3-compatible store, e.g. https://s3.eu-central-1.amazonaws.com; without it they stay on disk',
            ),
          region: z
            .string()
            .min(1)
            .max(64)
            .default('us-east-1')
            .describe('Region that requests are signed for'),
          bucket: z
            .string()
            .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
            .optional()
            .describe('Bucket, named in the path'),
          prefix: z
            .string()
            .regex(/^(?:[A-Za-z0-9_.-]+\/)*$/, 'must be empty or end with /')
            .max(64)
            .default('recordings/')
            .describe('What the names of objects begin with'),
          accessKeyId: z.string().min(1).max(256).optional().describe('Access key of the store'),
          secretAccessKey: z
            .string()
            .min(1)
            .max(256)
            .optional()
            .describe('Its secret')
            .meta({ secret: true }),
          timeoutMs: positive
            .max(600_000)
            .default(60_000)
            .describe('Longest that the store may take for one object'),
        })
        .prefault({}),
    })
    .prefault({}),
  billing: z
    .strictObject({
      concurrency: positive
        .max(1_000)
        .default(192)
        .describe('Settlements a worker has in hand at once; it settles up to 64 in one transaction'),
      checkpointMs: positive.default(2_000).describe('Milliseconds between checkpoints of running calls'),
      nodeDeadAfterMs: positive
        .min(15_000)
        .default(30_000)
        .describe('Milliseconds without a heartbeat after which a node is taken for dead'),
      holdAheadMs: positive
        .min(1_000)
        .max(14_400_000)
        .default(600_000)
        .describe(
          'Milliseconds of conversation that a wallet must cover before its buyer is rung; longer calls are covered further while they last',
        ),
      holdTimeoutMs: positive
        .max(10_000)
        .default(300)
        .describe(
          'Milliseconds that a caller waits for a wallet before it is taken for away; nobody notices 300 while it rings',
        ),
      whenDatabaseIsAway: z
        .enum(['allow', 'refuse'])
        .default('allow')
        .describe('Whether buyers with wallets are rung while nobody can ask these'),
      maxUnheldMicros: nonNegative
        .max(1_000_000_000_000_000)
        .default(100_000_000)
        .describe('What the calls of one account may cost, in micro-units, that are let through in that way'),
      signalDays: positive
        .max(365)
        .default(30)
        .describe('Days after the end of a call in which postbacks and other signals of it are taken'),
      disputeDays: nonNegative
        .max(365)
        .default(14)
        .describe(
          'Days after its settlement in which a call may be disputed, by accounts without a window of their own',
        ),
      maxAdjustmentMicros: nonNegative
        .max(1_000_000_000_000_000)
        .default(100_000_000)
        .describe('What one person may move by hand, in micro-units; more waits for another API key'),
    })
    .prefault({}),
  payments: z
    .strictObject({
      stripe: z
        .strictObject({
          apiKey: z
            .string()
            .min(1)
            .max(256)
            .optional()
            .describe('Secret key of the Stripe account that cards are charged with; without it none are')
            .meta({ secret: true }),
          webhookSecret: z
            .string()
            .min(1)
            .max(256)
            .optional()
            .describe('Signing secret of the webhook endpoint at Stripe; without it the endpoint is closed')
            .meta({ secret: true }),
          host: host.default('api.stripe.com').describe("Host of Stripe's API"),
          port: port.min(1).default(443).describe("Port of Stripe's API"),
          protocol: z.enum(['https', 'http']).default('https').describe('http is for tests only'),
          timeoutMs: positive
            .max(20_000)
            .default(15_000)
            .describe('Milliseconds after which an answer of Stripe is taken for lost, and asked for again'),
        })
        .prefault({}),
    })
    .prefault({}),
  postbacks: z
    .strictObject({
      allowPrivate: z
        .array(privatePlace)
        .max(256)
        .default([])
        .describe(
          'Addresses, CIDR blocks and names that webhooks may be sent to although they are not of the public internet',
        ),
      allowPorts: z
        .array(unprivilegedPorts)
        .max(64)
        .default([])
        .describe(
          'Ports that webhooks may be sent to besides 443 and 80: 8443, or 8000-8999; from 1024 on, and a range opens no ports of databases, signalling and the like',
        ),
      allowHttp: z
        .array(hostRule)
        .max(256)
        .default([])
        .describe('Hosts that webhooks may be sent to without TLS: names, *.name, addresses'),
      timeoutMs: positive
        .max(60_000)
        .default(10_000)
        .describe('Longest a webhook may take, connection and reply included, in milliseconds'),
      concurrency: positive.max(1_000).default(64).describe('Webhooks a worker has under way at once'),
      perHost: positive.max(1_000).default(16).describe('The same to one host'),
      logDays: positive
        .max(3_650)
        .default(30)
        .describe('Days that webhooks are kept which were sent; never longer than privacy.callsDays'),
    })
    .prefault({}),
  demo: z
    .strictObject({
      seed: z.boolean().default(true).describe('Fill an empty database with a demo market (dce start only)'),
      buyerPort1: port.default(15_071).describe('Port of the demo buyer who does not answer'),
      buyerPort2: port.default(15_072).describe('Port of the demo buyer who answers'),
    })
    .prefault({}),
  telemetry: z
    .strictObject({
      logLevel: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('Least important log line that is written'),
      tracing: z.boolean().default(false).describe('Export OpenTelemetry traces'),
      pretty: z.boolean().default(false).describe('Write log lines for people instead of JSON'),
      workerMetricsPort: port
        .optional()
        .describe('Port where a worker serves its metrics (the switch serves its own with the API)'),
      otlpEndpoint: url('http', 'https')
        .default('http://127.0.0.1:4318')
        .describe('Where traces are sent (OTLP over HTTP)'),
      samplingRatio: z.number().min(0).max(1).default(0.1).describe('Share of calls that are traced'),
    })
    .prefault({}),
});

/** Every setting: its kind, its bounds, its default, and one line of what it is for. */
export const configSchema = settings.superRefine((config, context) => {
  const { portMin, portMax } = config.media;
  if (portMax - portMin < MIN_MEDIA_PORTS) {
    context.addIssue({
      code: 'custom',
      path: ['media', 'portMax'],
      message: `must be at least ${MIN_MEDIA_PORTS} above media.portMin, which is ${portMin}`,
    });
  }
  const { webrtcPort, webrtcPorts, workers } = config.media;
  const lastWebrtcPort = (webrtcPort ?? 0) + webrtcPorts * workers - 1;
  if (webrtcPort !== undefined && webrtcPort <= portMax && lastWebrtcPort >= portMin) {
    context.addIssue({
      code: 'custom',
      path: ['media', 'webrtcPort'],
      message: `must lie outside media.portMin to media.portMax; these would be ${webrtcPort} to ${lastWebrtcPort}`,
    });
  }
  const { freeswitch, engine } = config.media;
  const hasServers = freeswitch.servers.length > 0;
  if (engine === 'freeswitch' && !hasServers) {
    context.addIssue({
      code: 'custom',
      path: ['media', 'freeswitch', 'servers'],
      message: 'is needed by media.engine freeswitch',
    });
  }
  if (hasServers && freeswitch.secret === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['media', 'freeswitch', 'secret'],
      message: 'is needed by the servers of media.freeswitch.servers',
    });
  }
  const { listen: listeners, tls } = config.sip;
  for (const name of ['certFile', 'keyFile'] as const) {
    if (tls[name] !== undefined || !listeners.some((text) => /^(tls|wss):/.test(text))) continue;
    context.addIssue({
      code: 'custom',
      path: ['sip', 'tls', name],
      message: 'is needed to listen on tls or wss (sip.listen)',
    });
  }
  const complain = (path: string[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  const { certFile, keyFile } = config.api.tls;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    complain(
      ['api', 'tls', certFile === undefined ? 'certFile' : 'keyFile'],
      'goes with the other of api.tls',
    );
  }
  const { oidc, refreshDays, sessionDays } = config.access;
  if (new Set(oidc.map(({ id }) => id)).size < oidc.length)
    complain(['access', 'oidc'], 'must have each id once');
  if (sessionDays < refreshDays) complain(['access', 'sessionDays'], 'must be at least access.refreshDays');
  const { turn, relayOnly, dispositions } = config.phone;
  if (turn.urls.length > 0 && turn.secret === undefined) {
    complain(['phone', 'turn', 'secret'], 'is needed by the servers of phone.turn.urls');
  }
  if (relayOnly && turn.urls.length === 0) {
    complain(['phone', 'relayOnly'], 'needs servers in phone.turn.urls');
  }
  if (new Set(dispositions.map(({ code }) => code)).size < dispositions.length) {
    complain(['phone', 'dispositions'], 'must have each code once');
  }
  const { endpoint, ...store } = config.recordings.s3;
  for (const name of ['bucket', 'accessKeyId', 'secretAccessKey'] as const) {
    if (endpoint !== undefined && store[name] === undefined) {
      complain(['recordings', 's3', name], 'is needed by recordings.s3.endpoint');
    }
  }
  const { minSeconds, maxSeconds, defaultSeconds } = config.sip.registrar;
  if (maxSeconds < minSeconds) {
    context.addIssue({
      code: 'custom',
      path: ['sip', 'registrar', 'maxSeconds'],
      message: `must be at least sip.registrar.minSeconds, which is ${minSeconds}`,
    });
  } else if (defaultSeconds < minSeconds || defaultSeconds > maxSeconds) {
    context.addIssue({
      code: 'custom',
      path: ['sip', 'registrar', 'defaultSeconds'],
      message: `must lie between sip.registrar.minSeconds and sip.registrar.maxSeconds, ${minSeconds} and ${maxSeconds}`,
    });
  }
});

/** The validated configuration. */
export type Config = z.infer<typeof configSchema>;

function isBlock(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/');
  const most = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
  return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

function isListenAddress(text: string): boolean {
  const match = /^(?:udp|tcp|tls|ws|wss):(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15})):(\d{1,5})$/.exec(text);
  const [, six, four, portText] = match ?? [];
  return isIP(six ?? four ?? '') === (six === undefined ? 4 : 6) && Number(portText) <= 65_535;
}
