import { byId, element } from './dom.js';
import { localAddress } from './local-address.js';

/*
 * Follows a job: asks for the next change, and is answered when there is one. It stops while nobody looks, and goes on
 * after the service was away.
 */

const AWAY_MILLISECONDS = 2000;

const job = byId('job');

const badge = ({ kind, word }) => {
  const made = element('span', { className: 'badge' }, word);
  made.dataset.kind = kind;
  return made;
};

/** Writes only what changed: a live region that is written again is read out again. */
const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

const setBadge = (node, wanted) => {
  if (node.textContent.trim() !== wanted.word) node.replaceChildren(badge(wanted));
};

const showRun = (run) => {
  const part = (name) => document.querySelector(`tr[data-run="${run.id}"] [data-part="${name}"]`);
  setBadge(part('badge'), run.badge);
  setText(part('took'), run.took);
  setText(part('retries'), String(run.retries));
};

const show = (progress) => {
  const { completed, total, passed, failed } = progress;
  job.dataset.version = String(progress.version);
  job.dataset.over = String(progress.over);
  setBadge(byId('job-badge'), progress.badge);
  setText(byId('job-counts'), `${completed} of ${total} scripts done: ${passed} passed, ${failed} failed`);
  byId('job-progress').value = completed;
  progress.runs.forEach(showRun);
  byId('cancel').hidden = progress.over;
  byId('restart').hidden = !progress.over;
};

const wait = (milliseconds, signal) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', resolve, { once: true });
  });

const sentences = {
  401: 'You are logged out. Reload the page to log in.',
  404: 'This job is not kept any more.',
};

/** Asks once. @returns whether it makes sense to ask again */
const ask = async (signal) => {
  const address = `${localAddress(job.dataset.address)}/progress?version=${job.dataset.version}`;
  const response = await fetch(address, { headers: { Accept: 'application/json' }, cache: 'no-store', signal });
  if (response.ok) {
    setText(byId('problem'), '');
    show(await response.json());
    return job.dataset.over !== 'true';
  }
  if (sentences[response.status] === undefined) throw new Error(`status ${response.status}`);
  setText(byId('problem'), sentences[response.status]);
  return false;
};

const follow = async (signal) => {
  let more = job.dataset.over !== 'true';
  while (more && !signal.aborted) {
    try {
      more = await ask(signal);
    } catch {
      if (signal.aborted) return;
      setText(byId('problem'), 'The service cannot be reached. Trying again.');
      await wait(AWAY_MILLISECONDS, signal);
    }
  }
};

let watching = new AbortController();

const begin = () => {
  watching.abort();
  watching = new AbortController();
  if (!document.hidden) void follow(watching.signal);
};

document.addEventListener('visibilitychange', begin);
begin();
