/* What the figures are compared with: routes of Express 5 that answer JSON of the same size and do nothing else. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import express from 'express';

const samples = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Record<'call' | 'list' | 'token', object>;

const app = express();
app.get('/call', (_request, response) => void response.json(samples.call));
app.get('/list', (_request, response) => void response.json(samples.list));
app.post('/token', express.urlencoded({ extended: false }), (_request, response) => void response.json(samples.token));

const server = app.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
