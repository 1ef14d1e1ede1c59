import { byId, element } from './dom.js';
import { localAddress } from './local-address.js';
import { openScript, scriptRows } from './script-rows.js';
import { showTrend } from './trend.js';

/* The editor of a project: rows and JSON say the same. What is sent is the JSON, so that it works without this too. */

const PAUSE_MILLISECONDS = 300;
const SCRIPT = { name: '', number: '', expect: { outcome: 'completed' }, steps: [] };

const text = byId('scripts');
const rows = byId('rows');
let scripts = [];

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What rows can show; undefined where the text is something else. */
const readScripts = () => {
  try {
    const read = JSON.parse(text.value);
    const shown = (script) =>
      isObject(script) &&
      isObject(script.expect ?? {}) &&
      Array.isArray(script.steps ?? []) &&
      (script.steps ?? []).every(isObject);
    if (Array.isArray(read) && read.every(shown)) return { scripts: read };
    return { fault: 'The scripts are a list of objects; the rows wait until they are.' };
  } catch (error) {
    return { fault: `This is not JSON yet: ${error.message}` };
  }
};

const writeText = () => {
  text.value = JSON.stringify(scripts, null, 2);
  byId('scripts-fault').textContent = '';
};

/** The control that is nearest to the field of a mistake. */
const controlAt = (field) => {
  for (let path = field; path !== ''; path = path.replace(/(?:\.\w+|\[\d+\]|^\w+)$/, '')) {
    const control = document.querySelector(`[data-path="${CSS.escape(path)}"]`);
    if (control !== null) return control;
  }
  return null;
};

let marks = 0;

const markFault = ({ dataset, textContent }) => {
  const control = dataset.field === '' ? null : controlAt(dataset.field);
  if (control === null) return;
  marks += 1;
  const note = element('p', { className: 'fault', id: `fault-${marks}` }, textContent);
  control.setAttribute('aria-invalid', 'true');
  control.setAttribute('aria-describedby', `${control.getAttribute('aria-describedby') ?? ''} ${note.id}`.trim());
  control.after(note);
  const folded = control.closest('details');
  if (folded !== null) folded.open = true;
};

const render = () => {
  rows.replaceChildren(...scriptRows(scripts, { onChange: writeText, onShape: reshape }));
};

/** The focus stays with what was moved, or with what stands in the place of what is gone. */
const reshape = ({ what, index }) => {
  writeText();
  render();
  const near = rows.querySelector(`button[aria-label="Remove ${what} ${index + 1}"]`) ?? byId('add-script');
  near.focus();
};

text.addEventListener('input', () => {
  const read = readScripts();
  byId('scripts-fault').textContent = read.fault ?? '';
  if (read.scripts === undefined) return;
  scripts = read.scripts;
  render();
});

byId('add-script').addEventListener('click', () => {
  scripts.push(structuredClone(SCRIPT));
  openScript(scripts.at(-1));
  writeText();
  render();
  rows.querySelector(`[data-path="scripts[${scripts.length - 1}].name"]`).focus();
});

let asking;

/** Says when the schedule comes next, as it stands in the field. */
const tellNextRuns = async () => {
  asking?.abort();
  asking = new AbortController();
  const query = new URLSearchParams({ schedule: byId('schedule').value, time_zone: byId('time-zone').value });
  const address = `${localAddress('/management/projects/schedule')}?${query}`;
  const options = { headers: { Accept: 'application/json' }, cache: 'no-store', signal: asking.signal };
  const response = await fetch(address, options).catch(() => undefined);
  if (response?.ok !== true) return;
  const { next, fault } = await response.json();
  byId('next-runs').textContent = fault ?? (next.length === 0 ? '' : `Next: ${next.join(' · ')}`);
};

let pause;
for (const id of ['schedule', 'time-zone']) {
  byId(id).addEventListener('input', () => {
    clearTimeout(pause);
    pause = setTimeout(tellNextRuns, PAUSE_MILLISECONDS);
  });
}

const begun = readScripts();
scripts = begun.scripts ?? [];
byId('scripts-fault').textContent = begun.fault ?? '';
if (scripts.length === 1) openScript(scripts[0]);
rows.hidden = false;
byId('row-actions').hidden = false;
render();
for (const fault of document.querySelectorAll('#faults [data-field]')) markFault(fault);
showTrend();
