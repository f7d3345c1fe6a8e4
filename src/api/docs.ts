import type { Express } from 'express';
import express from 'express';
import { absolutePath } from 'swagger-ui-dist';

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Dependable Call Exchange API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head>
<body><div id="ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>
`;
const START = `window.ui = SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#ui', deepLinking: true });\n`;
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** The documentation page, with everything it loads served from here. */
export function serveDocs(app: Express): void {
  app.use('/docs', (_request, response, next) => {
    response.setHeader('Content-Security-Policy', POLICY);
    next();
  });
  app.get('/docs', (_request, response) => void response.type('html').send(PAGE));
  app.get('/docs/start.js', (_request, response) => void response.type('js').send(START));
  app.use('/docs/assets', express.static(absolutePath(), { index: false, maxAge: '1d' }));
}
