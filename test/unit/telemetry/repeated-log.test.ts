import { RepeatedLog } from '../../../src/telemetry';

describe('trouble that repeats itself', () => {
  it('is written once in an interval, with how often it was not', () => {
    let now = 0;
    const written: [string, number][] = [];
    const repeated = new RepeatedLog(1_000, () => now);
    const log = (kind: string) => repeated.log(kind, (suppressed) => written.push([kind, suppressed]));
    log('database');
    log('database');
    log('redis');
    now = 999;
    log('database');
    now = 1_000;
    log('database');
    log('database');
    now = 5_000;
    log('database');
    expect(written).toEqual([
      ['database', 0],
      ['redis', 0],
      ['database', 2],
      ['database', 1],
    ]);
  });

  it('remembers a bounded number of kinds, the latest', () => {
    let written = 0;
    const repeated = new RepeatedLog(1_000, () => 0);
    for (let i = 0; i < 1_500; i++) repeated.log(`kind ${i}`, () => written++);
    repeated.log('kind 1499', () => written++);
    expect(written).toBe(1_500);
    repeated.log('kind 0', () => written++);
    expect(written).toBe(1_501);
  });
});
