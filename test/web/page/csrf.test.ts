import { describe, expect, it } from '@jest/globals';
import express, { type ErrorRequestHandler } from 'express';
import request from 'supertest';
import { createCsrfGuard, CrossSiteRequestError } from '../../../src/web/page/csrf.ts';

const publicUrl = 'https://calls.example.org';

const app = express();
app.use(createCsrfGuard({ publicUrl }));
app.all('/page', (_req, res) => void res.sendStatus(204));
const refusal: ErrorRequestHandler = (error, _req, res, next) => {
  if (error instanceof CrossSiteRequestError) res.status(403).send(error.code);
  else next(error);
};
app.use(refusal);

type Headers = Record<string, string>;

describe('what changes state comes from our own pages (23, 24)', () => {
  it.each<[string, Headers]>([
    ['a form of ours', { 'Sec-Fetch-Site': 'same-origin', Origin: publicUrl }],
    ['a browser that sends the origin only', { Origin: publicUrl }],
    ['curl, which sends neither', {}],
  ])('accepts %s', async (_who, headers) => {
    await request(app).post('/page').set(headers).expect(204);
  });

  it.each<[string, Headers]>([
    ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['another host of our site', { 'Sec-Fetch-Site': 'same-site' }],
    ['no site at all', { 'Sec-Fetch-Site': 'none' }],
    ['a frame without an origin', { Origin: 'null' }],
    ['another origin', { Origin: 'https://evil.example' }],
    ['our host over http', { Origin: 'http://calls.example.org' }],
    ['our host on another port', { Origin: `${publicUrl}:8443` }],
    ['an origin that begins like ours', { Origin: `${publicUrl}.evil.example` }],
    ['another site that claims our Host', { Origin: 'https://evil.example', Host: 'evil.example' }],
    ['an empty site', { 'Sec-Fetch-Site': '' }],
    ['an empty origin', { Origin: '' }],
  ])('refuses %s with 403', async (_who, headers) => {
    const response = await request(app).post('/page').set(headers).expect(403);
    expect(response.text).toBe('cross_site_request');
  });

  it.each(['put', 'delete', 'patch'] as const)('guards %s too', async (method) => {
    await request(app)[method]('/page').set('Sec-Fetch-Site', 'cross-site').expect(403);
  });

  it('lets other sites link to our pages: an authorization starts so', async () => {
    await request(app).get('/page').set('Sec-Fetch-Site', 'cross-site').expect(204);
    await request(app).head('/page').set('Sec-Fetch-Site', 'cross-site').expect(204);
  });
});
