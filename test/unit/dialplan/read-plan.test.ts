import { problemLine, readPlan } from '../../../src/dialplan';
import type { PlanWorld } from '../../../src/dialplan';

const HEAD = ['dialplan: 1', 'name: tried', 'start: a'];

/** The problems of a plan that begins with the usual three lines, which are lines 1 to 3. */
function problemsOf(lines: readonly string[], world: PlanWorld = {}): string[] {
  const read = readPlan([...HEAD, ...lines].join('\n'), world);
  return (read.ok ? read.warnings : read.problems).map((problem) => problemLine('p.yaml', problem));
}

const BYE = '  bye: { do: hangup }';

describe('what is no plan is refused, with its line, its column and the reason', () => {
  test.each<[string, string[], string[]]>([
    [
      'a step that there is not',
      ['steps:', '  a:', '    do: announce', '    play: [hello]', '    next: b'],
      ['p.yaml:8:5: there is no step b (steps.a.next)'],
    ],
    ['a start that there is not', ['steps:', BYE], ['p.yaml:3:1: there is no step a (start)']],
    [
      'a word that there is not',
      ['steps:', '  a: { do: hangup, cod: 480 }'],
      ['p.yaml:5:20: there is no cod here (steps.a.cod)'],
    ],
    [
      'a kind of step that there is not',
      ['steps:', '  a: { do: dance }'],
      [expect.stringMatching(/^p\.yaml:5:8: Invalid .*\(steps\.a\.do\)$/) as unknown as string],
    ],
    [
      'a key that no telephone has',
      ['steps:', '  a: { do: menu, play: [x], keys: { A: bye }, otherwise: bye }', BYE],
      ['p.yaml:5:37: one key: 0 to 9, * or # (steps.a.keys.A)'],
    ],
    [
      'a value of a condition',
      [
        'steps:',
        '  a:',
        '    do: branch',
        '    on:',
        '      - { when: { score: 2 }, go: bye }',
        '    otherwise: bye',
        BYE,
      ],
      [expect.stringMatching(/^p\.yaml:8:19: .*\(steps\.a\.on\.0\.when\.score\)$/) as unknown as string],
    ],
    [
      'hours of no zone',
      [
        'steps:',
        '  a:',
        '    do: branch',
        '    on:',
        '      - go: bye',
        '        when:',
        '          open: { zone: Mars/Olympus, days: [mon], from: "08:00", to: "20:00" }',
        '    otherwise: bye',
        BYE,
      ],
      ['p.yaml:10:19: not an IANA time zone (steps.a.on.0.when.open.zone)'],
    ],
    [
      'more digits at least than at most',
      [
        'tags: { zip: digits }',
        'steps:',
        '  a: { do: gather, play: [x], as: zip, digits: { min: 5, max: 4 }, next: bye, otherwise: bye }',
        BYE,
      ],
      ['p.yaml:6:40: min is more than max (steps.a.digits)'],
    ],
    [
      'what is not YAML',
      ['steps: [', '  a'],
      [expect.stringMatching(/^p\.yaml:\d+:\d+: not YAML: /) as unknown as string],
    ],
    [
      'a name twice',
      ['steps:', BYE, BYE],
      [expect.stringMatching(/^p\.yaml:6:3: not YAML: /) as unknown as string],
    ],
  ])('%s', (_, lines, problems) => {
    expect(problemsOf(lines)).toEqual(problems);
  });

  test('an empty text, and one that is no plan at all', () => {
    expect(readPlan('').ok).toBe(false);
    expect(readPlan('42').ok).toBe(false);
    expect(readPlan('- a\n- b').ok).toBe(false);
  });

  test('a text that is too long, and one that makes much of little', () => {
    expect(readPlan(`# ${'x'.repeat(300_000)}`)).toMatchObject({ ok: false, problems: [{ line: 1 }] });
    const laughs = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [name, before] of ['ba', 'cb', 'dc', 'ed', 'fe'].map((pair) => [...pair] as [string, string]))
      laughs.push(`${name}: &${name} [${Array<string>(10).fill(`*${before}`).join(', ')}]`);
    expect(readPlan(laughs.join('\n'))).toMatchObject({ ok: false });
  });
});

