import { takeFlags } from '../../../src/config';

describe('settings on the command line', () => {
  it('are taken wherever they stand; the rest keeps its order', () => {
    expect(
      takeFlags([
        '--api.port=9000',
        'switch',
        '--sip.t1Ms',
        '250',
        '--config',
        'a.yaml',
        '--environment=test',
      ]),
    ).toEqual({
      flags: { 'api.port': '9000', 'sip.t1Ms': '250', environment: 'test' },
      rest: ['switch', '--config', 'a.yaml'],
    });
  });

  it('a switch needs no value and takes none', () => {
    expect(takeFlags(['--telemetry.tracing', 'start'])).toEqual({
      flags: { 'telemetry.tracing': 'true' },
      rest: ['start'],
    });
    expect(takeFlags(['--telemetry.tracing=false']).flags).toEqual({ 'telemetry.tracing': 'false' });
  });

  it('a dotted name that is no setting is taken, to be reported', () => {
    expect(takeFlags(['--api.prot=1', '--steps', '2'])).toEqual({
      flags: { 'api.prot': '1' },
      rest: ['--steps', '2'],
    });
  });

  it('values keep their equals signs, and nothing is taken after --', () => {
    expect(takeFlags(['--database.url=postgres://h/d?a=b', '--', '--api.port=1'])).toEqual({
      flags: { 'database.url': 'postgres://h/d?a=b' },
      rest: ['--', '--api.port=1'],
    });
  });
});
