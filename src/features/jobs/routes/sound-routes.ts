import type { Request, Response, Router } from 'express';
import { mediaTypeOf } from '../../../http/body.ts';
import { InvalidRequestError, NotFoundError, UnsupportedMediaTypeError } from '../../../http/errors.ts';
import { receiveBody } from '../../../http/receive-body.ts';
import { refuseMethod } from '../../../http/refuse-method.ts';
import { noStore } from '../../../http/reply.ts';
import { admit, type JobRouteParts, refuseFields } from './admit.ts';
import { replyWith, replyWithList, replyWithNothing } from './reply.ts';
import { representSound } from './representation.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/** As the scripts write it. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** `curl -T` sends no type, and programs that know none say octet-stream. */
const soundTypes: ReadonlySet<string> = new Set([
  ...['', 'application/octet-stream'],
  ...['audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave'],
]);

const nameIn = ({ params }: Request): string => String(params['name']);

/** Nothing that was uploaded has another name. */
const knownName = (request: Request): string => {
  const name = nameIn(request);
  if (!NAME.test(name)) throw new NotFoundError();
  return name;
};

const newName = (request: Request): string => {
  const name = nameIn(request);
  if (NAME.test(name)) return name;
  throw new InvalidRequestError(
    'The name of a sound is 1 to 64 of a-z, 0-9, - and _, and begins with a letter or a digit.',
    { details: { field: 'name' } },
  );
};

const receiveSound = (request: Request, response: Response): Promise<Buffer> => {
  if (!soundTypes.has(mediaTypeOf(request.headers['content-type'] ?? ''))) {
    throw new UnsupportedMediaTypeError('A sound is sent as a WAV file: add Content-Type: audio/wav.', {
      headers: { Accept: 'audio/wav' },
    });
  }
  return receiveBody(request, { response, limitBytes: MAX_BYTES });
};

/** `/api/v1/sounds`, and each file under it. */
export class SoundRoutes {
  readonly #parts: JobRouteParts;

  constructor(parts: JobRouteParts) {
    this.#parts = parts;
  }

  addTo(router: Router): void {
    router
      .route('/api/v1/sounds')
      .get((request, response) => this.#list(request, response))
      .all(refuseMethod('GET, HEAD, OPTIONS'));
    router
      .route('/api/v1/sounds/:name.wav')
      .get((request, response) => this.#read(request, response))
      .put((request, response) => this.#put(request, response))
      .delete((request, response) => this.#delete(request, response))
      .all(refuseMethod('GET, HEAD, PUT, DELETE, OPTIONS'));
  }

  async #list(request: Request, response: Response): Promise<void> {
    const { actor, format } = await admit(this.#parts, { request, response }, { permission: 'jobs:write' });
    const sounds = await this.#parts.jobs.sounds(actor);
    replyWithList(response, sounds.map(representSound), { format, name: 'sounds' });
  }

  async #read(request: Request, response: Response): Promise<void> {
    // The file is what it is: a client that accepts audio alone gets it.
    request.headers.accept = '*/*';
    const { actor } = await admit(this.#parts, { request, response }, { permission: 'jobs:write' });
    const { file } = await this.#parts.jobs.sound(actor, knownName(request));
    const headers = { 'Content-Type': 'audio/wav', 'Content-Length': file.length, 'X-Content-Type-Options': 'nosniff' };
    response.writeHead(200, { ...headers, ...noStore }).end(file);
  }

  async #put(request: Request, response: Response): Promise<void> {
    const { jobs, publicUrl } = this.#parts;
    const { actor, format } = await admit(this.#parts, { request, response }, { permission: 'jobs:write' });
    const name = newName(request);
    const file = await receiveSound(request, response);
    const isNew = (await jobs.sounds(actor)).every((sound) => sound.name !== name);
    const sound = await jobs.putSound(actor, name, file);
    const headers = isNew ? { Location: `${publicUrl}/api/v1/sounds/${name}.wav` } : {};
    replyWith(response, representSound(sound), { status: isNew ? 201 : 200, format, name: 'sound', headers });
  }

  async #delete(request: Request, response: Response): Promise<void> {
    const { actor } = await admit(this.#parts, { request, response }, { permission: 'jobs:write' });
    const name = knownName(request);
    await refuseFields(request, response);
    await this.#parts.jobs.deleteSound(actor, name);
    replyWithNothing(response);
  }
}
