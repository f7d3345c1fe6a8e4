import { setImmediate as breathe } from 'node:timers/promises';
import type { PlanProblem, PlanWorld } from '../dialplan';
import { problemLine } from '../dialplan';
import type { CallPlan } from '../signaling';
import type { Database, PublishedDialplan } from '../storage';
import { DialplanFeed } from '../storage';
import { PlanFolder } from './plan-folder';
import { ShelvedPlan } from './shelved-plan';

/** What somebody should mend of a plan. */
export interface PlanAlert {
  /** The same as long as it is about the same plan. */
  readonly subject: string;
  /** `refused`: its newest text is taken by no call. `flagged`: it is, and lacks something. `missing`: it is named, and not there. */
  readonly kind: 'refused' | 'flagged' | 'missing';
  /** One clause, with file, line and column where there are. */
  readonly detail: string;
  /** Whose plan it is; undefined: the exchange's. */
  readonly accountId?: string | undefined;
}

export interface PlanShelfOptions {
  /** Of the plans that are files. */
  readonly folder: string;
  /** Absent: there are files alone. */
  readonly database?: Database;
  /** What prompts and engines there are now. */
  readonly world: () => Pick<PlanWorld, 'prompts' | 'engines'>;
  /** Something is wrong that was not, or otherwise than it was. */
  readonly onAlert: (alert: PlanAlert) => void;
  /** What an alert told of is over. */
  readonly onCleared: (alert: PlanAlert) => void;
  /** A plan that was never good, and that no call takes so far, is not taken: one clause. */
  readonly onRefused?: (detail: string) => void;
  /** Calls take another version from now on. */
  readonly onChanged?: (where: string) => void;
  /** Plans of the database are not followed, or are again. */
  readonly onStale?: (error: Error) => void;
  readonly onFresh?: () => void;
  readonly settleMs?: number;
  readonly pollMs?: number;
  readonly pulseMs?: number;
}

/** A plan that is a file, as people see it. */
export interface ShippedPlan {
  readonly name: string;
  /** The text that calls take; undefined: it was never good. */
  readonly text: string | undefined;
  /** What is wrong with the file as it is. */
  readonly problems: readonly PlanProblem[];
}

interface StoredPlan {
  readonly id: string;
  readonly plan: ShelvedPlan;
  readonly accountId: string | undefined;
  readonly name: string;
}

const WORLD_MS = 15_000;
/** Names that are told of as missing at most. */
const MOST_MISSING = 1_000;
const MISSING = 'missing:';

/**
 * The plans that calls may take: files of a folder, and what was published in the database. What calls take is
 * never changed, but replaced: a call keeps the plan that it began with. What cannot be carried out is refused and
 * told of, and the version before stays.
 */
