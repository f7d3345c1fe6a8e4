import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CONFIG_KEYS,
  configReference,
  explainConfig,
  explainSettings,
  loadConfig,
  maskSecrets,
} from '../../../src/config';

const loaded = loadConfig({
  env: {
    DCE_DATABASE_URL: 'postgres://dce:hunter2@db.example.net:5432/dce?password=hunter3',
    DCE_REDIS_URL: 'redis://cache.example.net:6379/1',
    DCE_SIP_DRACHTIO_SECRET: 'hunter4',
  },
  flags: { 'api.port': '9000' },
  file: undefined,
});

describe('showing the configuration', () => {
  it('masks secrets, and shows of a URL what is none', () => {
    expect(maskSecrets(loaded.config)).toMatchObject({
      database: { url: 'postgres://dce:********@db.example.net:5432/dce?********' },
      redis: { url: 'redis://cache.example.net:6379/1' },
      sip: { drachtio: { secret: '********' } },
      api: { port: 9000 },
    });
    expect(explainConfig(loaded)).not.toContain('hunter');
    expect(loaded.config.sip.drachtio.secret).toBe('hunter4');
  });

  it('says of every setting where it came from', () => {
    const settings = explainSettings(loaded);
    expect(settings.map(({ path }) => path)).toEqual(CONFIG_KEYS.map(({ path }) => path));
    const sourceOf = (path: string) => settings.find((setting) => setting.path === path)?.source;
    expect([sourceOf('database.url'), sourceOf('api.port'), sourceOf('api.host')]).toEqual([
      'env',
      'flag',
      'default',
    ]);
    expect(explainConfig(loaded)).toContain('api.port = 9000  [flag]');
  });

  it('every setting says what it is for', () => {
    for (const { path, description } of CONFIG_KEYS) expect([path, description]).not.toEqual([path, '']);
  });

  it('everything that can hold a password is marked secret', () => {
    const suspicious = CONFIG_KEYS.filter(({ path }) => /secret|password|token|\.url$/i.test(path));
    expect(suspicious.length).toBeGreaterThanOrEqual(3);
    expect(suspicious.filter(({ secret }) => !secret)).toEqual([]);
  });

  it('the page about configuration holds the reference of today', () => {
    const page = readFileSync(join(__dirname, '../../../docs/configuration.md'), 'utf8');
    expect(page).toContain(configReference());
  });
});