describe('texts that are meant to harm whoever reads them', () => {
  test.each<[string, string, RegExp]>([
    ['brackets within brackets', '['.repeat(30_000), /^p\.yaml:1:65: nested deeper/],
    ['brackets that end', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, /^p\.yaml:1:65: nested deeper/],
    ['mappings within mappings', '{a: '.repeat(10_000), /nested deeper/],
    ['lists within lists', `${'- '.repeat(30_000)}a`, /nested deeper/],
    ['keys that are keys', '? '.repeat(30_000), /nested deeper/],
    ['columns without end', `a:\n${' '.repeat(60_000)}b: 1`, /^p\.yaml:2:1: nested deeper/],
    ['more than a plan says', '- a\n'.repeat(16_000), /more than any plan says/],
    ['quotes without end', '"'.repeat(60_000), /more than any plan says/],
    ['bytes', `# ${'ü'.repeat(40_000)}`, /longer than 65536 bytes/],
  ])('%s', (_, text, problem) => {
    const read = readPlan(text);
    expect(read.ok ? [] : read.problems.map((one) => problemLine('p.yaml', one))).toEqual([
      expect.stringMatching(problem),
    ]);
  });

  test('thousands of keys are told as a few problems, and keys that are there twice by their line', () => {
    const keys = Array.from({ length: 3_000 }, (_, at) => `k${at}: 1`).join('\n');
    const read = readPlan(keys);
    expect(read.ok ? [] : read.problems).toHaveLength(50);
    expect(readPlan(`${keys}\nk7: 2`)).toMatchObject({
      problems: [{ line: 3_001, column: 1, reason: 'not YAML: k7 is there twice' }],
    });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    '%s is a name like any other',
    (name) => {
      const lines = ['dialplan: 1', 'name: mine', `start: ${name}`, 'steps: { bye: { do: hangup } }'];
      expect(readPlan(lines.join('\n'))).toMatchObject({ ok: false, problems: [{ line: 3, path: 'start' }] });
      const more = [
        'dialplan: 1',
        'name: mine',
        'start: bye',
        'steps: { bye: { do: hangup } }',
        `${name}: 1`,
      ];
      expect(readPlan(more.join('\n'))).toMatchObject({ ok: false, problems: [{ line: 5, path: name }] });
      expect(({} as Record<string, unknown>)['do']).toBeUndefined();
    },
  );
});

test('what is beside a plan: its name, and where it sends calls', () => {
  const text = [
    'dialplan: 1',
    'name: mine',
    'start: over',
    'steps:',
    '  over: { do: transfer, target: t1, failed: bye }',
    '  bye: { do: hangup }',
  ].join('\n');
  expect(readPlan(text, { name: 'mine', mayTransferTo: (target) => target === 't1' })).toMatchObject({
    ok: true,
  });
  expect(readPlan(text, { name: 'other', mayTransferTo: () => false })).toMatchObject({
    problems: [
      { line: 2, column: 1, path: 'name' },
      { line: 5, column: 25, path: 'steps.over.target' },
    ],
  });
});

describe('what could not be carried out is refused', () => {
  test.each<[string, string[], string[]]>([
    [
      'a step to which no call comes',
      ['steps:', '  a: { do: hangup }', '  b: { do: hangup }'],
      ['p.yaml:6:3: no call ever comes here (steps.b)'],
    ],
    [
      'a loop in which nothing is waited for',
      [
        'tags: { x: text }',
        'steps:',
        '  a: { do: set, tags: { x: one }, next: b }',
        '  b: { do: branch, on: [{ when: { tag: x, is: [two] }, go: bye }], otherwise: a }',
        BYE,
      ],
      [
        'p.yaml:6:3: leads back to itself without waiting for anything (steps.a)',
        'p.yaml:7:3: leads back to itself without waiting for anything (steps.b)',
      ],
    ],
    [
      'ringing what was not sold on every way there',
      [
        'steps:',
        '  a: { do: menu, play: [x], keys: { "1": sell }, otherwise: ring }',
        '  sell: { do: auction, sold: ring, refused: bye }',
        '  ring: { do: ring, exhausted: bye }',
        BYE,
      ],
      ['p.yaml:7:3: may be reached by a call that no auction has sold (steps.ring)'],
    ],
    [
      'an auction whose refusal rings as well',
      [
        'steps:',
        '  a: { do: auction, sold: ring, refused: ring }',
        '  ring: { do: ring, exhausted: bye }',
        BYE,
      ],
      ['p.yaml:6:3: may be reached by a call that no auction has sold (steps.ring)'],
    ],
    [
      'a tag that is not declared, and a value that it never has',
      [
        'tags: { line: [auto, home] }',
        'steps:',
        '  a: { do: set, tags: { lin: auto, line: car }, next: b }',
        '  b: { do: branch, on: [{ when: { tag: line, is: [boat] }, go: bye }], otherwise: bye }',
        BYE,
      ],
      [
        'p.yaml:6:25: the tag lin is not declared under tags (steps.a.tags.lin)',
        'p.yaml:6:36: line is never car (steps.a.tags.line)',
        'p.yaml:7:27: line is never boat (steps.b.on.0.when)',
      ],
    ],
  ])('%s', (_, lines, problems) => {
    expect(problemsOf(lines)).toEqual(problems);
  });

  const SPEAKS = [
    'steps:',
    '  a: { do: announce, play: [hello, { silenceMs: 200 }, bye/now], next: bye }',
    BYE,
  ];

  test('a prompt that there is not', () => {
    expect(problemsOf(SPEAKS, { prompts: new Set(['hello']) })).toEqual([
      'p.yaml:5:56: there is no prompt bye/now (steps.a.play.2)',
    ]);
    expect(problemsOf(SPEAKS, { prompts: new Set(['hello', 'bye/now']) })).toEqual([]);
  });

  test('what no engine has, or not the one that it names', () => {
    const engines = { mediasoup: [] };
    expect(problemsOf(SPEAKS, { engines })).toEqual([
      'p.yaml:5:3: no engine that is configured has play (steps.a)',
    ]);
    expect(problemsOf(['engine: freeswitch', ...SPEAKS], { engines })).toEqual([
      'p.yaml:4:1: the engine freeswitch is not configured (engine)',
    ]);
    expect(problemsOf(['engine: mediasoup', ...SPEAKS], { engines })).toEqual([
      'p.yaml:6:3: the engine mediasoup has no play (steps.a)',
    ]);
    expect(
      problemsOf(['engine: freeswitch', ...SPEAKS], { engines: { ...engines, freeswitch: ['play'] } }),
    ).toEqual([]);
    const split = ['steps:', '  a: { do: menu, play: [x], keys: { "1": bye }, otherwise: bye }', BYE];
    expect(problemsOf(split, { engines: { mediasoup: ['play'], freeswitch: ['gather'] } })).toEqual([
      'p.yaml:1:1: no engine that is configured has all that its steps need (engine)',
    ]);
  });

  test('a recording of which the caller may not know is a warning, and the plan is taken', () => {
    const lines = [
      'steps:',
      '  a: { do: menu, play: [x], keys: { "1": tell }, otherwise: sell }',
      '  tell: { do: announce, play: [x], tells: recording, next: sell }',
      '  sell: { do: auction, sold: ring, refused: bye }',
      '  ring: { do: ring, record: true, exhausted: bye }',
      BYE,
    ];
    expect(readPlan([...HEAD, ...lines].join('\n')).ok).toBe(true);
    expect(problemsOf(lines)).toEqual([
      'p.yaml:8:3: warning: may record a caller to whom no step says so (`tells: recording`) (steps.ring)',
    ]);
  });

  test('a caller who was spoken with and is to be sold once more is a warning', () => {
    const lines = [
      'steps:',
      '  a: { do: auction, sold: ring, refused: bye }',
      '  ring: { do: ring, ended: ask, exhausted: bye }',
      '  ask: { do: menu, play: [x], keys: { "1": again }, otherwise: bye }',
      '  again: { do: transfer, target: x, failed: bye }',
      BYE,
    ];
    expect(problemsOf(lines)).toEqual([
      'p.yaml:8:3: warning: may be reached when the buyer has hung up: a call that was spoken is neither sold nor rung again (steps.again)',
    ]);
  });
});
