import type { EventHub } from '../events';
import type { BidRequestDesk } from '../rtb';
import type { AuditTrail, Database, RateLimiter } from '../storage';
import type { Access } from './access/access';
import type { ShownQueues } from './bull-board';
import type { DebugServices } from './debug/debug-routes';
import type { CallNews, EventStreamLimits } from './event-streams';
import type { Health } from './health';
import type { RequestReport } from './middleware/request-context';
import type { MoneyRules } from './money-rules';
import type { PhoneServices } from './phone/services';
import type { LiveFiguresSource } from './resources/analytics';
import type { CallControlDesk } from './resources/call-control';
import type { LiveCalls } from './resources/calls';
import type { CheckDesk } from './resources/checks';
import type { PersonServices } from './resources/consents';
import type { DialplanServices } from './resources/dialplans';
import type { DryRunDesk } from './resources/decisions';
import type { NumberListParts } from './resources/number-lists';
import type { RateTable } from './rate-table';
import type { PaymentServices } from './resources/payments';
import type { RecordingLibrary } from './resources/recordings';
import type { SystemStats } from './resources/system';
import type { TestCallDesk } from './resources/test-calls';
import type { WebhookServices } from './resources/webhooks';

/** What the API is made of. */
export interface ApiServices {
  readonly database: Database;
  readonly live: LiveCalls;
  /** What is done to calls that are up, on whichever node. */
  readonly callControl: CallControlDesk;
  /** What opens recordings; without it nobody listens. */
  readonly recordings?: RecordingLibrary;
  /** Decides calls that there are not. */
  readonly dryRun: DryRunDesk;
  /** Rings targets for no caller. */
  readonly testCalls: TestCallDesk;
  /** What is known of numbers and persons. */
  readonly checks: CheckDesk;
  /** What goes on over all nodes, in figures; without it nobody is told. */
  readonly liveFigures?: LiveFiguresSource;
  readonly news: CallNews;
  /** What happens on all nodes; without it nobody is told. */
  readonly events?: EventHub;
  /** Prompts, engines and files of dialplans; without it there are none. */
  readonly dialplans?: DialplanServices;
  readonly bidRequests: Pick<BidRequestDesk, 'answer' | 'cancel'>;
  /** Proof of consent, and what persons ask for. */
  readonly persons: PersonServices;
  readonly health: Health;
  /** How people sign in, and programs get tokens; without it there are API keys alone. */
  readonly access?: Access;
  /** Who charges cards, and tells of them; nobody by default. */
  readonly payments?: PaymentServices;
  /** Phones of agents, and the folder of their page; without them nobody signs in. */
  readonly phone?: PhoneServices & { readonly pageFolder?: string };
  /** Where the console lies that was built; without it there is none. */
  readonly consoleFolder?: string;
  /** What Bull Board shows; without them there is none. */
  readonly queues?: ShownQueues;
  /** What may be looked at in this process; nothing by default. */
  readonly debug?: DebugServices | undefined;
  readonly numberLists: NumberListParts;
  readonly system: SystemStats;
  /** Who is told of money, and by what a test of it is sent. */
  readonly webhooks: Omit<WebhookServices, 'vault'>;
  /** What the configuration says of money after the fact. */
  readonly moneyRules?: MoneyRules;
  /** Requests that one caller may make in a minute, where nothing else is said. */
  readonly requestsPerMinute: number;
  /** The audit log, of what has no transaction of its own; one of the API's own by default. */
  readonly trail?: Pick<AuditTrail, 'record' | 'refused'>;
  /** Where less or more may be asked; what is usual by default. */
  readonly limits?: Partial<Omit<RateTable, 'default'>>;
  /** Who counts requests: by default this process alone. */
  readonly limiter?: RateLimiter;
  /** Milliseconds a request may take before it is answered with 503; 30,000 by default. */
  readonly timeoutMs?: number;
  /** Origins whose pages may call the API from a browser, `https://*.example.com` for all below a domain; none by default. */
  readonly corsOrigins?: readonly string[];
  /** Reverse proxies before the API whose X-Forwarded-For is believed: addresses and CIDR blocks; none by default. */
  readonly trustedProxies?: readonly string[];
  readonly streamLimits?: EventStreamLimits;
  /** Told of each request when it is over: for metrics. */
  readonly onRequest: (report: RequestReport) => void;
  /** The same for the log; nobody by default. */
  readonly logRequest?: (report: RequestReport) => void;
  readonly onBug: (error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}
