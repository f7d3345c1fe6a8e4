import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ConfigInput, LoadedConfig } from '../../../src/config';
import { CONFIG_KEYS, ConfigError, configEnvironment, loadConfig } from '../../../src/config';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dce-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(input: Partial<ConfigInput> & { yaml?: string }): LoadedConfig {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, input.yaml ?? '');
  return loadConfig({ env: input.env ?? {}, flags: input.flags ?? {}, file: input.file ?? file });
}

function problems(input: Parameters<typeof load>[0]): string[] {
  try {
    load(input);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${folder}/`, '').split('\n');
    throw error;
  }
  throw new Error('it was taken');
}

describe('where a setting comes from', () => {
  const yaml = 'api:\n  port: 1001\n';
  const env = { DCE_API_PORT: '1002' };
  const flags = { 'api.port': '1003' };

  it.each([
    ['default', {}, 8080, undefined],
    ['the file over the default', { yaml }, 1001, 'file'],
    ['a variable over the file', { yaml, env }, 1002, 'env'],
    ['an option over everything', { yaml, env, flags }, 1003, 'flag'],
  ])('%s', (_name, input, port, source) => {
    const { config, sources } = load(input);
    expect(config.api.port).toBe(port);
    expect(sources.get('api.port')).toBe(source);
  });

  it('one section may come from all of them', () => {
    const { config } = load({
      yaml: 'sip:\n  t1Ms: 250\n  drachtio: { host: sip.example.net }\n',
      env: { DCE_SIP_DRACHTIO_SECRET: 'from the environment' },
      flags: { 'sip.drachtio.port': '9999' },
    });
    expect(config.sip.t1Ms).toBe(250);
    expect(config.sip.drachtio).toEqual({
      host: 'sip.example.net',
      port: 9999,
      secret: 'from the environment',
    });
  });

  it.each([
    ['DCE_SIP_DRACHTIO_HOST', 'sip.example.net', 'sip.drachtio.host'],
    ['DCE_SIP_T1_MS', '250', 'sip.t1Ms'],
    ['DCE_SIP_EXTERNAL_ADDRESS', '192.0.2.1', 'sip.externalAddress'],
    ['DCE_DATABASE_STATEMENT_TIMEOUT_MS', '5', 'database.statementTimeoutMs'],
    ['DCE_CAPS_WHEN_REDIS_IS_AWAY', 'refuse', 'caps.whenRedisIsAway'],
    ['DCE_DEMO_BUYER_PORT1', '7000', 'demo.buyerPort1'],
  ])('%s reaches its key, whatever its capitals', (name, value, path) => {
    expect(load({ env: { [name]: value } }).sources.get(path)).toBe('env');
  });

  it('no two settings share a variable', () => {
    expect(new Set(CONFIG_KEYS.map(({ env }) => env)).size).toBe(CONFIG_KEYS.length);
  });

  it('the domain of phones is the same whatever its capitals', () => {
    expect(load({ env: { DCE_SIP_DOMAIN: 'DCE.invalid' } }).config.sip.domain).toBe('dce.invalid');
  });

  it('lists are written with commas', () => {
    const { config } = load({ env: { DCE_SIP_LISTEN: 'udp:192.0.2.1:5060, tcp:[2001:db8::1]:5061' } });
    expect(config.sip.listen).toEqual(['udp:192.0.2.1:5060', 'tcp:[2001:db8::1]:5061']);
  });

  it('what is more than a list of words is written as YAML, or as JSON in a variable', () => {
    const yaml =
      'lookups:\n  providers:\n    - { name: scrub, kind: dnc, url: "https://example.com/{number}", secretEnv: DCE_SECRET_SCRUB }\n';
    const expected = { name: 'scrub', kind: 'dnc', timeoutMs: 150, secretEnv: 'DCE_SECRET_SCRUB' };
    const { config } = load({ yaml });
    expect(config.lookups.providers).toMatchObject([expected]);
    const variables = configEnvironment(config);
    expect(load({ env: { ...variables, DCE_SECRET_SCRUB: 'hunter2' } }).config).toEqual(config);
    const wrong = {
      DCE_LOOKUPS_PROVIDERS: '[{"name":"scrub","kind":"weather","url":"https://example.com"}]',
    };
    expect(problems({ env: wrong })).toEqual([
      expect.stringMatching(/^DCE_LOOKUPS_PROVIDERS \(lookups\.providers\.0\.kind\): /) as string,
    ]);
    expect(problems({ env: { DCE_LOOKUPS_PROVIDERS: 'scrub' } })).toHaveLength(1);
  });

  it('a variable set to nothing is not set, and so is an empty value or section of the file', () => {
    const { config, sources } = load({
      yaml: 'api:\n  port:\nredis:\nsip:\n  drachtio:\n',
      env: { DCE_API_HOST: '' },
    });
    expect(config.api).toMatchObject({ port: 8080, host: '127.0.0.1' });
    expect([...sources]).toEqual([]);
  });

  it('a child given the configuration as variables sees the same', () => {
    const { config } = load({
      yaml: 'telemetry: { tracing: true, samplingRatio: 0.25 }\nsip: { listen: [udp:192.0.2.1:5060] }\n',
    });
    expect(load({ env: configEnvironment(config) }).config).toEqual(config);
  });
});

describe('what is wrong', () => {
  it('is said with where it came from and what is allowed', () => {
    expect(
      problems({
        yaml: 'sip:\n  unknownSource: ignore\n',
        env: { DCE_API_PORT: 'high', DCE_MEDIA_WORKERS: '0' },
        flags: { 'database.poolSize': '1000' },
      }),
    ).toEqual([
      'config.yaml: sip.unknownSource: Invalid option: expected one of "drop"|"forbid"',
      'DCE_MEDIA_WORKERS (media.workers): Too small: expected number to be >0',
      '--database.poolSize: Too big: expected number to be <=200',
      'DCE_API_PORT (api.port): Invalid input: expected number, received string',
    ]);
  });

  it('names that are no settings are told, with those they resemble', () => {
    expect(
      problems({
        yaml: 'sip:\n  drachtoi:\n    host: a\nnonsense: 1\n',
        env: { DCE_DATABASE_URI: 'postgres://x/y' },
        flags: { 'api.prot': '1' },
      }),
    ).toEqual([
      'config.yaml: sip.drachtoi: there is no such setting; did you mean sip.drachtio?',
      'config.yaml: nonsense: there is no such setting',
      'DCE_DATABASE_URI: there is no such setting; did you mean DCE_DATABASE_URL?',
      '--api.prot: there is no such setting; did you mean api.port or api.host?',
    ]);
  });

  it.each([
    ['sip: 5060\n', 'config.yaml: sip must hold settings by name'],
    ['- a\n- b\n', 'config.yaml: it must hold settings by name'],
    ['api: {port: "8080"}\n', 'config.yaml: api.port: Invalid input: expected number, received string'],
    ['__proto__: {polluted: true}\napi: {}\n', 'config.yaml: __proto__: there is no such setting'],
    [
      'media: {portMin: 5000, portMax: 5001}\n',
      'config.yaml: media.portMax: must be at least 10 above media.portMin, which is 5000',
    ],
    [
      'sip: {listen: ["udp:127.0.0.1:5060", "wss:127.0.0.1:443"], tls: {certFile: cert.pem}}\n',
      'sip.tls.keyFile: is needed to listen on tls or wss (sip.listen)',
    ],
  ])('%j', (yaml, line) => {
    expect(problems({ yaml })).toEqual([line]);
    expect(({} as { polluted?: true }).polluted).toBeUndefined();
  });

  it('a file that is no YAML gives one line', () => {
    expect(problems({ yaml: 'api: [1\nb: }' })).toEqual([
      expect.stringMatching(/^config\.yaml: is not YAML: /) as string,
    ]);
  });

  it('a file named by hand must be there', () => {
    expect(problems({ file: join(folder, 'missing.yaml') })).toEqual(['missing.yaml: there is no such file']);
  });

  it.each([
    ['sip.listen', 'udp:127.0.0.1:70000'],
    ['sip.listen', 'udp:1.2.3:5060'],
    ['sip.listen', 'udp:999.0.0.1:5060'],
    ['sip.listen', 'tcp:[127.0.0.1]:5060'],
    ['sip.listen', 'sctp:127.0.0.1:5060'],
    ['sip.ws.trustedProxies', 'proxy.example.com'],
    ['sip.ws.origins', 'phone.example.com'],
    ['sip.drachtio.host', 'bad host'],
    ['media.listenAddress', 'localhost'],
    ['database.url', 'mysql://db/dce'],
    ['redis.url', 'redis.example.net:6379'],
    ['api.corsOrigins', 'https://console.example.com/path'],
    ['api.corsOrigins', '*'],
    ['api.corsOrigins', 'https://*'],
    ['api.corsOrigins', 'https://*.com'],
    ['api.corsOrigins', 'https://*.*.example.com'],
    ['api.corsOrigins', 'https://console*.example.com'],
    ['telemetry.otlpEndpoint', 'collector:4318'],
    ['telemetry.tracing', 'yes'],
    ['api.port', '80.5'],
    ['api.port', '-1'],
  ])('%s=%s is refused by name', (path, text) => {
    const [line = ''] = problems({ flags: { [path]: text } });
    expect(line.startsWith(`--${path}`)).toBe(true);
  });

  it('never repeats a value, which may be a secret', () => {
    const text = problems({ env: { DCE_DATABASE_URL: 'postgre://dce:hunter2@db/dce' } }).join();
    expect(text).toContain('DCE_DATABASE_URL (database.url)');
    expect(text).not.toContain('hunter2');
  });

  it('variables of other programs and of service links are passed by', () => {
    const { sources } = load({
      env: {
        DCE_CONFIG: 'x.yaml',
        DCE_TEST_ANYTHING: '1',
        DCE_MEDIASOUP_WORKER_BIN: '/x',
        DCE_API_PORT: 'tcp://10.0.0.7:8080',
        DCE_API_SERVICE_HOST: '10.0.0.7',
        DCE_API_SERVICE_PORT_HTTP: '8080',
        DCE_API_PORT_8080_TCP_ADDR: '10.0.0.7',
        PATH: '/bin',
      },
    });
    expect([...sources]).toEqual([]);
  });

  it('whatever is given, the answer is a configuration or a list of problems', () => {
    const paths = CONFIG_KEYS.map(({ path }) => path);
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(fc.constantFrom(...paths), fc.string()), fc.string(), { maxKeys: 5 }),
        fc.dictionary(fc.constantFrom(...CONFIG_KEYS.map(({ env }) => env), 'DCE_X'), fc.string(), {
          maxKeys: 5,
        }),
        (flags, env) => {
          try {
            expect(load({ flags, env }).config.api.port).toBeGreaterThanOrEqual(0);
          } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            expect(error.message).not.toBe('');
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
