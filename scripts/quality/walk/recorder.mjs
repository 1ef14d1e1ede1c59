// Records which function called which, across awaits, timers and events: each call is a frame that knows its caller.
import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage();
/** Each function as `{ file, name }`; the instrumented sources name them by their index. */
export const functions = [];
/** The frames of the requests that are watched, in the order of their calls. */
export const frames = [];

const enter = (id) => {
  const caller = current.getStore();
  const frame = { id, caller, root: caller?.root };
  if (frame.root !== undefined) frames.push(frame);
  return frame;
};

/** What is told of each call of the function of that name, from inside its frame. */
export const observers = new Map();

/** Runs the body of a function as a frame of its own. */
export const walk = (id, body) => {
  const frame = enter(id);
  if (frame.root === undefined) return body();
  return current.run(frame, () => {
    observers.get(functions[id].name)?.();
    return body();
  });
};

/** Notes a constructor or a generator, whose body cannot be wrapped. */
export const note = (id) => void enter(id);

/** Everything that happens because of `body` belongs to the request `name`. */
export const watch = (name, body) => {
  const root = { name };
  return current.run({ root }, body);
};

/** The frames from the request to here, or undefined outside of a watched request. */
export const chain = () => {
  const upwards = [];
  for (let frame = current.getStore(); frame?.id !== undefined; frame = frame.caller) upwards.push(frame);
  const name = (upwards.at(-1) ?? current.getStore())?.root?.name;
  return name === undefined ? undefined : { name, frames: upwards.reverse() };
};
