/** The element of the page with that id. */
export const byId = (id) => document.getElementById(id);

export const show = (id) => {
  byId(id).hidden = false;
};

export const hide = (id) => {
  byId(id).hidden = true;
};

/** An element with children; a string child becomes text, never markup. */
export const element = (name, properties, ...children) => {
  const created = Object.assign(document.createElement(name), properties);
  created.append(...children);
  return created;
};

/** Fills a `dl` with names and values, each value as code. */
export const fillList = (id, entries) => {
  const rows = entries.flatMap(([name, value]) => [
    element('dt', {}, name),
    element('dd', {}, element('code', {}, String(value))),
  ]);
  byId(id).replaceChildren(...rows);
};

/** Says what went wrong, in a sentence that screen readers announce; undefined takes it away. */
export const sayProblem = (sentence) => {
  byId('problem').textContent = sentence ?? '';
  if (sentence !== undefined) byId('message').textContent = '';
};

/** Says what happened. */
export const sayMessage = (sentence) => {
  sayProblem(undefined);
  byId('message').textContent = sentence;
};
