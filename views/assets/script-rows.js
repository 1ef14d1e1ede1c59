import { element } from './dom.js';
import { expectations, steps, valueOf } from './script-fields.js';

/* The scripts as rows. They change the list that they are given, and say so. */

const set = (holder, name, value) => {
  if (value === undefined) delete holder[name];
  else holder[name] = value;
};

const withPath = (control, path) => {
  control.dataset.path = path;
  return control;
};

const labelled = (text, control) => element('label', {}, text, control);

const input = (holder, { name, label, number = false, list }, { path, onChange }) => {
  const control = withPath(element('input', { type: 'text', value: holder[name] ?? '', autocomplete: 'off' }), path);
  if (number) control.inputMode = 'decimal';
  if (list !== undefined) control.setAttribute('list', list);
  control.addEventListener('input', () => {
    set(holder, name, valueOf(control.value, { number }));
    onChange();
  });
  return labelled(label, control);
};

const choice = (holder, { name, label, choices }, { path, onChange }) => {
  const options = [['', 'anything'], ...choices.map((each) => [each, each])];
  const known = options.some(([value]) => value === (holder[name] ?? ''));
  if (!known) options.push([holder[name], String(holder[name])]);
  const control = withPath(
    element('select', {}, ...options.map(([value, text]) => element('option', { value }, text))),
    path,
  );
  control.value = holder[name] ?? '';
  control.addEventListener('change', () => {
    set(holder, name, control.value === '' ? undefined : control.value);
    onChange();
  });
  return labelled(label, control);
};

const button = (text, name, onclick, { disabled = false, className = 'secondary small' } = {}) =>
  element('button', { type: 'button', className, onclick, disabled, ariaLabel: name }, text);

/** Up, down and remove: of a list, as buttons that a keyboard reaches too. */
const placesOf = (list, index, { what, onShape }) => {
  const move = (to) => () => {
    list.splice(to, 0, ...list.splice(index, 1));
    onShape({ what, index: to });
  };
  return [
    button('↑', `Move ${what} ${index + 1} up`, move(index - 1), { disabled: index === 0 }),
    button('↓', `Move ${what} ${index + 1} down`, move(index + 1), { disabled: index === list.length - 1 }),
    button('Remove', `Remove ${what} ${index + 1}`, () => {
      list.splice(index, 1);
      onShape({ what, index: Math.max(index - 1, 0) });
    }),
  ];
};

const kindOf = (step) => steps.find(({ kind }) => Object.hasOwn(step, kind));

const stepRow = (list, index, { path, of, onChange, onShape }) => {
  const step = list[index];
  const kind = kindOf(step);
  const control = withPath(
    element('select', {}, ...steps.map(({ kind: value, label }) => element('option', { value }, label))),
    path,
  );
  if (kind === undefined) control.append(element('option', { value: '' }, 'of another kind'));
  control.value = kind?.kind ?? '';
  control.addEventListener('change', () => {
    const wanted = steps.find(({ kind: each }) => each === control.value);
    if (wanted === undefined) return;
    list[index] = { [wanted.kind]: wanted.empty };
    onShape({ what: `step of script ${of}:`, index });
  });
  const fields = (kind?.fields ?? []).map((field) => input(step, field, { path: `${path}.${field.name}`, onChange }));
  const controls = placesOf(list, index, { what: `step of script ${of}:`, onShape });
  return element('div', { className: 'step-row' }, labelled(`Step ${index + 1}`, control), ...fields, ...controls);
};

const expectationFields = (script, { path, onChange }) =>
  element(
    'div',
    { className: 'columns' },
    ...expectations.map((field) => {
      const options = { path: `${path}.expect.${field.name}`, onChange };
      return field.choices === undefined
        ? input(script.expect, { ...field, number: true }, options)
        : choice(script.expect, field, options);
    }),
  );

/** What the rows show has these; JSON may leave them out. */
const complete = (script) => {
  script.expect ??= {};
  script.steps ??= [];
  return script;
};

const stepList = (script, { path, of, onChange, onShape }) => {
  const add = () => {
    script.steps.push({ wait_ms: 500 });
    onShape({ what: `step of script ${of}:`, index: script.steps.length - 1 });
  };
  return [
    ...script.steps.map((_step, at) =>
      stepRow(script.steps, at, { path: `${path}.steps[${at}]`, of, onChange, onShape }),
    ),
    button('Add a step', `Add a step to script ${of}`, add),
  ];
};

/** Those that are open, so that they stay open where rows are made anew. */
const opened = new WeakSet();

export const openScript = (script) => {
  opened.add(script);
};

const titleOf = ({ name, number }, index) =>
  [`${index + 1}`, name || 'no name yet', number].filter(Boolean).join(' · ');

const scriptFields = (script, index, { onChange, onShape }) => {
  const path = `scripts[${index}]`;
  const of = index + 1;
  const plain = (name, label, number) => input(script, { name, label, number }, { path: `${path}.${name}`, onChange });
  return [
    element(
      'div',
      { className: 'columns' },
      ...[plain('name', 'Name', false), plain('number', 'Number', false), plain('timeout', 'Rings for (s)', true)],
      plain('retries', 'Tries again', true),
    ),
    element('h3', {}, 'What is expected'),
    expectationFields(script, { path, onChange }),
    element('h3', {}, 'What the test phone does after the answer'),
    ...stepList(script, { path, of, onChange, onShape }),
  ];
};

/** One script: its name, number, expectations and steps, folded up until it is wanted. */
const scriptRow = (scripts, index, { onChange, onShape }) => {
  const script = complete(scripts[index]);
  const title = element('summary', {}, titleOf(script, index));
  const changed = () => {
    title.textContent = titleOf(script, index);
    onChange();
  };
  const row = element(
    'details',
    { className: 'script', open: opened.has(script) },
    title,
    ...scriptFields(script, index, { onChange: changed, onShape }),
  );
  row.addEventListener('toggle', () => {
    if (row.open) opened.add(script);
    else opened.delete(script);
  });
  const places = element('div', { className: 'actions' }, ...placesOf(scripts, index, { what: 'script', onShape }));
  return element('div', { className: 'script-row' }, row, places);
};

/** The rows of all scripts. `onChange`: a value is another; `onShape`: there are other rows now. */
export const scriptRows = (scripts, handlers) => scripts.map((_script, index) => scriptRow(scripts, index, handlers));
