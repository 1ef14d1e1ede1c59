import type { SipMessage } from '../message/message.ts';

/** The extensions that we speak (RFC 3261 section 19.2): session timers (RFC 4028), reliable provisional responses (RFC 3262). */
const OPTIONS: readonly string[] = ['timer', '100rel'];

/** For Supported. */
export const supportedOptions = OPTIONS.join(', ');

const optionsIn = (message: SipMessage, name: string): string[] =>
  message.headers.has(name)
    ? message.headers.all(name).flatMap((field) => field.split(',').map((tag) => tag.trim().toLowerCase()))
    : [];

/** Whether a message requires an extension. */
export const requires = (message: SipMessage, tag: string): boolean => optionsIn(message, 'require').includes(tag);

/** Whether its sender speaks an extension: Require says so too. */
export const supports = (message: SipMessage, tag: string): boolean =>
  optionsIn(message, 'supported').includes(tag) || requires(message, tag);

/** What a request requires and we do not speak, for Unsupported; empty: nothing. */
export const unsupportedOptions = (message: SipMessage): string =>
  optionsIn(message, 'require')
    .filter((tag) => tag !== '' && !OPTIONS.includes(tag))
    .join(', ');

/** Whether a message names a method in Allow (RFC 3261 section 20.5). */
export const allows = (message: SipMessage, method: string): boolean =>
  message.headers.all('allow').some((field) => field.split(',').some((name) => name.trim() === method));
