import { ApiClient } from '../../../../src/web/console/api/client';
import type { ApiProblem } from '../../../../src/web/console/api/problem';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(status === 204 ? null : JSON.stringify(body), { status, headers });
const over = (): Response => json(401, { code: 'session_over', detail: 'the session is over' });

/** An API that answers as it is told, and writes down what it was asked. */
function exchange(answer: (asked: Asked, count: number) => Response | Promise<Response>) {
  const asked: Asked[] = [];
  const client = new ApiClient('/api/v1', async (url, init) => {
    const one: Asked = {
      method: init.method,
      path: url,
      headers: init.headers,
      body: init.body === undefined ? undefined : JSON.parse(init.body),
    };
    asked.push(one);
    return answer(one, asked.filter(({ path }) => path === url).length);
  });
  const paths = (): string[] => asked.map(({ method, path }) => `${method} ${path}`);
  return { client, asked, paths };
}

const problemOf = (promise: Promise<unknown>): Promise<ApiProblem> =>
  promise.then(
    () => {
      throw new Error('it was answered');
    },
    (error: unknown) => error as ApiProblem,
  );

describe('a request', () => {
  it('says with a write which page it comes from, which version it means, and which attempt it is', async () => {
    const { client, asked } = exchange(() => json(200, {}));
    client.csrfToken = 'token';
    await client.send('PATCH', '/campaigns/c', { body: { name: 'x' }, version: 7 });
    await client.post('/campaigns', { name: 'y' }, { idempotencyKey: 'once' });
    await client.get('/campaigns', { status: '', limit: 5, cursor: undefined });
    expect(asked[0]?.headers).toMatchObject({ 'X-CSRF-Token': 'token', 'If-Match': '"7"' });
    expect(asked[1]?.headers).toMatchObject({ 'X-CSRF-Token': 'token', 'Idempotency-Key': 'once' });
    expect(asked[2]?.path).toBe('/api/v1/campaigns?limit=5');
    expect(asked[2]?.headers).not.toHaveProperty('X-CSRF-Token');
  });

  it('that is refused tells why, field by field', async () => {
    const errors = [{ in: 'body', pointer: '/name', message: 'is taken' }, { nonsense: true }];
    const { client } = exchange(() =>
      json(422, { code: 'taken', detail: 'no', errors, requestId: 'r1' }, { 'Retry-After': '3' }),
    );
    const problem = await problemOf(client.post('/campaigns'));
    expect(problem).toMatchObject({
      status: 422,
      code: 'taken',
      message: 'no',
      requestId: 'r1',
      retryAfterMs: 3_000,
      errors: [errors[0]],
    });
  });

  it.each([
    ['nothing', () => Promise.reject(new TypeError('network')), 'no_answer'],
    ['no JSON', () => new Response('<html>', { status: 200 }), 'unreadable'],
    ['an error without a problem', () => new Response('bad gateway', { status: 502 }), 'unknown'],
  ])('that is answered with %s is a problem as well', async (_what, answer, code) => {
    const { client } = exchange(answer);
    expect(await problemOf(client.get('/calls'))).toMatchObject({ code });
  });

  it('that is given up says so', async () => {
    const { client } = exchange(
      () =>
        new Promise((_resolve, reject) => abort.signal.addEventListener('abort', () => reject(new Error()))),
    );
    const abort = new AbortController();
    const asked = problemOf(client.get('/calls', {}, abort.signal));
    abort.abort();
    expect(await asked).toMatchObject({ code: 'aborted' });
  });

  it('knows that somebody else was first', async () => {
    const { client } = exchange(() => json(412, { code: 'changed_meanwhile' }));
    expect((await problemOf(client.send('PATCH', '/campaigns/c', { body: {} }))).isConflict).toBe(true);
  });
});

describe('a session whose time is over', () => {
  it('is renewed once for all who ask meanwhile, and their requests are made again', async () => {
    let good = false;
    const { client, paths } = exchange(({ path }) => {
      if (path === '/api/v1/auth/refresh') {
        good = true;
        return json(200, { csrfToken: 'new' });
      }
      return good ? json(200, { path }) : over();
    });
    const answers = await Promise.all(['/calls', '/campaigns', '/buyers'].map((path) => client.get(path)));
    expect(answers).toEqual(['/calls', '/campaigns', '/buyers'].map((path) => ({ path: `/api/v1${path}` })));
    expect(paths().filter((path) => path === 'POST /api/v1/auth/refresh')).toHaveLength(1);
    expect(client.csrfToken).toBe('new');
  });

  it('is not renewed when another tab has done that: its refresh token is good for one', async () => {
    const { client, paths } = exchange(({ path }, count) => {
      if (path === '/api/v1/auth/me') return json(200, { csrfToken: 'theirs' });
      return count === 1 ? over() : json(200, {});
    });
    await client.get('/calls');
    expect(paths()).toEqual(['GET /api/v1/calls', 'GET /api/v1/auth/me', 'GET /api/v1/calls']);
    expect(client.csrfToken).toBe('theirs');
  });

  it('that cannot be renewed is told of, and the request is refused', async () => {
    const { client } = exchange(over);
    let told = 0;
    client.onSignedOut = () => void told++;
    expect(await problemOf(client.get('/calls'))).toMatchObject({ status: 401 });
    expect(told).toBe(1);
  });

  it('has nothing to do with a password that is wrong', async () => {
    const { client, paths } = exchange(() => json(401, { code: 'wrong_credentials' }));
    client.onSignedOut = () => {
      throw new Error('nobody was signed in');
    };
    expect(await problemOf(client.post('/auth/sign-in', {}))).toMatchObject({ code: 'wrong_credentials' });
    expect(paths()).toEqual(['POST /api/v1/auth/sign-in']);
  });
});
