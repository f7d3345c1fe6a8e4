import type { HappyPath } from './happy-path';
import type { TestApi } from './test-api';

let count = 0;

/** A plan that needs neither prompts nor an engine. */
export function planText(name: string, detail = 'sold to nobody'): string {
  return [
    'dialplan: 1',
    `name: ${name}`,
    'start: sell',
    'steps:',
    '  sell: { do: auction, sold: ring, refused: bye }',
    '  ring: { do: ring, exhausted: bye }',
    `  bye: { do: hangup, detail: ${detail} }`,
    '',
  ].join('\n');
}

/** Writes down a plan. @returns its id */
export async function newDialplan(api: TestApi, name = `plan-${count++}`): Promise<string> {
  const { body, text } = await api.ask('POST', '/api/v1/dialplans', { body: { name, yaml: planText(name) } });
  if (typeof body['id'] !== 'string') throw new Error(text);
  return body['id'];
}

export function dialplanCases(api: () => TestApi): [string, HappyPath][] {
  const id = (): Promise<string> => newDialplan(api());
  const named = async (wanted: string): Promise<string> =>
    String((await api().ask('GET', `/api/v1/dialplans/${wanted}`)).body['name']);
  const answers = ['sold', 'nobody'];
  return [
    ['GET /api/v1/dialplans', {}],
    ['GET /api/v1/dialplans/shipped', {}],
    ['POST /api/v1/dialplans', { body: { name: 'made-by-all', yaml: planText('made-by-all') } }],
    ['POST /api/v1/dialplans/check', { body: { yaml: planText('plan') } }],
    ['POST /api/v1/dialplans/simulate', { body: { yaml: planText('plan'), answers } }],
    ['GET /api/v1/dialplans/{id}', { id }],
    [
      'PUT /api/v1/dialplans/{id}',
      { id, bodyFor: async (wanted) => ({ yaml: planText(await named(wanted), 'nobody wants it') }) },
    ],
    ['POST /api/v1/dialplans/{id}/publish', { id, body: { version: 1 } }],
    ['POST /api/v1/dialplans/{id}/simulate', { id, body: { answers } }],
    ['GET /api/v1/dialplans/{id}/versions', { id }],
    ['GET /api/v1/dialplans/{id}/versions/{number}', { id }],
    ['DELETE /api/v1/dialplans/{id}', { id }],
  ];
}
