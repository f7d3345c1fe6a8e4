import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { configSchema, loadConfig } from '../../../src/config';

const ROOT = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly command?: readonly string[];
  readonly network_mode?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test?: readonly string[] | string; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly logging?: unknown;
  readonly deploy?: { readonly resources: { readonly limits: Readonly<Record<string, string | number>> } };
}

const text = read('docker-compose.yml');
const compose = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);
const ours = services.filter(([, { image }]) => image.startsWith('dce:'));
const defaults = configSchema.parse({});
/** What an operator fills in, and what compose makes of a value with it. */
const FILLED: Readonly<Record<string, string>> = {
  LISTEN_ADDRESS: '192.0.2.10',
  POSTGRES_PASSWORD: 'a1',
  REDIS_PASSWORD: 'b2',
  DRACHTIO_SECRET: 'c3',
  FREESWITCH_SECRET: 'd4'.repeat(12),
  PRIVACY_KEY: 'e5'.repeat(24),
};
const interpolate = (value: string): string =>
  value
    .replace(/\$\{(\w+)(?::\?[^}]*|:-)?\}/g, (_all, name: string) => FILLED[name] ?? '')
    .replaceAll('$$', '$');

/** Starts once and ends: nothing to watch. */
const isTask = ({ restart }: Service): boolean => restart?.startsWith('on-failure:') === true;

test.each(services)('%s is watched, started again, limited, and its logs are bounded', (_name, service) => {
  if (isTask(service)) expect(service.healthcheck).toEqual({ disable: true });
  else {
    expect(service.healthcheck?.test).toBeDefined();
    expect(service.restart).toBe('unless-stopped');
  }
  expect(Object.keys(service.deploy?.resources.limits ?? {}).sort()).toEqual(['cpus', 'memory', 'pids']);
  expect(service.logging).toMatchObject({ options: { 'max-size': '50m' } });
});

test.each(services)('the image of %s is pinned', (_name, { image }) => {
  expect(image).toMatch(/:\d[\w.-]*$/);
});

test('our image has the version of the product', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  for (const [, { image }] of ours) expect(image).toBe(`dce:${version}`);
});

test.each(ours)('the configuration of %s is valid', (_name, { environment }) => {
  const env = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, interpolate(value)]),
  );
  expect(() => loadConfig({ env, flags: {}, file: undefined })).not.toThrow();
});

test.each(services)('the files that %s mounts are in the repository', (_name, { volumes = [] }) => {
  for (const volume of volumes) {
    const [from = ''] = volume.split(':');
    if (from.startsWith('./'))
      expect({ from, there: existsSync(join(ROOT, from)) }).toEqual({ from, there: true });
    else expect(compose.volumes).toHaveProperty(from);
  }
});

test('what a service waits for exists, and says when it is there', () => {
  for (const [, { depends_on: others = {}, profiles = [] }] of services) {
    for (const [name, { condition }] of Object.entries(others)) {
      const other = compose.services[name];
      expect(other).toBeDefined();
      if (!other) continue;
      expect(condition).toBe(isTask(other) ? 'service_completed_successfully' : 'service_healthy');
      // A service of a profile waits for what that profile starts too.
      for (const profile of other.profiles ?? []) expect(profiles).toContain(profile);
    }
  }
});

test('the two kinds of SIP exclude each other, and the example chooses one of them', () => {
  const profiles = new Set(services.flatMap(([, service]) => service.profiles ?? []));
  const chosen = /^COMPOSE_PROFILES=(\w+)$/m.exec(read('deploy/.env.example'))?.[1];
  expect([...profiles].sort()).toEqual(['drachtio', 'embedded']);
  expect(profiles).toContain(chosen);
  for (const profile of profiles) {
    const switches = ours.filter(
      ([, { command, profiles: own }]) => command?.[0] === 'switch' && own?.includes(profile),
    );
    expect(switches).toHaveLength(1);
  }
});

test('every variable of the file is in the example, and the example has no other', () => {
  const used = new Set([...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name));
  const named = new Set([...read('deploy/.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name));
  named.delete('COMPOSE_PROFILES');
  expect([...used].sort()).toEqual([...named].sort());
});

test('no secret has a value here: compose refuses to start without one', () => {
  for (const [, { environment = {} }] of services) {
    for (const [name, value] of Object.entries(environment)) {
      if (/PASSWORD|SECRET|_URL$|_KEY$/.test(name)) expect(value).toMatch(/\$\{\w+:\?/);
    }
  }
  expect(read('deploy/.env.example')).not.toMatch(/^\w*(PASSWORD|SECRET|KEY)=./m);
});

test('all that run of ours have the same privacy key: their folders are not the same', () => {
  for (const [, { command, environment }] of ours.filter(([, service]) => !isTask(service))) {
    expect([command?.[0], environment['DCE_PRIVACY_KEY']]).toEqual([
      command?.[0],
      '${PRIVACY_KEY:?is not set in deploy/.env}',
    ]);
  }
});

test('what compose publishes is for this machine alone', () => {
  for (const [, { ports = [] }] of services) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
});

test('ports are those that the parts expect of each other', () => {
  const { switch: withDrachtio, drachtio, freeswitch } = compose.services;
  const port = String(defaults.sip.drachtio.port);
  expect(withDrachtio?.environment['DCE_SIP_DRACHTIO_PORT']).toBe(port);
  expect(String(drachtio?.healthcheck?.test)).toContain(`/127.0.0.1/${port}`);
  expect(String(drachtio?.command)).toContain(':5060;');
  const eventSocket = /listen-port" value="(\d+)"/.exec(
    read('freeswitch/autoload/event_socket.conf.xml'),
  )?.[1];
  expect(String(freeswitch?.healthcheck?.test)).toContain(`-P ${eventSocket} `);
  expect(withDrachtio?.environment).toMatchObject({
    DCE_API_PORT: String(defaults.api.port),
    DCE_MEDIA_PORT_MIN: String(defaults.media.portMin),
    DCE_MEDIA_PORT_MAX: String(defaults.media.portMax),
  });
});

test('a switch may end its calls before it is killed, and refuses calls before its memory is full', () => {
  for (const [, service] of ours.filter(([, { command }]) => command?.[0] === 'switch')) {
    expect(Number.parseInt(service.stop_grace_period ?? '0', 10) * 1_000).toBeGreaterThan(
      defaults.limits.drainMs,
    );
    const gigabytes = Number.parseInt(String(service.deploy?.resources.limits['memory']), 10);
    expect(gigabytes * 1_024).toBeGreaterThan(defaults.limits.maxRssMegabytes);
  }
});
