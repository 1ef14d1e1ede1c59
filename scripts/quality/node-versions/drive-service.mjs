// Uses a service that runs as an application would: a token, a call that is seen to connect and stopped, and requests
// beside it all the while. Prints what it saw; fails where anything was not as promised.
import { setTimeout as pause } from 'node:timers/promises';

const [, , base] = process.argv;
const READERS = 8;
const LIMIT_MS = 30_000;

const send = async (path, init) => {
  const response = await fetch(path.startsWith('http') ? path : base + path, init);
  if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${response.status} ${await response.text()}`);
  return response;
};

const form = (fields) => ({ method: 'POST', body: new URLSearchParams(fields) });
const client = { grant_type: 'password', client_id: 'demo-password', client_secret: 'demo-secret' };
const logIn = async (name) => {
  const answer = await send('/oauth/token', form({ ...client, username: name, password: name }));
  const { access_token: accessToken } = await answer.json();
  return { authorization: `Bearer ${accessToken}` };
};
const headers = await logIn('demo');
const readersHeaders = await logIn('operator'); // their requests do not count against the rate of demo

let reads = 0;
let finished = false;
const readAllTheWhile = async () => {
  for (; !finished; reads += 1) {
    const { status } = await fetch(`${base}/rest/call`, { headers: readersHeaders });
    if (status !== 200 && status !== 429) throw new Error(`GET /rest/call: ${status}`);
  }
};
const readers = Promise.all(Array.from({ length: READERS }, readAllTheWhile));

const callAddress = async () => {
  const created = await send('/rest/call', { ...form({ number: '+12025550100' }), headers });
  return created.headers.get('location');
};
const until = async (address, state) => {
  for (const end = Date.now() + LIMIT_MS; ; await pause(50)) {
    const call = await (await send(address, { headers })).json();
    if (call.state === state) return call;
    if (Date.now() > end) throw new Error(`the call stayed ${call.state}`);
  }
};

const address = await callAddress();
await until(address, 'connected');
const tokenCall = new URL(address).searchParams.get('token_call');
await send('/rest/call', { method: 'PUT', body: new URLSearchParams({ token_call: tokenCall }), headers });
const { outcome } = await until(address, 'ended');
await callAddress(); // is under way when the service is stopped
finished = true;
await readers;
console.log(`a call to connected and ${outcome}, ${reads} requests beside it`);
