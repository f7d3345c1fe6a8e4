import { DOCUMENT } from './routes';

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, { readonly headers?: Readonly<Record<string, unknown>> }>>;
}

const paths = DOCUMENT['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
const takes = (operation: Operation, header: string): boolean =>
  operation.parameters.some(({ name }) => name === header);

test('whatever has a version is changed and put away by If-Match', () => {
  const lacking = Object.values(paths).flatMap(({ get, put, patch, delete: remove }) => {
    if (!get?.responses['200']?.headers?.['ETag']) return [];
    const changing = [put, patch, remove].filter((operation) => operation !== undefined);
    return changing
      .filter((operation) => !takes(operation, 'If-Match'))
      .map(({ operationId }) => operationId);
  });
  expect(lacking).toEqual([]);
});

/** Answers are kept for a day: none that shows a secret. */
const WITH_SECRETS = new Set(['createWebhook', 'signInAgent']);

test('whatever creates something takes an Idempotency-Key, but for files and what tells a secret', () => {
  const lacking = Object.values(paths).flatMap(({ post }) => {
    if (!post?.responses['201'] || takes(post, 'Idempotency-Key')) return [];
    const { content = {} } = post.requestBody ?? {};
    return 'application/json' in content || Object.keys(content).length === 0 ? [post.operationId] : [];
  });
  expect(lacking.filter((operationId) => !WITH_SECRETS.has(operationId))).toEqual([]);
});
