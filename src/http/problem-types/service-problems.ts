import type { ProblemTypes } from './problem-type.ts';

/** Of webhooks. */
export const webhookProblems: ProblemTypes = {
  webhook_not_found: {
    title: 'No such webhook',
    meaning: 'The application of the token has no webhook, or no delivery, of this id.',
    remedy:
      'List its webhooks with GET /rest/webhooks, and the deliveries of one with GET /rest/webhooks/ID/deliveries.',
  },
  too_many_webhooks: {
    title: 'Too many webhooks',
    meaning: 'The application has as many webhooks as one may have.',
    remedy: 'Delete one, or let one webhook be told of more events.',
  },
  webhook_disabled: {
    title: 'Webhook disabled',
    meaning: 'Nothing is sent to a webhook that is disabled: by its owner, or because its receiver answered 410.',
    remedy: 'Enable it by PUT with {"enabled":true}.',
  },
};

/** Of HTTP itself: what any address may answer. */
const requestProblems: ProblemTypes = {
  invalid_request: {
    title: 'Request not valid',
    meaning: 'The request cannot be read, or a field or header of it is missing, wrong or sent twice.',
    remedy: 'The detail says what is wrong, and "field" names the field. Correct it and send all again.',
  },
  not_found: {
    title: 'Nothing at this address',
    meaning: 'This service has nothing at the address.',
    remedy: 'Check the path. The documentation lists the addresses.',
  },
  method_not_allowed: {
    title: 'Method not possible here',
    meaning: 'The address is right, but does not take this method.',
    remedy: 'Use one of the methods in the header Allow.',
  },
  not_acceptable: {
    title: 'No such format',
    meaning: 'Accept names only formats that this address does not have.',
    remedy: 'Accept application/json, application/xml or text/xml.',
  },
  content_too_large: {
    title: 'Body too large',
    meaning: 'The body is longer than this address takes.',
    remedy: 'Send only the fields that are needed.',
  },
  unsupported_media_type: {
    title: 'Body in another format',
    meaning: 'The type, charset or encoding of the body is none that this address reads.',
    remedy: 'Send a form, JSON or XML in UTF-8, and name it in Content-Type.',
  },
  misdirected_request: {
    title: 'Not a name of this machine',
    meaning: 'While the sandbox is on, whose passwords are well known, only names of this machine are answered.',
    remedy: 'Use localhost, or switch the sandbox off with OFFHOOK_SANDBOX=off.',
  },
  overloaded: {
    title: 'Too much to answer',
    meaning: 'More requests came than the service answers at a time. Nothing was done for this one.',
    remedy: 'Send it again after the seconds of Retry-After.',
  },
  internal_error: {
    title: 'A fault of the service',
    meaning: 'Something failed that should not. The log of the service has the cause.',
    remedy: 'Try again later, and tell the operator when it happened.',
  },
};

/** Of the service and its database. Most of them stop a start or a command, and no request ever sees them. */
const operationProblems: ProblemTypes = {
  http_address: {
    title: 'Cannot listen',
    meaning: 'The address or the port for HTTP cannot be taken. The message says why.',
    remedy: 'Stop the process that has the port, or set PORT and OFFHOOK_HOST.',
  },
  metrics_address: {
    title: 'Cannot serve metrics',
    meaning: 'The address or the port for metrics cannot be taken. The message says why.',
    remedy: 'Stop the process that has the port, or set OFFHOOK_METRICS_LISTEN.',
  },
  database_url: {
    title: 'Database address not valid',
    meaning: 'OFFHOOK_DATABASE_URL cannot be used.',
    remedy: 'Write sqlite: and the path of the file.',
  },
  database_file: {
    title: 'Database file not usable',
    meaning: 'The database file cannot be opened, or is not a database.',
    remedy: 'Check the path and its owner, or restore the backup.',
  },
  backup: {
    title: 'Backup not made',
    meaning: 'The copy of the database could not be written, or is not sound. Nothing of it is left.',
    remedy: 'Look at what the message says of the file, its directory and the room on the disk, and try again.',
  },
  database_in_use: {
    title: 'Database in use',
    meaning: 'Another process serves this database.',
    remedy: 'Stop that one first: one database is served by one process.',
  },
  sqlite_missing: {
    title: 'SQLite missing',
    meaning: 'The module for SQLite cannot be loaded by this Node.',
    remedy: 'Run "npm ci" again with the Node that runs the service.',
  },
  database_too_new: {
    title: 'Database of a newer version',
    meaning: 'A newer version has changed the tables.',
    remedy: 'Run that version, or restore the backup from before it.',
  },
  migration_failed: {
    title: 'Tables not brought up to date',
    meaning: 'A step of the migration failed, and the database was left as it was.',
    remedy: 'The message has the cause. Start again once it is gone.',
  },
  database_unavailable: {
    title: 'Database not reached',
    meaning: 'The database cannot be written or read now: its disk is full, or another process holds it.',
    remedy: 'Ask again after a while. An operator looks at the disk and at the log.',
  },
  database_closed: {
    title: 'Service stopping',
    meaning: 'The service is stopping, and has closed its database.',
    remedy: 'Ask again once it runs.',
  },
  secret_file: {
    title: 'Key file not usable',
    meaning: 'The key file is missing, truncated, or belongs to another database.',
    remedy: 'Lay the file there that the message names, from the backup.',
  },
  seal_broken: {
    title: 'Sealed value not readable',
    meaning: 'What is sealed in the database does not open with the key file.',
    remedy: 'Check the key file with "npx offhook key show".',
  },
};

export const serviceProblems: ProblemTypes = { ...requestProblems, ...operationProblems };
