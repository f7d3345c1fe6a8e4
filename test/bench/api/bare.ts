import express from 'express';
import { serve } from './serve';

/** Express and nothing else: it answers with the bytes that it was given, and reads what it is sent. */
const answers = JSON.parse(process.env['ANSWERS'] ?? '{}') as Record<'get' | 'list' | 'create', string>;
const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/api/v1/campaigns/:id', (_request, response) => void response.type('json').send(answers.get));
app.get('/api/v1/campaigns', (_request, response) => void response.type('json').send(answers.list));
app.post('/api/v1/campaigns', express.json(), (_request, response) => {
  response.status(201).type('json').send(answers.create);
});
serve(app.listen(0, '127.0.0.1'));
