import { randomBytes, randomUUID } from 'node:crypto';
import type { Account } from '../../domain';
import { AppError } from '../../domain';
import type { ListedRow, ListedTable, ListQuery, Queryable, Vault } from '../../storage';
import { inTransaction, listRows } from '../../storage';
import type { FieldProblem, PostbackPlaces } from './check-postback';
import { assertPort, checkHeaders, checkPostback } from './check-postback';
import type { Listener } from './events';
import { listenerOf } from './events';
import type { Postback, PostbackSettings } from './postback';
import { POSTBACK_COLUMNS } from './postback';
import { compileUrl } from './url-template';

export interface NewPostback extends PostbackSettings {
  readonly id: string | undefined;
  readonly accountId: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined = one is made. */
  readonly secret: string | undefined;
}

/** What may be changed; what is undefined stays. */
export type PostbackChanges = {
  readonly [Field in Exclude<keyof PostbackSettings, 'body'>]?: PostbackSettings[Field] | undefined;
} & {
  /** Null = the event as JSON. */
  readonly body?: string | null | undefined;
  /** All of them anew. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
};

const LISTED: ListedTable = {
  select: POSTBACK_COLUMNS,
  from: 'postbacks p',
  columns: {
    accountId: { column: 'p.account_id', kind: 'text' },
    status: { column: 'p.status', kind: 'text' },
    name: { column: 'p.name', kind: 'text' },
    createdAt: { column: 'p.created_at', kind: 'instant' },
  },
  tie: { column: 'p.id', kind: 'text', descending: false },
};

/** Postbacks of one account that are not archived. */
const MAX_OF_ACCOUNT = 100;
const SECRET_BYTES = 32;

/** What a secret is sealed for. */
export const secretPlace = (id: string): string => `postback secret ${id}`;
/** What headers are sealed for. */
export const headersPlace = (id: string): string => `postback headers ${id}`;

/** Those who are told of events. */
export class PostbackStore {
  readonly #db: Queryable;
  readonly #vault: Vault;
  readonly #places: PostbackPlaces;

  constructor(db: Queryable, vault: Vault, places: PostbackPlaces) {
    this.#db = db;
    this.#vault = vault;
    this.#places = places;
  }

  /** In the order of ids where no other is asked for. @throws AppError `unknown_filter` */
  async list(query: ListQuery): Promise<ListedRow<Postback>[]> {
    const rows = await listRows<Postback>(this.#db, LISTED, query);
    return rows.map(({ row, position }) => ({ row: whole(row), position }));
  }

  async get(id: string): Promise<Postback | undefined> {
    const { rows } = await this.#db.query<Postback>(
      `select ${POSTBACK_COLUMNS} from postbacks p where p.id = $1`,
      [id],
    );
    return rows[0] && whole(rows[0]);
  }

  /**
   * @returns it, and the secret if it was made here: nobody tells it again
   * @throws AppError for fields that cannot be, and for an id that is taken
   */
  async create(wanted: NewPostback): Promise<{ postback: Postback; secret: string | undefined }> {
    const { accountId, headers } = wanted;
    const listener = await this.#listener(accountId);
    refuse([...checkPostback(listener, wanted, this.#places), ...checkHeaders(headers)]);
    assertPort(wanted.url, listener, this.#places);
    const id = wanted.id ?? randomUUID();
    const secret = wanted.secret ?? newSecret();
    return inTransaction(this.#db, async (tx) => {
      await this.#requireRoom(tx, accountId);
      const { rowCount } = await tx.query(
        `insert into postbacks (id, account_id, name, status, events, method, url, host, body_type, body,
           header_names, sealed_headers, sealed_secret, campaign_ids, converted_only, rate_per_second)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict (id) do nothing`,
        [
          id,
          accountId,
          wanted.name,
          wanted.status,
          wanted.events,
          wanted.method,
          wanted.url,
          hostOf(wanted.url, listener),
          wanted.bodyType,
          wanted.body ?? null,
          namesOf(headers),
          this.#sealHeaders(id, headers),
          this.#vault.seal(secret, secretPlace(id)),
          wanted.campaignIds,
          wanted.convertedOnly,
          wanted.ratePerSecond,
        ],
      );
      if (rowCount !== 1) {
        throw new AppError('conflict', 'postback_exists', `there is a webhook ${id} already`, {
          errors: [{ in: 'body', pointer: '/id', message: 'is taken' }],
        });
      }
      await tx.query('insert into postback_queues (postback_id) values ($1)', [id]);
      const postback = await new PostbackStore(tx, this.#vault, this.#places).get(id);
      return { postback: postback as Postback, secret: wanted.secret === undefined ? secret : undefined };
    });
  }

  /**
   * @param check - told the version that there is; throws when another one was wanted
   * @returns undefined when there is none
   * @throws AppError for fields that cannot be, together with those that stay
   */
  change(
    id: string,
    changes: PostbackChanges,
    check: (version: number) => void,
  ): Promise<Postback | undefined> {
    return inTransaction(this.#db, async (tx) => {
      const own = new PostbackStore(tx, this.#vault, this.#places);
      const { rows } = await tx.query('select 1 from postbacks where id = $1 for no key update', [id]);
      const before = rows.length === 0 ? undefined : await own.get(id);
      if (!before) return undefined;
      check(before.version);
      if (before.status === 'archived') {
        throw new AppError('conflict', 'postback_archived', 'it is archived: make another one');
      }
      const { headers, body, ...rest } = changes;
      const after: Postback = {
        ...before,
        ...(defined(rest) as Partial<PostbackSettings>),
        body: body === undefined ? before.body : (body ?? undefined),
      };
      const listener = await own.#listener(before.accountId);
      refuse([...checkPostback(listener, after, this.#places), ...checkHeaders(headers ?? {})]);
      // One that goes nowhere any more can still be paused.
      if (after.status === 'active' || after.url !== before.url)
        assertPort(after.url, listener, this.#places);
      await tx.query(
        `update postbacks set name = $2, status = $3, events = $4, method = $5, url = $6, host = $7, body_type = $8,
           body = $9, campaign_ids = $10, converted_only = $11, rate_per_second = $12,
           paused_why = case when $3 = 'paused' then paused_why end, version = version + 1, updated_at = now()
         where id = $1`,
        [
          id,
          after.name,
          after.status,
          after.events,
          after.method,
          after.url,
          hostOf(after.url, listener),
          after.bodyType,
          after.body ?? null,
          after.campaignIds,
          after.convertedOnly,
          after.ratePerSecond,
        ],
      );
      if (headers !== undefined) {
        await tx.query('update postbacks set header_names = $2, sealed_headers = $3 where id = $1', [
          id,
          namesOf(headers),
          this.#sealHeaders(id, headers),
        ]);
      }
      if (after.status === 'archived') await buryOpen(tx, id);
      return own.get(id);
    });
  }

  /**
   * Gives it another secret; the one before signs as well for a while, so that its receiver can change over.
   * @param overlapSeconds - 0 = from now on only the new one signs
   * @returns the secret if it was made here; undefined when there is no such postback
   */
  async rotateSecret(
    id: string,
    wanted: string | undefined,
    overlapSeconds: number,
  ): Promise<{ postback: Postback; secret: string | undefined } | undefined> {
    const secret = wanted ?? newSecret();
    const { rowCount } = await this.#db.query(
      `update postbacks set sealed_secret = $2, sealed_old = case when $3 > 0 then sealed_secret end,
         old_until = case when $3 > 0 then now() + $3 * interval '1 second' end, version = version + 1, updated_at = now()
       where id = $1 and status <> 'archived'`,
      [id, this.#vault.seal(secret, secretPlace(id)), overlapSeconds],
    );
    if (rowCount !== 1) return undefined;
    const postback = (await this.get(id)) as Postback;
    return { postback, secret: wanted === undefined ? secret : undefined };
  }

  /** @throws AppError when it is no account that hears of anything */
  async #listener(accountId: string): Promise<Listener> {
    const { rows } = await this.#db.query<Pick<Account, 'type'>>('select type from accounts where id = $1', [
      accountId,
    ]);
    const [account] = rows;
    const listener = account && listenerOf(account.type);
    if (listener === undefined) {
      const message = account ? 'a carrier hears of nothing' : 'there is no such account';
      throw invalid([{ pointer: '/accountId', message }]);
    }
    return listener;
  }

  async #requireRoom(tx: Queryable, accountId: string): Promise<void> {
    const { rows } = await tx.query<{ count: number }>(
      `select count(*)::integer as count from postbacks where account_id = $1 and status <> 'archived'`,
      [accountId],
    );
    if ((rows[0]?.count ?? 0) >= MAX_OF_ACCOUNT) {
      throw new AppError(
        'conflict',
        'too_many_postbacks',
        `an account has ${MAX_OF_ACCOUNT} webhooks at most: archive one`,
        { errors: [{ in: 'body', pointer: '/accountId', message: `has ${MAX_OF_ACCOUNT} already` }] },
      );
    }
  }

  #sealHeaders(id: string, headers: Readonly<Record<string, string>>): Buffer | null {
    return Object.keys(headers).length === 0
      ? null
      : this.#vault.seal(JSON.stringify(headers), headersPlace(id));
  }
}

/** What waited for a receiver that is none any more. */
async function buryOpen(tx: Queryable, id: string): Promise<void> {
  await tx.query(
    `update postback_deliveries set state = 'dead', done_at = now(), last_error = 'the webhook was archived'
     where postback_id = $1 and state in ('waiting', 'failed')`,
    [id],
  );
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}

function namesOf(headers: Readonly<Record<string, string>>): string[] {
  return Object.keys(headers).map((name) => name.toLowerCase());
}

function hostOf(url: string, listener: Listener): string {
  const compiled = compileUrl(url, listener);
  if (!compiled.ok) throw new Error('a URL that was checked is none');
  return compiled.template.host;
}

function whole(row: Postback): Postback {
  return { ...row, body: row.body ?? undefined };
}

function defined<T extends object>(changes: T): Partial<T> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function refuse(problems: readonly FieldProblem[]): void {
  if (problems.length > 0) throw invalid(problems);
}

function invalid(problems: readonly FieldProblem[]): AppError {
  return new AppError('validation', 'invalid_request', 'the body is not acceptable', {
    errors: problems.map((problem) => ({ in: 'body', ...problem })),
  });
}