export class PlanShelf {
  readonly #options: PlanShelfOptions;
  readonly #folder: PlanFolder;
  readonly #feed: DialplanFeed | undefined;
  readonly #files = new Map<string, { readonly plan: ShelvedPlan; readonly path: string }>();
  readonly #stored = new Map<string, StoredPlan>();
  /** Stored ones by account and name; `''` is the exchange. */
  #byOwner: ReadonlyMap<string, ReadonlyMap<string, StoredPlan>> = new Map();
  readonly #alerts = new Map<string, PlanAlert>();
  /** What was wrong with plans that were never good. */
  readonly #refused = new Map<string, string>();
  #knownWorld = '';
  #worldTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PlanShelfOptions) {
    const { folder, database, settleMs, pollMs, pulseMs } = options;
    this.#options = options;
    this.#folder = new PlanFolder(
      folder,
      {
        onFiles: (files) => this.#takeFiles(files),
        onTrouble: (error) => {
          const subject = `folder:${folder}`;
          if (error)
            this.#raise({ subject, kind: 'refused', detail: `dialplans cannot be read: ${error.message}` });
          else this.#clear(subject);
        },
      },
      { ...(settleMs !== undefined && { settleMs }), ...(pollMs !== undefined && { pollMs }) },
    );
    this.#feed =
      database &&
      new DialplanFeed(
        database,
        {
          onPlans: (plans) => this.#takeStored(plans),
          onFresh: () => options.onFresh?.(),
          onStale: (error) => options.onStale?.(error),
        },
        pulseMs === undefined ? {} : { pulseMs },
      );
  }

  /** Reads every plan, and follows from there. @throws Error when the database cannot be read */
  async start(): Promise<void> {
    this.#knownWorld = worldMark(this.#options.world());
    await this.#folder.start();
    await this.#feed?.start();
    this.#lookAtWorld();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#worldTimer);
    await this.#folder.close();
    await this.#feed?.close();
  }

  /**
   * The plan of a call: that of its number, by its seller's own plans, those of the exchange and the files; else
   * that of its campaign, by the exchange's and the files. One that is named and not there is told of.
   * @param account - the number's seller
   */
  planFor(
    numberPlan: string | undefined,
    campaignPlan: string | undefined,
    account: string | undefined,
  ): CallPlan | undefined {
    return this.#named(numberPlan, account) ?? this.#named(campaignPlan, undefined);
  }

  /** Plans that are files, by their names. */
  get shipped(): readonly ShippedPlan[] {
    return [...this.#files]
      .map(([name, { plan }]) => ({ name, text: plan.text, problems: plan.trouble?.problems ?? [] }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What is wrong at present. */
  get alerts(): readonly PlanAlert[] {
    return [...this.#alerts.values()];
  }

  /** What there is of prompts and engines, as plans are checked by it. */
  get world(): Pick<PlanWorld, 'prompts' | 'engines'> {
    return this.#options.world();
  }

  #named(name: string | undefined, account: string | undefined): CallPlan | undefined {
    if (name === undefined) return undefined;
    const call = this.#found(name, account)?.call;
    const subject = `${MISSING}${account ?? ''}/${name}`;
    if (call) this.#clear(subject);
    else if (this.#alerts.has(subject)) return undefined;
    else if (this.#missing() < MOST_MISSING) {
      const why = this.#refused.get(this.#subjectOf(name, account));
      const detail = why === undefined ? `there is no dialplan ${name}` : why;
      this.#raise({
        subject,
        kind: 'missing',
        detail: `${detail}: calls go on without it`,
        accountId: account,
      });
    }
    return call;
  }

  /** A seller's own goes before one of the exchange, and that before a file; those that were never good are passed over. */
  #found(name: string, account: string | undefined): ShelvedPlan | undefined {
    const own = account === undefined ? undefined : this.#byOwner.get(account)?.get(name);
    return [own?.plan, this.#byOwner.get('')?.get(name)?.plan, this.#files.get(name)?.plan].find(
      (plan) => plan?.call !== undefined,
    );
  }

  #subjectOf(name: string, account: string | undefined): string {
    const stored = this.#byOwner.get(account ?? '')?.get(name) ?? this.#byOwner.get('')?.get(name);
    return stored ? `plan:${stored.id}` : `file:${this.#files.get(name)?.path ?? ''}`;
  }

  #missing(): number {
    let count = 0;
    for (const { kind } of this.#alerts.values()) if (kind === 'missing') count++;
    return count;
  }

  #takeFiles(files: readonly { name: string; path: string; text: string | undefined }[]): void {
    const world = this.#options.world();
    const seen = new Set<string>();
    for (const { name, path, text } of files) {
      if (seen.has(name)) {
        this.#raise({
          subject: `file:${path}`,
          kind: 'refused',
          detail: `${path}: there is another file ${name}`,
        });
        continue;
      }
      seen.add(name);
      const known = this.#files.get(name);
      const file = known?.path === path ? known : { plan: known?.plan ?? new ShelvedPlan(false), path };
      this.#files.set(name, file);
      if (text === undefined) {
        this.#raise({ subject: `file:${path}`, kind: 'refused', detail: `${path}: cannot be read` });
        continue;
      }
      this.#offer(file.plan, { text, version: 0 }, { ...world, name }, path);
      this.#tell(`file:${path}`, path, file.plan, undefined);
    }
    for (const [name] of [...this.#files]) if (!seen.has(name)) this.#files.delete(name);
    const paths = new Set(files.map(({ path }) => `file:${path}`));
    for (const subject of [...this.#alerts.keys(), ...this.#refused.keys()])
      if (subject.startsWith('file:') && !paths.has(subject)) this.#forget(subject);
    this.#clearFound();
  }

  async #takeStored(plans: readonly PublishedDialplan[]): Promise<void> {
    const world = this.#options.world();
    for (const published of plans) {
      if (this.#closed) return;
      const { id, accountId, name, number, yaml } = published;
      const stored = this.#stored.get(id) ?? { id, plan: new ShelvedPlan(true), accountId, name };
      const { plan } = stored;
      if (this.#stored.get(id) !== stored || plan.text !== yaml || plan.call?.version !== number) {
        const wanted = { ...world, ...lastingOf(stored) };
        const where = whereOf(stored, number);
        const taken = this.#offer(plan, { text: yaml, version: number }, wanted, where);
        // A newer exchange may refuse what an older one published: what was live before is better than nothing.
        if (!taken && !plan.call) {
          const before = (await this.#feed?.before(id, number)) ?? [];
          before.some((one) => plan.fallBack({ text: one.yaml, version: one.number }, wanted));
        }
        // Others call at the same time.
        await breathe();
      }
      this.#stored.set(id, stored);
      this.#tell(`plan:${id}`, whereOf(stored, number), plan, accountId);
    }
    const ids = new Set(plans.map(({ id }) => id));
    for (const id of [...this.#stored.keys()]) {
      if (ids.has(id)) continue;
      this.#stored.delete(id);
      this.#forget(`plan:${id}`);
    }
    const byOwner = new Map<string, Map<string, StoredPlan>>();
    for (const stored of this.#stored.values()) {
      const { accountId = '', name } = stored;
      const own = byOwner.get(accountId) ?? new Map<string, StoredPlan>();
      byOwner.set(accountId, own.set(name, stored));
    }
    this.#byOwner = byOwner;
    this.#clearFound();
  }

  #offer(
    plan: ShelvedPlan,
    offered: { text: string; version: number },
    world: PlanWorld,
    where: string,
  ): boolean {
    const before = plan.call;
    const taken = plan.offer(offered, world);
    if (plan.call !== before) this.#options.onChanged?.(where);
    return taken;
  }

  #tell(subject: string, where: string, { trouble, call }: ShelvedPlan, accountId: string | undefined): void {
    const detail = trouble && detailOf(where, trouble.problems);
    if (detail === undefined) {
      this.#clear(subject);
      this.#refused.delete(subject);
    } else if (call) {
      this.#raise({ subject, kind: trouble?.isLive ? 'flagged' : 'refused', detail, accountId });
    } else if (this.#refused.get(subject) !== detail) {
      // Whoever takes calls by it hears of it; a plan that nobody uses may be for another engine.
      this.#refused.set(subject, detail);
      this.#options.onRefused?.(detail);
    }
  }

  #raise(alert: PlanAlert): void {
    const known = this.#alerts.get(alert.subject);
    if (this.#closed || (known?.detail === alert.detail && known.kind === alert.kind)) return;
    this.#alerts.set(alert.subject, alert);
    this.#options.onAlert(alert);
  }

  #clear(subject: string): void {
    const alert = this.#alerts.get(subject);
    if (!alert || this.#closed) return;
    this.#alerts.delete(subject);
    this.#options.onCleared(alert);
  }

  /** What calls missed is there now, whether or not another call has asked for it. */
  #clearFound(): void {
    for (const [subject, { kind }] of [...this.#alerts]) {
      if (kind !== 'missing') continue;
      const slash = subject.lastIndexOf('/');
      const account = subject.slice(MISSING.length, slash);
      if (this.#found(subject.slice(slash + 1), account === '' ? undefined : account)) this.#clear(subject);
    }
  }

  #forget(subject: string): void {
    this.#refused.delete(subject);
    this.#clear(subject);
  }

  /** Prompts and engines come and go without telling. */
  #lookAtWorld(): void {
    if (this.#closed) return;
    const world = this.#options.world();
    const mark = worldMark(world);
    if (mark !== this.#knownWorld) {
      this.#knownWorld = mark;
      for (const [name, { plan, path }] of this.#files) {
        plan.again({ ...world, name });
        this.#tell(`file:${path}`, path, plan, undefined);
      }
      for (const [id, stored] of this.#stored) {
        stored.plan.again({ ...world, ...lastingOf(stored) });
        const { trouble, call } = stored.plan;
        this.#tell(
          `plan:${id}`,
          whereOf(stored, trouble?.version ?? call?.version ?? 0),
          stored.plan,
          stored.accountId,
        );
      }
    }
    this.#worldTimer = setTimeout(() => this.#lookAtWorld(), WORLD_MS);
    this.#worldTimer.unref();
  }
}

/** The first that is an error, and how many there are besides. */
function detailOf(where: string, problems: readonly PlanProblem[]): string | undefined {
  const first = problems.find(({ severity }) => severity === 'error');
  if (!first) return undefined;
  const more = problems.length - 1;
  return `${problemLine(where, first)}${more > 0 ? `, and ${more} more` : ''}`;
}

/** What a stored plan must be whatever prompts and engines there are: a seller's sends calls to nobody's targets. */
function lastingOf({ accountId, name }: Pick<StoredPlan, 'accountId' | 'name'>): PlanWorld {
  return { name, ...(accountId !== undefined && { mayTransferTo: () => false }) };
}

function whereOf({ accountId, name }: StoredPlan, version: number): string {
  return `${accountId === undefined ? '' : `${accountId}/`}${name} version ${version}`;
}

function worldMark({ prompts, engines }: Pick<PlanWorld, 'prompts' | 'engines'>): string {
  return JSON.stringify([prompts && [...prompts].sort(), engines]);
}
