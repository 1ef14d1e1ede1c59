import express, { type Request, Router } from 'express';
import { statusOf } from '../../../http/problem.ts';
import type { AppError } from '../../../shared/errors.ts';
import {
  forLoggedIn,
  noticeFor,
  type PageRequest,
  reloadOf,
  replyDone,
  show,
} from '../../../web/login/page-request.ts';
import { readBody } from '../../../web/page/page-body.ts';
import { isoTime } from '../../../web/page/page-data.ts';
import type { SoundView } from '../../../web/page/project-page-data.ts';
import { InvalidSoundError } from '../errors.ts';
import type { Sound } from '../model.ts';
import { actorOf, type ProjectPageParts, PROJECTS } from './page-parts.ts';
import { isRefusal } from './project-form.ts';

const path = `${PROJECTS}/sounds`;
const FORM_WITH_FILE = 'multipart/form-data';

/** A file of 4 MiB, which is refused behind it in words, and its form around it. */
const readUpload = express.raw({ type: FORM_WITH_FILE, limit: '5mb' });

const notices = { uploaded: 'The sound is kept: a step plays it by its name.', deleted: 'The sound is deleted.' };

interface Upload {
  readonly name: string;
  readonly file: Uint8Array;
}

const soundView = ({ name, durationMs, bytes, changedAt }: Sound): SoundView => ({
  name,
  seconds: (durationMs / 1000).toFixed(1),
  kilobytes: (bytes / 1024).toFixed(0),
  changed_at: isoTime(changedAt),
});

/** Without a name, the file's own stands for it. */
const nameFrom = (typed: string, fileName: string): string =>
  typed !== ''
    ? typed
    : fileName
        .replace(/\.wav$/i, '')
        .toLowerCase()
        .replace(/[^a-z0-9_-]+/g, '-')
        .replace(/^[-_]+/, '');

const uploadIn = async (request: Request): Promise<Upload> => {
  const body: unknown = request.body;
  const headers = { 'Content-Type': request.get('Content-Type') ?? '' };
  if (!Buffer.isBuffer(body)) throw new InvalidSoundError('Choose a WAV file to upload.');
  const form = await new Response(new Uint8Array(body), { headers }).formData().catch((cause: unknown) => {
    throw new InvalidSoundError('The form could not be read.', { cause });
  });
  const file = form.get('file');
  if (!(file instanceof File) || file.size === 0) throw new InvalidSoundError('Choose a WAV file to upload.');
  const typed = form.get('name');
  const name = nameFrom(typeof typed === 'string' ? typed.trim() : '', file.name);
  return { name, file: new Uint8Array(await file.arrayBuffer()) };
};

/** `/management/projects/sounds`: what scripts can play. */
export class SoundPages {
  readonly #parts: ProjectPageParts;

  constructor(parts: ProjectPageParts) {
    this.#parts = parts;
  }

  routes(): Router {
    const loggedIn = forLoggedIn(this.#parts);
    return Router()
      .get(
        path,
        loggedIn((page) => this.#list(page)),
      )
      .post(
        path,
        readUpload,
        loggedIn((page) => this.#upload(page)),
      )
      .get(
        `${path}/:name.wav`,
        loggedIn((page) => this.#send(page)),
      )
      .get(
        `${path}/:name/delete`,
        loggedIn((page) => this.#askToDelete(page)),
      )
      .post(
        `${path}/:name/delete`,
        readBody,
        loggedIn((page) => this.#delete(page)),
      );
  }

  async #list(page: PageRequest, refused?: { readonly error: AppError; readonly typed: string }): Promise<void> {
    const sounds = (await this.#parts.jobs.sounds(actorOf(page))).map(soundView);
    const status = refused === undefined ? 200 : statusOf(refused.error);
    const said = { fault: refused?.error.message, typed: refused?.typed ?? '', notice: noticeFor(page, notices) };
    const data = { sounds, ...said, ...reloadOf(status, path) };
    show(this.#parts.renderPage, page, { page: { view: 'sounds', status, data }, json: { sounds } });
  }

  async #upload(page: PageRequest): Promise<void> {
    let typed = '';
    try {
      const { name, file } = await uploadIn(page.request);
      typed = name;
      await this.#parts.jobs.putSound(actorOf(page), name, file);
    } catch (error) {
      if (!isRefusal(error) || page.wants === 'json') throw error;
      await this.#list(page, { error, typed });
      return;
    }
    replyDone(page, `${path}?done=uploaded`);
  }

  async #send(page: PageRequest): Promise<void> {
    const { file } = await this.#parts.jobs.sound(actorOf(page), nameIn(page));
    page.response.type('audio/wav').send(Buffer.from(file));
  }

  async #askToDelete(page: PageRequest): Promise<void> {
    const { sound } = await this.#parts.jobs.sound(actorOf(page), nameIn(page));
    const data = {
      title: `Delete the sound ${sound.name}?`,
      text: 'A script that plays it will not run any more. This cannot be undone.',
      action: `${path}/${sound.name}/delete`,
      button: 'Delete it',
      back: path,
    };
    show(this.#parts.renderPage, page, { page: { view: 'confirm', status: 200, data }, json: soundView(sound) });
  }

  async #delete(page: PageRequest): Promise<void> {
    await this.#parts.jobs.deleteSound(actorOf(page), nameIn(page));
    replyDone(page, `${path}?done=deleted`);
  }
}

const nameIn = ({ request }: PageRequest): string => String(request.params['name']);
